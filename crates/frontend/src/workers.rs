//! Calls about workers: what they tell of themselves, and who asks for it.

use longhaul_proto::api::workflowservice::v1::{
    CountWorkersRequest, CountWorkersResponse, DescribeWorkerRequest, DescribeWorkerResponse,
    ListWorkersRequest, ListWorkersResponse, RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse,
    ShutdownWorkerRequest, ShutdownWorkerResponse,
};

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered},
};

macro_rules! pass_on {
    ($($function:ident($request:ident) -> $response:ident),+ $(,)?) => {
        $(#[doc = concat!("Passes a `", stringify!($request), "` on.")]
        pub(crate) async fn $function(
            frontend: &Frontend,
            asker: Asker,
            request: $request,
        ) -> Answered<$response> {
            let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
            frontend.matching(&asker, &namespace, request).await
        })+
    };
}
pass_on! {
    list(ListWorkersRequest) -> ListWorkersResponse,
    count(CountWorkersRequest) -> CountWorkersResponse,
    describe(DescribeWorkerRequest) -> DescribeWorkerResponse,
}

/// Answers `RecordWorkerHeartbeat`. Heartbeats that are turned off are accepted and forgotten.
pub(crate) async fn record_heartbeat(
    frontend: &Frontend,
    asker: Asker,
    request: RecordWorkerHeartbeatRequest,
) -> Answered<RecordWorkerHeartbeatResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if !frontend.settings(&namespace).worker_heartbeats {
        return Ok(RecordWorkerHeartbeatResponse {});
    }
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `ShutdownWorker`.
pub(crate) async fn shut_down(
    frontend: &Frontend,
    asker: Asker,
    mut request: ShutdownWorkerRequest,
) -> Answered<ShutdownWorkerResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let settings = frontend.settings(&namespace);
    if !settings.worker_heartbeats {
        request.worker_heartbeat = None;
    }
    // Polls end for a request that names their queue.
    if !settings.polls_end_with_worker {
        request.task_queue.clear();
    }
    frontend.matching(&asker, &namespace, request).await
}

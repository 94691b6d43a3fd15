//! Calls about task queues and about the workers that poll them.

use longhaul_proto::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListTaskQueuePartitionsRequest,
    ListTaskQueuePartitionsResponse, RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse,
    ShutdownWorkerRequest, ShutdownWorkerResponse,
};

use crate::{
    Frontend,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
};

/// Answers `DescribeTaskQueue`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeTaskQueueRequest,
) -> Answered<DescribeTaskQueueResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    // The names of partitions are legal here.
    check::any_task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `ListTaskQueuePartitions`.
pub(crate) async fn list_partitions(
    frontend: &Frontend,
    asker: Asker,
    request: ListTaskQueuePartitionsRequest,
) -> Answered<ListTaskQueuePartitionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `ShutdownWorker`.
pub(crate) async fn shutdown_worker(
    frontend: &Frontend,
    asker: Asker,
    mut request: ShutdownWorkerRequest,
) -> Answered<ShutdownWorkerResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    // Polls end for a request that names their queue.
    if !frontend.settings(&namespace).polls_end_with_worker {
        request.task_queue.clear();
    }
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `RecordWorkerHeartbeat`. There is no registry of workers yet, so the heartbeat is accepted and forgotten:
/// SDKs send it whatever the namespace's capabilities say.
pub(crate) async fn record_worker_heartbeat(
    frontend: &Frontend,
    _: Asker,
    request: RecordWorkerHeartbeatRequest,
) -> Answered<RecordWorkerHeartbeatResponse> {
    frontend.namespace(&request.namespace, Allow::Open).await?;
    Ok(RecordWorkerHeartbeatResponse {})
}

//! Calls of activity workers: poll, heartbeat, complete, fail, cancel; by task token or by id.

use longhaul_proto::{
    Refusal,
    api::failure::v1::{Failure, failure::FailureInfo},
    api::workflowservice::v1::{
        PollActivityTaskQueueRequest, PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatByIdRequest,
        RecordActivityTaskHeartbeatByIdResponse, RecordActivityTaskHeartbeatRequest,
        RecordActivityTaskHeartbeatResponse, RespondActivityTaskCanceledByIdRequest,
        RespondActivityTaskCanceledByIdResponse, RespondActivityTaskCanceledRequest,
        RespondActivityTaskCanceledResponse, RespondActivityTaskCompletedByIdRequest,
        RespondActivityTaskCompletedByIdResponse, RespondActivityTaskCompletedRequest,
        RespondActivityTaskCompletedResponse, RespondActivityTaskFailedByIdRequest,
        RespondActivityTaskFailedByIdResponse, RespondActivityTaskFailedRequest,
        RespondActivityTaskFailedResponse,
    },
};

use crate::{
    Frontend,
    asker::Asker,
    check, deployments,
    frontend::{Allow, Answered},
    rates::Waits,
    workflow_task::task_token,
};

/// Answers `PollActivityTaskQueue`.
#[allow(deprecated)]
pub(crate) async fn poll(
    frontend: &Frontend,
    asker: Asker,
    request: PollActivityTaskQueueRequest,
) -> Answered<PollActivityTaskQueueResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    deployments::check_worker(request.deployment_options.as_ref(), frontend.id_bytes_max())?;
    asker.check_long_poll()?;
    check::task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    let worker = request.worker_version_capabilities.as_ref();
    check::worker(worker, request.task_queue.as_ref(), &frontend.settings(&namespace))?;
    let _waiting = frontend.wait(&namespace, Waits::ActivityTask)?;
    frontend.poll(&asker, &namespace, request).await
}

/// Answers `RecordActivityTaskHeartbeat`.
pub(crate) async fn heartbeat(
    frontend: &Frontend,
    asker: Asker,
    request: RecordActivityTaskHeartbeatRequest,
) -> Answered<RecordActivityTaskHeartbeatResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = task_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RecordActivityTaskHeartbeatById`.
pub(crate) async fn heartbeat_by_id(
    frontend: &Frontend,
    asker: Asker,
    request: RecordActivityTaskHeartbeatByIdRequest,
) -> Answered<RecordActivityTaskHeartbeatByIdResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_by_id(&request.run_id, &request.activity_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondActivityTaskCompleted`.
pub(crate) async fn completed(
    frontend: &Frontend,
    asker: Asker,
    request: RespondActivityTaskCompletedRequest,
) -> Answered<RespondActivityTaskCompletedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = task_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondActivityTaskCompletedById`.
pub(crate) async fn completed_by_id(
    frontend: &Frontend,
    asker: Asker,
    request: RespondActivityTaskCompletedByIdRequest,
) -> Answered<RespondActivityTaskCompletedByIdResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_by_id(&request.run_id, &request.activity_id)?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondActivityTaskFailed`.
pub(crate) async fn failed(
    frontend: &Frontend,
    asker: Asker,
    request: RespondActivityTaskFailedRequest,
) -> Answered<RespondActivityTaskFailedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = task_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check_failure(request.failure.as_ref())?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondActivityTaskFailedById`.
pub(crate) async fn failed_by_id(
    frontend: &Frontend,
    asker: Asker,
    request: RespondActivityTaskFailedByIdRequest,
) -> Answered<RespondActivityTaskFailedByIdResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_by_id(&request.run_id, &request.activity_id)?;
    check_failure(request.failure.as_ref())?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondActivityTaskCanceled`.
pub(crate) async fn canceled(
    frontend: &Frontend,
    asker: Asker,
    request: RespondActivityTaskCanceledRequest,
) -> Answered<RespondActivityTaskCanceledResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = task_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondActivityTaskCanceledById`.
pub(crate) async fn canceled_by_id(
    frontend: &Frontend,
    asker: Asker,
    request: RespondActivityTaskCanceledByIdRequest,
) -> Answered<RespondActivityTaskCanceledByIdResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_by_id(&request.run_id, &request.activity_id)?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Refuses a failure that no application reported: the other kinds are the server's.
fn check_failure(failure: Option<&Failure>) -> Result<(), Refusal> {
    let kind = failure.map(|failure| &failure.failure_info);
    match kind {
        None | Some(Some(FailureInfo::ApplicationFailureInfo(_))) => Ok(()),
        Some(_) => Err(Refusal::invalid("Failure must have ApplicationFailureInfo.")),
    }
}

/// Refuses a request that does not name an activity. Without a workflow it means a standalone activity.
fn check_by_id(run_id: &str, activity_id: &str) -> Result<(), Refusal> {
    if activity_id.is_empty() {
        return Err(Refusal::invalid("ActivityId is not set on request."));
    }
    if !check::is_run_id(run_id) {
        return Err(Refusal::invalid("RunId is not valid UUID."));
    }
    Ok(())
}

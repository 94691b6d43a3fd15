//! Calls of workflow workers: poll, complete, fail, answer a query, reset stickiness.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::QueryResultType,
        workflowservice::v1::{
            PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse, ResetStickyTaskQueueRequest,
            ResetStickyTaskQueueResponse, RespondQueryTaskCompletedRequest,
            RespondQueryTaskCompletedResponse, RespondWorkflowTaskCompletedRequest,
            RespondWorkflowTaskCompletedResponse, RespondWorkflowTaskFailedRequest,
            RespondWorkflowTaskFailedResponse,
        },
    },
};
use longhaul_runtime::peers::{QueryToken, TaskToken};
use prost::Message;

use crate::{
    Frontend,
    asker::Asker,
    check, deployments,
    frontend::{Allow, Answered},
    rates::Waits,
};

/// Answers `PollWorkflowTaskQueue`.
#[allow(deprecated)]
pub(crate) async fn poll(
    frontend: &Frontend,
    asker: Asker,
    request: PollWorkflowTaskQueueRequest,
) -> Answered<PollWorkflowTaskQueueResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    deployments::check_worker(request.deployment_options.as_ref(), frontend.id_bytes_max())?;
    asker.check_long_poll()?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    let worker = request.worker_version_capabilities.as_ref();
    check::worker(worker, request.task_queue.as_ref(), &frontend.settings(&namespace))?;
    check::task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    let _waiting = frontend.wait(&namespace, Waits::WorkflowTask)?;
    frontend.poll(&asker, &namespace, request).await
}

/// Answers `RespondWorkflowTaskCompleted`.
#[allow(deprecated)]
pub(crate) async fn completed(
    frontend: &Frontend,
    asker: Asker,
    request: RespondWorkflowTaskCompletedRequest,
) -> Answered<RespondWorkflowTaskCompletedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = task_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    let worker = request.worker_version_stamp.as_ref();
    let build = worker.map_or(("", false), |worker| (&worker.build_id, worker.use_versioning));
    let own_queue = request.sticky_attributes.as_ref().and_then(|own| own.worker_task_queue.as_ref());
    check::build(build, own_queue, &frontend.settings(&namespace))?;
    deployments::check_completion(&request, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondWorkflowTaskFailed`.
pub(crate) async fn failed(
    frontend: &Frontend,
    asker: Asker,
    request: RespondWorkflowTaskFailedRequest,
) -> Answered<RespondWorkflowTaskFailedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = task_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RespondQueryTaskCompleted`.
pub(crate) async fn query_completed(
    frontend: &Frontend,
    asker: Asker,
    mut request: RespondQueryTaskCompletedRequest,
) -> Answered<RespondQueryTaskCompletedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = query_token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    let bytes = request.query_result.as_ref().map_or(0, Message::encoded_len);
    if !check::fits(bytes, &namespace, &frontend.settings(&namespace).limits) {
        request.completed_type = QueryResultType::Failed.into();
        request.query_result = None;
        request.error_message = "Blob data size exceeds limit.".into();
    }
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `ResetStickyTaskQueue`.
pub(crate) async fn reset_sticky(
    frontend: &Frontend,
    asker: Asker,
    request: ResetStickyTaskQueueRequest,
) -> Answered<ResetStickyTaskQueueResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.execution.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Reads the token of a workflow or activity task.
pub(crate) fn task_token(token: &[u8]) -> Result<TaskToken, Refusal> {
    if token.is_empty() {
        return Err(Refusal::invalid("Task token not set on request."));
    }
    TaskToken::decode(token).map_err(|_| Refusal::invalid("Error deserializing task token."))
}

fn query_token(token: &[u8]) -> Result<QueryToken, Refusal> {
    if token.is_empty() {
        return Err(Refusal::invalid("Task token not set on request."));
    }
    QueryToken::decode(token).map_err(|_| Refusal::invalid("Error deserializing task token."))
}

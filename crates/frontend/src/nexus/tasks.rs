//! Calls of Nexus workers: poll, complete, fail.

use longhaul_proto::{
    Refusal,
    api::{
        failure::v1::failure::FailureInfo,
        nexus::v1::{response, start_operation_response},
        workflowservice::v1::{
            PollNexusTaskQueueRequest, PollNexusTaskQueueResponse, RespondNexusTaskCompletedRequest,
            RespondNexusTaskCompletedResponse, RespondNexusTaskFailedRequest, RespondNexusTaskFailedResponse,
        },
    },
};
use longhaul_runtime::peers::QueryToken;
use prost::Message;

use crate::{
    Frontend,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
    rates::Waits,
};

/// Longest token of an operation, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// Answers `PollNexusTaskQueue`.
pub(crate) async fn poll(
    frontend: &Frontend,
    asker: Asker,
    request: PollNexusTaskQueueRequest,
) -> Answered<PollNexusTaskQueueResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    asker.check_long_poll()?;
    check::task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    #[allow(deprecated)]
    let worker = request.worker_version_capabilities.as_ref();
    check::worker(worker, request.task_queue.as_ref(), &frontend.settings(&namespace))?;
    let _waiting = frontend.wait(&namespace, Waits::NexusTask)?;
    frontend.poll(&asker, &namespace, request).await
}

/// Answers `RespondNexusTaskCompleted`.
#[allow(deprecated)]
pub(crate) async fn completed(
    frontend: &Frontend,
    asker: Asker,
    request: RespondNexusTaskCompletedRequest,
) -> Answered<RespondNexusTaskCompletedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    if let Some(response::Variant::StartOperation(started)) =
        request.response.as_ref().and_then(|response| response.variant.as_ref())
        && let Some(start_operation_response::Variant::AsyncSuccess(success)) = &started.variant
    {
        let token =
            if success.operation_token.is_empty() { &success.operation_id } else { &success.operation_token };
        if token.is_empty() {
            return Err(Refusal::invalid("missing opration token in response").into());
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::invalid(format!(
                "operation token length exceeds allowed limit ({}/{TOKEN_BYTES_MAX})",
                token.len()
            ))
            .into());
        }
    }
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `RespondNexusTaskFailed`.
#[allow(deprecated)]
pub(crate) async fn failed(
    frontend: &Frontend,
    asker: Asker,
    request: RespondNexusTaskFailedRequest,
) -> Answered<RespondNexusTaskFailedResponse> {
    frontend.named_namespace(&request.namespace).await?;
    let token = token(&request.task_token)?;
    let namespace = frontend.namespace_of_token(&request.namespace, &token.namespace_id).await?;
    check::length("Identity", &request.identity, frontend.id_bytes_max())?;
    let info = request.failure.as_ref().map(|failure| &failure.failure_info);
    match (info, &request.error) {
        (None, None) => return Err(Refusal::invalid("request must contain error or failure").into()),
        (Some(Some(FailureInfo::NexusHandlerFailureInfo(_))), _) | (None, Some(_)) => {}
        (Some(_), _) => {
            let text = "request Failure must contain error or failure with NexusHandlerFailureInfo";
            return Err(Refusal::invalid(text).into());
        }
    }
    frontend.matching(&asker, &namespace, request).await
}

fn token(token: &[u8]) -> Result<QueryToken, Refusal> {
    if token.is_empty() {
        return Err(Refusal::invalid("Task token not set on request."));
    }
    match QueryToken::decode(token) {
        Ok(token) if !token.query_id.is_empty() => Ok(token),
        _ => Err(Refusal::invalid("Error deserializing task token.")),
    }
}

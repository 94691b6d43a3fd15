//! Handlers that are workers of this cluster: the request goes to their task queue.

use std::sync::Arc;

use longhaul_kernel::{
    nexus::{DeliveryOutcome, Ending, StartOutcome, from_wire, handler, handler_error, link_from_wire},
    time::Timestamp,
};
use longhaul_proto::api::{
    common::v1::Link,
    failure::v1::{CanceledFailureInfo, Failure, failure::FailureInfo},
    nexus::v1 as wire,
};
use longhaul_runtime::peers::{DispatchNexus, NexusOutcome, PeerError};

use super::call::{failed_cancel, failed_start, null_payload};
use crate::{duties::internal_caller, history::Room};

use wire::{response::Variant as Answer, start_operation_response::Variant as Started};

/// Has a worker start an operation.
pub(super) async fn start(
    room: &Arc<Room>,
    namespace: &str,
    task_queue: &str,
    request: wire::Request,
    until: Timestamp,
) -> Result<StartOutcome, PeerError> {
    Ok(match ask(room, namespace, task_queue, request, until).await? {
        Err(failure) => failed_start(failure),
        Ok(wire::Response { variant: Some(Answer::StartOperation(started)) }) => start_outcome(started),
        Ok(_) => failed_start(handler("INTERNAL", "empty outcome")),
    })
}

/// Has a worker take the request to cancel an operation. Whatever it answers means that it did.
pub(super) async fn cancel(
    room: &Arc<Room>,
    namespace: &str,
    task_queue: &str,
    request: wire::Request,
    until: Timestamp,
) -> Result<DeliveryOutcome, PeerError> {
    Ok(match ask(room, namespace, task_queue, request, until).await? {
        Err(failure) => failed_cancel(failure),
        Ok(_) => DeliveryOutcome::Delivered,
    })
}

/// Asks a worker: its answer, or why there is none.
async fn ask(
    room: &Arc<Room>,
    namespace: &str,
    task_queue: &str,
    request: wire::Request,
    until: Timestamp,
) -> Result<Result<wire::Response, Failure>, PeerError> {
    let found = room.contexts.directory().by_name(namespace).await;
    let Some(found) = found.map_err(|error| PeerError::Busy(error.to_string()))? else {
        return Ok(Err(handler("NOT_FOUND", &format!("Namespace {namespace} is not found."))));
    };
    let mut caller = internal_caller(found.id, found.name.clone());
    caller.deadline = Some(until.0);
    let dispatch = DispatchNexus { task_queue: task_queue.to_owned(), request };
    Ok(match room.matching.ask(caller, dispatch).await? {
        NexusOutcome { response: Some(response), .. } => Ok(response),
        NexusOutcome { failure: Some(failure), .. } => Err(failure),
        NexusOutcome { error: Some(error), .. } => Err(handler_error(error)),
        NexusOutcome { .. } => Err(handler("UPSTREAM_TIMEOUT", "upstream timeout")),
    })
}

#[allow(deprecated)]
fn start_outcome(started: wire::StartOperationResponse) -> StartOutcome {
    let links = |links: Vec<wire::Link>| -> Vec<Link> { links.iter().filter_map(link_from_wire).collect() };
    match started.variant {
        Some(Started::SyncSuccess(success)) => {
            let result = success.payload.unwrap_or_else(null_payload);
            StartOutcome::Ended(Ending::Succeeded(Some(result)), links(success.links))
        }
        Some(Started::AsyncSuccess(success)) => {
            let token = match success.operation_token {
                token if token.is_empty() => success.operation_id,
                token => token,
            };
            StartOutcome::Started { token, links: links(success.links) }
        }
        Some(Started::OperationError(error)) => {
            let said = from_wire(error.failure.unwrap_or_default());
            let ending = if error.operation_state == "canceled" {
                let info = FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default());
                Ending::Canceled(Box::new(Failure { failure_info: Some(info), ..said }))
            } else {
                Ending::Failed(Box::new(said))
            };
            StartOutcome::Ended(ending, Vec::new())
        }
        Some(Started::Failure(failure)) => {
            let is_canceled = matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_)));
            let failure = Box::new(failure);
            let ending = if is_canceled { Ending::Canceled(failure) } else { Ending::Failed(failure) };
            StartOutcome::Ended(ending, Vec::new())
        }
        None => failed_start(handler("INTERNAL", "empty outcome")),
    }
}

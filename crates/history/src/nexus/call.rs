//! One call of a handler, to start or to cancel an operation.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use longhaul_kernel::{
    ids::NamespaceId,
    nexus::{DeliveryOutcome, StartOutcome, Target, handler, is_retryable, link_to_wire, links_to_header},
    time::Timestamp,
};
use longhaul_proto::api::{
    common::v1::{Link, Payload},
    enums::v1::TimeoutType,
    failure::v1::Failure,
    nexus::v1 as wire,
};
use longhaul_runtime::peers::{NexusToken, PeerError};

use super::{external, worker};
use crate::history::Room;

/// The address that stands for this cluster.
pub const SYSTEM_URL: &str = "temporal://system";

/// The header of a callback that says whom it is about.
pub const TOKEN_HEADER: &str = "temporal-callback-token";

/// Type of the failure of a call that brought no answer, or one that means nothing.
pub(super) const CALL_ERROR: &str = "CallError";

/// What has to be known for calling an operation's handler.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Name of the caller's namespace.
    pub namespace: String,
    /// Id of the endpoint.
    pub endpoint_id: String,
    /// Its name when the operation was scheduled.
    pub endpoint: String,
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// Names the operation, once it has started.
    pub token: String,
    /// Makes a repeated start harmless.
    pub request_id: String,
    /// What the caller gave along.
    pub header: BTreeMap<String, String>,
    /// Input of a start.
    pub input: Option<Payload>,
    /// Leads back to the caller.
    pub links: Vec<Link>,
    /// Whom to tell of the end.
    pub callback: Option<NexusToken>,
    /// When it has to be started.
    pub starts_by: Option<Timestamp>,
    /// When the time of the operation is up.
    pub closes_at: Option<Timestamp>,
    /// How long it may run once started.
    pub start_to_close: Option<Duration>,
}

/// Starts an operation, as soon as its destination may be called.
///
/// # Errors
/// What passes and is not the handler's fault.
pub async fn start(room: &Arc<Room>, namespace: NamespaceId, call: &Call) -> Result<StartOutcome, PeerError> {
    room.breakers.pass(&room.host, namespace, &call.endpoint).await;
    let outcome = start_once(room, call).await?;
    let failure = match &outcome {
        StartOutcome::Failed { failure, .. } => Some(&**failure),
        StartOutcome::OutOfTime(_) => return Ok(outcome),
        StartOutcome::Ended(..) | StartOutcome::Started { .. } => None,
    };
    room.breakers.note(namespace, &call.endpoint, failure, Timestamp(room.host.clock.now()));
    Ok(outcome)
}

async fn start_once(room: &Arc<Room>, call: &Call) -> Result<StartOutcome, PeerError> {
    if call.service.is_empty() || call.operation.is_empty() {
        return Ok(failed_start(handler("NOT_FOUND", "not found")));
    }
    let now = Timestamp(room.host.clock.now());
    let (until, left) = match time_left(room, call, now) {
        Ok(time) => time,
        Err(bound) => return Ok(StartOutcome::OutOfTime(bound)),
    };
    let links: Vec<wire::Link> = call.links.iter().filter_map(link_to_wire).collect();
    let mut header = common_header(call, left);
    header.insert("nexus-request-id".into(), call.request_id.clone());
    if !links.is_empty() {
        header.insert("nexus-link".into(), links_to_header(&links));
    }
    let told: Vec<(String, String)> =
        header.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let namespace = call.namespace.clone();
    let callback_header = call
        .callback
        .iter()
        .map(|token| (TOKEN_HEADER.to_owned(), super::complete::write_token(token)))
        .collect();
    let request = wire::Request {
        header,
        scheduled_time: Some(now.to_proto()),
        endpoint: call.endpoint.clone(),
        capabilities: Some(wire::request::Capabilities { temporal_failure_responses: true }),
        variant: Some(wire::request::Variant::StartOperation(wire::StartOperationRequest {
            service: call.service.clone(),
            operation: call.operation.clone(),
            request_id: call.request_id.clone(),
            callback: SYSTEM_URL.to_owned(),
            payload: call.input.clone().or_else(|| Some(null_payload())),
            callback_header,
            links,
        })),
    };
    let endpoints = endpoints(room).await?;
    match endpoints.get(&call.endpoint_id).and_then(|endpoint| endpoint.target()) {
        Some(Target::Worker { namespace, task_queue }) => {
            worker::start(room, namespace, task_queue, request, until).await
        }
        Some(Target::External(base)) => Ok(external::start(room, base, call, &namespace, told, until).await),
        None => Ok(failed_start(handler("NOT_FOUND", "endpoint not registered"))),
    }
}

/// Delivers the request to cancel an operation, as soon as its destination may be called.
///
/// # Errors
/// What passes and is not the handler's fault.
pub async fn cancel(
    room: &Arc<Room>,
    namespace: NamespaceId,
    call: &Call,
) -> Result<DeliveryOutcome, PeerError> {
    room.breakers.pass(&room.host, namespace, &call.endpoint).await;
    let outcome = cancel_once(room, call).await?;
    let failure = match &outcome {
        DeliveryOutcome::Failed { failure, .. } => Some(&**failure),
        DeliveryOutcome::Delivered => None,
    };
    room.breakers.note(namespace, &call.endpoint, failure, Timestamp(room.host.clock.now()));
    Ok(outcome)
}

async fn cancel_once(room: &Arc<Room>, call: &Call) -> Result<DeliveryOutcome, PeerError> {
    let now = Timestamp(room.host.clock.now());
    let until = now + room.request_timeout();
    let mut header = common_header(call, None);
    let told: Vec<(String, String)> =
        header.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    header.insert("content-length".into(), "0".into());
    #[allow(deprecated)]
    let cancel = wire::CancelOperationRequest {
        service: call.service.clone(),
        operation: call.operation.clone(),
        operation_id: call.token.clone(),
        operation_token: call.token.clone(),
    };
    let request = wire::Request {
        header,
        scheduled_time: Some(now.to_proto()),
        endpoint: call.endpoint.clone(),
        capabilities: Some(wire::request::Capabilities::default()),
        variant: Some(wire::request::Variant::CancelOperation(cancel)),
    };
    let endpoints = endpoints(room).await?;
    match endpoints.get(&call.endpoint_id).and_then(|endpoint| endpoint.target()) {
        Some(Target::Worker { namespace, task_queue }) => {
            worker::cancel(room, namespace, task_queue, request, until).await
        }
        Some(Target::External(base)) => {
            Ok(external::cancel(room, base, call, told, room.request_timeout()).await)
        }
        None => Ok(failed_cancel(handler("NOT_FOUND", "endpoint not registered"))),
    }
}

/// A handler's failure to start an operation.
pub(super) fn failed_start(failure: Failure) -> StartOutcome {
    StartOutcome::Failed { retryable: is_retryable(&failure), failure: Box::new(failure) }
}

/// A handler's failure to take a request to cancel.
pub(super) fn failed_cancel(failure: Failure) -> DeliveryOutcome {
    DeliveryOutcome::Failed { retryable: is_retryable(&failure), failure: Box::new(failure) }
}

/// How long the handler is waited for, and how long the operation has; what bounds it if that is too little to begin
/// with.
fn time_left(room: &Room, call: &Call, now: Timestamp) -> Result<(Timestamp, Option<Duration>), TimeoutType> {
    let until = now + room.request_timeout();
    let left = call.closes_at.map(|at| at.since(now));
    let shortest = room.live.general().nexus_request_timeout_min;
    let bounds = [call.closes_at, call.starts_by];
    let until = bounds.into_iter().flatten().fold(until, Timestamp::min);
    if until.since(now) < shortest.min(room.request_timeout()) {
        // An operation that has to be started by a time is said to have missed that one, whichever comes first.
        let bound = call.starts_by.map_or(TimeoutType::ScheduleToClose, |_| TimeoutType::ScheduleToStart);
        return Err(bound);
    }
    let left = match (left, call.start_to_close) {
        (Some(left), Some(bound)) => Some(left.min(bound)),
        (left, bound) => left.or(bound),
    };
    Ok((until, left))
}

fn common_header(call: &Call, left: Option<Duration>) -> BTreeMap<String, String> {
    let mut header: BTreeMap<String, String> =
        call.header.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    header.insert("user-agent".into(), "temporalio/server".into());
    if let Some(left) = left {
        header.insert("operation-timeout".into(), format!("{}ms", left.as_millis()));
    }
    header
}

async fn endpoints(room: &Room) -> Result<Arc<longhaul_kernel::nexus::Endpoints>, PeerError> {
    let all = room.contexts.directory().endpoints.all().await;
    all.map_err(|error| PeerError::Busy(error.to_string()))
}

/// The payload that says that there is none.
pub(super) fn null_payload() -> Payload {
    Payload { metadata: [("encoding".to_owned(), "binary/null".into())].into(), ..Payload::default() }
}

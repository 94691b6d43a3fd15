//! Nexus operations.

use std::time::Duration;

use longhaul_proto::api::{
    command::v1::{RequestCancelNexusOperationCommandAttributes, ScheduleNexusOperationCommandAttributes},
    enums::v1::WorkflowTaskFailedCause as Cause,
    history::v1::{
        NexusOperationCancelRequestedEventAttributes, NexusOperationScheduledEventAttributes,
        history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};
use prost::Message;
use uuid::Uuid;

use super::{Completion, Fault, checks};
use crate::{
    context::is_reached,
    run::{DutyId, transition::Transition},
    time::{positive, to_proto},
};

const BAD: Cause = Cause::BadScheduleNexusOperationAttributes;

/// Headers that callers may not set: they are the server's own.
const RESERVED_HEADERS: [&str; 6] = [
    "request-timeout",
    "xdc-redirection",
    "xdc-redirection-api",
    "temporal-nexus-failure-support",
    "interaction-type",
    "source",
];

/// Schedules an operation; it is called once this transition is durable.
pub fn schedule(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: ScheduleNexusOperationCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let Some(endpoint) = t.context.endpoints.named(&a.endpoint) else {
        return Err(Fault::Task(BAD, format!("endpoint \"{}\" not found", a.endpoint)));
    };
    let endpoint_id = endpoint.id.clone();
    check(t, &a)?;
    // No operation outlives its run: the time of the run bounds those of the operation.
    let run_timeout = positive(t.run.start.workflow_run_timeout.as_ref());
    let to_close = shorter(positive(a.schedule_to_close_timeout.as_ref()), run_timeout);
    let told = |given: Option<prost_types::Duration>, bound: Option<Duration>| {
        let timeout = positive(given.as_ref());
        match (timeout, bound) {
            (Some(timeout), Some(bound)) => Some(to_proto(timeout.min(bound))),
            (Some(timeout), None) => Some(to_proto(timeout)),
            (None, _) => given,
        }
    };
    let scheduled = NexusOperationScheduledEventAttributes {
        endpoint: a.endpoint,
        service: a.service,
        operation: a.operation,
        input: a.input,
        schedule_to_close_timeout: to_close.map(to_proto).or(a.schedule_to_close_timeout),
        schedule_to_start_timeout: told(a.schedule_to_start_timeout, to_close),
        start_to_close_timeout: told(a.start_to_close_timeout, to_close),
        nexus_header: a.nexus_header.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
        workflow_task_completed_event_id: completion.event_id,
        request_id: Uuid::from_bytes(t.draw.uuid()).to_string(),
        endpoint_id,
    };
    let event = Attributes::NexusOperationScheduledEventAttributes(scheduled);
    let id = t.event_of(t.at, event, metadata, Vec::new());
    t.duty(DutyId::NexusStart(id));
    Ok(())
}

/// Asks for the cancellation of an operation. It is delivered at once, or as soon as the operation has started.
pub fn request_cancel(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: &RequestCancelNexusOperationCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let id = a.scheduled_event_id;
    let fault = |detail: String| Err(Fault::Task(Cause::BadRequestCancelNexusOperationAttributes, detail));
    match t.run.nexus_operations.get(&id) {
        Some(operation) if operation.cancel.is_some() => {
            return fault(format!(
                "cancelation was already requested for an operation with scheduled event ID {id}"
            ));
        }
        Some(_) => {}
        // Its end came while the worker had the task, so that the worker could not know.
        None if t.run.has_buffered_nexus_end(id) => {}
        None => {
            return fault(format!(
                "requested cancelation for a non-existing or already completed operation with scheduled event ID of {id}"
            ));
        }
    }
    let requested = NexusOperationCancelRequestedEventAttributes {
        scheduled_event_id: id,
        workflow_task_completed_event_id: completion.event_id,
    };
    let event = Attributes::NexusOperationCancelRequestedEventAttributes(requested);
    t.event_of(t.at, event, metadata, Vec::new());
    if t.run.nexus_operations.get(&id).is_some_and(|operation| operation.started.is_some()) {
        t.duty(DutyId::NexusCancel(id));
    }
    Ok(())
}

fn check(t: &Transition<'_>, a: &ScheduleNexusOperationCommandAttributes) -> Result<(), Fault> {
    let limits = &t.context.limits;
    let fault =
        |detail: String| Err(Fault::Task(BAD, format!("ScheduleNexusOperationCommandAttributes.{detail}")));
    for (name, text) in [("Service", &a.service), ("Operation", &a.operation)] {
        if text.len() > limits.nexus_name_bytes_max {
            return fault(format!("{name} exceeds length limit of {}", limits.nexus_name_bytes_max));
        }
    }
    for (name, timeout) in [
        ("ScheduleToCloseTimeout", &a.schedule_to_close_timeout),
        ("ScheduleToStartTimeout", &a.schedule_to_start_timeout),
        ("StartToCloseTimeout", &a.start_to_close_timeout),
    ] {
        if let Err(wrong) = checks::duration(timeout.as_ref()) {
            return fault(format!("{name} is invalid: {wrong}"));
        }
    }
    if a.input.as_ref().is_some_and(|input| input.encoded_len() > limits.blob_bytes_max) {
        let text = "ScheduleNexusOperationCommandAttributes.Input exceeds size limit";
        return Err(Fault::Run(BAD, text.to_owned()));
    }
    let mut bytes = 0;
    // In the order of their names, so that the same command gets the same answer.
    let headers: std::collections::BTreeMap<_, _> = a.nexus_header.iter().collect();
    for (name, value) in headers {
        bytes += name.len() + value.len();
        if RESERVED_HEADERS.contains(&name.to_lowercase().as_str()) {
            return fault(format!("NexusHeader contains a disallowed header key: \"{name}\""));
        }
    }
    if bytes > limits.nexus_header_bytes_max {
        return fault("NexusHeader exceeds size limit".to_owned());
    }
    if is_reached(t.run.nexus_operations.len(), limits.pending_nexus_operations_max) {
        return Err(Fault::Task(
            Cause::PendingNexusOperationsLimitExceeded,
            format!(
                "workflow has reached the pending nexus operation limit of {} for this namespace",
                limits.pending_nexus_operations_max
            ),
        ));
    }
    Ok(())
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

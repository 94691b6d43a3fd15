//! News of Nexus operations: attempts to start and to cancel them, their ends, and their timeouts.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::Link,
        enums::v1::TimeoutType,
        failure::v1::{Failure, TimeoutFailureInfo, failure::FailureInfo},
        history::v1::{
            NexusOperationCancelRequestCompletedEventAttributes,
            NexusOperationCancelRequestFailedEventAttributes, NexusOperationCanceledEventAttributes,
            NexusOperationCompletedEventAttributes, NexusOperationFailedEventAttributes,
            NexusOperationStartedEventAttributes, NexusOperationTimedOutEventAttributes,
            history_event::Attributes,
        },
    },
};

use crate::{
    codec::Pb,
    nexus::{Completion, DeliveryOutcome, Ending, StartOutcome, backoff, unsuccessful},
    run::{DutyId, Fact, nexus::event_links, transition::Transition},
};

/// An attempt to start an operation has ended. News of an operation that has started or ended meanwhile are old.
pub fn start_attempted(t: &mut Transition<'_>, id: i64, outcome: StartOutcome) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    t.duty_done(DutyId::NexusStart(id));
    if t.run.nexus_operations.get(&id).is_none_or(|operation| operation.started.is_some()) {
        return Ok(());
    }
    match outcome {
        StartOutcome::Ended(ending, links) => end(t, id, ending, links),
        StartOutcome::Started { token, links } => started(t, id, token, links),
        StartOutcome::Failed { failure, retryable: true } => again(t, id, false, *failure),
        StartOutcome::Failed { failure, retryable: false } => {
            end(t, id, Ending::Failed(failure), Vec::new());
        }
        StartOutcome::OutOfTime(bound) => time_out(t, id, bound),
    }
    Ok(())
}

/// An attempt to deliver a cancellation has ended.
pub fn cancel_attempted(t: &mut Transition<'_>, id: i64, outcome: DeliveryOutcome) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    t.duty_done(DutyId::NexusCancel(id));
    let Some(cancel) = t.run.nexus_operations.get(&id).and_then(|operation| operation.cancel.as_ref()) else {
        return Ok(());
    };
    if cancel.delivered.is_some() {
        return Ok(());
    }
    let requested_event_id = cancel.requested_event_id;
    let event = match outcome {
        DeliveryOutcome::Failed { failure, retryable: true } => {
            again(t, id, true, *failure);
            return Ok(());
        }
        DeliveryOutcome::Failed { failure, retryable: false } => {
            Attributes::NexusOperationCancelRequestFailedEventAttributes(
                NexusOperationCancelRequestFailedEventAttributes {
                    requested_event_id,
                    scheduled_event_id: id,
                    failure: Some(*failure),
                    ..Default::default()
                },
            )
        }
        DeliveryOutcome::Delivered => Attributes::NexusOperationCancelRequestCompletedEventAttributes(
            NexusOperationCancelRequestCompletedEventAttributes {
                requested_event_id,
                scheduled_event_id: id,
                ..Default::default()
            },
        ),
    };
    t.outside_event(event);
    t.needs_task = true;
    Ok(())
}

/// An operation is over. Its start may not have been heard of yet: then it is told first.
pub fn completed(t: &mut Transition<'_>, id: i64, completion: Completion) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    let Some(operation) = t.run.nexus_operations.get(&id) else {
        return Err(Refusal::not_found("operation not found"));
    };
    if operation.scheduled.request_id != completion.request_id {
        return Err(Refusal::not_found("operation not found"));
    }
    if operation.started.is_none() && !completion.token.is_empty() {
        started(t, id, completion.token, completion.links);
    }
    t.duty_done(DutyId::NexusStart(id));
    end(t, id, completion.ending, Vec::new());
    Ok(())
}

/// An operation has used up its time.
pub fn time_out(t: &mut Transition<'_>, id: i64, timeout_type: TimeoutType) {
    let Some(operation) = t.run.nexus_operations.get(&id) else { return };
    let cause = Failure {
        message: "operation timed out".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: timeout_type as i32,
            last_heartbeat_details: None,
        })),
        ..Failure::default()
    };
    let timed_out = NexusOperationTimedOutEventAttributes {
        scheduled_event_id: id,
        failure: Some(unsuccessful(cause, operation.failure_info())),
        request_id: operation.scheduled.request_id.clone(),
    };
    settle(t, id, Attributes::NexusOperationTimedOutEventAttributes(timed_out), Vec::new());
}

/// The wait for the next attempt is over.
pub fn due(t: &mut Transition<'_>, id: i64, is_cancel: bool) {
    t.fact(Fact::NexusAttemptDue { scheduled_event_id: id, is_cancel });
    t.duty(if is_cancel { DutyId::NexusCancel(id) } else { DutyId::NexusStart(id) });
}

fn started(t: &mut Transition<'_>, id: i64, token: String, links: Vec<Link>) {
    let Some(operation) = t.run.nexus_operations.get(&id) else { return };
    #[allow(deprecated)]
    let started = NexusOperationStartedEventAttributes {
        scheduled_event_id: id,
        operation_id: token.clone(),
        request_id: operation.scheduled.request_id.clone(),
        operation_token: token,
    };
    let event = Attributes::NexusOperationStartedEventAttributes(started);
    t.outside_event_of(event, None, event_links(links));
    t.needs_task = true;
    if t.run.nexus_operations.get(&id).is_some_and(|operation| operation.owes_cancel()) {
        t.duty(DutyId::NexusCancel(id));
    }
}

/// Lets another attempt follow.
fn again(t: &mut Transition<'_>, id: i64, is_cancel: bool, failure: Failure) {
    let Some(operation) = t.run.nexus_operations.get(&id) else { return };
    let cancel = operation.cancel.as_ref().filter(|_| is_cancel);
    let attempts = cancel.map_or(&operation.attempts, |cancel| &cancel.attempts);
    let due = t.at + backoff(attempts.count + 1);
    let failure = Pb(crate::run::failure::remembered(&failure, t.context.limits.failure_bytes_max));
    t.fact(Fact::NexusAttemptFailed { scheduled_event_id: id, is_cancel, at: t.at, due, failure });
}

fn end(t: &mut Transition<'_>, id: i64, ending: Ending, links: Vec<Link>) {
    let Some(operation) = t.run.nexus_operations.get(&id) else { return };
    let request_id = operation.scheduled.request_id.clone();
    let failure = |cause: Failure| Some(unsuccessful(cause, operation.failure_info()));
    let event = match ending {
        Ending::Succeeded(result) => {
            Attributes::NexusOperationCompletedEventAttributes(NexusOperationCompletedEventAttributes {
                scheduled_event_id: id,
                result,
                request_id,
            })
        }
        Ending::Failed(cause) => {
            Attributes::NexusOperationFailedEventAttributes(NexusOperationFailedEventAttributes {
                scheduled_event_id: id,
                failure: failure(*cause),
                request_id,
            })
        }
        Ending::Canceled(cause) => {
            Attributes::NexusOperationCanceledEventAttributes(NexusOperationCanceledEventAttributes {
                scheduled_event_id: id,
                failure: failure(*cause),
                request_id,
            })
        }
    };
    settle(t, id, event, event_links(links));
}

/// Writes the end of an operation, and rids the run of what it owed to it.
fn settle(t: &mut Transition<'_>, id: i64, event: Attributes, links: Vec<Link>) {
    t.outside_event_of(event, None, links);
    t.duty_done(DutyId::NexusStart(id));
    t.duty_done(DutyId::NexusCancel(id));
    t.needs_task = true;
}

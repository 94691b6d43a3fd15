//! Timers.

use longhaul_proto::api::{
    command::v1::{CancelTimerCommandAttributes, StartTimerCommandAttributes},
    enums::v1::WorkflowTaskFailedCause as Cause,
    history::v1::{TimerCanceledEventAttributes, TimerStartedEventAttributes, history_event::Attributes},
    sdk::v1::UserMetadata,
};

use super::{Completion, Fault, checks::Named};
use crate::run::{Change, Fact, transition::Transition};

/// Starts a timer.
pub fn start(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: StartTimerCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let bad = |detail: &str| Fault::Task(Cause::BadStartTimerAttributes, detail.into());
    if a.timer_id.is_empty() {
        return Err(bad("TimerId is not set on StartTimerCommand."));
    }
    timer_id("StartTimerCommand", &a.timer_id).check_length(t, Cause::BadStartTimerAttributes)?;
    let Some(duration) = &a.start_to_fire_timeout else {
        return Err(bad("An invalid StartToFireTimeout is set on StartTimerCommand: missing duration"));
    };
    if duration.seconds < 0 || duration.nanos < 0 {
        return Err(Fault::Task(
            Cause::BadStartTimerAttributes,
            format!(
                "An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId={}",
                a.timer_id
            ),
        ));
    }
    if t.run.timers.contains_key(&a.timer_id) {
        return Err(Fault::Task(
            Cause::StartTimerDuplicateId,
            format!(
                "invalid history builder state for action: add-timer-started-event, TimerID: {}",
                a.timer_id
            ),
        ));
    }
    let started = TimerStartedEventAttributes {
        timer_id: a.timer_id,
        start_to_fire_timeout: a.start_to_fire_timeout,
        workflow_task_completed_event_id: completion.event_id,
    };
    t.event_of(t.at, Attributes::TimerStartedEventAttributes(started), metadata, Vec::new());
    Ok(())
}

/// Cancels a timer: a pending one, or one whose firing is still in the buffer.
pub fn cancel(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: CancelTimerCommandAttributes,
) -> Result<(), Fault> {
    if a.timer_id.is_empty() {
        return Err(Fault::Task(
            Cause::BadCancelTimerAttributes,
            "TimerId is not set on CancelTimerCommand.".into(),
        ));
    }
    timer_id("CancelTimerCommand", &a.timer_id).check_length(t, Cause::BadCancelTimerAttributes)?;
    let started_event_id = match t.run.timers.get(&a.timer_id) {
        Some(timer) => timer.started_event_id,
        None => unfire(t, &a.timer_id).ok_or_else(|| {
            Fault::Task(
                Cause::BadCancelTimerAttributes,
                format!(
                    "invalid history builder state for action: add-timer-canceled-event, TimerID: {}",
                    a.timer_id
                ),
            )
        })?,
    };
    let canceled = TimerCanceledEventAttributes {
        timer_id: a.timer_id,
        started_event_id,
        workflow_task_completed_event_id: completion.event_id,
        identity: completion.identity.clone(),
    };
    t.event(Attributes::TimerCanceledEventAttributes(canceled));
    Ok(())
}

fn timer_id<'a>(command: &'a str, text: &'a str) -> Named<'a> {
    Named { command, name: "TimerId", text, before: "", behind: "" }
}

/// Takes the firing of a timer out of the buffer, and answers the timer's started event.
fn unfire(t: &mut Transition<'_>, timer_id: &str) -> Option<i64> {
    let fired = |attributes: &Option<Attributes>| match attributes {
        Some(Attributes::TimerFiredEventAttributes(a)) if a.timer_id == timer_id => Some(a.started_event_id),
        _ => None,
    };
    let index = t.run.buffered.iter().position(|event| fired(&event.attributes).is_some())?;
    let started = fired(&t.run.buffered[index].attributes);
    t.change(Change::Fact(Fact::Unbuffered(index as u64)));
    started
}

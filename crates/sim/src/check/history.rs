//! What holds of every history: what is begun ends at most once, timers fire in time, and the last event closes it.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::{
    ids::RunKey,
    time::{Timestamp, positive},
};
use longhaul_proto::api::history::v1::history_event::Attributes as Event;

use super::lineage;
use crate::ledger::{Recorded, closes, time_of};

/// How late a timer may fire, in nanoseconds: the cluster may be down for a while, and no longer.
const LATE_MAX: i64 = 60 * 1_000_000_000;

/// Checks one history.
pub(super) fn check(run: &RunKey, recorded: &Recorded, broken: &mut Vec<String>) {
    let events = &recorded.events;
    if !matches!(
        events.first().and_then(|first| first.event.attributes.as_ref()),
        Some(Event::WorkflowExecutionStartedEventAttributes(_))
    ) {
        broken.push(format!("{run} does not begin with its start"));
    }
    let closed = events.iter().filter(|stored| closes(&stored.event)).count();
    if closed != 1 {
        broken.push(format!("{run} closes {closed} times"));
    }
    let mut ends: BTreeMap<i64, u32> = BTreeMap::new();
    for stored in events {
        let Some(attributes) = &stored.event.attributes else {
            broken.push(format!("event {} of {run} says nothing", stored.event.event_id));
            continue;
        };
        if let Some(begun) = ended_by(attributes) {
            *ends.entry(begun).or_default() += 1;
            if begun >= stored.event.event_id || begun <= 0 {
                broken.push(format!("event {} of {run} ends {begun}", stored.event.event_id));
            }
        }
    }
    for (begun, times) in ends.into_iter().filter(|(_, times)| *times > 1) {
        broken.push(format!("what event {begun} of {run} began has ended {times} times"));
    }
    timers(run, recorded, broken);
}

/// The event that began what this one ends.
pub(super) fn ended_by(attributes: &Event) -> Option<i64> {
    Some(match attributes {
        Event::WorkflowTaskCompletedEventAttributes(a) => a.scheduled_event_id,
        Event::WorkflowTaskFailedEventAttributes(a) => a.scheduled_event_id,
        Event::WorkflowTaskTimedOutEventAttributes(a) => a.scheduled_event_id,
        Event::ActivityTaskCompletedEventAttributes(a) => a.scheduled_event_id,
        Event::ActivityTaskFailedEventAttributes(a) => a.scheduled_event_id,
        Event::ActivityTaskTimedOutEventAttributes(a) => a.scheduled_event_id,
        Event::ActivityTaskCanceledEventAttributes(a) => a.scheduled_event_id,
        Event::TimerFiredEventAttributes(a) => a.started_event_id,
        Event::TimerCanceledEventAttributes(a) => a.started_event_id,
        Event::StartChildWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        Event::ChildWorkflowExecutionCompletedEventAttributes(a) => a.initiated_event_id,
        Event::ChildWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        Event::ChildWorkflowExecutionCanceledEventAttributes(a) => a.initiated_event_id,
        Event::ChildWorkflowExecutionTimedOutEventAttributes(a) => a.initiated_event_id,
        Event::ChildWorkflowExecutionTerminatedEventAttributes(a) => a.initiated_event_id,
        Event::ExternalWorkflowExecutionSignaledEventAttributes(a) => a.initiated_event_id,
        Event::SignalExternalWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        Event::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => a.initiated_event_id,
        Event::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => a.initiated_event_id,
        Event::NexusOperationCompletedEventAttributes(a) => a.scheduled_event_id,
        Event::NexusOperationFailedEventAttributes(a) => a.scheduled_event_id,
        Event::NexusOperationCanceledEventAttributes(a) => a.scheduled_event_id,
        Event::NexusOperationTimedOutEventAttributes(a) => a.scheduled_event_id,
        _ => return None,
    })
}

/// No timer fires early, by true time, and none late. One that a reset has brought back can't fire before the reset.
fn timers(run: &RunKey, recorded: &Recorded, broken: &mut Vec<String>) {
    let made = lineage::made(&run.run.to_string(), recorded);
    let mut due: BTreeMap<i64, i64> = BTreeMap::new();
    let mut closed = None;
    for stored in &recorded.events {
        let event = &stored.event;
        match &event.attributes {
            Some(Event::TimerStartedEventAttributes(a)) => {
                let length = positive(a.start_to_fire_timeout.as_ref()).unwrap_or(Duration::ZERO);
                due.insert(event.event_id, (Timestamp(time_of(event)) + length).0);
            }
            Some(Event::TimerFiredEventAttributes(a)) => {
                let Some(due) = due.remove(&a.started_event_id) else { continue };
                let possible = made
                    .as_ref()
                    .filter(|made| made.event < event.event_id)
                    .map_or(due, |made| due.max(made.at));
                let late = time_of(event) - possible;
                // The time of the commit is the true one; an event may wait in the buffer before that.
                if stored.at < due || time_of(event) < due {
                    broken.push(format!(
                        "timer {} of {run} fired {} ms early",
                        a.timer_id,
                        (due - time_of(event)) / 1_000_000
                    ));
                }
                if late > LATE_MAX {
                    broken.push(format!("timer {} of {run} fired {} ms late", a.timer_id, late / 1_000_000));
                }
            }
            Some(Event::TimerCanceledEventAttributes(a)) => {
                due.remove(&a.started_event_id);
            }
            _ => {}
        }
        if closes(event) {
            closed = Some(time_of(event));
        }
    }
    for (event, due) in due {
        let possible = made.as_ref().filter(|made| made.event > event).map_or(due, |made| due.max(made.at));
        if closed.is_some_and(|closed| closed > possible + LATE_MAX) {
            broken.push(format!("the timer of event {event} of {run} was lost"));
        }
    }
}

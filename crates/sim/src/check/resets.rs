//! Runs that a reset has made: they begin as the run did that was reset, and have been told every signal that it was
//! told behind that point, once.

use longhaul_proto::api::{
    enums::v1::EventType,
    history::v1::{
        HistoryEvent, WorkflowExecutionSignaledEventAttributes, history_event::Attributes as Event,
    },
};

use super::Evidence;
use crate::ledger::Recorded;

/// Checks every run that a reset has made.
pub(super) fn check(evidence: &Evidence, broken: &mut Vec<String>) {
    for (key, recorded) in &evidence.runs {
        let Some(made) = evidence.lineage.made(&key.run.to_string()) else { continue };
        let Some((base_key, base)) = evidence.run(&made.base) else {
            broken.push(format!("{key} is made of {}, which does not exist", made.base));
            continue;
        };
        let kept = |recorded: &Recorded| {
            let before = recorded.events.iter().take_while(|stored| stored.event.event_id < made.event);
            before.map(|stored| stored.event.clone()).collect::<Vec<_>>()
        };
        let (own, others) = (kept(recorded), kept(base));
        // A workflow task that nobody had started is started by the reset, so that it can fail.
        if let Some((own, other)) = own
            .iter()
            .zip(&others)
            .find(|(own, other)| own != other && !is_start_of_unstarted(own, other, made.event))
        {
            broken.push(format!(
                "{key} does not begin as {base_key}: event {} {:?}, event {} {:?}",
                own.event_id,
                own.event_type(),
                other.event_id,
                other.event_type()
            ));
        }
        let at = recorded.events.first().map_or(0, |first| first.at);
        for stored in
            base.events.iter().filter(|stored| stored.event.event_id >= made.event && stored.at <= at)
        {
            let Some(Event::WorkflowExecutionSignaledEventAttributes(a)) = &stored.event.attributes else {
                continue;
            };
            let times = told(recorded, a);
            if times != 1 {
                broken.push(format!(
                    "signal {} of event {} of {base_key} was told {times} times to {key}, which was made of it",
                    a.signal_name, stored.event.event_id
                ));
            }
        }
    }
}

/// Whether the last event before the reset stands where the task that nobody had started has ended.
fn is_start_of_unstarted(own: &HistoryEvent, other: &HistoryEvent, reset: i64) -> bool {
    own.event_id == reset - 1
        && own.event_type() == EventType::WorkflowTaskStarted
        && matches!(other.event_type(), EventType::WorkflowTaskTimedOut | EventType::WorkflowTaskFailed)
}

/// How often a run was told a signal by the same sender: a workflow that was reset sends its own anew.
fn told(recorded: &Recorded, signal: &WorkflowExecutionSignaledEventAttributes) -> usize {
    Evidence::events(recorded)
        .filter(|(_, event)| {
            matches!(event, Event::WorkflowExecutionSignaledEventAttributes(a)
                if a.signal_name == signal.signal_name
                    && a.external_workflow_execution == signal.external_workflow_execution)
        })
        .count()
}

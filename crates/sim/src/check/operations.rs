//! Nexus operations: each ends as its handler has said or as the workflow that carried it out has ended, that workflow
//! was started once, and its end was told.

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::{
    common::v1::Payload,
    history::v1::{NexusOperationScheduledEventAttributes, history_event::Attributes as Event},
};

use super::{Evidence, start};
use crate::{
    book::{Book, Handled},
    ledger::{Recorded, time_of},
    worker::workflow_of,
    world::SECOND,
};

/// Within what time the end of an operation has to be told: the cluster may be down, and attempts wait for each other.
const TOLD_WITHIN: i64 = 300 * SECOND;

/// How an operation ended.
enum End<'e> {
    Completed(Option<&'e Payload>),
    Failed,
    Canceled,
    TimedOut,
}

/// Checks every operation of every run.
pub(super) fn check(evidence: &Evidence, book: &Book, broken: &mut Vec<String>) {
    for (key, recorded) in &evidence.runs {
        for (id, event) in Evidence::events(recorded) {
            if let Event::NexusOperationScheduledEventAttributes(scheduled) = event {
                operation(evidence, book, (key, recorded), id, scheduled, broken);
            }
        }
    }
    for request_id in book.operations.keys() {
        let runs = handlers(evidence, request_id).count();
        if runs > 1 {
            broken.push(format!("operation {request_id} was carried out by {runs} runs"));
        }
    }
}

/// The runs that carry out an operation; those that were started and did not follow another one.
fn handlers<'e>(
    evidence: &'e Evidence,
    request_id: &str,
) -> impl Iterator<Item = (&'e RunKey, &'e Recorded)> {
    let id = workflow_of(request_id);
    evidence.runs.iter().filter(move |(key, recorded)| {
        *key.execution.id == *id
            && start(recorded).is_some_and(|start| start.continued_execution_run_id.is_empty())
    })
}

fn operation(
    evidence: &Evidence,
    book: &Book,
    (key, recorded): (&RunKey, &Recorded),
    id: i64,
    scheduled: &NexusOperationScheduledEventAttributes,
    broken: &mut Vec<String>,
) {
    let what = format!("operation {} of event {id} of {key}", scheduled.request_id);
    let handled = book.operations.get(&scheduled.request_id).cloned().unwrap_or_default();
    let by = handlers(evidence, &scheduled.request_id).next();
    let closed = by.and_then(|(_, recorded)| recorded.is_closed.then_some(recorded.events.last()?));
    let outcome = closed.and_then(|last| last.event.attributes.as_ref());
    let end = Evidence::events(recorded).find_map(|(_, event)| end(event, id));
    let Some(end) = end else {
        let last = recorded.events.last().map_or(0, |last| last.at);
        // A run that a reset has made is told when there is one.
        let made = evidence.lineage.made(&key.run.to_string()).map_or(0, |made| made.at);
        if closed.is_some_and(|closed| last > time_of(&closed.event).max(made) + TOLD_WITHIN) {
            broken.push(format!("{what} was never told its end"));
        }
        return;
    };
    if !is_true(&end, &handled, outcome) {
        broken.push(format!("{what} ended otherwise than it was carried out: {handled:?}, {outcome:?}"));
    }
}

fn end(event: &Event, scheduled: i64) -> Option<End<'_>> {
    match event {
        Event::NexusOperationCompletedEventAttributes(a) if a.scheduled_event_id == scheduled => {
            Some(End::Completed(a.result.as_ref()))
        }
        Event::NexusOperationFailedEventAttributes(a) if a.scheduled_event_id == scheduled => {
            Some(End::Failed)
        }
        Event::NexusOperationCanceledEventAttributes(a) if a.scheduled_event_id == scheduled => {
            Some(End::Canceled)
        }
        Event::NexusOperationTimedOutEventAttributes(a) if a.scheduled_event_id == scheduled => {
            Some(End::TimedOut)
        }
        _ => None,
    }
}

/// Whether an end is one that the handler has said, or that of the workflow.
fn is_true(end: &End<'_>, handled: &Handled, outcome: Option<&Event>) -> bool {
    match end {
        End::Completed(result) => {
            let said = result.and_then(|result| serde_json::from_slice::<String>(&result.data).ok());
            said.is_some_and(|said| handled.results.contains(&said))
                || matches!(outcome, Some(Event::WorkflowExecutionCompletedEventAttributes(_)))
        }
        End::Failed => {
            handled.has_failed
                || matches!(
                    outcome,
                    Some(
                        Event::WorkflowExecutionFailedEventAttributes(_)
                            | Event::WorkflowExecutionTimedOutEventAttributes(_)
                            | Event::WorkflowExecutionTerminatedEventAttributes(_)
                    )
                )
        }
        // One that was never started is canceled by its caller alone.
        End::Canceled => outcome
            .is_none_or(|outcome| matches!(outcome, Event::WorkflowExecutionCanceledEventAttributes(_))),
        End::TimedOut => true,
    }
}

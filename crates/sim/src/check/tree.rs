//! What executions do to each other takes effect exactly once: children are started once, their parents are told once,
//! signals arrive.

use std::collections::BTreeMap;

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::history::v1::history_event::Attributes as Event;

use super::{Evidence, promises::received, start};
use crate::ledger::Recorded;

/// The parent's run and initiated event.
type Place = (String, i64);

/// Checks everything between executions.
pub(super) fn check(evidence: &Evidence, broken: &mut Vec<String>) {
    let mut children: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for (key, recorded) in &evidence.runs {
        let Some(start) = start(recorded) else { continue };
        let Some(parent) = &start.parent_workflow_execution else { continue };
        let is_copy = evidence.lineage.made(&key.run.to_string()).is_some();
        if start.continued_execution_run_id.is_empty() && !is_copy {
            let place = (parent.run_id.clone(), start.parent_initiated_event_id);
            children.entry(place).or_default().push(key.run.to_string());
        }
    }
    for (place, runs) in &children {
        if runs.len() > 1 {
            broken.push(format!("the child of event {} of {} was started as {runs:?}", place.1, place.0));
        }
        if evidence.run(&place.0).is_none() {
            broken.push(format!("the parent {} of {runs:?} does not exist", place.0));
        }
    }
    for (key, recorded) in &evidence.runs {
        for (id, event) in Evidence::events(recorded) {
            child(evidence, key, event, &children, broken);
            reported(evidence, key, event, broken);
            external(evidence, key, recorded, id, event, broken);
        }
    }
}

/// A child that a parent says it has started is there.
fn child(
    evidence: &Evidence,
    key: &RunKey,
    event: &Event,
    children: &BTreeMap<Place, Vec<String>>,
    broken: &mut Vec<String>,
) {
    let Event::ChildWorkflowExecutionStartedEventAttributes(a) = event else { return };
    let run_id = a.workflow_execution.as_ref().map_or("", |execution| &execution.run_id);
    let owners = evidence.lineage.owners(&key.run.to_string(), a.initiated_event_id);
    let mut places = owners.into_iter().map(|owner| (owner, a.initiated_event_id));
    if !places.any(|place| children.get(&place).is_some_and(|runs| runs.iter().any(|run| run == run_id))) {
        broken.push(format!("{key} says that it has started {run_id}, which is not its child"));
    }
}

/// What a parent was told of its child's end is what happened.
fn reported(evidence: &Evidence, key: &RunKey, event: &Event, broken: &mut Vec<String>) {
    let (execution, closed): (_, fn(&Event) -> bool) = match event {
        Event::ChildWorkflowExecutionCompletedEventAttributes(a) => (&a.workflow_execution, |event| {
            matches!(event, Event::WorkflowExecutionCompletedEventAttributes(_))
        }),
        Event::ChildWorkflowExecutionFailedEventAttributes(a) => {
            (&a.workflow_execution, |event| matches!(event, Event::WorkflowExecutionFailedEventAttributes(_)))
        }
        Event::ChildWorkflowExecutionCanceledEventAttributes(a) => (&a.workflow_execution, |event| {
            matches!(event, Event::WorkflowExecutionCanceledEventAttributes(_))
        }),
        Event::ChildWorkflowExecutionTimedOutEventAttributes(a) => (&a.workflow_execution, |event| {
            matches!(event, Event::WorkflowExecutionTimedOutEventAttributes(_))
        }),
        Event::ChildWorkflowExecutionTerminatedEventAttributes(a) => (&a.workflow_execution, |event| {
            matches!(event, Event::WorkflowExecutionTerminatedEventAttributes(_))
        }),
        _ => return,
    };
    let run_id = execution.as_ref().map_or("", |execution| &execution.run_id);
    let last = evidence.run(run_id).and_then(|(_, recorded)| recorded.events.last());
    if !last.and_then(|last| last.event.attributes.as_ref()).is_some_and(closed) {
        broken.push(format!("{key} was told an end of its child {run_id} that did not happen"));
    }
}

/// How often a run received a signal from another one. What a reset made begins a signal anew that the run before it
/// was not told of, so that the name alone says little.
fn received_from(recorded: &Recorded, name: &str, source: &str) -> usize {
    Evidence::events(recorded)
        .filter(|(_, event)| {
            matches!(event, Event::WorkflowExecutionSignaledEventAttributes(a)
                if a.signal_name == name
                    && a.external_workflow_execution.as_ref().is_some_and(|by| by.run_id == source))
        })
        .count()
}

/// A signal that is said to have been delivered was.
fn external(
    evidence: &Evidence,
    key: &RunKey,
    recorded: &Recorded,
    id: i64,
    event: &Event,
    broken: &mut Vec<String>,
) {
    let Event::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) = event else { return };
    let delivered = Evidence::events(recorded).any(|(_, event)| {
        matches!(event, Event::ExternalWorkflowExecutionSignaledEventAttributes(b) if b.initiated_event_id == id)
    });
    let mut total = 0;
    for (target, target_run) in &evidence.runs {
        let times = received_from(target_run, &a.signal_name, &key.run.to_string());
        if times > 1 {
            broken.push(format!("{target} received signal {} of {key} {times} times", a.signal_name));
        }
        total += received(target_run, &a.signal_name);
    }
    if delivered && total == 0 {
        broken.push(format!("signal {} of {key} was delivered and got lost", a.signal_name));
    }
}

//! A child whose parent has closed obeys the parent close policy: it is ended, is asked to end, or is left alone.

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::{
    enums::v1::ParentClosePolicy as Policy,
    history::v1::{WorkflowExecutionStartedEventAttributes as Started, history_event::Attributes as Event},
};

use super::{Evidence, start};
use crate::ledger::{Recorded, closes};

/// How long after its parent a child may close by itself without a word from the policy: the cluster may be down.
const LATE_MAX: i64 = 60 * 1_000_000_000;

/// What ends a child by its policy.
const REASON: &str = "by parent close policy";

/// Checks every child that was started by a parent, and not by a run before it in its chain.
pub(super) fn check(evidence: &Evidence, broken: &mut Vec<String>) {
    for (key, recorded) in &evidence.runs {
        let Some(started) = start(recorded) else { continue };
        let run_id = key.run.to_string();
        let is_first =
            started.continued_execution_run_id.is_empty() && evidence.lineage.made(&run_id).is_none();
        if is_first && started.parent_workflow_execution.is_some() {
            child(evidence, key, started, broken);
        }
    }
}

fn child(evidence: &Evidence, key: &RunKey, started: &Started, broken: &mut Vec<String>) {
    let parent = started.parent_workflow_execution.as_ref().map_or("", |parent| &parent.run_id);
    let Some((parent, above)) = evidence.run(parent) else { return };
    let initiated = Evidence::events(above).find_map(|(id, event)| match event {
        Event::StartChildWorkflowExecutionInitiatedEventAttributes(a)
            if id == started.parent_initiated_event_id =>
        {
            Some(a.parent_close_policy())
        }
        _ => None,
    });
    let Some(policy) = initiated else {
        return broken.push(format!("{key} says that {parent} has started it, which says nothing of it"));
    };
    // Whoever was reset has left its children to the run that was made of it.
    if evidence.is_reset(parent) {
        return;
    }
    let Some(closed) = above.events.last().filter(|last| closes(&last.event)).map(|last| last.at) else {
        return;
    };
    let chain = chain(evidence, key);
    let end = chain.last().and_then(|(_, last)| last.events.last()).map_or(0, |last| last.at);
    let was_in_time = end <= closed + LATE_MAX;
    let has = |is_meant: &dyn Fn(&Event) -> bool| {
        chain.iter().any(|(_, run)| Evidence::events(run).any(|(_, event)| is_meant(event)))
    };
    let is_terminated = has(
        &|event| matches!(event, Event::WorkflowExecutionTerminatedEventAttributes(a) if a.reason == REASON),
    );
    let is_asked = has(&|event| {
        matches!(event, Event::WorkflowExecutionCancelRequestedEventAttributes(a)
            if a.external_initiated_event_id == 0
                && a.external_workflow_execution.as_ref().is_some_and(|by| by.run_id == parent.run.to_string()))
    });
    let wrong = match policy {
        Policy::Terminate | Policy::Unspecified => !(is_terminated || was_in_time) || is_asked,
        Policy::RequestCancel => !(is_asked || was_in_time) || is_terminated,
        Policy::Abandon => is_asked || is_terminated,
    };
    if wrong {
        broken.push(format!(
            "{key} has policy {policy:?} and outlived its parent {parent} by {} ms: terminated {is_terminated}, asked {is_asked}",
            (end - closed) / 1_000_000
        ));
    }
}

/// The run and those that followed it.
fn chain<'e>(evidence: &'e Evidence, first: &RunKey) -> Vec<(&'e RunKey, &'e Recorded)> {
    let run_id = first.run.to_string();
    let mut chain: Vec<_> = evidence
        .runs
        .iter()
        .filter(|(key, recorded)| {
            key.execution == first.execution
                && start(recorded).is_some_and(|started| started.first_execution_run_id == run_id)
        })
        .collect();
    chain.sort_by_key(|(_, recorded)| recorded.events.first().map(|first| first.at));
    chain
}

//! A run that was loaded again is described as it was before the crash: what is in memory is what is stored.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::{
    enums::v1::{EventType, NexusOperationCancellationState, PendingNexusOperationState},
    workflow::v1::PendingNexusOperationInfo,
    workflowservice::v1::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse},
};
use longhaul_runtime::peers::History;

use super::execution;
use crate::{line::Line, world::NAMESPACE_NAME};

/// What open runs were described as, at which version of their state.
pub(crate) struct Described(BTreeMap<RunKey, (u64, DescribeWorkflowExecutionResponse)>);

/// Describes every open run, as far as it answers, without a wire in between.
pub(crate) async fn describe(line: &Line, history: &Arc<dyn History>) -> Described {
    let direct = Line { history: history.clone(), ..line.clone() };
    let mut described = BTreeMap::new();
    let open = line.world.ledger.lock().open_runs();
    for run in open {
        let request = DescribeWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            execution: Some(execution(&run)),
        };
        let before = version(line, &run);
        if let Ok(mut answer) = direct.ask(2, request).await
            && before == version(line, &run)
        {
            if is_speculative(line, &run, &answer) {
                answer.pending_workflow_task = None;
            }
            answer.pending_nexus_operations.iter_mut().for_each(unblock);
            described.insert(run, (before, answer));
        }
    }
    Described(described)
}

/// Which destinations are left in peace for a while is known in memory alone: what is blocked is scheduled in truth.
fn unblock(operation: &mut PendingNexusOperationInfo) {
    if operation.state() == PendingNexusOperationState::Blocked {
        operation.set_state(PendingNexusOperationState::Scheduled);
        operation.blocked_reason.clear();
    }
    if let Some(cancel) = &mut operation.cancellation_info
        && cancel.state() == NexusOperationCancellationState::Blocked
    {
        cancel.set_state(NexusOperationCancellationState::Scheduled);
        cancel.blocked_reason.clear();
    }
}

/// Whether the pending workflow task is in memory alone: one that only serves updates is meant to be lost in a crash.
fn is_speculative(line: &Line, run: &RunKey, answer: &DescribeWorkflowExecutionResponse) -> bool {
    let ledger = line.world.ledger.lock();
    let events = ledger.runs.get(run).map_or(&[][..], |recorded| &recorded.events);
    let task = events.iter().rev().map(|stored| stored.event.event_type()).find(|kind| {
        matches!(
            kind,
            EventType::WorkflowTaskScheduled
                | EventType::WorkflowTaskStarted
                | EventType::WorkflowTaskCompleted
                | EventType::WorkflowTaskFailed
                | EventType::WorkflowTaskTimedOut
        )
    });
    let is_open = matches!(task, Some(EventType::WorkflowTaskScheduled | EventType::WorkflowTaskStarted));
    !is_open && answer.pending_workflow_task.as_ref().is_some_and(|task| task.attempt == 1)
}

/// Compares runs that have not changed in between.
pub(crate) fn compare(line: &Line, before: &Described, after: &Described) {
    for (run, (version, before)) in &before.0 {
        let Some((same, after)) = after.0.get(run) else { continue };
        if version == same && before != after {
            let difference = difference(&format!("{before:?}"), &format!("{after:?}"));
            line.world.accuse(format!("{run} is described otherwise after a restart: {difference}"));
        }
    }
}

fn version(line: &Line, run: &RunKey) -> u64 {
    line.world.ledger.lock().runs.get(run).map_or(0, |recorded| recorded.version)
}

/// The first place where two texts differ, with a little of what is around it.
fn difference(before: &str, after: &str) -> String {
    let same = before.bytes().zip(after.bytes()).take_while(|(before, after)| before == after).count();
    let around = |text: &str| {
        let shown = text.as_bytes().get(same.saturating_sub(60)..).unwrap_or_default();
        String::from_utf8_lossy(&shown[..shown.len().min(160)]).into_owned()
    };
    format!("{} became {}", around(before), around(after))
}

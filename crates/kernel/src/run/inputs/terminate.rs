//! Somebody ends the run. Nothing stands in the way of that: no size, no pending workflow task.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::WorkflowTaskFailedCause,
        history::v1::{WorkflowExecutionTerminatedEventAttributes, history_event::Attributes},
    },
};

use crate::run::{Termination, inputs::signal::ensure_child, transition::Transition};

/// Ends the run.
pub fn step(t: &mut Transition<'_>, termination: Termination) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    ensure_child(t, termination.parent.is_some(), termination.parent.as_ref())?;
    t.terminate(termination);
    Ok(())
}

impl Transition<'_> {
    /// Ends the run from outside. A started workflow task is failed first, so that its buffered events are kept.
    pub fn terminate(&mut self, termination: Termination) {
        if self.run.workflow_task_started() && !self.run.buffered.is_empty() {
            self.fail_workflow_task(WorkflowTaskFailedCause::ForceCloseCommand, None, "history-service");
        }
        let terminated = WorkflowExecutionTerminatedEventAttributes {
            reason: termination.reason,
            details: termination.details,
            identity: termination.identity,
        };
        self.close_with(
            Attributes::WorkflowExecutionTerminatedEventAttributes(terminated),
            termination.links,
            None,
        );
    }
}

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
    /// Ends the run from outside.
    pub fn terminate(&mut self, termination: Termination) {
        self.force_close_task();
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

    /// Fails the workflow task that a worker has, because the run ends without it. Its buffered events are kept.
    pub fn force_close_task(&mut self) {
        if self.run.workflow_task_started() {
            self.settle_speculative(Some("history-service"));
            self.fail_workflow_task(WorkflowTaskFailedCause::ForceCloseCommand, None, "history-service");
            self.needs_task = false;
        }
    }
}

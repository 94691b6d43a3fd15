//! The parent has recorded the start of this child: its first workflow task may be scheduled.

use longhaul_proto::Refusal;

use crate::run::{Fact, state::FirstTask, transition::Transition};

impl Transition<'_> {
    /// Lets the first workflow task wait no longer.
    pub fn skip_delay(&mut self) {
        if self.run.first_task == FirstTask::Delayed {
            self.fact(Fact::FirstTask(FirstTask::Scheduled));
        }
    }
}

/// Schedules the first workflow task, once.
pub fn step(t: &mut Transition<'_>) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    if t.run.first_task == FirstTask::AwaitsParent {
        t.fact(Fact::FirstTask(FirstTask::Scheduled));
        t.needs_task = true;
    }
    Ok(())
}

//! The parent has recorded the start of this child: its first workflow task may be scheduled.

use longhaul_proto::Refusal;

use crate::run::{Fact, state::FirstTask, transition::Transition};

/// Schedules the first workflow task, once.
pub fn step(t: &mut Transition<'_>) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    if t.run.first_task == FirstTask::AwaitsParent {
        t.fact(Fact::FirstTask(FirstTask::Scheduled));
        t.needs_task = true;
    }
    Ok(())
}

//! Somebody changes options of the run.

use longhaul_proto::{Refusal, api::history::v1::history_event::Attributes};

use crate::run::{OptionsChange, Reply, transition::Transition, versioning};

/// Changes what the mask covers and answers the options as they are then. What changes nothing leaves no trace.
pub fn step(t: &mut Transition<'_>, change: OptionsChange) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    let chosen = change.options.versioning_override.as_ref();
    versioning::check_override(chosen)?;
    versioning::check_present(chosen, t.run.task_queue())?;
    let (options, event) = t.run.changed_options(change.options, &change.mask)?;
    if let Some(mut updated) = event {
        updated.identity = change.identity;
        t.effects.visible = true;
        t.outside_event(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(updated));
    }
    t.effects.reply = Reply::Options(Box::new(options));
    Ok(())
}

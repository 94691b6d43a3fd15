//! Somebody changes options of the run.

use longhaul_proto::{Refusal, api::history::v1::history_event::Attributes};

use crate::run::{Fact, OptionsChange, Reply, transition::Transition, versioning};

/// Changes what the mask covers and answers the options as they are then. What changes nothing leaves no trace.
pub fn step(t: &mut Transition<'_>, mut change: OptionsChange) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    t.run.name_pinned(change.options.versioning_override.as_mut())?;
    let chosen = change.options.versioning_override.as_ref();
    versioning::check_override(chosen)?;
    versioning::check_present(chosen, t.run.task_queue(), t.context)?;
    let (options, event) = t.run.changed_options(change.options, &change.mask)?;
    if let Some(mut updated) = event {
        updated.identity = change.identity;
        t.effects.visible = true;
        let before = t.run.bound();
        t.outside_event(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(updated));
        if t.run.bound().leads_elsewhere(&before) {
            if t.run.sticky.is_some() {
                t.fact(Fact::Sticky(None));
            }
            t.redispatch();
        }
    }
    t.effects.reply = Reply::Options(Box::new(options));
    Ok(())
}

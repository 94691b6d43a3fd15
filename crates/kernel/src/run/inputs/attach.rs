//! A start that this run serves attaches what it brings.

use longhaul_proto::{
    Refusal,
    api::history::v1::{WorkflowExecutionOptionsUpdatedEventAttributes, history_event::Attributes},
};

use crate::run::{Attachment, Reply, transition::Transition};

/// Records what a start brings, once per request id. No worker has to see it.
pub fn step(t: &mut Transition<'_>, attachment: Attachment) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    let request_id = attachment.request_id.unwrap_or_default();
    if t.run.attached.request_ids.contains_key(&request_id) {
        t.effects.reply = Reply::Already;
        return Ok(());
    }
    let (held, max) = (t.run.attached.callbacks.len(), t.context.limits.callbacks_max);
    if held + attachment.callbacks.len() > max {
        return Err(Refusal::FailedPrecondition(format!(
            "cannot attach more than {max} callbacks to a workflow ({held} callbacks already attached)"
        )));
    }
    let updated = WorkflowExecutionOptionsUpdatedEventAttributes {
        attached_request_id: request_id,
        attached_completion_callbacks: attachment.callbacks,
        ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
    };
    let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(updated);
    t.outside_event_of(attributes, None, attachment.links);
    Ok(())
}

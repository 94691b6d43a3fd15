//! Somebody asks the run to cancel.

use longhaul_proto::{
    Refusal,
    api::history::v1::{WorkflowExecutionCancelRequestedEventAttributes, history_event::Attributes},
};

use crate::run::{CancelRequest, Reply, inputs::signal::ensure_child, transition::Transition};

/// Records the first request; later ones succeed and change nothing.
pub fn step(t: &mut Transition<'_>, request: CancelRequest) -> Result<(), Refusal> {
    if !t.run.is_running() {
        // The end that was asked for has come.
        t.effects.reply = Reply::Already;
        return Ok(());
    }
    ensure_child(t, request.child_only, request.source.as_ref().map(|(execution, _)| execution))?;
    if t.run.cancel_request.is_some() {
        t.effects.reply = Reply::Already;
        return Ok(());
    }
    let (external_workflow_execution, external_initiated_event_id) = match request.source {
        Some((execution, event)) => (Some(execution), event),
        None => (None, 0),
    };
    let requested = WorkflowExecutionCancelRequestedEventAttributes {
        cause: request.reason,
        external_initiated_event_id,
        external_workflow_execution,
        identity: request.identity,
    };
    let attributes = Attributes::WorkflowExecutionCancelRequestedEventAttributes(requested);
    t.outside_event_of(attributes, None, request.links);
    t.skip_delay();
    t.needs_task = true;
    Ok(())
}

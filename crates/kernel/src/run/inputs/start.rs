//! The run is created.

use longhaul_proto::{Refusal, api::history::v1::history_event::Attributes};

use crate::run::{
    Start,
    inputs::signal,
    state::FirstTask,
    transition::{Taker, Transition},
};

/// Writes the started event, the signal that came with it, and the first workflow task if nothing delays it.
pub fn step(t: &mut Transition<'_>, start: Start) -> Result<(), Refusal> {
    t.run.namespace = start.namespace;
    t.run.workflow_id = start.workflow_id;
    t.run.run_id = start.run_id;
    t.run.create_request_id = start.request_id;
    t.run.scheduled_by = start.scheduled_by;
    t.run.next_event_id = 1;
    let mut attributes = *start.attributes;
    attributes.priority = start.priority.or(attributes.priority);
    attributes.eager_execution_accepted = start.eager.is_some();
    let attributes = Attributes::WorkflowExecutionStartedEventAttributes(attributes);
    t.event_of(t.at, attributes, start.user_metadata, start.links);
    t.effects.visible = true;
    if let Some(signal) = start.signal {
        signal::record(t, *signal);
    }
    t.needs_task = true;
    if let Some(identity) = start.eager
        && t.run.first_task == FirstTask::Scheduled
    {
        t.schedule_workflow_task();
        let request_id = t.run.create_request_id.clone();
        t.start_workflow_task(&request_id, &Taker::of(&identity));
        t.effects.reply = crate::run::Reply::WorkflowTask;
    }
    Ok(())
}

//! A child was started, or could not be.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkflowExecution,
        history::v1::{
            ChildWorkflowExecutionStartedEventAttributes, StartChildWorkflowExecutionFailedEventAttributes,
            history_event::Attributes,
        },
    },
};

use crate::run::{DutyId, transition::Transition};

/// Records the start, and owes the child the news that it was recorded. A run that is over refuses to hear of it: what
/// it owes the child is then to be settled first.
pub fn step(t: &mut Transition<'_>, initiated_event_id: i64, run_id: String) -> Result<(), Refusal> {
    let Some(child) = t.run.children.get(&initiated_event_id).filter(|child| child.started.is_none()) else {
        t.duty_done(DutyId::StartChild(initiated_event_id));
        return Ok(());
    };
    super::ensure_running(t.run)?;
    let initiated = &child.initiated;
    let started = ChildWorkflowExecutionStartedEventAttributes {
        namespace: initiated.namespace.clone(),
        namespace_id: initiated.namespace_id.clone(),
        initiated_event_id,
        workflow_execution: Some(WorkflowExecution { workflow_id: initiated.workflow_id.clone(), run_id }),
        workflow_type: initiated.workflow_type.clone(),
        header: initiated.header.clone(),
    };
    t.duty_done(DutyId::StartChild(initiated_event_id));
    t.outside_event(Attributes::ChildWorkflowExecutionStartedEventAttributes(started));
    t.duty(DutyId::ScheduleChild(initiated_event_id));
    t.needs_task = true;
    Ok(())
}

/// Records that the child could not be started.
pub fn not_started(t: &mut Transition<'_>, initiated_event_id: i64, cause: i32) -> Result<(), Refusal> {
    t.duty_done(DutyId::StartChild(initiated_event_id));
    if !t.run.is_running() {
        return Ok(());
    }
    let Some(child) = t.run.children.get(&initiated_event_id).filter(|child| child.started.is_none()) else {
        return Ok(());
    };
    let initiated = &child.initiated;
    #[allow(deprecated)]
    let failed = StartChildWorkflowExecutionFailedEventAttributes {
        namespace: initiated.namespace.clone(),
        namespace_id: initiated.namespace_id.clone(),
        workflow_id: initiated.workflow_id.clone(),
        workflow_type: initiated.workflow_type.clone(),
        cause,
        control: initiated.control.clone(),
        initiated_event_id,
        ..Default::default()
    };
    t.outside_event(Attributes::StartChildWorkflowExecutionFailedEventAttributes(failed));
    t.needs_task = true;
    Ok(())
}

//! A child's chain of runs is over: the parent records how.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::{WorkflowExecution, WorkflowType},
        history::v1::{
            ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
            ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionTerminatedEventAttributes,
            ChildWorkflowExecutionTimedOutEventAttributes, HistoryEvent, history_event::Attributes,
        },
    },
};

use crate::run::{DutyId, transition::Transition};

/// Records the end of a child, once. News of a child that is not pending is old.
pub fn step(
    t: &mut Transition<'_>,
    initiated_event_id: i64,
    first_run_id: &str,
    child: WorkflowExecution,
    close_event: HistoryEvent,
) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    let Some(pending) = t.run.children.get(&initiated_event_id) else { return Ok(()) };
    if child.workflow_id != pending.initiated.workflow_id
        || pending.started.as_ref().is_some_and(|started| started.run_id != first_run_id)
    {
        return Ok(());
    }
    if pending.started.is_none() {
        // The child was so quick that its end overtook the news of its start.
        super::child_started::step(t, initiated_event_id, first_run_id.to_owned())?;
    }
    let Some(pending) = t.run.children.get(&initiated_event_id) else { return Ok(()) };
    let about = About {
        namespace: pending.initiated.namespace.clone(),
        namespace_id: pending.initiated.namespace_id.clone(),
        execution: child,
        workflow_type: pending.initiated.workflow_type.clone(),
        initiated_event_id,
        started_event_id: pending.started.as_ref().map_or(0, |started| started.event_id),
    };
    let Some(attributes) = about.end(close_event.attributes) else { return Ok(()) };
    t.outside_event(attributes);
    t.duty_done(DutyId::ScheduleChild(initiated_event_id));
    t.duty_done(DutyId::CloseChild(initiated_event_id));
    t.needs_task = true;
    Ok(())
}

/// What every end of a child says.
struct About {
    namespace: String,
    namespace_id: String,
    execution: WorkflowExecution,
    workflow_type: Option<WorkflowType>,
    initiated_event_id: i64,
    started_event_id: i64,
}

/// An end of a child with what every end says, and what this one says besides.
macro_rules! end {
    ($about:ident, $event:ident $(, $field:ident = $value:expr)*) => {
        Attributes::$event($event {
            namespace: $about.namespace,
            namespace_id: $about.namespace_id,
            workflow_execution: Some($about.execution),
            workflow_type: $about.workflow_type,
            initiated_event_id: $about.initiated_event_id,
            started_event_id: $about.started_event_id,
            $($field: $value,)*
        })
    };
}

impl About {
    /// The parent's event for the child's close event.
    fn end(self, close: Option<Attributes>) -> Option<Attributes> {
        Some(match close? {
            Attributes::WorkflowExecutionCompletedEventAttributes(a) => {
                end!(self, ChildWorkflowExecutionCompletedEventAttributes, result = a.result)
            }
            Attributes::WorkflowExecutionFailedEventAttributes(a) => {
                end!(
                    self,
                    ChildWorkflowExecutionFailedEventAttributes,
                    failure = a.failure,
                    retry_state = a.retry_state
                )
            }
            Attributes::WorkflowExecutionCanceledEventAttributes(a) => {
                end!(self, ChildWorkflowExecutionCanceledEventAttributes, details = a.details)
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(a) => {
                end!(self, ChildWorkflowExecutionTimedOutEventAttributes, retry_state = a.retry_state)
            }
            Attributes::WorkflowExecutionTerminatedEventAttributes(_) => {
                end!(self, ChildWorkflowExecutionTerminatedEventAttributes)
            }
            _ => return None,
        })
    }
}

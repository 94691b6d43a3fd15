//! The commands that end a run: complete, fail, cancel.

use longhaul_proto::api::{
    command::v1::{
        CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
        FailWorkflowExecutionCommandAttributes,
    },
    enums::v1::WorkflowTaskFailedCause as Cause,
    history::v1::{
        WorkflowExecutionCanceledEventAttributes, WorkflowExecutionCompletedEventAttributes,
        WorkflowExecutionFailedEventAttributes, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};
use prost::Message;

use super::{Completion, Fault};
use crate::run::transition::Transition;

/// Ends the run with a result; a cron schedule goes on with the next run.
pub fn complete(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: CompleteWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    if a.result.as_ref().is_some_and(|result| result.encoded_len() > t.context.limits.blob_bytes_max) {
        return Err(Fault::Run(
            // The reference names this cause for an oversize result.
            Cause::BadScheduleActivityAttributes,
            "CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.".into(),
        ));
    }
    let successor = t.cron_successor(a.result.clone(), None);
    let completed = WorkflowExecutionCompletedEventAttributes {
        result: a.result,
        workflow_task_completed_event_id: completion.event_id,
        new_execution_run_id: successor.as_ref().map_or_else(String::new, |next| next.run_id.to_string()),
    };
    t.close_with(Attributes::WorkflowExecutionCompletedEventAttributes(completed), Vec::new(), metadata);
    if let Some(successor) = successor {
        t.start_successor(successor);
    }
    Ok(())
}

/// Ends the run with a failure; a retry policy or a cron schedule goes on with the next run.
pub fn fail(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: FailWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let Some(reason) = a.failure else {
        return Err(Fault::Task(
            Cause::BadFailWorkflowExecutionAttributes,
            "Failure is not set on FailWorkflowExecutionCommand.".into(),
        ));
    };
    if reason.encoded_len() > t.context.limits.blob_bytes_max {
        return Err(Fault::Run(
            Cause::BadFailWorkflowExecutionAttributes,
            "FailWorkflowExecutionCommandAttributes.Failure exceeds size limit.".into(),
        ));
    }
    let (successor, state) = match t.after_failure(&reason) {
        Ok((successor, state)) => (Some(successor), state),
        Err(state) => (None, state),
    };
    let failed = WorkflowExecutionFailedEventAttributes {
        failure: Some(reason),
        retry_state: state as i32,
        workflow_task_completed_event_id: completion.event_id,
        new_execution_run_id: successor.as_ref().map_or_else(String::new, |next| next.run_id.to_string()),
    };
    t.close_with(Attributes::WorkflowExecutionFailedEventAttributes(failed), Vec::new(), metadata);
    if let Some(successor) = successor {
        t.start_successor(successor);
    }
    Ok(())
}

/// Ends the run as canceled; nothing goes on.
pub fn cancel(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: CancelWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let canceled = WorkflowExecutionCanceledEventAttributes {
        workflow_task_completed_event_id: completion.event_id,
        details: a.details,
    };
    t.close_with(Attributes::WorkflowExecutionCanceledEventAttributes(canceled), Vec::new(), metadata);
    Ok(())
}

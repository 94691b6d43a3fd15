//! What batch operations do to activities: to those of workflows, which a workflow is asked for, and to those that stand
//! alone. A second call of the same job, after a crash or because a list names an activity twice, carries the same request
//! id, so that what stands alone knows it.

use longhaul_kernel::Refusal;
use longhaul_proto::api::{
    batch::v1::{
        BatchOperationResetActivities, BatchOperationUnpauseActivities, BatchOperationUpdateActivityOptions,
        batch_operation_reset_activities as batch_reset, batch_operation_unpause_activities as batch_unpause,
        batch_operation_update_activity_options as batch_update,
    },
    common::v1::WorkflowExecution,
    workflowservice::v1::{
        DeleteActivityExecutionRequest, RequestCancelActivityExecutionRequest, ResetActivityRequest,
        TerminateActivityExecutionRequest, UnpauseActivityRequest, UpdateActivityOptionsRequest,
        reset_activity_request as reset, start_batch_operation_request::Operation,
        unpause_activity_request as unpause, update_activity_options_request as update,
    },
};
use longhaul_runtime::peers::HistoryCall as C;

/// Refuses what a client would be refused for before anybody looks for the activity.
pub fn check(
    operation: &Operation,
    execution: &WorkflowExecution,
    id_bytes_max: usize,
) -> Result<(), Refusal> {
    let identity = match operation {
        Operation::CancelActivitiesOperation(it) => it.identity.as_str(),
        Operation::TerminateActivitiesOperation(it) => it.identity.as_str(),
        Operation::DeleteActivitiesOperation(_) => "",
        _ => return Ok(()),
    };
    if identity.len() > id_bytes_max || execution.workflow_id.len() > id_bytes_max {
        return Err(Refusal::invalid("an id or an identity exceeds its length limit"));
    }
    Ok(())
}

/// The call that a client would make; `None` if the operation is about something else.
pub fn call(
    operation: &Operation,
    namespace: &str,
    execution: &WorkflowExecution,
    request_id: String,
) -> Option<C> {
    let namespace = namespace.to_owned();
    let (activity_id, run_id) = (execution.workflow_id.clone(), execution.run_id.clone());
    Some(match operation {
        Operation::UnpauseActivitiesOperation(it) => C::UnpauseActivity(of_unpause(it, namespace, execution)),
        Operation::ResetActivitiesOperation(it) => C::ResetActivity(of_reset(it, namespace, execution)),
        Operation::UpdateActivityOptionsOperation(it) => {
            C::UpdateActivityOptions(of_update(it, namespace, execution))
        }
        Operation::CancelActivitiesOperation(it) => {
            C::CancelActivityExecution(RequestCancelActivityExecutionRequest {
                namespace,
                activity_id,
                run_id,
                identity: it.identity.clone(),
                request_id,
                reason: it.reason.clone(),
            })
        }
        Operation::TerminateActivitiesOperation(it) => {
            C::TerminateActivityExecution(TerminateActivityExecutionRequest {
                namespace,
                activity_id,
                run_id,
                identity: it.identity.clone(),
                request_id,
                reason: it.reason.clone(),
            })
        }
        Operation::DeleteActivitiesOperation(_) => {
            C::DeleteActivityExecution(DeleteActivityExecutionRequest { namespace, activity_id, run_id })
        }
        _ => return None,
    })
}

fn of_unpause(
    it: &BatchOperationUnpauseActivities,
    namespace: String,
    execution: &WorkflowExecution,
) -> UnpauseActivityRequest {
    let activity = it.activity.as_ref().map(|which| match which {
        batch_unpause::Activity::Type(name) => unpause::Activity::Type(name.clone()),
        batch_unpause::Activity::MatchAll(all) => unpause::Activity::UnpauseAll(*all),
    });
    UnpauseActivityRequest {
        namespace,
        execution: Some(execution.clone()),
        identity: it.identity.clone(),
        reset_attempts: it.reset_attempts,
        reset_heartbeat: it.reset_heartbeat,
        jitter: it.jitter,
        activity,
    }
}

fn of_reset(
    it: &BatchOperationResetActivities,
    namespace: String,
    execution: &WorkflowExecution,
) -> ResetActivityRequest {
    let activity = it.activity.as_ref().map(|which| match which {
        batch_reset::Activity::Type(name) => reset::Activity::Type(name.clone()),
        batch_reset::Activity::MatchAll(all) => reset::Activity::MatchAll(*all),
    });
    ResetActivityRequest {
        namespace,
        execution: Some(execution.clone()),
        identity: it.identity.clone(),
        reset_heartbeat: it.reset_heartbeat,
        keep_paused: it.keep_paused,
        jitter: it.jitter,
        restore_original_options: it.restore_original_options,
        activity,
    }
}

fn of_update(
    it: &BatchOperationUpdateActivityOptions,
    namespace: String,
    execution: &WorkflowExecution,
) -> UpdateActivityOptionsRequest {
    let activity = it.activity.as_ref().map(|which| match which {
        batch_update::Activity::Type(name) => update::Activity::Type(name.clone()),
        batch_update::Activity::MatchAll(all) => update::Activity::MatchAll(*all),
    });
    UpdateActivityOptionsRequest {
        namespace,
        execution: Some(execution.clone()),
        identity: it.identity.clone(),
        activity_options: it.activity_options.clone(),
        update_mask: it.update_mask.clone(),
        restore_original: it.restore_original,
        activity,
    }
}

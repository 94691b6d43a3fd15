//! What operators do to activities: the older calls, which know those of workflows alone, by id, type or all of a run;
//! and their successors, which address one activity, that of a workflow or one that stands alone.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    Refusal,
    activity::{Dialect, Operation, Paused},
    ids::NamespaceId,
    run::{ActivityCommand, ActivityTarget, Reply, What},
    time::positive,
};
use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    common::v1::WorkflowExecution,
    workflowservice::v1::{
        PauseActivityExecutionRequest, PauseActivityRequest, ResetActivityExecutionRequest,
        ResetActivityRequest, UnpauseActivityExecutionRequest, UnpauseActivityRequest,
        UpdateActivityExecutionOptionsRequest, UpdateActivityExecutionOptionsResponse,
        UpdateActivityOptionsRequest, UpdateActivityOptionsResponse, pause_activity_request as pause,
        reset_activity_request as reset, unpause_activity_request as unpause,
        update_activity_options_request as update,
    },
};
use longhaul_runtime::peers::{Caller, HistoryAnswer as A, HistoryCall as C, PeerError};
use prost_types::FieldMask;

use super::{activity_execution, target};
use crate::{cell::Turn, history::Room};

/// One activity of a workflow, or one that stands alone if no workflow is named.
struct Named {
    workflow_id: String,
    run_id: String,
    activity_id: String,
}

/// Answers the calls of operators, and those about standalone activities.
///
/// # Errors
/// Those of the call.
pub async fn answer(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::PauseActivity(request) => {
            pause(room, namespace, request).await?;
            A::PauseActivity(Default::default())
        }
        C::UnpauseActivity(request) => {
            unpause(room, namespace, request).await?;
            A::UnpauseActivity(Default::default())
        }
        C::ResetActivity(request) => {
            reset(room, namespace, request).await?;
            A::ResetActivity(Default::default())
        }
        C::UpdateActivityOptions(request) => A::UpdateActivityOptions(UpdateActivityOptionsResponse {
            activity_options: update(room, namespace, request).await?,
        }),
        call => execution(room, caller, namespace, call).await?,
    })
}

/// Answers the successors.
async fn execution(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::PauseActivityExecution(request) => {
            pause_execution(room, namespace, request).await?;
            A::PauseActivityExecution(Default::default())
        }
        C::UnpauseActivityExecution(request) => {
            unpause_execution(room, namespace, request).await?;
            A::UnpauseActivityExecution(Default::default())
        }
        C::ResetActivityExecution(request) => {
            reset_execution(room, namespace, request).await?;
            A::ResetActivityExecution(Default::default())
        }
        C::UpdateActivityExecutionOptions(request) => {
            let activity_options = update_execution(room, namespace, request).await?;
            A::UpdateActivityExecutionOptions(UpdateActivityExecutionOptionsResponse { activity_options })
        }
        call => activity_execution::answer(room, caller, namespace, call).await?,
    })
}

async fn pause(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: PauseActivityRequest,
) -> Result<(), PeerError> {
    let meant = match request.activity {
        Some(pause::Activity::Id(id)) => ActivityTarget::Id(id),
        Some(pause::Activity::Type(name)) => ActivityTarget::Type(name),
        None => return Err(no_activity()),
    };
    let paused = Paused {
        identity: request.identity,
        reason: request.reason,
        request_id: request.request_id,
        ..Paused::default()
    };
    tell(room, namespace, request.execution, meant, Operation::Pause(paused)).await.map(|_| ())
}

async fn unpause(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UnpauseActivityRequest,
) -> Result<(), PeerError> {
    let meant = match request.activity {
        Some(unpause::Activity::Id(id)) => ActivityTarget::Id(id),
        Some(unpause::Activity::Type(name)) => ActivityTarget::Type(name),
        Some(unpause::Activity::UnpauseAll(_)) => ActivityTarget::All,
        None => return Err(no_activity()),
    };
    let operation = Operation::Unpause {
        reset_attempts: request.reset_attempts,
        reset_heartbeat: request.reset_heartbeat,
        jitter: length(request.jitter),
    };
    tell(room, namespace, request.execution, meant, operation).await.map(|_| ())
}

async fn reset(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: ResetActivityRequest,
) -> Result<(), PeerError> {
    let meant = match request.activity {
        Some(reset::Activity::Id(id)) => ActivityTarget::Id(id),
        Some(reset::Activity::Type(name)) => ActivityTarget::Type(name),
        Some(reset::Activity::MatchAll(_)) => ActivityTarget::All,
        None => return Err(no_activity()),
    };
    let operation = Operation::Reset {
        keep_paused: request.keep_paused,
        reset_heartbeat: request.reset_heartbeat,
        restore: request.restore_original_options,
        jitter: length(request.jitter),
    };
    tell(room, namespace, request.execution, meant, operation).await.map(|_| ())
}

async fn update(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UpdateActivityOptionsRequest,
) -> Result<Option<ActivityOptions>, PeerError> {
    let meant = match request.activity {
        Some(update::Activity::Id(id)) => ActivityTarget::Id(id),
        Some(update::Activity::Type(name)) => ActivityTarget::Type(name),
        Some(update::Activity::MatchAll(_)) => ActivityTarget::All,
        None => return Err(no_activity()),
    };
    let fault = fault_of(&request.activity_options, &request.update_mask, request.restore_original);
    let wanted = (request.activity_options, request.update_mask, request.restore_original);
    let operation = change(wanted, Dialect::Lenient);
    let (key, run) = target(namespace, request.execution.as_ref())?;
    let shard = room.shard(&key)?;
    // A run that is not there is told before what else is wrong.
    let look = move |turn: &mut Turn<'_>| turn.loaded().map(drop).and(fault.map_or(Ok(()), Err));
    shard.ask(key, run, look).await?;
    tell(room, namespace, request.execution, meant, operation).await
}

/// What is wrong with a change of options that says nothing, or contradicts itself.
fn fault_of(options: &Option<ActivityOptions>, mask: &Option<FieldMask>, restore: bool) -> Option<Refusal> {
    let text = match (restore, options.is_some(), mask.is_some()) {
        (true, _, true) => "Both UpdateMask and RestoreOriginal are provided",
        (true, _, false) | (false, true, true) => return None,
        (false, false, _) => "ActivityOptions are not provided",
        (false, true, false) => "UpdateMask is not provided",
    };
    Some(Refusal::invalid(text))
}

async fn pause_execution(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: PauseActivityExecutionRequest,
) -> Result<(), PeerError> {
    let paused = Paused {
        identity: request.identity,
        reason: request.reason,
        request_id: request.request_id.clone(),
        ..Paused::default()
    };
    let named =
        Named { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id };
    named.tell(room, namespace, Operation::Pause(paused), request.request_id).await.map(|_| ())
}

async fn unpause_execution(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UnpauseActivityExecutionRequest,
) -> Result<(), PeerError> {
    let operation =
        Operation::Unpause { reset_attempts: false, reset_heartbeat: false, jitter: length(request.jitter) };
    let named =
        Named { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id };
    named.tell(room, namespace, operation, request.request_id).await.map(|_| ())
}

async fn reset_execution(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: ResetActivityExecutionRequest,
) -> Result<(), PeerError> {
    let operation = Operation::Reset {
        keep_paused: request.keep_paused,
        reset_heartbeat: request.reset_heartbeat,
        restore: request.restore_original_options,
        jitter: length(request.jitter),
    };
    let named =
        Named { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id };
    named.tell(room, namespace, operation, request.request_id).await.map(|_| ())
}

async fn update_execution(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UpdateActivityExecutionOptionsRequest,
) -> Result<Option<ActivityOptions>, PeerError> {
    let wanted = (request.activity_options, request.update_mask, request.restore_original);
    let named =
        Named { workflow_id: request.workflow_id, run_id: request.run_id, activity_id: request.activity_id };
    named.tell(room, namespace, change(wanted, Dialect::Strict), request.request_id).await
}

impl Named {
    async fn tell(
        self,
        room: &Arc<Room>,
        namespace: NamespaceId,
        operation: Operation,
        request_id: String,
    ) -> Result<Option<ActivityOptions>, PeerError> {
        if self.workflow_id.is_empty() {
            let alone = activity_execution::Named::new(namespace, self.activity_id, &self.run_id)?;
            return alone.operate(room, operation, request_id).await.map(Some);
        }
        let execution = WorkflowExecution { workflow_id: self.workflow_id, run_id: self.run_id };
        tell(room, namespace, Some(execution), ActivityTarget::Id(self.activity_id), operation).await
    }
}

/// Makes a run carry the operation out; answers the options of an activity if it is about them.
async fn tell(
    room: &Arc<Room>,
    namespace: NamespaceId,
    execution: Option<WorkflowExecution>,
    meant: ActivityTarget,
    operation: Operation,
) -> Result<Option<ActivityOptions>, PeerError> {
    let (key, run) = target(namespace, execution.as_ref())?;
    let shard = room.shard(&key)?;
    let command = Box::new(ActivityCommand { target: meant, operation });
    let reply = shard.ask(key, run, move |turn| turn.step(What::Activities(command))).await?;
    Ok(match reply {
        Reply::ActivityOptions(options) => Some(*options),
        _ => None,
    })
}

/// What a request for other options means; the frontend has refused those that contradict themselves.
fn change(
    (wanted, mask, restore): (Option<ActivityOptions>, Option<FieldMask>, bool),
    dialect: Dialect,
) -> Operation {
    if restore {
        return Operation::Restore;
    }
    let mask = mask.map_or_else(Vec::new, |mask| mask.paths);
    Operation::Change { wanted: Box::new(wanted.unwrap_or_default()), mask, dialect }
}

/// A length that a request may leave out; one that can't be counts as none.
fn length(wire: Option<prost_types::Duration>) -> Duration {
    positive(wire.as_ref()).unwrap_or_default()
}

fn no_activity() -> PeerError {
    Refusal::invalid("Either Activity.Id or Activity.Type should be set on request.").into()
}

//! Signal, cancel, terminate, delete, reset of stickiness.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{NamespaceId, RunId},
    run::{CancelRequest, DutyId, OptionsChange, Reply, Signal, Termination, What, versioning},
};
use longhaul_proto::api::{
    common::v1::{Link, WorkflowExecution, link},
    enums::v1::EventType,
    workflowservice::v1::{
        DeleteWorkflowExecutionRequest, RequestCancelWorkflowExecutionRequest, ResetStickyTaskQueueRequest,
        SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse, TerminateWorkflowExecutionRequest,
        UpdateWorkflowExecutionOptionsRequest, UpdateWorkflowExecutionOptionsResponse,
    },
};
use longhaul_runtime::peers::{Caller, PeerError};

use super::target;
use crate::{
    cell::{Target, Turn},
    deployments,
    history::Room,
};

/// Refuses if the run is not of the chain the caller means. A run that is over has an answer of its own.
///
/// # Errors
/// `NotFound`.
pub fn ensure_chain(turn: &Turn<'_>, first_run_id: &str) -> Result<(), Refusal> {
    let run = &turn.loaded()?.run;
    if first_run_id.is_empty() || !run.is_running() || run.first_run_id() == first_run_id {
        return Ok(());
    }
    Err(Refusal::not_found("workflow execution not found"))
}

/// Delivers a signal, and answers the run that got it.
///
/// # Errors
/// `NotFound` if there is no such run or it is over.
pub async fn signal(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: SignalWorkflowExecutionRequest,
    source: Option<WorkflowExecution>,
    child_only: bool,
) -> Result<String, PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let signal = Signal { request, source, skips_delay: false, child_only };
    shard
        .ask(key, run, move |turn| {
            turn.step(What::Signal(Box::new(signal)))?;
            Ok(turn.loaded()?.run.run_id.to_string())
        })
        .await
}

/// Signals a run for a client, and answers with a link to the signal.
///
/// # Errors
/// As [`signal`].
pub async fn signal_linked(
    room: &Arc<Room>,
    caller: &Caller,
    request: SignalWorkflowExecutionRequest,
) -> Result<SignalWorkflowExecutionResponse, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let workflow_id = request.workflow_execution.as_ref().map_or_else(String::new, |e| e.workflow_id.clone());
    let request_id = request.request_id.clone();
    let run_id = signal(room, namespace, request, None, false).await?;
    let link = signaled_link(&caller.namespace, &workflow_id, &run_id, &request_id);
    Ok(SignalWorkflowExecutionResponse { link: Some(link) })
}

/// A link to a signal by its request id.
pub fn signaled_link(namespace: &str, workflow_id: &str, run_id: &str, request_id: &str) -> Link {
    let reference = link::workflow_event::RequestIdReference {
        request_id: request_id.into(),
        event_type: EventType::WorkflowExecutionSignaled as i32,
    };
    let reference = link::workflow_event::Reference::RequestIdRef(reference);
    super::start::event_link(namespace, workflow_id, run_id, reference)
}

/// Asks a run to cancel.
///
/// # Errors
/// `NotFound` if there is no such run or it is over.
pub async fn request_cancel(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: RequestCancelWorkflowExecutionRequest,
    source: Option<(WorkflowExecution, i64)>,
    child_only: bool,
) -> Result<(), PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let first_run_id = request.first_execution_run_id;
    let cancel = CancelRequest {
        request_id: request.request_id,
        identity: request.identity,
        reason: request.reason,
        links: request.links,
        source,
        child_only,
    };
    shard
        .ask(key, run, move |turn| {
            ensure_chain(turn, &first_run_id)?;
            turn.step(What::RequestCancel(cancel)).map(|_| ())
        })
        .await
}

/// Ends a run.
///
/// # Errors
/// `NotFound` if there is no such run or it is over.
pub async fn terminate(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: TerminateWorkflowExecutionRequest,
) -> Result<(), PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let first_run_id = request.first_execution_run_id;
    let termination = Termination {
        identity: request.identity,
        reason: request.reason,
        details: request.details,
        links: request.links,
        parent: None,
    };
    shard
        .ask(key, run, move |turn| {
            ensure_chain(turn, &first_run_id)?;
            turn.step(What::Terminate(termination)).map(|_| ())
        })
        .await
}

/// Removes a run and everything of it; one that goes on is ended first.
///
/// # Errors
/// `NotFound` if there is no such run.
pub async fn delete(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: DeleteWorkflowExecutionRequest,
) -> Result<(), PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let mut run = run;
    loop {
        let mut news = shard.listen(key.clone());
        let waits = shard.ask(key.clone(), run, delete_unless_owing).await?;
        let Some(id) = waits else { return Ok(()) };
        run = Target::Run(id);
        if news.changed().await.is_err() {
            return Err(PeerError::Lost("history is being closed".into()));
        }
    }
}

/// Removes a run, unless a schedule waits for the news of its end, which would be lost with it: then the run is only
/// ended, and answered.
fn delete_unless_owing(turn: &mut Turn<'_>) -> Result<Option<RunId>, Refusal> {
    let id = turn.loaded()?.id();
    if turn.loaded()?.run.is_running() {
        turn.step(What::Terminate(Termination {
            identity: "history-service".into(),
            reason: "Delete workflow execution".into(),
            ..Termination::default()
        }))?;
    }
    if turn.loaded()?.run.duties.contains(&DutyId::NotifySchedule) {
        return Ok(Some(id));
    }
    turn.delete(id);
    Ok(None)
}

/// Changes options of a run, and answers them as they are then.
///
/// # Errors
/// `NotFound` if there is no such run or it is over, `InvalidArgument` for options that can't be meant.
pub async fn update_options(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UpdateWorkflowExecutionOptionsRequest,
) -> Result<UpdateWorkflowExecutionOptionsResponse, PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let change = OptionsChange {
        options: request.workflow_execution_options.unwrap_or_default(),
        mask: request.update_mask.map_or_else(Vec::new, |mask| mask.paths),
        identity: request.identity,
    };
    let named = versioning::named(change.options.versioning_override.as_ref());
    let options = shard
        .ask(key, run, move |turn| match turn.step(What::UpdateOptions(Box::new(change)))? {
            Reply::Options(options) => Ok(*options),
            _ => Ok(turn.loaded()?.run.options()),
        })
        .await?;
    if let Some(version) = named {
        deployments::bound(room, namespace, &version).await?;
    }
    Ok(UpdateWorkflowExecutionOptionsResponse {
        workflow_execution_options: Some(options),
        ..UpdateWorkflowExecutionOptionsResponse::default()
    })
}

/// Forgets the sticky queue of a run.
///
/// # Errors
/// `NotFound` if there is no such run or it is over.
pub async fn reset_sticky(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: ResetStickyTaskQueueRequest,
) -> Result<(), PeerError> {
    let (key, run) = target(namespace, request.execution.as_ref())?;
    let shard = room.shard(&key)?;
    shard.ask(key, run, |turn| turn.step(What::ResetSticky).map(|_| ())).await
}

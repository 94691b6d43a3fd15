//! Runs are paused and let go on.

use std::sync::Arc;

use longhaul_kernel::{
    ids::NamespaceId,
    run::{RunPause, What},
};
use longhaul_proto::api::{
    common::v1::WorkflowExecution,
    workflowservice::v1::{PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest},
};
use longhaul_runtime::peers::PeerError;

use super::target;
use crate::history::Room;

/// Pauses a run.
///
/// # Errors
/// `NotFound` if there is no such run or it is over, `FailedPrecondition` if it is paused.
pub async fn pause(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: PauseWorkflowExecutionRequest,
) -> Result<(), PeerError> {
    let asked =
        RunPause { identity: request.identity, reason: request.reason, request_id: request.request_id };
    let execution = WorkflowExecution { workflow_id: request.workflow_id, run_id: request.run_id };
    tell(room, namespace, execution, What::Pause(asked)).await
}

/// Lets a run go on.
///
/// # Errors
/// `NotFound` if there is no such run or it is over, `FailedPrecondition` if it is not paused.
pub async fn unpause(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UnpauseWorkflowExecutionRequest,
) -> Result<(), PeerError> {
    let asked =
        RunPause { identity: request.identity, reason: request.reason, request_id: request.request_id };
    let execution = WorkflowExecution { workflow_id: request.workflow_id, run_id: request.run_id };
    tell(room, namespace, execution, What::Unpause(asked)).await
}

async fn tell(
    room: &Arc<Room>,
    namespace: NamespaceId,
    execution: WorkflowExecution,
    what: What,
) -> Result<(), PeerError> {
    let (key, run) = target(namespace, Some(&execution))?;
    let shard = room.shard(&key)?;
    shard.ask(key, run, move |turn| turn.step(what).map(|_| ())).await
}

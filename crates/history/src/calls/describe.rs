//! What a run is like now.

use std::sync::Arc;

use longhaul_kernel::ids::NamespaceId;
use longhaul_proto::api::{
    enums::v1::{NexusOperationCancellationState, PendingNexusOperationState},
    workflowservice::v1::{DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse},
};
use longhaul_runtime::peers::PeerError;

use super::target;
use crate::{history::Room, nexus::BREAKER_IS_OPEN};

/// Describes a run.
///
/// # Errors
/// `NotFound` if there is no such run.
pub async fn describe(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: DescribeWorkflowExecutionRequest,
) -> Result<DescribeWorkflowExecutionResponse, PeerError> {
    let (key, run) = target(namespace, request.execution.as_ref())?;
    let shard = room.shard(&key)?;
    let describe = shard.ask(key, run, move |turn| {
        let run = &turn.loaded()?.run;
        let mut answer = run.describe(turn.context);
        if let Some(extended) = &mut answer.workflow_extended_info {
            extended.time_skipping_info = run.time_skipping_info(turn.at);
        }
        Ok(answer)
    });
    let mut described = describe.await?;
    block(room, namespace, &mut described);
    Ok(described)
}

/// Tells of the operations that wait because their destination is left in peace.
fn block(room: &Room, namespace: NamespaceId, described: &mut DescribeWorkflowExecutionResponse) {
    for operation in &mut described.pending_nexus_operations {
        if !room.breakers.is_open(namespace, &operation.endpoint) {
            continue;
        }
        if operation.state() == PendingNexusOperationState::Scheduled {
            operation.set_state(PendingNexusOperationState::Blocked);
            BREAKER_IS_OPEN.clone_into(&mut operation.blocked_reason);
        }
        if let Some(cancel) = &mut operation.cancellation_info
            && cancel.state() == NexusOperationCancellationState::Scheduled
        {
            cancel.set_state(NexusOperationCancellationState::Blocked);
            BREAKER_IS_OPEN.clone_into(&mut cancel.blocked_reason);
        }
    }
}

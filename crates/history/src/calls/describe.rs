//! What a run is like now.

use std::sync::Arc;

use longhaul_kernel::{Refusal, ids::NamespaceId};
use longhaul_proto::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
};
use longhaul_runtime::peers::PeerError;

use super::target;
use crate::history::Room;

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
    let execution = request.execution.unwrap_or_default();
    shard
        .ask(key, run, move |turn| match turn.loaded() {
            Ok(loaded) => Ok(loaded.run.describe(turn.context)),
            Err(refusal) if execution.run_id.is_empty() => Err(refusal),
            Err(_) => Err(Refusal::not_found(format!(
                "workflow execution not found for workflow ID \"{}\" and run ID \"{}\"",
                execution.workflow_id, execution.run_id
            ))),
        })
        .await
}

//! What a run is like now.

use std::sync::Arc;

use longhaul_kernel::ids::NamespaceId;
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
    let describe = shard.ask(key, run, move |turn| {
        let run = &turn.loaded()?.run;
        let mut answer = run.describe(turn.context);
        if let Some(extended) = &mut answer.workflow_extended_info {
            extended.time_skipping_info = run.time_skipping_info(turn.at);
        }
        Ok(answer)
    });
    describe.await
}

//! Waiting for the end of a fast-forward.

use std::sync::Arc;

use longhaul_kernel::ids::NamespaceId;
use longhaul_proto::api::workflowservice::v1::{
    PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse,
};
use longhaul_runtime::peers::{Caller, PeerError};

use super::target;
use crate::history::Room;

/// Answers when the fast-forward is over, well or not, or empty when the caller turns away.
///
/// # Errors
/// `NotFound` if there is no such run.
pub async fn poll(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: PollWorkflowExecutionTimeSkippingRequest,
) -> Result<PollWorkflowExecutionTimeSkippingResponse, PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let mut news = shard.listen(key.clone());
    let until = super::reads::wait_until(room, caller);
    loop {
        let id = request.fast_forward_id.clone();
        let look = shard.ask(key.clone(), run, move |turn| Ok(turn.loaded()?.run.fast_forward_result(&id)));
        if let Some(answer) = look.await? {
            return Ok(answer);
        }
        tokio::select! {
            biased;
            _ = news.changed() => {}
            () = room.host.clock.wait_until(until) => return Ok(Default::default()),
        }
    }
}

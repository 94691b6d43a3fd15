//! Waiting for the end of a task that a worker has.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{ExecutionKey, Kind, NamespaceId},
    run::{Phase, Run},
};
use longhaul_runtime::peers::{AwaitTaskEnd, Caller, PeerError, TaskEnd, TaskKind};

use super::target;
use crate::{cell::Target, history::Room};

/// Answers when the task is with no worker any more, or when the caller turns away.
///
/// # Errors
/// `NotFound` if there is no such run.
pub async fn task_end(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: AwaitTaskEnd,
) -> Result<TaskEnd, PeerError> {
    let (key, run) = target(namespace, Some(&request.execution))?;
    if request.scheduled_event_id == 0 {
        // No event has scheduled it: it stands alone.
        return alone(room, caller, ExecutionKey { kind: Kind::Activity, ..key }, run, request.attempt).await;
    }
    let shard = room.shard(&key)?;
    let mut news = shard.listen(key.clone());
    let until = caller.deadline.unwrap_or(i64::MAX);
    loop {
        let asked = request.clone();
        let look = shard.ask(key.clone(), run, move |turn| Ok(is_over(&turn.loaded()?.run, &asked)));
        if look.await? {
            return Ok(TaskEnd { is_over: true });
        }
        tokio::select! {
            biased;
            _ = news.changed() => {}
            () = room.host.clock.wait_until(until) => return Ok(TaskEnd { is_over: false }),
        }
    }
}

/// As above, for an activity that stands alone.
async fn alone(
    room: &Arc<Room>,
    caller: &Caller,
    key: ExecutionKey,
    run: Target,
    attempt: i32,
) -> Result<TaskEnd, PeerError> {
    let shard = room.shard(&key)?;
    let mut news = shard.activities.listen(&shard, key.clone());
    let until = caller.deadline.unwrap_or(i64::MAX);
    loop {
        let look = shard.activities.ask(&shard, key.clone(), run, move |turn| {
            Ok(!turn.machine().is_some_and(|activity| activity.state.has_worker(attempt)))
        });
        if look.await? {
            return Ok(TaskEnd { is_over: true });
        }
        tokio::select! {
            biased;
            _ = news.changed() => {}
            () = room.host.clock.wait_until(until) => return Ok(TaskEnd { is_over: false }),
        }
    }
}

fn is_over(run: &Run, asked: &AwaitTaskEnd) -> bool {
    if !run.is_running() {
        return true;
    }
    if asked.kind == TaskKind::Workflow as i32 {
        return !run.workflow_task.as_ref().is_some_and(|task| {
            task.scheduled_event_id == asked.scheduled_event_id
                && task.attempt == asked.attempt
                && task.started.is_some()
        });
    }
    !run.activities.get(&asked.scheduled_event_id).is_some_and(|activity| {
        activity.attempt == asked.attempt && matches!(activity.phase, Phase::Started { .. })
    })
}

//! Resetting a run: a new run with the old one's history up to a point.
//!
//! The new run shares these events with the old one: they are read, to know what state they leave, and not written again.
//! The store keeps them as long as a run shares them, whatever becomes of the old run, and knows so from the commit on
//! that begins the new one. The histories are read before the execution decides, because a decision can't wait for the
//! store; if a run has gone on meanwhile, they are read again. The end of the run there is and the beginning of the new
//! one are one commit. The run that was reset remembers the request, so that a repeated one makes no second run.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId, RunId},
    run::{Reapplied, Reset, Termination, What, reset_operations},
};
use longhaul_proto::api::{
    history::v1::HistoryEvent,
    workflow::v1::post_reset_operation::UpdateWorkflowOptions,
    workflowservice::v1::{ResetWorkflowExecutionRequest, ResetWorkflowExecutionResponse},
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{Batch, Direction};

use super::target;
use crate::{
    cell::{Target, Turn},
    events::{self, Place},
    history::Room,
    shard::Shard,
};

/// How often the histories are read again because a run has gone on.
const ATTEMPTS_MAX: usize = 20;

/// How many runs a chain is followed for that went on behind the run that is reset.
const SUCCESSORS_MAX: usize = 1000;

/// What a request asks for, understood.
#[derive(Clone)]
struct Plan {
    point: i64,
    request_id: String,
    reason: String,
    reapplied: Reapplied,
    operations: Vec<UpdateWorkflowOptions>,
}

/// A run of the chain as it was seen.
#[derive(Clone)]
struct Seen {
    id: RunId,
    next_event_id: i64,
    place: Place,
    successor: Option<RunId>,
}

/// What was read before the decision.
struct Read {
    /// The run that is reset and those its chain went on with.
    chain: Vec<Seen>,
    /// The batches before the point.
    kept: Vec<Batch>,
    /// Events of the run behind the point.
    later: Vec<HistoryEvent>,
    /// Events of the runs that followed.
    successors: Vec<HistoryEvent>,
}

/// Resets a run.
///
/// # Errors
/// `NotFound` if there is no such run, `InvalidArgument` if it can't be reset to the point.
#[allow(deprecated)]
pub async fn reset(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: ResetWorkflowExecutionRequest,
) -> Result<ResetWorkflowExecutionResponse, PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let reapplied = Reapplied::asked(request.reset_reapply_type, &request.reset_reapply_exclude_types);
    let plan = Plan {
        point: request.workflow_task_finish_event_id,
        request_id: request.request_id,
        reason: request.reason,
        reapplied,
        operations: reset_operations(request.post_reset_operations)?,
    };
    let shard = room.shard(&key)?;
    let request_id = plan.request_id.clone();
    let made = shard.ask(key.clone(), run, move |turn| Ok(turn.loaded()?.run.made_by(&request_id))).await?;
    if let Some(run_id) = made {
        return Ok(ResetWorkflowExecutionResponse { run_id: run_id.to_string() });
    }
    for _ in 0..ATTEMPTS_MAX {
        let read = read(room, &shard, &key, run, plan.point).await?;
        // The run there is has to be in memory too, because it ends.
        shard.ask(key.clone(), Target::Current, |_| Ok(())).await?;
        let (base, plan) = (Target::Run(read.chain[0].id), plan.clone());
        if let Some(run_id) = shard.ask(key.clone(), base, move |turn| decide(turn, read, plan)).await? {
            return Ok(ResetWorkflowExecutionResponse { run_id: run_id.to_string() });
        }
    }
    Err(PeerError::Busy(format!("workflow {} goes on too fast to be reset", key.id)))
}

/// Reads the histories that a reset needs.
async fn read(
    room: &Arc<Room>,
    shard: &Arc<Shard>,
    key: &ExecutionKey,
    run: Target,
    point: i64,
) -> Result<Read, PeerError> {
    let base = look(shard, key, run).await?;
    if point <= 1 || point >= base.next_event_id {
        let text = "Workflow task finish ID must be > 1 && <= workflow last event ID.";
        return Err(Refusal::invalid(text).into());
    }
    let kept = batches(room, &base.place, 1, point - 1).await?;
    if kept.last().is_none_or(|batch| batch.last_event != point - 1) {
        let last = point - 1;
        return Err(Refusal::invalid(format!(
            "StateRebuilder unable to Rebuild mutable state to event ID: {last}, version: 0, this event must be at the boundary"
        ))
        .into());
    }
    let later = events::decode(&batches(room, &base.place, point, base.next_event_id - 1).await?)?;
    let mut successors = Vec::new();
    let mut chain = vec![base];
    while let Some(next) =
        chain.last().and_then(|last| last.successor).filter(|_| chain.len() < SUCCESSORS_MAX)
    {
        let next = match look(shard, key, Target::Run(next)).await {
            Ok(next) => next,
            // It was removed.
            Err(PeerError::Refused(_)) => break,
            Err(error) => return Err(error),
        };
        successors.extend(events::decode(&batches(room, &next.place, 1, next.next_event_id - 1).await?)?);
        chain.push(next);
    }
    Ok(Read { chain, kept, later, successors })
}

async fn batches(room: &Arc<Room>, place: &Place, from: i64, to: i64) -> Result<Vec<Batch>, PeerError> {
    events::read(&*room.store, place, from, to, Direction::Forward, usize::MAX).await
}

async fn look(shard: &Arc<Shard>, key: &ExecutionKey, run: Target) -> Result<Seen, PeerError> {
    shard
        .ask(key.clone(), run, |turn| {
            let loaded = turn.loaded()?;
            Ok(Seen {
                id: loaded.id(),
                next_event_id: loaded.run.next_event_id,
                place: loaded.place(),
                successor: loaded.run.closed.as_ref().and_then(|closed| closed.new_run_id),
            })
        })
        .await
}

/// Ends the run there is and begins the new one; `None` if what was read is no longer true.
///
/// # Errors
/// `InvalidArgument` if no workflow task was pending at the point.
fn decide(turn: &mut Turn<'_>, mut read: Read, plan: Plan) -> Result<Option<RunId>, Refusal> {
    let Some(current) = turn.cell.current().map(|current| current.run_id) else { return Ok(None) };
    if turn.cell.run(current).is_none() || !is_unchanged(turn, &read.chain) {
        return Ok(None);
    }
    let base = turn.loaded()?.run.clone();
    // Repeated while the histories were read.
    if let Some(run_id) = base.made_by(&plan.request_id) {
        return Ok(Some(run_id));
    }
    let in_chain = read.chain.last().is_some_and(|last| last.id == current);
    if in_chain && let Some(loaded) = turn.cell.run(current) {
        // What waits for the workflow task to end is written when the run ends, and was not read.
        let waiting = loaded.run.buffered.iter().map(|event| event.0.clone());
        if current == base.run_id { &mut read.later } else { &mut read.successors }.extend(waiting);
    }
    let run_id = RunId::from_bytes(turn.draw.uuid());
    let reset = Reset {
        run_id,
        request_id: plan.request_id.clone(),
        reason: plan.reason.clone(),
        kept: events::decode(&read.kept).map_err(|error| Refusal::Internal(error.to_string()))?,
        later: read.later,
        successors: read.successors,
        reapplied: plan.reapplied,
        operations: plan.operations,
    };
    let (run, effects) = base.reset(reset, turn.context, turn.at, &mut turn.draw)?;
    let termination =
        Termination { identity: "history-resetter".into(), reason: plan.reason, ..Termination::default() };
    if current != base.run_id && turn.cell.run(current).is_some_and(|loaded| loaded.run.is_running()) {
        turn.target = Some(current);
        turn.step(What::Terminate(termination.clone()))?;
        turn.target = Some(base.run_id);
    }
    turn.step(What::ResetTo { run_id, request_id: plan.request_id, termination })?;
    turn.adopt(run, effects, read.kept);
    Ok(Some(run_id))
}

/// Whether the runs are as they were seen. One that is not in memory is closed and changes no more.
fn is_unchanged(turn: &Turn<'_>, chain: &[Seen]) -> bool {
    chain.iter().all(|seen| {
        turn.cell.run(seen.id).is_none_or(|loaded| loaded.run.next_event_id == seen.next_event_id)
    })
}

#[cfg(test)]
mod tests;

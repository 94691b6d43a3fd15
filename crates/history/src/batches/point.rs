//! Where a batch operation resets a workflow to: what it names is found in the history, or among the points that a run
//! remembers by the build that completed its workflow tasks.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId},
};
use longhaul_proto::api::{
    batch::v1::BatchOperationReset,
    common::v1::{ResetOptions, WorkflowExecution, reset_options::Target as Wanted},
    enums::v1::{EventType, ResetType},
    workflow::v1::ResetPointInfo,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::Direction;

use crate::{
    calls::target,
    events::{self, Place},
    history::Room,
};

/// Batches of events read at a time.
const BATCHES: usize = 50;

/// Where a workflow is reset to.
pub struct Point {
    /// The run.
    pub run_id: String,
    /// The event that ends its workflow task.
    pub event_id: i64,
}

/// A run as it was seen.
struct Seen {
    run_id: String,
    next_event_id: i64,
    place: Place,
    points: Vec<ResetPointInfo>,
}

/// Finds the point of one workflow.
///
/// # Errors
/// `NotFound` if there is no such run, `InvalidArgument` if it has no such point.
#[allow(deprecated)]
pub async fn find(
    room: &Arc<Room>,
    namespace: NamespaceId,
    execution: &WorkflowExecution,
    reset: &BatchOperationReset,
) -> Result<Point, PeerError> {
    let options = match &reset.options {
        Some(options) => options.clone(),
        None => ResetOptions {
            target: Some(match ResetType::try_from(reset.reset_type) {
                Ok(ResetType::FirstWorkflowTask) => Wanted::FirstWorkflowTask(()),
                _ => Wanted::LastWorkflowTask(()),
            }),
            ..ResetOptions::default()
        },
    };
    let (key, run) = target(namespace, Some(execution))?;
    let seen = look(room, key, run).await?;
    let event_id = match &options.target {
        Some(Wanted::WorkflowTaskId(id)) => *id,
        Some(Wanted::FirstWorkflowTask(_)) => completed(room, &seen, Direction::Forward).await?,
        Some(Wanted::LastWorkflowTask(_)) | None => completed(room, &seen, Direction::Reverse).await?,
        Some(Wanted::BuildId(build)) => return of_build(&seen, build, options.current_run_only),
    };
    Ok(Point { run_id: seen.run_id, event_id })
}

async fn look(room: &Arc<Room>, key: ExecutionKey, run: crate::cell::Target) -> Result<Seen, PeerError> {
    let shard = room.shard(&key)?;
    shard
        .ask(key, run, |turn| {
            let loaded = turn.loaded()?;
            Ok(Seen {
                run_id: loaded.id().to_string(),
                next_event_id: loaded.run.next_event_id,
                place: loaded.place(),
                points: loaded.run.reset_points.iter().map(|point| point.0.clone()).collect(),
            })
        })
        .await
}

/// The first or the last completion of a workflow task; if there is none, what follows the first one that was scheduled.
async fn completed(room: &Arc<Room>, seen: &Seen, direction: Direction) -> Result<i64, PeerError> {
    let (mut low, mut high) = (1, seen.next_event_id - 1);
    let mut scheduled = None;
    while low <= high {
        let batches = events::read(&*room.store, &seen.place, low, high, direction, BATCHES).await?;
        let Some(last) = batches.last() else { break };
        match direction {
            Direction::Forward => low = last.last_event + 1,
            Direction::Reverse => high = last.first_event - 1,
        }
        let mut found = events::decode(&batches)?;
        found.sort_by_key(|event| event.event_id);
        if direction == Direction::Reverse {
            found.reverse();
        }
        for event in found {
            match event.event_type() {
                EventType::WorkflowTaskCompleted => return Ok(event.event_id),
                EventType::WorkflowTaskScheduled => {
                    let end = event.event_id + 1;
                    scheduled = Some(scheduled.map_or(end, |earlier: i64| earlier.min(end)));
                }
                _ => {}
            }
        }
    }
    scheduled.ok_or_else(|| Refusal::invalid("unable to find any scheduled or completed task").into())
}

/// The first workflow task that a build completed.
fn of_build(seen: &Seen, build: &str, current_run_only: bool) -> Result<Point, PeerError> {
    let refused = |text: &str| Err(PeerError::from(Refusal::invalid(text)));
    let Some(point) = seen.points.iter().find(|point| point.build_id == build) else {
        return refused("reset point not found");
    };
    if !point.resettable {
        return refused("reset point is not resettable");
    }
    if current_run_only && point.run_id != seen.run_id {
        return refused("reset point is in an earlier run");
    }
    Ok(Point { run_id: point.run_id.clone(), event_id: point.first_workflow_task_completed_id })
}

//! What executions do to each other: starting children, telling them to go on, telling parents how they ended.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId, RunId, RunKey},
    run::{Inheritance, ParentPlace, StartOrigin, What},
};
use longhaul_proto::api::{
    common::v1::WorkflowExecution, history::v1::HistoryEvent,
    workflowservice::v1::StartWorkflowExecutionRequest,
};
use longhaul_runtime::peers::{ChildClosed, ChildStarted, PeerError, StartChild};

use super::target;
use crate::{
    cell::{Target, Turn},
    history::Room,
};

/// Starts a child and answers its run id. The same request id finds the same child.
///
/// # Errors
/// `WorkflowExecutionAlreadyStarted` if the id is taken.
pub async fn start(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: StartWorkflowExecutionRequest,
    place: ParentPlace,
    inheritance: Inheritance,
) -> Result<String, PeerError> {
    let key = ExecutionKey::workflow(namespace, &request.workflow_id);
    let shard = room.shard(&key)?;
    let origin = StartOrigin { parent: Some(place), inheritance, ..StartOrigin::default() };
    let started = shard
        .ask(key, Target::Current, move |turn| super::start::decide(turn, namespace, request, origin))
        .await?;
    Ok(started.run_id)
}

/// The first run of a child, by the request id of its start; `None` if it was not started, or is gone.
///
/// # Errors
/// Those of the store.
pub async fn find(
    room: &Arc<Room>,
    namespace: NamespaceId,
    workflow_id: &str,
    request_id: &str,
) -> Result<Option<String>, PeerError> {
    let key = ExecutionKey::workflow(namespace, workflow_id);
    let shard = room.shard(&key)?;
    let first = shard
        .ask(key.clone(), Target::Current, |turn| {
            Ok(turn.cell.current().and_then(|current| RunId::parse(&current.first_run_id)))
        })
        .await?;
    let Some(first) = first else { return Ok(None) };
    let request_id = request_id.to_owned();
    shard
        .ask(key, Target::Run(first), move |turn| {
            let run = turn.loaded().ok().map(|loaded| &loaded.run);
            let run = run.filter(|run| run.create_request_id == request_id);
            Ok(run.map(|run| run.run_id.to_string()))
        })
        .await
}

/// Answers another node that starts a child here.
///
/// # Errors
/// As [`start`].
pub async fn started(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: StartChild,
) -> Result<ChildStarted, PeerError> {
    let parent_namespace = <[u8; 16]>::try_from(&request.parent_namespace_id[..])
        .map_err(|_| Refusal::invalid("parent namespace id is not sixteen bytes"))?;
    let place = ParentPlace {
        execution: request.parent,
        namespace: request.parent_namespace,
        namespace_id: NamespaceId::from_bytes(parent_namespace),
        initiated_event_id: request.initiated_event_id,
        root: request.root,
        time_skipping: request.time_skipping,
    };
    let run_id = start(room, namespace, request.start, place, Inheritance::default()).await?;
    Ok(ChildStarted { run_id })
}

/// Tells a child that its start was recorded.
///
/// # Errors
/// `NotFound` if it is gone or over.
pub async fn schedule_first(
    room: &Arc<Room>,
    namespace: NamespaceId,
    execution: WorkflowExecution,
) -> Result<(), PeerError> {
    let (key, run) = target(namespace, Some(&execution))?;
    let shard = room.shard(&key)?;
    shard.ask(key, run, |turn| turn.step(What::ScheduleFirstTask).map(|_| ())).await
}

/// Tells a parent how its child ended.
///
/// # Errors
/// `NotFound` if the parent is gone or over.
pub async fn tell_parent(
    room: &Arc<Room>,
    child: &RunKey,
    close_event: &HistoryEvent,
) -> Result<(), PeerError> {
    let shard = room.shard(&child.execution)?;
    let about = shard
        .ask(child.execution.clone(), Target::Run(child.run), |turn| {
            let start = &turn.loaded()?.run.start;
            Ok((
                start.parent_workflow_execution.clone(),
                start.parent_workflow_namespace_id.clone(),
                start.parent_initiated_event_id,
                start.first_execution_run_id.clone(),
            ))
        })
        .await?;
    let (Some(parent), namespace, initiated_event_id, first_run_id) = about else { return Ok(()) };
    let Some(namespace) = NamespaceId::parse(&namespace) else { return Ok(()) };
    let child =
        WorkflowExecution { workflow_id: child.execution.id.to_string(), run_id: child.run.to_string() };
    let news =
        ChildClosed { parent, initiated_event_id, child, close_event: close_event.clone(), first_run_id };
    closed(room, namespace, news).await
}

/// A parent hears how its child ended.
///
/// # Errors
/// `NotFound` if the parent is gone or over.
pub async fn closed(room: &Arc<Room>, namespace: NamespaceId, news: ChildClosed) -> Result<(), PeerError> {
    let (key, mut run) = target(namespace, Some(&news.parent))?;
    let shard = room.shard(&key)?;
    for _ in 0..RESETS_MAX {
        let news = news.clone();
        let heard = shard.ask(key.clone(), run, move |turn| hear(turn, news)).await?;
        match heard {
            Some(next) => run = Target::Run(next),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// How many resets of a parent a child's news follows.
const RESETS_MAX: usize = 1000;

/// A run hears how its child ended, or says which run has taken its place.
fn hear(turn: &mut Turn<'_>, news: ChildClosed) -> Result<Option<RunId>, Refusal> {
    let parent = &turn.loaded()?.run;
    if !parent.is_running() && parent.reset_run.is_some() {
        return Ok(parent.reset_run);
    }
    turn.step(What::ChildClosed {
        initiated_event_id: news.initiated_event_id,
        first_run_id: news.first_run_id,
        child: news.child,
        close_event: Box::new(news.close_event),
    })?;
    Ok(None)
}

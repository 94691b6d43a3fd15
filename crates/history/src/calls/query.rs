//! Queries: answered by a worker directly, or with the run's next workflow task. A query sees everything that was
//! acknowledged before it.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    Refusal,
    deployment::VersionName,
    ids::NamespaceId,
    run::{Run, WantedBuild},
};
use longhaul_proto::{
    ExhaustedCause, ExhaustedScope,
    api::{
        common::v1::{Priority, WorkflowExecution},
        enums::v1::{QueryRejectCondition, WorkflowExecutionStatus as Status},
        query::v1::{QueryRejected, WorkflowQuery},
        workflowservice::v1::{QueryWorkflowRequest, QueryWorkflowResponse},
    },
};
use longhaul_runtime::peers::{Caller, DispatchQuery, PeerError, QueryOutcome};
use tokio::sync::oneshot;

use super::target;
use crate::{cell::Turn, history::Room, queries::Release};

/// Attempts of a workflow task from which on its run counts as unable to answer.
const FAILING_ATTEMPT: i32 = 3;

/// How a query goes on.
enum Route {
    /// Not at all: the run's status is one the caller does not want.
    Rejected(Status),
    /// To a worker.
    Direct(Box<Direct>),
    /// With the next workflow task.
    Buffered(oneshot::Receiver<Release>),
}

/// Where a worker is found.
struct Direct {
    execution: WorkflowExecution,
    queue: String,
    sticky: Option<String>,
    priority: Option<Priority>,
    /// The version whose workers may answer.
    pinned: Option<VersionName>,
    /// The build whose workers may.
    build: WantedBuild,
}

/// Asks a run.
///
/// # Errors
/// `WorkflowNotReady`, `QueryFailed`, `NotFound`, `DeadlineExceeded`.
pub async fn query(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: QueryWorkflowRequest,
) -> Result<QueryWorkflowResponse, PeerError> {
    let (key, run) = target(namespace, request.execution.as_ref())?;
    let shard = room.shard(&key)?;
    let query = request.query.clone().unwrap_or_default();
    let condition = request.query_reject_condition;
    let deadline = caller.deadline;
    let buffered = query.clone();
    let max = room.live.read(&caller.namespace, |settings| settings.buffered_queries_max);
    let (route, run_id) = shard
        .ask(key.clone(), run, move |turn| {
            let run_id = turn.loaded()?.run.run_id.to_string();
            Ok((route(turn, buffered, condition, deadline, max)?, run_id))
        })
        .await?;
    let outcome = match route {
        Route::Rejected(status) => {
            return Ok(QueryWorkflowResponse {
                query_rejected: Some(QueryRejected { status: status as i32 }),
                ..QueryWorkflowResponse::default()
            });
        }
        Route::Direct(direct) => dispatch(room, caller, &direct, query).await?,
        Route::Buffered(receiver) => match within(room, caller, receiver).await? {
            Release::Answered(outcome) => outcome,
            Release::AskDirectly => {
                let shard = room.shard(&key)?;
                let run = longhaul_kernel::ids::RunId::parse(&run_id).map_or(run, crate::cell::Target::Run);
                let direct = shard.ask(key, run, |turn| Ok(direct(&turn.loaded()?.run))).await?;
                dispatch(room, caller, &direct, query).await?
            }
        },
    };
    if outcome.failure.is_none() && outcome.error_message.is_empty() {
        return Ok(QueryWorkflowResponse {
            query_result: outcome.result,
            ..QueryWorkflowResponse::default()
        });
    }
    let failure = outcome.failure.map(Box::new);
    Err(Refusal::QueryFailed { message: outcome.error_message, failure }.into())
}

/// Decides how a query goes on.
fn route(
    turn: &mut Turn<'_>,
    query: WorkflowQuery,
    condition: i32,
    deadline: Option<i64>,
    max: usize,
) -> Result<Route, Refusal> {
    let at = turn.at;
    let run = &turn.loaded()?.run;
    let status = run.status();
    let rejected = match QueryRejectCondition::try_from(condition).unwrap_or_default() {
        QueryRejectCondition::NotOpen => !run.is_running(),
        QueryRejectCondition::NotCompletedCleanly => !run.is_running() && status != Status::Completed,
        QueryRejectCondition::None | QueryRejectCondition::Unspecified => false,
    };
    if rejected || run.is_paused() {
        return Ok(Route::Rejected(status));
    }
    let had_task = run.last_completed_event_id > 0;
    if !run.is_running() && !had_task {
        return Err(Refusal::WorkflowNotReady(
            "Workflow execution closed before WorkflowTaskStarted event".into(),
        ));
    }
    if !had_task && run.workflow_task.is_none() {
        let too_late = match (run.first_task_at, deadline) {
            (Some(due), Some(deadline)) => due.0 > deadline,
            _ => run.first_task_at.is_some_and(|due| due > at),
        };
        if too_late {
            return Err(Refusal::WorkflowNotReady("Workflow task is not scheduled yet.".into()));
        }
    }
    if run.is_running()
        && run.workflow_task.as_ref().map_or(run.workflow_task_attempt, |task| task.attempt)
            >= FAILING_ATTEMPT
    {
        return Err(Refusal::WorkflowNotReady(
            "Unable to query workflow due to Workflow Task in failed state.".into(),
        ));
    }
    if had_task && (!run.is_running() || run.workflow_task.is_none()) {
        return Ok(Route::Direct(Box::new(direct(run))));
    }
    let id = longhaul_kernel::ids::RunId::from_bytes(turn.draw.uuid()).to_string();
    let queries = &mut turn.loaded_mut()?.queries;
    if queries.count() >= max {
        return Err(Refusal::ResourceExhausted {
            message: "consistent query buffer is full, this may be caused by too many queries and workflow not able to process query fast enough".into(),
            cause: ExhaustedCause::BusyWorkflow,
            scope: ExhaustedScope::Namespace,
        });
    }
    Ok(Route::Buffered(queries.add(id, query)))
}

fn direct(run: &Run) -> Direct {
    let bound = run.bound();
    Direct {
        execution: run.execution(),
        queue: run.task_queue().to_owned(),
        sticky: run.sticky.as_ref().map(|sticky| sticky.queue.clone()),
        priority: run.priority.as_ref().map(|priority| priority.0.clone()),
        pinned: bound.pinned,
        build: bound.build,
    }
}

/// Waits as long as the caller does.
async fn within(
    room: &Arc<Room>,
    caller: &Caller,
    receiver: oneshot::Receiver<Release>,
) -> Result<Release, PeerError> {
    let late = || {
        PeerError::from(Refusal::DeadlineExceeded("query timed out before a worker could process it".into()))
    };
    let gone = || PeerError::Busy("buffered query cleared, please retry".into());
    let Some(deadline) = caller.deadline else { return receiver.await.map_err(|_| gone()) };
    tokio::select! {
        biased;
        released = receiver => released.map_err(|_| gone()),
        () = room.host.clock.wait_until(deadline - MARGIN_NANOS) => Err(late()),
    }
}

/// How long before the caller stops listening it is told that nobody answered.
const MARGIN_NANOS: i64 = 50_000_000;

/// Asks a worker: the one that has the run in its cache, or else any.
async fn dispatch(
    room: &Arc<Room>,
    caller: &Caller,
    direct: &Direct,
    query: WorkflowQuery,
) -> Result<QueryOutcome, PeerError> {
    let request = |queue: &str, sticky: bool| DispatchQuery {
        task_queue: queue.into(),
        sticky,
        execution: direct.execution.clone(),
        query: query.clone(),
        priority: direct.priority.clone(),
        pinned: direct.pinned.as_ref().map(VersionName::to_proto).filter(|_| !sticky),
        build: direct.build.named(),
        is_new: direct.build == WantedBuild::New,
    };
    if let Some(queue) = &direct.sticky {
        let mut hurried = caller.clone();
        let soon = room.host.clock.now() + i64::try_from(STICKY_WAIT.as_nanos()).unwrap_or(i64::MAX);
        hurried.deadline = Some(caller.deadline.map_or(soon, |deadline| deadline.min(soon)));
        match room.matching.ask(hurried, request(queue, true)).await {
            Err(PeerError::Refused(refusal))
                if matches!(*refusal, Refusal::Unavailable(_) | Refusal::DeadlineExceeded(_)) => {}
            outcome => return outcome,
        }
    }
    room.matching.ask(caller.clone(), request(&direct.queue, false)).await
}

/// How long a query waits for the worker that has the run in its cache.
const STICKY_WAIT: Duration = Duration::from_secs(5);

//! Workflow tasks: started for a poll, completed or failed by a worker.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    Refusal,
    ids::NamespaceId,
    run::{LastWorker, Reply, TaskRef, What, WorkflowTaskCompletion, WorkflowTaskStart},
};
use longhaul_proto::api::{
    enums::v1::{QueryResultType, TaskQueueKind},
    query::v1::WorkflowQueryResult,
    workflowservice::v1::{
        PollActivityTaskQueueResponse, PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskCompletedResponse, RespondWorkflowTaskFailedRequest,
        RespondWorkflowTaskFailedResponse,
    },
};
use longhaul_runtime::peers::{
    AddTask, Caller, PeerError, QueryOutcome, RecordWorkflowTaskStarted, WorkflowTaskStarted,
};

use super::target;
use crate::{
    cell::{Target, Turn},
    history::Room,
    pages::{self, Budget, Kept},
    poll_answer::{self, Draft},
    token,
};

/// Starts a workflow task for a poll, or hands it a query.
///
/// # Errors
/// `NotFound` if the run is gone or over.
pub async fn started(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: RecordWorkflowTaskStarted,
) -> Result<WorkflowTaskStarted, PeerError> {
    let (key, run) = target(namespace, Some(&request.execution))?;
    let shard = room.shard(&key)?;
    let draft = shard.ask(key.clone(), run, move |turn| decide_started(turn, request)).await?;
    let answer = match draft {
        Some(draft) => Some(draft.finish(room, &key).await?),
        None => None,
    };
    Ok(WorkflowTaskStarted { answer })
}

fn decide_started(turn: &mut Turn<'_>, request: RecordWorkflowTaskStarted) -> Result<Option<Draft>, Refusal> {
    if let Some(direct) = request.query {
        let queue = request.poll.task_queue.as_ref();
        let sticky = turn.loaded()?.run.sticky.as_ref();
        let cached = queue.is_some_and(|queue| {
            queue.kind == TaskQueueKind::Sticky as i32
                || sticky.is_some_and(|sticky| sticky.queue == queue.name)
        });
        let page = turn.settings.page_batches_max;
        return Ok(Some(poll_answer::direct_query(turn.loaded()?, cached, direct.token, direct.query, page)));
    }
    let start = WorkflowTaskStart {
        scheduled_event_id: request.scheduled_event_id,
        attempt: request.attempt,
        request_id: request.request_id,
        poll: request.poll.into(),
    };
    decide_start(turn, start)
}

/// The start of a task for a poll that was kept for it.
pub fn start_of(
    task: &AddTask,
    request_id: String,
    poll: Arc<PollWorkflowTaskQueueRequest>,
) -> WorkflowTaskStart {
    WorkflowTaskStart { scheduled_event_id: task.scheduled_event_id, attempt: task.attempt, request_id, poll }
}

/// Starts the task; `None` if it is stale.
///
/// # Errors
/// `NotFound` if the run is gone or over.
pub fn decide_start(turn: &mut Turn<'_>, start: WorkflowTaskStart) -> Result<Option<Draft>, Refusal> {
    let run = &turn.loaded()?.run;
    let queue = start.poll.task_queue.as_ref();
    let cached = run.sticky.as_ref().is_some_and(|sticky| {
        queue.is_some_and(|queue| queue.kind == TaskQueueKind::Sticky as i32 || queue.name == sticky.queue)
    });
    match turn.step(What::WorkflowTaskStarted(start))? {
        Reply::WorkflowTask => Ok(draft(turn, cached)),
        _ => Ok(None),
    }
}

/// Drafts the answer for the started task, with the queries that wait. A repeated start may find events in the buffer:
/// its worker won't see them, so queries, which may have come after them, wait for the task behind.
fn draft(turn: &mut Turn<'_>, cached: bool) -> Option<Draft> {
    let loaded = turn.loaded_mut().ok()?;
    let sees_all = loaded.run.buffered.is_empty();
    let queries = if sees_all { loaded.queries.pending() } else { Default::default() };
    poll_answer::workflow_task(turn.loaded().ok()?, cached, queries, turn.settings.page_batches_max)
}

/// What a completed task led to.
#[derive(Default)]
struct Completed {
    reset_event_id: i64,
    refused: Option<Refusal>,
    next: Option<Draft>,
    activities: Vec<PollActivityTaskQueueResponse>,
}

/// Completes a workflow task.
///
/// # Errors
/// `NotFound` for a stale task, `InvalidArgument` for commands that can't be accepted.
pub async fn completed(
    room: &Arc<Room>,
    caller: &Caller,
    mut request: RespondWorkflowTaskCompletedRequest,
) -> Result<RespondWorkflowTaskCompletedResponse, PeerError> {
    let token = token::read(&request.task_token)?;
    let key = token.execution.clone();
    let shard = room.shard(&key)?;
    let results = std::mem::take(&mut request.query_results);
    if pages::is_one_of_many(&request) {
        pages::check(&request, &caller.namespace, &room.live.in_namespace(&caller.namespace))?;
    }
    let budget = room.pages.clone();
    let worker =
        LastWorker { sdk_name: caller.client_name.clone(), sdk_version: caller.client_version.clone() };
    let completed = shard
        .ask(key.clone(), Target::Run(token.run), move |turn| {
            let task = TaskRef {
                scheduled_event_id: token.fields.scheduled_event_id,
                started_event_id: token.fields.started_event_id,
                started_at: longhaul_kernel::time::Timestamp(token.fields.started_at),
                attempt: token.fields.attempt,
                request,
            };
            decide_page(turn, WorkflowTaskCompletion { task, worker, overflows: false }, results, &budget)
        })
        .await?;
    if let Some(refusal) = completed.refused {
        return Err(refusal.into());
    }
    let workflow_task = match completed.next {
        Some(draft) => Some(draft.finish(room, &key).await?),
        None => None,
    };
    Ok(RespondWorkflowTaskCompletedResponse {
        workflow_task,
        activity_tasks: completed.activities,
        reset_history_event_id: completed.reset_event_id,
    })
}

/// Keeps a page of a completion, or completes the task with the last one.
fn decide_page(
    turn: &mut Turn<'_>,
    mut completion: WorkflowTaskCompletion,
    results: BTreeMap<String, WorkflowQueryResult>,
    budget: &Arc<Budget>,
) -> Result<Completed, Refusal> {
    if turn.target.is_none() {
        return Err(Refusal::not_found("Workflow task not found."));
    }
    let request = &completion.task.request;
    if !pages::is_one_of_many(request) {
        turn.loaded_mut()?.pages.clear();
        return decide_completed(turn, completion, results);
    }
    let (namespace, settings) = (turn.key.namespace, turn.settings);
    let loaded = turn.loaded_mut()?;
    loaded.run.ensure_has_task(&completion.task)?;
    loaded.pages.settle(&loaded.run);
    if !request.intermediate_page {
        loaded.pages.join(&mut completion.task)?;
        return decide_completed(turn, completion, results);
    }
    match loaded.pages.keep(completion.task.clone(), namespace, budget, settings)? {
        Kept::Waits => Ok(Completed::default()),
        Kept::TooLarge => {
            completion.overflows = true;
            decide_completed(turn, completion, BTreeMap::new())
        }
    }
}

fn decide_completed(
    turn: &mut Turn<'_>,
    completion: WorkflowTaskCompletion,
    results: BTreeMap<String, WorkflowQueryResult>,
) -> Result<Completed, Refusal> {
    let reply = turn.step(What::WorkflowTaskCompleted(Box::new(completion)))?;
    let namespace = turn.context.namespace.clone();
    let mut reset_event_id = 0;
    let (eager, new_task) = match reply {
        Reply::Completed { eager_activities, new_task, reset_event_id: reset } => {
            reset_event_id = reset;
            (eager_activities, new_task)
        }
        Reply::Refused(refusal) => {
            return Ok(Completed { refused: Some(refusal), ..Completed::default() });
        }
        _ => (Vec::new(), false),
    };
    let loaded = turn.loaded_mut()?;
    for (id, result) in results {
        loaded.queries.answer(&id, outcome(result));
    }
    if loaded.run.workflow_task.is_none() || !loaded.run.is_running() {
        loaded.queries.release();
    }
    let activities = eager
        .iter()
        .filter_map(|event| poll_answer::activity_task(&loaded.run, &namespace, *event))
        .collect();
    // The worker that completed the task has everything up to it, sticky or not.
    let next = if new_task { draft(turn, true) } else { None };
    Ok(Completed { refused: None, next, activities, reset_event_id })
}

/// What a worker said of a query.
fn outcome(result: WorkflowQueryResult) -> QueryOutcome {
    if result.result_type == QueryResultType::Answered as i32 {
        QueryOutcome { result: result.answer, failure: None, error_message: String::new() }
    } else {
        QueryOutcome {
            result: None,
            failure: Some(result.failure.unwrap_or_default()),
            error_message: result.error_message,
        }
    }
}

/// Fails a workflow task.
///
/// # Errors
/// `NotFound` for a stale task.
pub async fn failed(
    room: &Arc<Room>,
    request: RespondWorkflowTaskFailedRequest,
) -> Result<RespondWorkflowTaskFailedResponse, PeerError> {
    let token = token::read(&request.task_token)?;
    let shard = room.shard(&token.execution)?;
    shard
        .ask(token.execution.clone(), Target::Run(token.run), move |turn| {
            if turn.target.is_none() {
                return Err(Refusal::not_found("Workflow task not found."));
            }
            let task = TaskRef {
                scheduled_event_id: token.fields.scheduled_event_id,
                started_event_id: token.fields.started_event_id,
                started_at: longhaul_kernel::time::Timestamp(token.fields.started_at),
                attempt: token.fields.attempt,
                request,
            };
            turn.step(What::WorkflowTaskFailed(Box::new(task))).map(|_| ())
        })
        .await?;
    Ok(RespondWorkflowTaskFailedResponse {})
}

//! The answers to polls: a started task with everything its worker needs.

use std::collections::BTreeMap;

use longhaul_kernel::{
    ids::ExecutionKey,
    run::{Phase, Run},
};
use longhaul_proto::api::{
    common::v1::WorkflowExecution,
    enums::v1::TaskQueueKind,
    history::v1::HistoryEvent,
    query::v1::WorkflowQuery,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{Batch, Direction};

use crate::{
    calls::page_token::PageToken,
    events::{self, Place},
    history::Room,
    loaded::Loaded,
    token,
};

/// A started workflow task, decided on and not yet told: the history may still have to be read.
#[derive(Clone, Debug)]
pub struct Draft {
    answer: PollWorkflowTaskQueueResponse,
    place: Place,
    /// First event to ship.
    from: i64,
    /// Last stored event to ship.
    to: i64,
    /// The batches, if they are in memory.
    batches: Option<Vec<Batch>>,
    /// Events that are not stored.
    tail: Vec<HistoryEvent>,
    /// Batches that go with the answer at most.
    page: usize,
}

/// Drafts the answer for the workflow task that was just started. A worker that has the run in its cache gets what is
/// new, any other one the history from its beginning.
pub fn workflow_task(
    loaded: &Loaded,
    cached: bool,
    queries: BTreeMap<String, WorkflowQuery>,
    page: usize,
) -> Option<Draft> {
    let run = &loaded.run;
    let task = run.workflow_task.as_ref()?;
    let started = task.started.as_ref()?;
    let tail = run.transient_events();
    let mut draft = base(loaded, cached, tail, page);
    draft.answer.task_token = token::workflow_task(run, task).into();
    draft.answer.started_event_id = started.event_id;
    draft.answer.attempt = task.attempt;
    draft.answer.scheduled_time = Some(task.scheduled_at.to_proto());
    draft.answer.started_time = Some(started.at.to_proto());
    draft.answer.queries = queries;
    draft.answer.messages = run.update_messages();
    Some(draft)
}

/// Drafts the answer that carries a query and no task.
pub fn direct_query(
    loaded: &Loaded,
    cached: bool,
    token: bytes::Bytes,
    query: WorkflowQuery,
    page: usize,
) -> Draft {
    let mut draft = base(loaded, cached, Vec::new(), page);
    if cached {
        // The worker has everything; what it lacks comes with the next task.
        draft.from = draft.to + 1;
        draft.batches = Some(Vec::new());
    }
    draft.answer.task_token = token;
    draft.answer.query = Some(query);
    draft.answer.started_event_id = 0;
    draft.answer.attempt = 1;
    draft
}

fn base(loaded: &Loaded, cached: bool, tail: Vec<HistoryEvent>, page: usize) -> Draft {
    let run = &loaded.run;
    let from = if cached { run.previous_started_event_id + 1 } else { 1 };
    let to = run.next_event_id - 1;
    Draft {
        answer: PollWorkflowTaskQueueResponse {
            workflow_execution: Some(run.execution()),
            workflow_type: run.start.workflow_type.clone(),
            previous_started_event_id: run.previous_started_event_id,
            workflow_execution_task_queue: Some(TaskQueue {
                name: run.task_queue().to_owned(),
                kind: TaskQueueKind::Normal as i32,
                normal_name: String::new(),
            }),
            ..PollWorkflowTaskQueueResponse::default()
        },
        place: loaded.place(),
        from,
        to,
        batches: loaded.recent.since(from),
        tail,
        page,
    }
}

impl Draft {
    /// Fills in the history, reading what is not in memory: at most a page, with a token for the rest.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn finish(
        self,
        room: &Room,
        key: &ExecutionKey,
    ) -> Result<PollWorkflowTaskQueueResponse, PeerError> {
        let page = self.page;
        let mut draft = self;
        if draft.batches.is_none() {
            let (from, to) = (draft.from, draft.to);
            let read = events::read(&*room.store, &draft.place, from, to, Direction::Forward, page).await?;
            draft.batches = Some(read);
        }
        Ok(draft.complete(key))
    }

    /// Whether the history is in memory.
    pub fn is_complete(&self) -> bool {
        self.batches.is_some()
    }

    /// Fills in the history as far as it is in memory: at most a page, with a token for the rest.
    pub fn complete(self, key: &ExecutionKey) -> PollWorkflowTaskQueueResponse {
        let Self { mut answer, from, to, batches, tail, page, .. } = self;
        let mut batches = batches.unwrap_or_default();
        batches.truncate(page);
        let last = batches.last().map_or(from - 1, |batch| batch.last_event);
        if last < to {
            let token = PageToken::rest_of_task(&answer, key, last + 1, to, &tail);
            answer.next_page_token = token.encode();
            answer.history = Some(events::join(&batches, &[]));
        } else {
            answer.history = Some(events::join(&batches, &tail));
        }
        answer
    }
}

/// The answer for an activity task that was just started.
pub fn activity_task(
    run: &Run,
    namespace: &str,
    scheduled_event_id: i64,
) -> Option<PollActivityTaskQueueResponse> {
    let activity = run.activities.get(&scheduled_event_id)?;
    let Phase::Started { at, .. } = &activity.phase else { return None };
    let scheduled = &activity.scheduled;
    Some(PollActivityTaskQueueResponse {
        task_token: token::activity_task(run, scheduled_event_id, activity).into(),
        workflow_namespace: namespace.to_owned(),
        workflow_type: run.start.workflow_type.clone(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: run.workflow_id.clone(),
            run_id: run.run_id.to_string(),
        }),
        activity_type: scheduled.activity_type.clone(),
        activity_id: scheduled.activity_id.clone(),
        header: scheduled.header.clone(),
        input: scheduled.input.clone(),
        heartbeat_details: activity.heartbeat_details.as_ref().map(|details| details.0.clone()),
        scheduled_time: Some(activity.scheduled_at.to_proto()),
        current_attempt_scheduled_time: Some(activity.attempt_scheduled_at.to_proto()),
        started_time: Some(at.to_proto()),
        attempt: activity.attempt,
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        retry_policy: scheduled.retry_policy.clone(),
        priority: run.priority_of(scheduled.priority.as_ref()),
        ..PollActivityTaskQueueResponse::default()
    })
}

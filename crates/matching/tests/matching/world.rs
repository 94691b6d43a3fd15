//! A room with a scripted history, and short words for what tests do with it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use longhaul_matching::{Configs, Matching, Settings};
use longhaul_proto::{
    Refusal,
    api::{
        common::v1 as common, enums::v1::TaskQueueKind, taskqueue::v1 as taskqueue,
        workflowservice::v1 as api,
    },
};
use longhaul_runtime::{
    Clock, Host,
    peers::{
        ActivityTaskStarted, AddTask, Answering, Ask, Caller, History, HistoryAnswer, HistoryCall,
        Matching as Peer, MatchingAnswer, MatchingCall, PeerError, RecordWorkflowTaskStarted, TaskKind,
        WorkflowTaskStarted,
    },
};
use longhaul_store::{MemorySpill, MemoryStore, Spill};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

pub const SECOND: i64 = 1_000_000_000;
pub const START: i64 = 1_700_000_000 * SECOND;

/// What the history does with a question about a workflow.
#[derive(Clone, Debug)]
pub enum Reply {
    Start,
    Stale,
    Fail(PeerError),
    /// Decides after this long, then answers after this long again.
    Slow(Duration, Duration),
}

/// A history that follows a script, by workflow id, and starts a task once.
pub struct Script {
    clock: Clock,
    replies: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    started: Mutex<BTreeSet<(String, i64)>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn new(clock: Clock) -> Self {
        Self { clock, replies: Mutex::default(), started: Mutex::default(), asked: Mutex::default() }
    }

    pub fn on(&self, workflow_id: &str, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().entry(workflow_id.into()).or_default().extend(replies);
    }

    /// Every question so far, by workflow id.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    pub fn started(&self) -> usize {
        self.started.lock().len()
    }

    async fn decide(&self, workflow_id: &str, event: i64) -> Result<bool, PeerError> {
        self.asked.lock().push(workflow_id.into());
        let reply = self.replies.lock().get_mut(workflow_id).and_then(VecDeque::pop_front);
        let start = || self.started.lock().insert((workflow_id.into(), event));
        match reply.unwrap_or(Reply::Start) {
            Reply::Start => Ok(start()),
            Reply::Stale => Ok(false),
            Reply::Fail(error) => Err(error),
            Reply::Slow(before, after) => {
                self.clock.sleep(before).await;
                let is_first = start();
                self.clock.sleep(after).await;
                Ok(is_first)
            }
        }
    }

    async fn workflow(&self, ask: RecordWorkflowTaskStarted) -> Result<WorkflowTaskStarted, PeerError> {
        let mut answer = api::PollWorkflowTaskQueueResponse {
            workflow_execution: Some(ask.execution.clone()),
            attempt: ask.attempt,
            ..Default::default()
        };
        let id = &ask.execution.workflow_id;
        match ask.query {
            Some(query) => {
                self.decide(id, i64::MIN).await?;
                answer.task_token = query.token;
                answer.query = Some(query.query);
                Ok(WorkflowTaskStarted { answer: Some(answer) })
            }
            None => {
                let is_started = self.decide(id, ask.scheduled_event_id).await?;
                Ok(WorkflowTaskStarted { answer: is_started.then_some(answer) })
            }
        }
    }
}

impl History for Script {
    fn call(&self, _: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer> {
        async move {
            match call {
                HistoryCall::WorkflowTaskStarted(ask) => {
                    self.workflow(ask).await.map(HistoryAnswer::WorkflowTaskStarted)
                }
                HistoryCall::ActivityTaskStarted(ask) => {
                    let id = ask.execution.workflow_id;
                    let is_started = self.decide(&id, ask.scheduled_event_id).await?;
                    let answer = api::PollActivityTaskQueueResponse { activity_id: id, ..Default::default() };
                    let answer = is_started.then_some(answer);
                    Ok(HistoryAnswer::ActivityTaskStarted(ActivityTaskStarted { answer }))
                }
                other => panic!("unexpected call: {other:?}"),
            }
        }
        .boxed()
    }
}

/// A room and its history.
#[derive(Clone)]
pub struct World {
    pub host: Host,
    pub script: Arc<Script>,
    pub matching: Arc<Matching>,
}

/// The default settings.
pub fn world() -> World {
    world_with(Settings::default())
}

pub fn world_with(settings: Settings) -> World {
    world_over(settings, Arc::new(MemorySpill::default()))
}

pub fn world_over(settings: Settings, spill: Arc<dyn Spill>) -> World {
    let host = Host::simulated(7, START);
    let script = Arc::new(Script::new(host.clock));
    let store = Arc::new(MemoryStore::new());
    let configs = Configs::read(store).now_or_never().expect("memory answers at once").expect("it is empty");
    let matching = Matching::new(host.clone(), script.clone(), configs, spill, settings);
    World { host, script, matching }
}

impl World {
    /// A caller who listens for `seconds`.
    pub fn caller(&self, seconds: i64) -> Caller {
        Caller {
            namespace_id: [1; 16],
            namespace: "default".into(),
            deadline: Some(self.host.clock.now() + seconds * SECOND),
            client_name: String::new(),
            client_version: String::new(),
        }
    }

    pub async fn ask<R: Ask<MatchingCall, MatchingAnswer>>(
        &self,
        caller: Caller,
        request: R,
    ) -> Result<R::Answer, PeerError> {
        let peer: Arc<dyn Peer> = self.matching.clone();
        peer.ask(caller, request).await
    }

    /// Lets time pass.
    pub async fn wait(&self, length: Duration) {
        self.host.clock.sleep(length).await;
    }

    /// Seconds since the test began.
    pub fn elapsed(&self) -> f64 {
        (self.host.clock.now() - START) as f64 / SECOND as f64
    }

    pub async fn add(&self, add: AddTask) {
        let added = self.ask(self.caller(5), add).await.expect("task is taken");
        assert!(!added.sticky_worker_unavailable);
    }

    /// Polls queue `q` for 21 seconds; the workflow id of the task, or nothing.
    pub async fn poll(&self) -> Option<String> {
        workflow_id(&self.poll_answer(poll("q")).await)
    }

    pub async fn poll_answer(
        &self,
        poll: api::PollWorkflowTaskQueueRequest,
    ) -> api::PollWorkflowTaskQueueResponse {
        self.ask(self.caller(21), poll).await.expect("polls are answered")
    }

    pub async fn poll_activity(&self, rate: Option<f64>) -> Option<String> {
        let request = api::PollActivityTaskQueueRequest {
            task_queue: Some(normal("q")),
            identity: "worker".into(),
            task_queue_metadata: Some(taskqueue::TaskQueueMetadata { max_tasks_per_second: rate }),
            ..Default::default()
        };
        let answer = self.ask(self.caller(21), request).await.expect("polls are answered");
        (!answer.activity_id.is_empty()).then_some(answer.activity_id)
    }

    /// Polls in the background, and is waiting when this returns.
    pub async fn poll_behind(
        &self,
        request: api::PollWorkflowTaskQueueRequest,
    ) -> JoinHandle<api::PollWorkflowTaskQueueResponse> {
        let world = self.clone();
        let handle = spawn(async move { world.poll_answer(request).await });
        settle().await;
        handle
    }
}

/// Runs `work` beside the test, which may abort it.
#[allow(clippy::disallowed_methods, reason = "a test has to abort what it started")]
pub fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// Lets every task run that can.
pub async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

pub fn workflow_id(answer: &api::PollWorkflowTaskQueueResponse) -> Option<String> {
    answer.workflow_execution.as_ref().map(|execution| execution.workflow_id.clone())
}

pub fn execution(workflow_id: &str) -> common::WorkflowExecution {
    common::WorkflowExecution {
        workflow_id: workflow_id.into(),
        run_id: "6b1b5e0c-6a4e-4ee4-9c5c-1f4e9e2a7f11".into(),
    }
}

/// A workflow task of queue `q`.
pub fn task(workflow_id: &str) -> AddTask {
    AddTask {
        task_queue: "q".into(),
        sticky: false,
        kind: TaskKind::Workflow as i32,
        execution: execution(workflow_id),
        scheduled_event_id: 2,
        attempt: 1,
        stamp: 0,
        scheduled_at: 0,
        expires_at: 0,
        priority: None,
        pinned: None,
        ramps: false,
        build: String::new(),
        is_new: false,
        normal_queue: String::new(),
    }
}

pub fn activity(workflow_id: &str) -> AddTask {
    AddTask { kind: TaskKind::Activity as i32, ..task(workflow_id) }
}

pub fn sticky(add: AddTask) -> AddTask {
    AddTask { task_queue: "s".into(), sticky: true, ..add }
}

pub fn priority(add: AddTask, key: i32) -> AddTask {
    AddTask { priority: Some(common::Priority { priority_key: key, ..Default::default() }), ..add }
}

pub fn normal(name: &str) -> taskqueue::TaskQueue {
    taskqueue::TaskQueue { name: name.into(), kind: TaskQueueKind::Normal as i32, normal_name: String::new() }
}

pub fn poll(name: &str) -> api::PollWorkflowTaskQueueRequest {
    api::PollWorkflowTaskQueueRequest {
        task_queue: Some(normal(name)),
        identity: "worker".into(),
        worker_instance_key: "key".into(),
        ..Default::default()
    }
}

pub fn sticky_queue(name: &str) -> taskqueue::TaskQueue {
    taskqueue::TaskQueue { name: name.into(), kind: TaskQueueKind::Sticky as i32, normal_name: "q".into() }
}

pub fn sticky_poll(name: &str) -> api::PollWorkflowTaskQueueRequest {
    api::PollWorkflowTaskQueueRequest { task_queue: Some(sticky_queue(name)), ..poll(name) }
}

/// The refusal in an error.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, PeerError>) -> Refusal {
    match answer {
        Err(PeerError::Refused(refusal)) => *refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

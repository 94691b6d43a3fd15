//! The worker: pollers of workflow tasks, sticky and not, and of activities.
//!
//! It behaves as SDKs do where that changes the server's work: runs are sticky, and an answer may carry the next task.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use longhaul_proto::api::{
    enums::v1::TaskQueueKind,
    history::v1::{History, HistoryEvent},
    taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest,
        PollWorkflowTaskQueueResponse, RespondActivityTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest,
    },
};
use prost::Message as _;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    plan::{Plan, Progress, payloads},
    session::{Client, Session, call, poll},
};

/// A run whose completion was acknowledged.
pub struct Closed {
    /// Number of its workflow.
    pub number: usize,
    /// When.
    pub at: Instant,
}

/// Pollers at work; they end when this value does.
pub struct Worker {
    /// Runs in the order of their completion.
    pub closed: mpsc::UnboundedReceiver<Closed>,
    shared: Arc<Shared>,
    _pollers: JoinSet<()>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Connections break when the process ends; that says nothing about the server.
        self.shared.failures.store(FAILURES_TOLD_MAX, Ordering::Relaxed);
    }
}

impl Worker {
    /// Starts `pollers` pollers of each kind.
    pub fn start(session: &Session, plan: Plan, pollers: usize) -> Self {
        let (sender, closed) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            session: session.clone(),
            plan,
            runs: Mutex::default(),
            closed: sender,
            failures: AtomicUsize::new(0),
        });
        let mut set = JoinSet::new();
        for number in 0..pollers {
            for is_sticky in [false, true] {
                set.spawn(forever(shared.clone(), number, move |shared, client| {
                    Box::pin(async move { shared.workflow_task(client, is_sticky).await })
                }));
            }
            set.spawn(forever(shared.clone(), number + 1, |shared, client| {
                Box::pin(async move { shared.activity_task(client).await })
            }));
        }
        Self { closed, shared, _pollers: set }
    }
}

type Work = std::pin::Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Repeats `work`; a failure is told and costs a short pause, because a poller outlives the failures of its server.
async fn forever(shared: Arc<Shared>, number: usize, work: impl Fn(Arc<Shared>, Client) -> Work) {
    let client = shared.session.client(number);
    loop {
        if let Err(error) = work(shared.clone(), client.clone()).await {
            shared.tell(&error);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

struct Shared {
    session: Session,
    plan: Plan,
    /// What is known of open runs, by run id.
    runs: Mutex<HashMap<String, Progress>>,
    closed: mpsc::UnboundedSender<Closed>,
    failures: AtomicUsize,
}

/// Failures that are told; thousands say no more than a few.
const FAILURES_TOLD_MAX: usize = 5;

impl Shared {
    fn tell(&self, error: &anyhow::Error) {
        if self.failures.fetch_add(1, Ordering::Relaxed) < FAILURES_TOLD_MAX {
            eprintln!("worker: {error:#}");
        }
    }

    fn sticky_name(&self) -> String {
        format!("{}-sticky", self.session.task_queue)
    }

    fn queue(&self) -> TaskQueue {
        TaskQueue { name: self.session.task_queue.clone(), ..Default::default() }
    }

    fn sticky_queue(&self) -> TaskQueue {
        TaskQueue {
            name: self.sticky_name(),
            kind: TaskQueueKind::Sticky.into(),
            normal_name: self.session.task_queue.clone(),
        }
    }

    /// Polls once, and answers the task and those that come with the answers.
    async fn workflow_task(&self, mut client: Client, is_sticky: bool) -> Result<()> {
        let request = PollWorkflowTaskQueueRequest {
            namespace: self.session.namespace.clone(),
            task_queue: Some(if is_sticky { self.sticky_queue() } else { self.queue() }),
            identity: self.session.identity.clone(),
            ..Default::default()
        };
        let mut next =
            Some(client.poll_workflow_task_queue(poll(request)).await.context("poll")?.into_inner());
        while let Some(task) = next.filter(|task| !task.task_token.is_empty()) {
            next = self.answer(&mut client, task).await?;
        }
        Ok(())
    }

    async fn answer(
        &self,
        client: &mut Client,
        task: PollWorkflowTaskQueueResponse,
    ) -> Result<Option<PollWorkflowTaskQueueResponse>> {
        let execution = task.workflow_execution.clone().unwrap_or_default();
        let events = self.events(client, &task).await?;
        let (commands, is_done) = self.decide(&execution.run_id, &events);
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: self.session.namespace.clone(),
            task_token: task.task_token,
            commands,
            identity: self.session.identity.clone(),
            sticky_attributes: Some(StickyExecutionAttributes {
                worker_task_queue: Some(self.sticky_queue()),
                schedule_to_start_timeout: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
            }),
            return_new_workflow_task: true,
            ..Default::default()
        };
        let answer =
            client.respond_workflow_task_completed(call(request)).await.context("complete workflow task")?;
        if let Some(number) = self.session.number(&execution.workflow_id).filter(|_| is_done) {
            // The load may be over before the last run is.
            let _ = self.closed.send(Closed { number, at: Instant::now() });
        }
        Ok(answer.into_inner().workflow_task)
    }

    /// Events of the task, those of further pages included.
    async fn events(
        &self,
        client: &mut Client,
        task: &PollWorkflowTaskQueueResponse,
    ) -> Result<Vec<HistoryEvent>> {
        let mut events = History::decode(task.history.clone().unwrap_or_default())?.events;
        let mut next_page_token = task.next_page_token.clone();
        while !next_page_token.is_empty() {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: self.session.namespace.clone(),
                execution: task.workflow_execution.clone(),
                next_page_token,
                ..Default::default()
            };
            let page =
                client.get_workflow_execution_history(call(request)).await.context("next page")?.into_inner();
            events.extend(History::decode(page.history.unwrap_or_default())?.events);
            next_page_token = page.next_page_token;
        }
        Ok(events)
    }

    /// Notes the events and decides. A history from its first event on replaces what was known.
    fn decide(
        &self,
        run_id: &str,
        events: &[HistoryEvent],
    ) -> (Vec<longhaul_proto::api::command::v1::Command>, bool) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let known = runs.remove(run_id).unwrap_or_default();
        let is_whole = events.first().is_some_and(|event| event.event_id == 1);
        let mut progress = if is_whole { Progress::default() } else { known };
        events.iter().for_each(|event| progress.observe(event));
        let (commands, is_done) = progress.decide(self.plan, &self.session.task_queue);
        if !is_done {
            runs.insert(run_id.to_owned(), progress);
        }
        (commands, is_done)
    }

    async fn activity_task(&self, mut client: Client) -> Result<()> {
        let request = PollActivityTaskQueueRequest {
            namespace: self.session.namespace.clone(),
            task_queue: Some(self.queue()),
            identity: self.session.identity.clone(),
            ..Default::default()
        };
        let task = client.poll_activity_task_queue(poll(request)).await.context("poll")?.into_inner();
        if task.task_token.is_empty() {
            return Ok(());
        }
        let request = RespondActivityTaskCompletedRequest {
            namespace: self.session.namespace.clone(),
            task_token: task.task_token,
            result: Some(payloads()),
            identity: self.session.identity.clone(),
            ..Default::default()
        };
        client.respond_activity_task_completed(call(request)).await.context("complete activity").map(drop)
    }
}

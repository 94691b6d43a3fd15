//! Workers: poll, play programs, do activities. They keep runs in a cache and have sticky queues; some die with a task
//! in hand and come back later with an empty cache and another sticky queue, answer late, answer twice, or answer for
//! an attempt that is over.

mod activities;
mod cache;
mod operations;
mod shares;

use std::{sync::Arc, time::Duration};

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkflowExecution,
        deployment::v1::WorkerDeploymentOptions,
        enums::v1::{
            QueryResultType, TaskQueueKind, VersioningBehavior, WorkerVersioningMode, WorkflowTaskFailedCause,
        },
        history::v1::HistoryEvent,
        query::v1::WorkflowQueryResult,
        taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
        workflowservice::v1::{
            PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
            RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
        },
    },
};
use longhaul_runtime::peers::PeerError;
use parking_lot::Mutex;

use crate::{
    client::PINNED,
    dice::Dice,
    line::{Line, Said},
    player::{Seen, failure, payloads},
    world::{DEPLOYMENT, NAMESPACE_NAME, SECOND, VERSIONED, WORKFLOWS},
};
use cache::Cache;

pub(crate) use activities::work_on_activities;
pub(crate) use cache::decode;
pub(crate) use operations::{handle_operations, workflow_of};
pub(crate) use shares::work_on_shares;

/// A worker of workflow tasks.
struct Worker {
    line: Line,
    dice: Dice,
    name: String,
    cache: Mutex<Cache>,
    is_sticky: bool,
    life: Mutex<Life>,
    /// Its version, if it has one.
    build: Option<String>,
}

/// Which of its lives a worker is in.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Life {
    number: u64,
    /// When it begins.
    from: i64,
}

/// Begins to work on workflow tasks, until the world ends.
pub(crate) fn work_on_workflows(line: &Line, name: &str, build: Option<&str>) {
    let dice = line.world.dice(name);
    let is_sticky = dice.chance(600);
    let worker = Arc::new(Worker {
        line: line.clone(),
        is_sticky,
        name: name.into(),
        cache: Mutex::default(),
        life: Mutex::default(),
        build: build.map(Into::into),
        dice,
    });
    let tasks = &line.world.tasks;
    for _ in 0..2 {
        tasks.spawn("poll", poll(worker.clone(), false));
    }
    if is_sticky {
        tasks.spawn("sticky poll", poll(worker.clone(), true));
    }
}

async fn poll(worker: Arc<Worker>, sticky: bool) {
    let clock = worker.line.world.clock;
    loop {
        let life = *worker.life.lock();
        clock.sleep_until(life.from).await;
        let task_queue = if sticky { worker.sticky_queue(life) } else { worker.normal_queue() };
        let request = PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE_NAME.into(),
            task_queue: Some(task_queue),
            identity: worker.name.clone(),
            deployment_options: worker.deployment(),
            ..Default::default()
        };
        match worker.line.poll(20, request).await {
            Ok(answer) if answer.task_token.is_empty() => {}
            Ok(_) if *worker.life.lock() != life => {
                worker.line.world.say(format_args!("a task comes to {}, which is dead", worker.name));
            }
            Ok(answer) => worker.serve(answer, life).await,
            Err(error) => {
                worker.line.world.say(format_args!("{} gets no task: {error}", worker.name));
                clock.sleep(worker.dice.millis(100, 1000)).await;
            }
        }
    }
}

impl Worker {
    fn queue_name(&self) -> &'static str {
        if self.build.is_some() { VERSIONED } else { WORKFLOWS }
    }

    fn normal_queue(&self) -> TaskQueue {
        let name = self.queue_name().into();
        TaskQueue { name, kind: TaskQueueKind::Normal as i32, normal_name: String::new() }
    }

    fn deployment(&self) -> Option<WorkerDeploymentOptions> {
        Some(WorkerDeploymentOptions {
            deployment_name: DEPLOYMENT.into(),
            build_id: self.build.clone()?,
            worker_versioning_mode: WorkerVersioningMode::Versioned as i32,
        })
    }

    /// What it says of where the next tasks of a run are to go.
    fn behavior(&self, workflow_id: &str) -> VersioningBehavior {
        match &self.build {
            None => VersioningBehavior::Unspecified,
            Some(_) if workflow_id.starts_with(PINNED) => VersioningBehavior::Pinned,
            Some(_) => VersioningBehavior::AutoUpgrade,
        }
    }

    fn sticky_queue(&self, life: Life) -> TaskQueue {
        TaskQueue {
            name: format!("sticky of {} {}", self.name, life.number),
            kind: TaskQueueKind::Sticky as i32,
            normal_name: self.queue_name().into(),
        }
    }

    /// Dies with everything it knows, and is gone for a while.
    fn die(&self) {
        *self.cache.lock() = Cache::default();
        let gone = if self.dice.chance(500) { self.dice.between(1, 40_000) } else { 0 };
        let mut life = self.life.lock();
        life.number += 1;
        life.from = self.line.world.clock.now() + gone as i64 * (SECOND / 1000);
        self.line.world.say(format_args!("{} dies with it for {gone} ms", self.name));
    }

    /// Works on what a poll brought.
    async fn serve(&self, answer: PollWorkflowTaskQueueResponse, life: Life) {
        let world = &self.line.world;
        let Some(execution) = answer.workflow_execution.clone() else { return };
        let is_query = answer.query.is_some();
        world.say(format_args!(
            "{} has {} of {}/{} attempt {}",
            self.name,
            if is_query { "a query" } else { "the workflow task" },
            execution.workflow_id,
            &execution.run_id[..8],
            answer.attempt,
        ));
        if !is_query {
            let task = (execution.run_id.clone(), String::new(), answer.started_event_id, answer.attempt);
            let mut book = world.book.lock();
            *book.handed.entry(task).or_default() += 1;
            if let Some(build) = &self.build {
                book.versioned.insert((execution.run_id.clone(), answer.started_event_id), build.clone());
            }
        }
        let rates = world.faults.rates();
        if self.dice.chance(rates.dies) {
            return self.die();
        }
        let Some(events) = self.history(&answer, &execution).await else { return };
        if is_query {
            return self.answer_query(&answer, &events).await;
        }
        if self.dice.chance(rates.late) {
            world.clock.sleep(self.dice.millis(9_000, 13_000)).await;
        }
        if self.dice.chance(rates.fails) {
            return self.fail(&answer).await;
        }
        if *self.life.lock() == life {
            self.complete(answer, &execution, events, life).await;
        }
    }

    /// The whole history up to the task.
    async fn history(
        &self,
        answer: &PollWorkflowTaskQueueResponse,
        execution: &WorkflowExecution,
    ) -> Option<Vec<HistoryEvent>> {
        let cached = self.cache.lock().get(&execution.run_id);
        match cache::whole(&self.line, &self.dice, answer, execution, cached).await {
            Ok(events) => Some(events),
            Err(PeerError::Corrupt(text)) => {
                self.line.world.accuse(format!("history of {}: {text}", execution.workflow_id));
                None
            }
            Err(_) => None,
        }
    }

    async fn answer_query(&self, answer: &PollWorkflowTaskQueueResponse, events: &[HistoryEvent]) {
        let request = RespondQueryTaskCompletedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: answer.task_token.clone(),
            completed_type: QueryResultType::Answered as i32,
            query_result: Some(payloads(&Seen::of(events).signals)),
            ..Default::default()
        };
        let _ = self.line.poll(5, request).await;
    }

    async fn fail(&self, answer: &PollWorkflowTaskQueueResponse) {
        let request = RespondWorkflowTaskFailedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: answer.task_token.clone(),
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure as i32,
            failure: Some(failure("a bug in the workflow", false)),
            identity: self.name.clone(),
            deployment_options: self.deployment(),
            ..Default::default()
        };
        self.line.insist(&self.dice, 5, request).await;
    }

    async fn complete(
        &self,
        answer: PollWorkflowTaskQueueResponse,
        execution: &WorkflowExecution,
        events: Vec<HistoryEvent>,
        life: Life,
    ) {
        let world = &self.line.world;
        let seen = Seen::of(&events);
        let (commands, messages) = seen.next(execution, &answer.messages);
        let result = |_| WorkflowQueryResult {
            result_type: QueryResultType::Answered as i32,
            answer: Some(payloads(&seen.signals)),
            ..Default::default()
        };
        let sticky = StickyExecutionAttributes {
            worker_task_queue: Some(self.sticky_queue(life)),
            schedule_to_start_timeout: Some(longhaul_kernel::time::to_proto(Duration::from_secs(5))),
        };
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: answer.task_token.clone(),
            commands,
            messages,
            identity: self.name.clone(),
            deployment_options: self.deployment(),
            versioning_behavior: self.behavior(&execution.workflow_id) as i32,
            sticky_attributes: self.is_sticky.then_some(sticky),
            query_results: answer.queries.iter().map(|(id, query)| (id.clone(), result(query))).collect(),
            ..Default::default()
        };
        self.cache.lock().forget(&execution.run_id);
        match self.line.insist(&self.dice, 4, request.clone()).await {
            Said::Yes(completed) => {
                let mut events = events;
                if completed.reset_history_event_id > 0 {
                    // The task was in memory alone, and nothing of it was worth keeping.
                    events.retain(|event| event.event_id <= completed.reset_history_event_id);
                } else {
                    let task = (execution.run_id.clone(), answer.started_event_id);
                    world.book.lock().workflow_tasks.push(task);
                }
                if self.is_sticky && *self.life.lock() == life {
                    self.cache.lock().put(&execution.run_id, events);
                }
                if self.dice.chance(world.faults.rates().again) && self.line.ask(10, request).await.is_ok() {
                    world.accuse(format!(
                        "a workflow task of {}/{} was completed twice",
                        execution.workflow_id, execution.run_id
                    ));
                }
            }
            Said::No(Refusal::NotFound(_)) | Said::Unclear => {}
            Said::No(refusal) => world.say(format_args!("{} is refused: {refusal:?}", self.name)),
        }
    }
}

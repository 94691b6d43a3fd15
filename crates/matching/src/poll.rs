//! A poll from its arrival to its answer, alike for workflow and activity tasks.
// Deprecated fields are still what clients in use read and send.
#![allow(deprecated)]

use std::sync::Arc;

use longhaul_kernel::time::Timestamp;
use longhaul_proto::{
    Refusal,
    api::{enums::v1::TaskQueueKind, taskqueue::v1::TaskQueue, workflowservice::v1 as api},
};
use longhaul_runtime::{
    Place,
    peers::{
        ActivityTaskStarted, Ask, Caller, DirectQuery, HistoryAnswer, HistoryCall, PeerError,
        RecordActivityTaskStarted, RecordWorkflowTaskStarted, TaskAnswer, TaskKind, TaskPoll,
        WorkflowTaskStarted,
    },
};
use uuid::Uuid;

use crate::{
    Matching,
    lease::{Lease, Offer, QueryLease, Started},
    pollers::Poller,
    query::{Asked, Query},
    queue::{Advice, Poll, QueueKey, Workers},
    start,
    sticky::caller_namespace,
    task::Task,
    versions,
};

/// A request of a worker for a task.
pub(crate) trait PollRequest: Send + Sync + Sized {
    /// The kind of task.
    const KIND: TaskKind;
    /// What the worker gets; the default is the empty answer.
    type Answer: Default + Send;
    /// What history is asked.
    type Record: Ask<HistoryCall, HistoryAnswer> + Send;

    /// The queue.
    fn task_queue(&self) -> Option<&TaskQueue>;
    /// The request, for those who keep it.
    fn shared(&self) -> TaskPoll;
    /// What the request tells of its worker.
    fn poller(&self) -> Poller;
    /// The request without what it tells of its worker's build, where runs are not to know it.
    fn without_build(self) -> Self;
    /// Asks to start a task.
    fn record(&self, task: &Task, request_id: String) -> Self::Record;
    /// Asks for what a worker needs to answer a query.
    fn record_query(&self, query: &Query, request_id: String) -> Self::Record;
    /// Takes the answer out of history's; `None` if the task is stale.
    fn answer(started: <Self::Record as Ask<HistoryCall, HistoryAnswer>>::Answer) -> Option<Self::Answer>;
    /// Takes the answer of a task that was started for this poll; `None` if it is of another kind.
    fn started(answer: TaskAnswer) -> Option<Self::Answer>;
    /// Adds what matching knows.
    fn advise(answer: &mut Self::Answer, advice: Advice);
}

impl Matching {
    /// Serves a poll.
    pub(crate) async fn poll<R: PollRequest>(
        &self,
        caller: Caller,
        request: R,
    ) -> Result<R::Answer, PeerError> {
        let poller = request.poller();
        let is_sticky = request.task_queue().is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky);
        let hides = self.hides_build(&caller, request.task_queue(), poller.capabilities.as_ref(), is_sticky);
        let request = if hides { request.without_build() } else { request };
        let poll = self.enter(&caller, &request, poller).await?;
        while let Some(offer) = poll.next().await {
            let answer = match offer {
                Offer::Task(lease) => self.start(&caller, &request, &poll, lease).await,
                Offer::Started(started) => self.hand_out::<R>(&poll, started),
                Offer::Query(lease) => self.hand_over(&caller, &request, &poll, lease).await,
                Offer::Closed => break,
            };
            if let Some(answer) = answer {
                poll.queue.meters.poll_success.increment(1);
                poll.queue.meters.polled(poll.waited());
                return Ok(answer);
            }
            if self.now() >= poll.until() {
                break;
            }
        }
        poll.queue.meters.poll_timeouts.increment(1);
        poll.queue.meters.polled(poll.waited());
        Ok(R::Answer::default())
    }

    async fn enter<R: PollRequest>(
        &self,
        caller: &Caller,
        request: &R,
        poller: Poller,
    ) -> Result<Poll, PeerError> {
        self.enter_queue(caller, request.task_queue(), R::KIND, request.shared(), poller).await
    }

    /// Takes a place among the polls of a queue.
    pub(crate) async fn enter_queue(
        &self,
        caller: &Caller,
        queue: Option<&TaskQueue>,
        kind: TaskKind,
        request: TaskPoll,
        poller: Poller,
    ) -> Result<Poll, PeerError> {
        let queue = queue.ok_or_else(|| Refusal::invalid("TaskQueue is not set on request."))?;
        let is_sticky = queue.kind() == TaskQueueKind::Sticky;
        let namespace = caller_namespace(caller);
        let version = match versions::of_poll(poller.deployment.as_ref(), is_sticky) {
            Some(version) => Some(Workers::Deployment(version)),
            None => self.of_build(namespace, queue, poller.capabilities.as_ref(), is_sticky)?,
        };
        let key = QueueKey { namespace, name: queue.name.as_str().into(), kind, sticky: is_sticky, version };
        let place = Place { namespace: &caller.namespace, task_queue: &queue.name, task_kind: kind };
        let settings = self.settings.at(place);
        let longest = self.now() + settings.poll_wait;
        let asked = caller.deadline.map_or(Timestamp::MAX, Timestamp) - settings.poll_margin;
        self.register(caller, &key).await?;
        let queue = self.queues.load(caller, key)?;
        let leaver = (self.queues.departed.clone(), caller_namespace(caller));
        Ok(Poll::enter(queue, request, poller, leaver, longest.min(asked)))
    }

    /// Answers a poll with the task that was started for it.
    fn hand_out<R: PollRequest>(&self, poll: &Poll, started: Started) -> Option<R::Answer> {
        let mut answer = R::started(started.answer)?;
        poll.queue.meters.matched(true, self.now().since(started.reserved_at));
        R::advise(&mut answer, poll.served(Some(started.priority)));
        Some(answer)
    }

    /// Has a task started for the poll. `None` if it was stale or can't be started: the poll goes on.
    async fn start<R: PollRequest>(
        &self,
        caller: &Caller,
        request: &R,
        poll: &Poll,
        lease: Lease,
    ) -> Option<R::Answer> {
        let matched_after = self.now().since(lease.task().added_at);
        let request_id = self.request_id();
        let queue = &poll.queue.key;
        if lease.is_counted
            && let Err(error) = self.note_running(caller, queue, lease.task()).await
        {
            start::settle(&self.host, lease, &error);
            return None;
        }
        let record = || request.record(lease.task(), request_id.clone());
        let asked = start::ask(&self.host, &self.history, caller, record).await;
        // Whether it runs or not is for history to say, unless the task will be offered again.
        if lease.is_counted && !asked.as_ref().is_err_and(start::is_passing) {
            self.follow_task(caller, queue, lease.task());
        }
        let started = match asked {
            Ok(started) => R::answer(started),
            Err(error) => {
                start::settle(&self.host, lease, &error);
                return None;
            }
        };
        let Some(mut answer) = started else {
            lease.stale();
            return None;
        };
        poll.queue.meters.matched(lease.at_once, matched_after);
        R::advise(&mut answer, poll.served(Some(lease.task().priority)));
        lease.started();
        Some(answer)
    }

    /// Hands a query to the poll. `None` if it can't be answered: its asker is told, and the poll goes on.
    async fn hand_over<R: PollRequest>(
        &self,
        caller: &Caller,
        request: &R,
        poll: &Poll,
        lease: QueryLease,
    ) -> Option<R::Answer> {
        let id = lease.query().id;
        let request_id = self.request_id();
        let record = || request.record_query(lease.query(), request_id.clone());
        let outcome = start::ask(&self.host, &self.history, caller, record).await;
        lease.done();
        match outcome.map(R::answer) {
            Ok(Some(mut answer)) => {
                R::advise(&mut answer, poll.served(None));
                return Some(answer);
            }
            Ok(None) => {
                let refusal = Refusal::not_found("workflow execution not found");
                self.queries.resolve(id, Err(refusal.into()));
            }
            Err(error) => {
                self.queries.resolve(id, Err(error));
            }
        }
        None
    }

    pub(crate) fn request_id(&self) -> String {
        Uuid::from_bytes(self.host.entropy.uuid()).to_string()
    }
}

impl PollRequest for Arc<api::PollWorkflowTaskQueueRequest> {
    const KIND: TaskKind = TaskKind::Workflow;
    type Answer = api::PollWorkflowTaskQueueResponse;
    type Record = RecordWorkflowTaskStarted;

    fn task_queue(&self) -> Option<&TaskQueue> {
        self.task_queue.as_ref()
    }

    fn shared(&self) -> TaskPoll {
        TaskPoll::Workflow(self.clone())
    }

    fn poller(&self) -> Poller {
        Poller {
            identity: self.identity.clone(),
            worker_instance_key: self.worker_instance_key.clone(),
            rate_per_second: None,
            capabilities: self.worker_version_capabilities.clone(),
            deployment: self.deployment_options.clone(),
        }
    }

    fn without_build(mut self) -> Self {
        Arc::make_mut(&mut self).worker_version_capabilities = None;
        self
    }

    fn record(&self, task: &Task, request_id: String) -> Self::Record {
        RecordWorkflowTaskStarted {
            execution: task.execution(),
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            request_id,
            poll: (**self).clone(),
            query: None,
        }
    }

    fn record_query(&self, query: &Query, request_id: String) -> Self::Record {
        let Asked::Query { execution, query: asked } = &query.asked else {
            unreachable!("Nexus requests go to queues of Nexus tasks only: {:?}", query.id)
        };
        RecordWorkflowTaskStarted {
            execution: execution.clone(),
            scheduled_event_id: 0,
            attempt: 0,
            request_id,
            poll: (**self).clone(),
            query: Some(DirectQuery { token: query.token.clone(), query: asked.clone() }),
        }
    }

    fn answer(started: WorkflowTaskStarted) -> Option<Self::Answer> {
        started.answer
    }

    fn started(answer: TaskAnswer) -> Option<Self::Answer> {
        match answer {
            TaskAnswer::Workflow(answer) => Some(*answer),
            TaskAnswer::Activity(_) => None,
        }
    }

    fn advise(answer: &mut Self::Answer, advice: Advice) {
        answer.backlog_count_hint = advice.backlog;
        answer.poller_scaling_decision = advice.scaling;
    }
}

impl PollRequest for Arc<api::PollActivityTaskQueueRequest> {
    const KIND: TaskKind = TaskKind::Activity;
    type Answer = api::PollActivityTaskQueueResponse;
    type Record = RecordActivityTaskStarted;

    fn task_queue(&self) -> Option<&TaskQueue> {
        self.task_queue.as_ref()
    }

    fn shared(&self) -> TaskPoll {
        TaskPoll::Activity(self.clone())
    }

    fn poller(&self) -> Poller {
        Poller {
            identity: self.identity.clone(),
            worker_instance_key: self.worker_instance_key.clone(),
            rate_per_second: self
                .task_queue_metadata
                .as_ref()
                .and_then(|metadata| metadata.max_tasks_per_second),
            capabilities: self.worker_version_capabilities.clone(),
            deployment: self.deployment_options.clone(),
        }
    }

    /// Their events tell it, whatever led them.
    fn without_build(self) -> Self {
        self
    }

    fn record(&self, task: &Task, request_id: String) -> Self::Record {
        RecordActivityTaskStarted {
            execution: task.execution(),
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            stamp: task.stamp,
            request_id,
            poll: (**self).clone(),
        }
    }

    fn record_query(&self, query: &Query, _: String) -> Self::Record {
        unreachable!("queries go to queues of workflow tasks only: {:?}", query.id)
    }

    fn answer(started: ActivityTaskStarted) -> Option<Self::Answer> {
        started.answer
    }

    fn started(answer: TaskAnswer) -> Option<Self::Answer> {
        match answer {
            TaskAnswer::Activity(answer) => Some(*answer),
            TaskAnswer::Workflow(_) => None,
        }
    }

    fn advise(answer: &mut Self::Answer, advice: Advice) {
        answer.poller_scaling_decision = advice.scaling;
    }
}

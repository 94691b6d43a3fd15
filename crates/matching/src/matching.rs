//! The room itself: what it is made of, and which of its parts answers which call.

use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use longhaul_kernel::{deployment::VersionName, time::Timestamp};
use longhaul_proto::{ExhaustedCause, ExhaustedScope, Refusal};
use longhaul_runtime::{
    Host, Live, Rate,
    peers::{
        AddTask, Answering, Caller, DispatchQuery, ForgetNamespace, Forgotten, History, Matching as Peer,
        MatchingAnswer, MatchingCall, PeerError, QueryOutcome, QueueRoutes, Reserved, TaskAdded, TaskKind,
    },
};
use longhaul_store::Spill;

use crate::{
    Settings,
    builds::Wanted,
    configs::Configs,
    describe,
    query::Queries,
    queue::{Queue, QueueKey},
    queues::Queues,
    running::Running,
    sticky::{self, caller_namespace},
    task::Task,
    versioning,
    versions::Routing,
    workers::Workers,
};

/// Owns task queues.
///
/// A query for a sticky queue that no worker serves is refused with `Unavailable` ("sticky worker unavailable"), so
/// that `history` turns to the normal queue at once; a task for such a queue is answered with
/// [`TaskAdded::sticky_worker_unavailable`].
pub struct Matching {
    pub(crate) host: Host,
    pub(crate) history: Arc<dyn History>,
    pub(crate) settings: Live<Settings>,
    rate: Rate,
    pub(crate) queries: Arc<Queries>,
    pub(crate) queues: Queues,
    pub(crate) configs: Arc<Configs>,
    pub(crate) running: Arc<Running>,
    pub(crate) this: Weak<Self>,
    pub(crate) workers: Workers,
    pub(crate) routing: Routing,
}

impl Matching {
    /// Opens the room, without any tasks: `history` adds those that wait. Must be called inside of a tokio runtime.
    pub fn new(
        host: Host,
        history: Arc<dyn History>,
        configs: Configs,
        spill: Arc<dyn Spill>,
        settings: impl Into<Live<Settings>>,
    ) -> Arc<Self> {
        let settings = settings.into();
        let queries = Arc::new(Queries::new(host.clone(), &settings.general()));
        let configs = Arc::new(configs);
        let running = Arc::new(Running::new(configs.store()));
        let limits = (configs.clone(), running.clone());
        let queues = Queues::new(host.clone(), settings.clone(), spill, queries.clone(), limits);
        let matching = Arc::new_cyclic(|this| Self {
            this: this.clone(),
            running,
            host,
            history,
            settings,
            rate: Rate::default(),
            queries,
            queues,
            configs,
            workers: Workers::default(),
            routing: Routing::default(),
        });
        matching.host.tasks.spawn("matching sweep", sweep(Arc::downgrade(&matching)));
        matching
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.host.clock.now())
    }

    fn add(&self, caller: &Caller, add: AddTask) -> Result<TaskAdded, PeerError> {
        let task = Task::parse(&add, self.now())?;
        let kind = TaskKind::try_from(add.kind).map_err(|_| Refusal::invalid("TaskKind is unknown."))?;
        let key = QueueKey {
            namespace: caller_namespace(caller),
            name: add.task_queue.as_str().into(),
            kind,
            sticky: add.sticky,
            version: None,
        };
        if self.is_for_newer(key.namespace, &add) {
            return Ok(TaskAdded { sticky_worker_unavailable: true });
        }
        let key = self.led_task(key, &add);
        match self.served(caller, key)? {
            Some(queue) => {
                queue.add(task);
                Ok(TaskAdded { sticky_worker_unavailable: false })
            }
            None => Ok(TaskAdded { sticky_worker_unavailable: true }),
        }
    }

    async fn query(&self, caller: Caller, request: DispatchQuery) -> Result<QueryOutcome, PeerError> {
        let key = QueueKey {
            namespace: caller_namespace(&caller),
            name: request.task_queue.as_str().into(),
            kind: TaskKind::Workflow,
            sticky: request.sticky,
            version: None,
        };
        let pinned = request.pinned.as_ref().map(VersionName::of);
        let wanted = Wanted::read(&request.build, request.is_new);
        let by_build = (request.execution.run_id.as_str(), &wanted);
        let key = self.led(key, &request.execution.workflow_id, pinned, false, by_build);
        let queue = self
            .served(&caller, key)?
            .ok_or_else(|| Refusal::Unavailable("sticky worker unavailable".into()))?;
        self.queries.dispatch(&caller, queue, request).await
    }

    /// The queue; `None` for a sticky queue that no worker serves.
    fn served(&self, caller: &Caller, key: QueueKey) -> Result<Option<Arc<Queue>>, PeerError> {
        if key.sticky {
            return Ok(self.queues.find(&key).filter(|queue| queue.has_worker()));
        }
        self.queues.load(caller, key).map(Some)
    }

    /// Refuses one call too many to this process.
    fn admit(&self) -> Result<(), Refusal> {
        let rps = self.settings.read("", |settings| settings.rps);
        if !rps.is_finite() || self.rate.admits(self.now().0, rps, rps.max(1.0)) {
            return Ok(());
        }
        Err(Refusal::ResourceExhausted {
            message: "service rate limit exceeded".into(),
            cause: ExhaustedCause::RpsLimit,
            scope: ExhaustedScope::System,
        })
    }

    async fn answer(&self, caller: Caller, call: MatchingCall) -> Result<MatchingAnswer, PeerError> {
        self.admit()?;
        Ok(match call {
            MatchingCall::AddTask(add) => MatchingAnswer::AddTask(self.add(&caller, add)?),
            MatchingCall::PollWorkflow(poll) => {
                MatchingAnswer::PollWorkflow(self.poll(caller, Arc::new(poll)).await?)
            }
            MatchingCall::PollActivity(poll) => {
                MatchingAnswer::PollActivity(self.poll(caller, Arc::new(poll)).await?)
            }
            MatchingCall::Query(query) => MatchingAnswer::Query(self.query(caller, query).await?),
            MatchingCall::QueryCompleted(answer) => {
                MatchingAnswer::QueryCompleted(self.queries.complete(&caller, answer)?)
            }
            MatchingCall::PollNexus(poll) => MatchingAnswer::PollNexus(self.poll_nexus(caller, poll).await?),
            MatchingCall::Nexus(request) => MatchingAnswer::Nexus(self.nexus(caller, request).await?),
            MatchingCall::NexusCompleted(answer) => {
                MatchingAnswer::NexusCompleted(self.nexus_completed(&caller, answer)?)
            }
            MatchingCall::NexusFailed(answer) => {
                MatchingAnswer::NexusFailed(self.nexus_failed(&caller, answer)?)
            }
            MatchingCall::Describe(request) => {
                MatchingAnswer::Describe(describe::describe(self, &caller, &request)?)
            }
            MatchingCall::ListPartitions(request) => {
                MatchingAnswer::ListPartitions(describe::partitions(self, &request))
            }
            MatchingCall::DescribeVersion(request) => {
                MatchingAnswer::DescribeVersion(describe::version_queue(self, &caller, &request))
            }
            MatchingCall::Versioning(call) => {
                MatchingAnswer::Versioning(versioning::versioning(self, &caller, &call).await?)
            }
            MatchingCall::ShutdownWorker(mut request) => {
                self.record_heartbeats(&caller, request.worker_heartbeat.take());
                sticky::shut_down(&self.queues, &caller, &request);
                MatchingAnswer::ShutdownWorker(Default::default())
            }
            MatchingCall::ForgetNamespace(ForgetNamespace {}) => {
                self.queues.forget(caller_namespace(&caller));
                self.workers.forget(&caller);
                self.configs.forget(caller_namespace(&caller)).await?;
                MatchingAnswer::ForgetNamespace(Forgotten {})
            }
            MatchingCall::UpdateConfig(request) => {
                MatchingAnswer::UpdateConfig(describe::update_config(self, &caller, &request).await?)
            }
            MatchingCall::RecordHeartbeats(request) => {
                self.record_heartbeats(&caller, request.worker_heartbeat);
                MatchingAnswer::RecordHeartbeats(Default::default())
            }
            MatchingCall::ListWorkers(request) => {
                MatchingAnswer::ListWorkers(self.list_workers(&caller, &request)?)
            }
            MatchingCall::CountWorkers(request) => {
                MatchingAnswer::CountWorkers(self.count_workers(&caller, &request)?)
            }
            MatchingCall::DescribeWorker(request) => {
                MatchingAnswer::DescribeWorker(self.describe_worker(&caller, &request)?)
            }
        })
    }
}

impl Peer for Matching {
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer> {
        self.answer(caller, call).boxed()
    }

    fn reserve(&self, caller: &Caller, task: &AddTask) -> Option<Reserved> {
        let key = QueueKey {
            namespace: caller_namespace(caller),
            name: task.task_queue.as_str().into(),
            kind: TaskKind::try_from(task.kind).ok()?,
            sticky: task.sticky,
            version: None,
        };
        if self.is_for_newer(key.namespace, task) {
            return None;
        }
        let key = self.led_task(key, task);
        let (kept, poll) = self.queues.find(&key)?.reserve(task.priority.as_ref())?;
        Some(Reserved::new(self.request_id(), poll, move |answer| kept.serve(answer)))
    }

    fn route(&self, caller: &Caller, routes: QueueRoutes) {
        self.take_route(caller, routes);
    }
}

/// Looks after the queues for as long as the room exists.
async fn sweep(room: Weak<Matching>) {
    while let Some(matching) = room.upgrade() {
        matching.queues.sweep();
        matching.workers.expire(matching.settings.general().workers(), matching.now());
        let (clock, interval) = (matching.host.clock, matching.settings.general().sweep_interval);
        drop(matching);
        clock.sleep(interval).await;
    }
}

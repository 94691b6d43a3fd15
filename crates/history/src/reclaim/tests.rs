//! Namespaces and closed runs that go, on a clock that the test holds.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, SLOTS, Slot},
    namespace::{Namespace, Rules},
    run::Branch,
    time::Timestamp,
    visibility::Query,
};
use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    namespace::v1::NamespaceConfig,
    schedule::v1::{IntervalSpec, Schedule, ScheduleAction, ScheduleSpec, schedule_action},
    taskqueue::v1::TaskQueue,
    workflow::v1::NewWorkflowExecutionInfo,
    workflowservice::v1::{
        CreateScheduleRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
        UpdateNamespaceRequest,
    },
};
use longhaul_runtime::{
    Host,
    peers::{
        self, Answering, Caller, HistoryAnswer, HistoryCall, Matching, MatchingAnswer, MatchingCall,
        PeerError, TaskAdded,
    },
};
use longhaul_store::{
    Archive, Direction, EventRange, MemoryStore, ShardId, ShardRange, Store, namespaces::Directory,
};
use parking_lot::Mutex;

use crate::{History, Settings};

pub const NAMESPACE: NamespaceId = NamespaceId::from_bytes([7; 16]);
const OTHER: NamespaceId = NamespaceId::from_bytes([8; 16]);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const MINUTE: Duration = Duration::from_secs(60);

/// Takes every task, gives it to nobody, and notes the namespaces that are gone.
#[derive(Default)]
struct Sink {
    forgotten: Mutex<Vec<NamespaceId>>,
}

impl Matching for Sink {
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer> {
        async move {
            Ok(match call {
                MatchingCall::ForgetNamespace(_) => {
                    self.forgotten.lock().push(NamespaceId::from_bytes(caller.namespace_id));
                    MatchingAnswer::ForgetNamespace(peers::Forgotten {})
                }
                _ => MatchingAnswer::AddTask(TaskAdded::default()),
            })
        }
        .boxed()
    }
}

/// A store and whoever owns its shards.
pub struct World {
    host: Host,
    store: Arc<MemoryStore>,
    pub directory: Arc<Directory>,
    matching: Arc<Sink>,
    history: Option<Arc<dyn peers::History>>,
    archive: Option<Arc<dyn Archive>>,
}

impl World {
    /// A world with two namespaces that keep closed runs for an hour. The clock is tokio's, which is paused.
    pub async fn new() -> Self {
        Self::with_archive(None).await
    }

    /// The same with an archive.
    pub async fn with_archive(archive: Option<Arc<dyn Archive>>) -> Self {
        let host = Host::simulated(1, 1_700_000_000_000_000_000);
        let store = Arc::new(MemoryStore::new());
        let directory = Arc::new(Directory::new(store.clone()));
        let now = Timestamp(host.clock.now());
        for (id, name) in [(NAMESPACE, "shop"), (OTHER, "other")] {
            assert!(directory.create(Namespace::built_in(id, name, HOUR, now)).await.unwrap());
        }
        let mut world = Self { host, store, directory, matching: Arc::default(), history: None, archive };
        world.open().await;
        world
    }

    /// A new owner of the shards, which knows only what is stored.
    pub async fn open(&mut self) {
        self.history = None;
        self.host = Host { tasks: longhaul_runtime::Tasks::default(), ..self.host.clone() };
        self.directory = Arc::new(Directory::new(self.store.clone()));
        let history = History::start_with(
            self.host.clone(),
            self.store.clone(),
            self.directory.clone(),
            self.matching.clone(),
            Settings::default(),
            self.archive.clone(),
        );
        self.history = Some(history.await.unwrap());
    }

    /// The owner ends, as a process does that is killed.
    pub fn crash(&mut self) {
        self.host.tasks.stop();
        self.history = None;
    }

    fn caller(&self, namespace: NamespaceId) -> Caller {
        crate::duties::internal_caller(namespace, String::new())
    }

    pub async fn start(&self, namespace: NamespaceId, id: &str) -> RunId {
        let request = StartWorkflowExecutionRequest {
            workflow_id: id.into(),
            workflow_type: Some(WorkflowType { name: "type".into() }),
            task_queue: Some(TaskQueue { name: "queue".into(), ..TaskQueue::default() }),
            request_id: format!("start {id}"),
            ..StartWorkflowExecutionRequest::default()
        };
        let history = self.history.as_ref().unwrap();
        let started = history.ask(self.caller(namespace), request).await.unwrap();
        RunId::parse(&started.run_id).unwrap()
    }

    pub async fn close(&self, namespace: NamespaceId, id: &str) {
        let request = TerminateWorkflowExecutionRequest {
            workflow_execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: String::new() }),
            ..TerminateWorkflowExecutionRequest::default()
        };
        self.history.as_ref().unwrap().ask(self.caller(namespace), request).await.unwrap();
    }

    /// Asks for something in the first namespace.
    pub async fn ask<A: peers::Ask<HistoryCall, HistoryAnswer>>(
        &self,
        request: A,
    ) -> Result<A::Answer, PeerError> {
        self.history.as_ref().unwrap().ask(self.caller(NAMESPACE), request).await
    }

    async fn schedule(&self, namespace: NamespaceId, id: &str) {
        let interval = IntervalSpec {
            interval: Some(prost_types::Duration { seconds: 600, nanos: 0 }),
            ..IntervalSpec::default()
        };
        let start = NewWorkflowExecutionInfo {
            workflow_id: "scheduled".into(),
            workflow_type: Some(WorkflowType { name: "type".into() }),
            task_queue: Some(TaskQueue { name: "queue".into(), ..TaskQueue::default() }),
            ..NewWorkflowExecutionInfo::default()
        };
        let request = CreateScheduleRequest {
            schedule_id: id.into(),
            request_id: format!("create {id}"),
            schedule: Some(Schedule {
                spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
                action: Some(ScheduleAction { action: Some(schedule_action::Action::StartWorkflow(start)) }),
                ..Schedule::default()
            }),
            ..CreateScheduleRequest::default()
        };
        self.history.as_ref().unwrap().ask(self.caller(namespace), request).await.unwrap();
    }

    async fn keep_for(&self, retention: Duration) {
        let config = NamespaceConfig {
            workflow_execution_retention_ttl: Some(longhaul_kernel::time::to_proto(retention)),
            ..NamespaceConfig::default()
        };
        let request = UpdateNamespaceRequest { config: Some(config), ..UpdateNamespaceRequest::default() };
        let now = Timestamp(self.host.clock.now());
        self.directory
            .change("shop", |namespace| namespace.update(&request, &Rules::default(), now).map(drop))
            .await
            .unwrap();
    }

    pub async fn delete(&self, name: &str) {
        let namespace = self.directory.by_name(name).await.unwrap().unwrap();
        self.directory.delete(&namespace).await.unwrap();
    }

    /// What is left of a namespace: runs, rows, wakes and duties.
    pub async fn left(&self, namespace: NamespaceId) -> [usize; 4] {
        let all = Arc::new(Query::everything());
        let runs = self.store.runs(namespace, Slot(0), Slot(SLOTS - 1), None, 1000).await.unwrap();
        let mut rows = 0;
        for kind in Kind::ALL {
            rows += self.store.list(namespace, kind, all.clone(), None, 1000).await.unwrap().len();
        }
        let mut wakes = 0;
        for slot in 0..SLOTS {
            let found = self.store.wakes(Slot(slot), Timestamp::MAX, None, 1000).await.unwrap();
            wakes += found.iter().filter(|wake| wake.run.execution.namespace == namespace).count();
        }
        let range = ShardRange { shard: ShardId(0), first: Slot(0), last: Slot(SLOTS - 1) };
        let duties = self.store.outbox(range, None, 1000).await.unwrap();
        let duties = duties.iter().filter(|row| row.run.execution.namespace == namespace).count();
        [runs.len(), rows, wakes, duties]
    }

    /// Whether a run's history is stored.
    pub async fn has_history(&self, namespace: NamespaceId, id: &str, run: RunId) -> bool {
        let slot = longhaul_kernel::ids::ExecutionKey::workflow(namespace, id).slot();
        let range = EventRange { from: 1, to: i64::MAX };
        let read = self.store.history(slot, BranchId::from(run), range, Direction::Forward, 1);
        !read.await.unwrap().is_empty()
    }

    /// First events of the batches that are stored as a run's own; the last one is that of the last event.
    pub async fn own_events(&self, id: &str, run: RunId) -> Vec<i64> {
        let slot = ExecutionKey::workflow(NAMESPACE, id).slot();
        let range = EventRange { from: 1, to: i64::MAX };
        let read = self.store.history(slot, BranchId::from(run), range, Direction::Forward, usize::MAX);
        let batches = read.await.unwrap();
        batches
            .iter()
            .map(|batch| batch.first_event)
            .chain(batches.last().map(|last| last.last_event))
            .collect()
    }

    fn key(id: &str, run: RunId) -> RunKey {
        RunKey { execution: ExecutionKey::workflow(NAMESPACE, id), run }
    }

    /// What a run shares.
    pub async fn shares(&self, id: &str, run: RunId) -> Vec<Branch> {
        self.store.shares(Self::key(id, run)).await.unwrap()
    }

    /// Who shares a run's events.
    pub async fn sharers(&self, id: &str, run: RunId) -> Vec<(RunId, i64)> {
        self.store.sharers(Self::key(id, run), 100).await.unwrap()
    }

    pub async fn sleep(&self, length: Duration) {
        self.host.clock.sleep(length).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_run_goes_within_a_minute_of_its_time() {
    let world = World::new().await;
    let closed = world.start(NAMESPACE, "closed").await;
    let open = world.start(NAMESPACE, "open").await;
    world.close(NAMESPACE, "closed").await;
    world.sleep(HOUR - Duration::from_secs(1)).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [2, 2]);
    assert!(world.has_history(NAMESPACE, "closed", closed).await);
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [1, 1]);
    assert!(!world.has_history(NAMESPACE, "closed", closed).await);
    assert!(world.has_history(NAMESPACE, "open", open).await, "an open run has no such time");
}

#[tokio::test(start_paused = true)]
async fn a_restart_changes_nothing_about_it() {
    let mut world = World::new().await;
    world.start(NAMESPACE, "early").await;
    world.start(NAMESPACE, "late").await;
    world.close(NAMESPACE, "early").await;
    world.sleep(HOUR / 2).await;
    world.close(NAMESPACE, "late").await;
    world.crash();
    world.sleep(HOUR / 4).await;
    world.open().await;
    world.sleep(HOUR / 4 - Duration::from_secs(1)).await;
    assert_eq!(world.left(NAMESPACE).await[0], 2);
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await[0], 1);
    world.crash();
    world.sleep(2 * HOUR).await;
    assert_eq!(world.left(NAMESPACE).await[0], 1, "nobody was there to remove it");
    world.open().await;
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_longer_retention_holds_for_runs_that_have_closed_before() {
    let world = World::new().await;
    world.start(NAMESPACE, "w").await;
    world.close(NAMESPACE, "w").await;
    world.keep_for(3 * HOUR).await;
    world.sleep(3 * HOUR - Duration::from_secs(1)).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [1, 1]);
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_retention_holds_for_runs_that_have_closed_before() {
    let mut world = World::new().await;
    world.keep_for(100 * HOUR).await;
    world.start(NAMESPACE, "first").await;
    world.start(NAMESPACE, "second").await;
    world.start(NAMESPACE, "open").await;
    world.close(NAMESPACE, "first").await;
    world.sleep(3 * HOUR).await;
    world.close(NAMESPACE, "second").await;
    world.keep_for(2 * HOUR).await;
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [2, 2], "one was due at once");
    // That it is looked for is known after a restart too.
    world.crash();
    world.open().await;
    world.sleep(2 * HOUR - MINUTE - Duration::from_secs(1)).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [2, 2]);
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [1, 1], "the other one at its time");
}

/// What a namespace may hold.
async fn fill(world: &World, namespace: NamespaceId) -> Vec<RunId> {
    let mut runs = Vec::new();
    for index in 0..20 {
        runs.push(world.start(namespace, &format!("w{index}")).await);
        if index % 2 == 0 {
            world.close(namespace, &format!("w{index}")).await;
        }
    }
    world.schedule(namespace, "s").await;
    // Long enough for a run of the schedule.
    world.sleep(11 * MINUTE).await;
    runs
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_deleted_namespace() {
    let world = World::new().await;
    let runs = fill(&world, NAMESPACE).await;
    fill(&world, OTHER).await;
    let others = world.left(OTHER).await;
    assert!(world.left(NAMESPACE).await[0] >= 22);
    world.delete("shop").await;
    assert!(world.directory.by_name("shop").await.unwrap().is_none(), "the name is free at once");
    let again = Namespace::built_in(NamespaceId::from_bytes([9; 16]), "shop", HOUR, Timestamp(0));
    assert!(world.directory.create(again).await.unwrap());
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
    for (index, run) in runs.into_iter().enumerate() {
        assert!(!world.has_history(NAMESPACE, &format!("w{index}"), run).await);
    }
    assert!(world.directory.by_id(NAMESPACE).await.unwrap().is_none(), "the record goes last");
    assert!(world.matching.forgotten.lock().contains(&NAMESPACE), "the task queues were told");
    assert_eq!(world.left(OTHER).await[0], others[0], "another namespace keeps what it has");
    let names: Vec<String> =
        world.directory.page(None, 10).await.unwrap().iter().map(|one| one.name.clone()).collect();
    assert_eq!(names, ["other", "shop"]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_between_only_delays_it() {
    let mut world = World::new().await;
    fill(&world, NAMESPACE).await;
    let namespace = world.directory.by_name("shop").await.unwrap().unwrap();
    world.crash();
    // As a crash leaves it that comes between the two writes of a deletion.
    let name = namespace.names_when_deleted().next().unwrap();
    let deleted = longhaul_kernel::namespace::State::Deleted;
    let renamed = Namespace { name, state: deleted, ..(*namespace).clone() };
    assert!(world.directory.create(renamed).await.unwrap());
    world.open().await;
    // Another crash, while runs are being removed.
    tokio::task::yield_now().await;
    world.crash();
    world.open().await;
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
    assert!(world.directory.by_name("shop").await.unwrap().is_none());
    assert!(world.directory.by_id(NAMESPACE).await.unwrap().is_none());
}

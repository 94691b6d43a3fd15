//! Duties that a crash has left: a store is written as a crash leaves it, and a new owner of the shards goes on.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use longhaul_kernel::{
    context::{Context, Limits},
    ids::{NamespaceId, RunId, SLOTS, Slot},
    machine::{Draw, Machine as _},
    namespace::Namespace,
    run::{
        DutyId, Effects, Input, LastWorker, ParentPlace, Run, StartOrigin, TaskRef, Termination, What,
        WorkflowTaskCompletion, WorkflowTaskStart, from_request,
    },
    time::Timestamp,
    visibility::Attributes,
};
use longhaul_proto::api::{
    command::v1::{Command, StartChildWorkflowExecutionCommandAttributes, command},
    common::v1::WorkflowType,
    enums::v1::{CommandType, ParentClosePolicy, WorkflowExecutionStatus as Status},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest,
    },
};
use longhaul_runtime::{
    Host,
    peers::{Answering, Caller, Matching, MatchingAnswer, MatchingCall, TaskAdded},
};
use longhaul_store::{
    CurrentWrite, Fence, MemoryStore, ShardId, ShardRange, Store, VisibilityWrite, Write,
    namespaces::Directory,
};

use crate::{
    History, Settings,
    cell::Target,
    loaded::Loaded,
    pending::{Origin, Steps},
};

pub const NAMESPACE: NamespaceId = NamespaceId::from_bytes([7; 16]);

/// How long something may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes every task and gives it to nobody.
pub struct Sink;

impl Matching for Sink {
    fn call(&self, _: Caller, _: MatchingCall) -> Answering<'_, MatchingAnswer> {
        async { Ok(MatchingAnswer::AddTask(TaskAdded::default())) }.boxed()
    }
}

/// A store, and what is needed to write runs to it as an owner of its shards would.
struct World {
    store: Arc<MemoryStore>,
    fence: Fence,
    context: Arc<Context>,
    at: Timestamp,
    draw: Draw,
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let at = Timestamp(Host::system().clock.now());
        let namespace = Namespace::built_in(NAMESPACE, "default", Duration::from_secs(3600), at);
        Directory::new(store.clone()).create(namespace).await.expect("a new namespace");
        let all = ShardRange { shard: ShardId(0), first: Slot(0), last: Slot(SLOTS - 1) };
        let fence = store.fence(all).await.expect("a first owner");
        let context = Context {
            namespace: "default".into(),
            other_namespaces: Arc::default(),
            retention: Duration::from_secs(3600),
            archives: false,
            endpoints: Arc::default(),
            limits: Arc::new(Limits::default()),
            attributes: Arc::new(Attributes::system()),
            routes: Arc::default(),
            rules: Arc::default(),
        };
        Self { store, fence, context: Arc::new(context), at, draw: Draw::new(7) }
    }

    async fn commit(&self, write: Write) {
        self.store.commit(self.fence, vec![write]).await.expect("the only owner");
    }

    /// Writes a new run.
    async fn begin(&mut self, workflow_id: &str, request_id: &str, parent: Option<ParentPlace>) -> Loaded {
        let request = StartWorkflowExecutionRequest {
            workflow_id: workflow_id.into(),
            workflow_type: Some(WorkflowType { name: "type".into() }),
            task_queue: Some(queue()),
            request_id: request_id.into(),
            ..StartWorkflowExecutionRequest::default()
        };
        let origin = StartOrigin { parent, ..StartOrigin::default() };
        let run_id = RunId::from_bytes(self.draw.uuid());
        let start = from_request(request, origin, NAMESPACE, run_id, self.at, &self.context);
        let (run, effects) = Run::begin(start, &self.context, self.at, &mut self.draw);
        let mut loaded = Loaded::created(run);
        self.write(&mut loaded, effects, Origin::default()).await;
        loaded
    }

    async fn step(&mut self, loaded: &mut Loaded, what: What) {
        let origin = Origin::of(&loaded.run);
        let input = Input { context: self.context.clone(), what, state_bytes: 0 };
        let effects = loaded.run.step(input, self.at, &mut self.draw).expect("allowed");
        self.write(loaded, effects, origin).await;
    }

    async fn write(&self, loaded: &mut Loaded, mut effects: Effects, origin: Origin) {
        let settings = Settings::default();
        let mut steps = Steps::new(loaded.id(), origin);
        let history = loaded.note(&effects.changes, &settings);
        if effects.visible {
            steps.visibility = VisibilityWrite::Put(Box::new(loaded.run.row(&self.context)));
        }
        steps.current = CurrentWrite::Put(loaded.current());
        steps.add(&mut effects, history);
        self.commit(loaded.write(steps, &settings)).await;
    }
}

fn queue() -> TaskQueue {
    TaskQueue { name: "q".into(), ..TaskQueue::default() }
}

fn child(policy: ParentClosePolicy) -> Command {
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: format!("{policy:?}"),
        workflow_type: Some(WorkflowType { name: "type".into() }),
        task_queue: Some(queue()),
        parent_close_policy: policy as i32,
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    Command {
        command_type: CommandType::StartChildWorkflowExecution as i32,
        attributes: Some(command::Attributes::StartChildWorkflowExecutionCommandAttributes(attributes)),
        ..Command::default()
    }
}

const POLICIES: [ParentClosePolicy; 3] =
    [ParentClosePolicy::Terminate, ParentClosePolicy::RequestCancel, ParentClosePolicy::Abandon];

/// A parent that has closed while its children were being started, as a crash leaves it: the children are there, and
/// the parent has not heard of them. One more child was not started.
async fn closed_parent(world: &mut World) {
    let mut parent = world.begin("parent", "start", None).await;
    let start = WorkflowTaskStart {
        scheduled_event_id: 2,
        attempt: 1,
        request_id: "poll".into(),
        poll: Arc::new(PollWorkflowTaskQueueRequest { task_queue: Some(queue()), ..Default::default() }),
    };
    world.step(&mut parent, What::WorkflowTaskStarted(start)).await;
    let mut commands: Vec<Command> = POLICIES.map(child).into();
    commands.push(child(ParentClosePolicy::Unspecified));
    let completion = WorkflowTaskCompletion {
        task: TaskRef {
            scheduled_event_id: 2,
            started_event_id: 3,
            started_at: world.at,
            attempt: 1,
            request: RespondWorkflowTaskCompletedRequest { commands, ..Default::default() },
        },
        worker: LastWorker { sdk_name: String::new(), sdk_version: String::new() },
        overflows: false,
    };
    world.step(&mut parent, What::WorkflowTaskCompleted(Box::new(completion))).await;
    for (event, policy) in (5..).zip(POLICIES) {
        let place = ParentPlace {
            execution: parent.run.execution(),
            namespace: "default".into(),
            namespace_id: NAMESPACE,
            initiated_event_id: event,
            root: parent.run.execution(),
            time_skipping: None,
        };
        let request_id = parent.run.children[&event].request_id.clone();
        world.begin(&format!("{policy:?}"), &request_id, Some(place)).await;
    }
    world.step(&mut parent, What::Terminate(Termination::default())).await;
    let owed: Vec<DutyId> = parent.run.duties.iter().copied().collect();
    assert_eq!(owed, [5, 6, 7, 8].map(DutyId::StartChild));
}

/// Waits until a run is as it should be.
async fn until(history: &History, workflow_id: &str, ready: fn(&Run) -> bool) {
    let key = longhaul_kernel::ids::ExecutionKey::workflow(NAMESPACE, workflow_id);
    let shard = history.room().shard(&key).expect("it is open");
    let mut commits = shard.listen(key.clone());
    let waiting = async {
        while !shard
            .ask(key.clone(), Target::Current, move |turn| Ok(ready(&turn.loaded()?.run)))
            .await
            .expect("the run is there")
        {
            commits.changed().await.expect("the shard is there");
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(outcome.is_ok(), "{workflow_id} never becomes what it should be");
}

async fn settles_children() {
    let mut world = World::new().await;
    closed_parent(&mut world).await;
    let store: Arc<dyn Store> = world.store.clone();
    let directory = Arc::new(Directory::new(store.clone()));
    let history = History::start(Host::system(), store, directory, Arc::new(Sink), Settings::default())
        .await
        .expect("it takes over");
    until(&history, "Terminate", |run| run.status() == Status::Terminated).await;
    until(&history, "RequestCancel", |run| run.cancel_request.is_some() && run.workflow_task.is_some()).await;
    until(&history, "Abandon", |run| run.is_running() && run.workflow_task.is_some()).await;
    until(&history, "parent", |run| run.duties.is_empty()).await;
    let key = longhaul_kernel::ids::ExecutionKey::workflow(NAMESPACE, "Unspecified");
    assert_eq!(world.store.current(key).await.expect("readable"), None, "this child is never started");
}

#[test]
fn children_whose_parent_closed_before_it_heard_of_them_are_settled_after_a_crash() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(settles_children());
}

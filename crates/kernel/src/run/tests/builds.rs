//! Builds of workers in the older forms of versioning: what a run is bound to, and that this is stored.
#![allow(deprecated)]

use std::sync::Arc;

use longhaul_proto::api::{
    common::v1::{WorkerVersionCapabilities, WorkerVersionStamp},
    history::v1::WorkflowExecutionStartedEventAttributes,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest},
};

use super::beginning;
use crate::{
    codec,
    context::Context,
    machine::{Draw, Machine as _},
    run::{
        Input, LastWorker, Reply, Run, Signal, TaskRef, WantedBuild, What, WorkflowTaskCompletion,
        WorkflowTaskStart,
    },
    time::Timestamp,
};

struct World {
    run: Run,
    context: Arc<Context>,
    clock: i64,
}

impl World {
    fn new(attributes: WorkflowExecutionStartedEventAttributes) -> Self {
        let context = Arc::new(beginning::context());
        let queue = TaskQueue { name: "q".into(), kind: 1, normal_name: String::new() };
        let attributes = WorkflowExecutionStartedEventAttributes { task_queue: Some(queue), ..attributes };
        let start = beginning::start(attributes);
        let (run, _) = Run::begin(start, &context, Timestamp::from_secs(1), &mut Draw::new(1));
        Self { run, context, clock: 1 }
    }

    fn step(&mut self, what: What) -> Result<Reply, crate::Refusal> {
        self.clock += 1;
        let input = Input { context: self.context.clone(), what, state_bytes: 0 };
        let effects = self.run.step(input, Timestamp::from_secs(self.clock), &mut Draw::new(1))?;
        let stored: Run = codec::decode(&codec::encode(&self.run)).expect("it was just encoded");
        assert_eq!(stored.bound(), self.run.bound(), "what it is bound to is stored");
        Ok(effects.reply)
    }

    /// A worker takes the task and completes it; without a build it is not told to the run who polls.
    fn work(&mut self, polls: Option<&str>, completes: &str) -> Result<Reply, crate::Refusal> {
        let task = self.run.workflow_task.as_ref().expect("a task is pending");
        let worker = |build: &str| WorkerVersionCapabilities {
            build_id: build.into(),
            use_versioning: true,
            ..WorkerVersionCapabilities::default()
        };
        let poll = PollWorkflowTaskQueueRequest {
            task_queue: Some(TaskQueue { name: "q".into(), kind: 1, normal_name: String::new() }),
            worker_version_capabilities: polls.map(worker),
            ..Default::default()
        };
        let start = WorkflowTaskStart {
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            request_id: format!("poll-{}", self.clock),
            poll: poll.into(),
        };
        self.step(What::WorkflowTaskStarted(start))?;
        let task = self.run.workflow_task.clone().expect("a task is pending");
        let started = task.started.expect("a worker has it");
        let stamp = WorkerVersionStamp { build_id: completes.into(), use_versioning: true };
        let request =
            RespondWorkflowTaskCompletedRequest { worker_version_stamp: Some(stamp), ..Default::default() };
        let task = TaskRef {
            scheduled_event_id: task.scheduled_event_id,
            started_event_id: started.event_id,
            started_at: started.at,
            attempt: task.attempt,
            request,
        };
        let worker = LastWorker { sdk_name: String::new(), sdk_version: String::new() };
        let completion = WorkflowTaskCompletion { task, worker, overflows: false };
        self.step(What::WorkflowTaskCompleted(Box::new(completion)))
    }

    fn signal(&mut self) {
        let signal =
            Signal { request: Default::default(), source: None, skips_delay: false, child_only: false };
        self.step(What::Signal(Box::new(signal))).expect("a run takes signals");
    }

    fn wants(&self) -> WantedBuild {
        self.run.bound().build
    }

    fn told(&self) -> (Option<&str>, i64) {
        let builds = &self.run.versions.builds;
        (builds.assigned.as_deref(), builds.redirects)
    }
}

fn of(build: &str) -> WantedBuild {
    WantedBuild::Of(build.into())
}

#[test]
fn with_sets_the_last_worker_s_build_binds() {
    let mut world = World::new(Default::default());
    assert_eq!(world.wants(), WantedBuild::New);
    world.work(None, "1").expect("it is completed");
    assert_eq!((world.wants(), world.told()), (of("1"), (None, 0)));
    world.signal();
    world.work(None, "1.1").expect("it is completed");
    assert_eq!(world.wants(), of("1.1"));
}

#[test]
fn with_rules_the_first_start_assigns_and_another_build_is_a_redirect() {
    let mut world = World::new(Default::default());
    world.work(Some("1"), "1").expect("it is completed");
    assert_eq!((world.wants(), world.told()), (of("1"), (Some("1"), 0)));
    world.signal();
    world.work(Some("2"), "2").expect("it is completed");
    assert_eq!((world.wants(), world.told()), (of("2"), (Some("2"), 1)));
    world.signal();
    let refused = world.work(Some("2"), "9").err().map(|refusal| format!("{refusal:?}")).unwrap_or_default();
    assert!(refused.contains("this workflow task was dispatched to Build ID 2, not 9"), "{refused}");
}

#[test]
fn whose_first_task_is_not_completed_is_assigned_anew_and_not_redirected() {
    let mut world = World::new(Default::default());
    world.run.assign("1", 0);
    assert_eq!(world.wants(), WantedBuild::New);
    world.work(Some("2"), "2").expect("it is completed");
    assert_eq!(world.told(), (Some("2"), 0));
}

#[test]
fn what_was_inherited_binds_from_the_start() {
    let inherits = WorkflowExecutionStartedEventAttributes {
        inherited_build_id: "1".into(),
        ..WorkflowExecutionStartedEventAttributes::default()
    };
    assert_eq!(World::new(inherits).wants(), of("1"));
    let stamp = WorkerVersionStamp { build_id: "1".into(), use_versioning: true };
    let inherits = WorkflowExecutionStartedEventAttributes {
        source_version_stamp: Some(stamp),
        ..WorkflowExecutionStartedEventAttributes::default()
    };
    let world = World::new(inherits);
    assert_eq!((world.wants(), world.told()), (of("1"), (None, 0)));
}

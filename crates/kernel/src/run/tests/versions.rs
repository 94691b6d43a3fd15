//! Versions of workers: who may have a task, and where that leads the run.

use std::{collections::BTreeSet, sync::Arc};

use longhaul_proto::api::{
    command::v1::{Command, ScheduleActivityTaskCommandAttributes, command::Attributes},
    deployment::v1::WorkerDeploymentOptions,
    enums::v1::{CommandType, VersioningBehavior as Behavior, WorkerVersioningMode},
    history::v1::WorkflowExecutionStartedEventAttributes,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest,
    },
};

use super::beginning;
use crate::{
    context::Context,
    deployment::{Published, QueueName, Routes, Routing, VersionName},
    machine::{Draw, Machine as _},
    run::{
        ActivityStart, DutyId, Effects, Input, LastWorker, Reply, Run, Signal, TaskRef, What,
        WorkflowTaskCompletion, WorkflowTaskStart,
    },
    time::Timestamp,
};

/// Surroundings in which `current` is the current build of the deployment that has queue `q`.
fn context(current: Option<&str>) -> Arc<Context> {
    let queues: BTreeSet<_> = [1, 2].map(|kind| QueueName { name: "q".into(), kind }).into();
    let told = Published {
        routing: Routing {
            current: current.map(str::to_owned),
            current_changed: Some(Timestamp::from_secs(1)),
            revision: 7,
            ..Routing::default()
        },
        builds: ["1", "2"].map(|build| (build.to_owned(), queues.clone())).into(),
    };
    let mut routes = Routes::default();
    routes.publish("d", Some(told));
    Arc::new(Context { routes: Arc::new(routes), ..beginning::context() })
}

fn options(build: &str) -> Option<WorkerDeploymentOptions> {
    Some(WorkerDeploymentOptions {
        deployment_name: "d".into(),
        build_id: build.into(),
        worker_versioning_mode: WorkerVersioningMode::Versioned as i32,
    })
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "q".into(), kind: 1, normal_name: String::new() })
}

struct World {
    run: Run,
    context: Arc<Context>,
    clock: i64,
}

impl World {
    fn new(current: &str) -> Self {
        let attributes =
            WorkflowExecutionStartedEventAttributes { task_queue: queue(), ..Default::default() };
        let start = beginning::start(attributes);
        let context = context(Some(current));
        let (run, _) = Run::begin(start, &context, Timestamp::from_secs(1), &mut Draw::new(1));
        Self { run, context, clock: 1 }
    }

    fn step(&mut self, what: What) -> Effects {
        self.clock += 1;
        let input = Input { context: self.context.clone(), what, state_bytes: 0 };
        self.run.step(input, Timestamp::from_secs(self.clock), &mut Draw::new(1)).expect("it is not refused")
    }

    /// A worker of a build polls; whether it gets the workflow task.
    fn poll(&mut self, build: &str) -> bool {
        let task = self.run.workflow_task.as_ref().expect("a task is pending");
        let poll = PollWorkflowTaskQueueRequest {
            task_queue: queue(),
            deployment_options: options(build),
            ..Default::default()
        };
        let start = WorkflowTaskStart {
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            request_id: format!("poll-{build}-{}", self.clock),
            poll: poll.into(),
        };
        matches!(self.step(What::WorkflowTaskStarted(start)).reply, Reply::WorkflowTask)
    }

    fn complete(&mut self, build: &str, behavior: Behavior, commands: Vec<Command>) -> Effects {
        let task = self.run.workflow_task.clone().expect("a task is pending");
        let started = task.started.expect("a worker has it");
        let request = RespondWorkflowTaskCompletedRequest {
            commands,
            versioning_behavior: behavior as i32,
            deployment_options: options(build),
            ..Default::default()
        };
        let task = TaskRef {
            scheduled_event_id: task.scheduled_event_id,
            started_event_id: started.event_id,
            started_at: started.at,
            attempt: task.attempt,
            request,
        };
        let worker = LastWorker { sdk_name: String::new(), sdk_version: String::new() };
        self.step(What::WorkflowTaskCompleted(Box::new(WorkflowTaskCompletion {
            task,
            worker,
            overflows: false,
        })))
    }

    fn signal(&mut self) {
        let signal =
            Signal { request: Default::default(), source: None, skips_delay: false, child_only: false };
        self.step(What::Signal(Box::new(signal)));
    }

    /// A worker of a build wants the activity that was scheduled by an event.
    fn poll_activity(&mut self, scheduled_event_id: i64, build: &str) -> Effects {
        let poll = PollActivityTaskQueueRequest { deployment_options: options(build), ..Default::default() };
        self.step(What::ActivityStarted(ActivityStart {
            scheduled_event_id,
            attempt: 1,
            stamp: 0,
            request_id: "a".into(),
            poll: poll.into(),
        }))
    }

    fn version(&self) -> Option<&str> {
        self.run.versions.version.as_ref().map(|version| &*version.build)
    }
}

fn activity() -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".into(),
        activity_type: Some(Default::default()),
        task_queue: queue(),
        start_to_close_timeout: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
        ..Default::default()
    };
    let mut attributes = attributes;
    attributes.activity_type.get_or_insert_default().name = "act".into();
    Command {
        command_type: CommandType::ScheduleActivityTask as i32,
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)),
        ..Default::default()
    }
}

#[test]
fn a_pinned_run_is_for_its_version_alone() {
    let mut w = World::new("1");
    assert!(!w.poll("2"), "version 2 is not current");
    assert!(w.poll("1"));
    w.complete("1", Behavior::Pinned, Vec::new());
    w.context = context(Some("2"));
    w.signal();
    assert!(!w.poll("2"));
    assert!(w.poll("1"));
    assert!(
        w.run
            .workflow_task
            .as_ref()
            .is_some_and(|task| { task.started.as_ref().is_some_and(|started| started.could_move) })
    );
    assert_eq!(w.run.bound().pinned, Some(VersionName::new("d", "1")));
}

#[test]
fn a_worker_that_may_not_have_a_task_leaves_it_to_others() {
    let mut w = World::new("1");
    let poll = PollWorkflowTaskQueueRequest {
        task_queue: queue(),
        deployment_options: options("2"),
        ..Default::default()
    };
    let start =
        WorkflowTaskStart { scheduled_event_id: 2, attempt: 1, request_id: "p".into(), poll: poll.into() };
    let effects = w.step(What::WorkflowTaskStarted(start));
    assert!(
        effects.duties.contains(&DutyId::WorkflowTask),
        "it is dispatched again, or nobody would have it"
    );
}

#[test]
fn a_run_that_follows_moves_and_its_activities_wait() {
    let mut w = World::new("1");
    assert!(w.poll("1"));
    w.complete("1", Behavior::AutoUpgrade, vec![activity()]);
    let event = *w.run.activities.iter().next().expect("it was scheduled").0;
    w.context = context(Some("2"));
    let effects = w.poll_activity(event, "2");
    assert!(matches!(effects.reply, Reply::Stale), "the run has to move first");
    assert!(w.run.versions.moving.is_some() && w.run.workflow_task.is_some());
    assert!(matches!(w.poll_activity(event, "2").reply, Reply::Stale), "it waits");
    assert!(w.poll("2"));
    assert_eq!(w.version(), Some("1"), "until the task completes");
    let effects = w.complete("2", Behavior::AutoUpgrade, Vec::new());
    assert!(effects.duties.contains(&DutyId::Activity(event)), "it is dispatched again");
    assert_eq!((w.version(), w.run.versions.revision), (Some("2"), 7));
    assert!(matches!(w.poll_activity(event, "2").reply, Reply::ActivityTask));
}

#[test]
fn a_move_that_is_not_wanted_any_more_ends() {
    let mut w = World::new("1");
    assert!(w.poll("1"));
    w.complete("1", Behavior::AutoUpgrade, vec![activity()]);
    let event = *w.run.activities.iter().next().expect("it was scheduled").0;
    w.context = context(Some("2"));
    w.poll_activity(event, "2");
    w.context = context(Some("1"));
    assert!(!w.poll("2"));
    assert!(w.poll("1"));
    assert!(w.run.versions.moving.is_none());
    assert!(matches!(w.poll_activity(event, "1").reply, Reply::ActivityTask));
}

//! Nexus operations and callbacks: what a run owes, when it tries again, and what it writes.

use std::{sync::Arc, time::Duration};

use longhaul_proto::{
    Refusal,
    api::{
        command::v1::{
            Command, CompleteWorkflowExecutionCommandAttributes,
            RequestCancelNexusOperationCommandAttributes, ScheduleNexusOperationCommandAttributes,
            command::Attributes,
        },
        common::v1::{Callback, callback},
        enums::v1::{CallbackState, CommandType, EventType, PendingNexusOperationState as State},
        history::v1::WorkflowExecutionStartedEventAttributes,
        nexus::v1::EndpointSpec,
        workflowservice::v1::{PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest},
    },
};

use super::beginning;
use crate::{
    context::Context,
    machine::{Draw, Machine as _},
    nexus::{Completion, DeliveryOutcome, Ending, Endpoints, StartOutcome, handler, is_retryable},
    run::{Change, DutyId, Input, LastWorker, Run, TaskRef, What, WorkflowTaskCompletion, WorkflowTaskStart},
    time::Timestamp,
};

const OPERATION: i64 = 5;

struct World {
    run: Run,
    at: Timestamp,
    draw: Draw,
    context: Arc<Context>,
    events: Vec<EventType>,
}

impl World {
    fn new(callbacks: Vec<Callback>) -> Self {
        let mut endpoints = Endpoints::default();
        let spec = EndpointSpec { name: "desk".into(), ..EndpointSpec::default() };
        endpoints.create("id".into(), spec, Timestamp::from_secs(1)).expect("the name is free");
        let context = Arc::new(Context { endpoints: Arc::new(endpoints), ..beginning::context() });
        let start = beginning::start(WorkflowExecutionStartedEventAttributes {
            completion_callbacks: callbacks,
            ..Default::default()
        });
        let (at, mut draw) = (Timestamp::from_secs(100), Draw::new(1));
        let (run, _) = Run::begin(start, &context, at, &mut draw);
        Self { run, at, draw, context, events: Vec::new() }
    }

    fn take(&mut self, what: What) -> Result<(), Refusal> {
        let input = Input { context: self.context.clone(), what, state_bytes: 0 };
        let effects = self.run.step(input, self.at, &mut self.draw)?;
        self.events.extend(effects.changes.iter().filter_map(|change| match change {
            Change::Event(event) | Change::Flushed(event) => Some(event.event_type()),
            Change::Fact(_) | Change::Volatile(_) => None,
        }));
        Ok(())
    }

    fn must(&mut self, what: What) {
        self.take(what).expect("it is taken");
    }

    fn wait(&mut self, seconds: u64) {
        self.at = self.at + Duration::from_secs(seconds);
        self.must(What::Tick);
    }

    /// Takes the pending workflow task and completes it.
    fn complete(&mut self, commands: Vec<Command>) -> Result<(), Refusal> {
        let task = self.begin_task();
        self.end_task(task, commands)
    }

    fn begin_task(&mut self) -> TaskRef<()> {
        let task = self.run.workflow_task.clone().expect("a task is pending");
        self.must(What::WorkflowTaskStarted(WorkflowTaskStart {
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            request_id: "poll".into(),
            poll: PollWorkflowTaskQueueRequest::default().into(),
        }));
        let started = self.run.workflow_task.clone().and_then(|task| task.started).expect("it was started");
        TaskRef {
            scheduled_event_id: task.scheduled_event_id,
            started_event_id: started.event_id,
            started_at: started.at,
            attempt: task.attempt,
            request: (),
        }
    }

    fn end_task(&mut self, task: TaskRef<()>, commands: Vec<Command>) -> Result<(), Refusal> {
        let task = TaskRef {
            scheduled_event_id: task.scheduled_event_id,
            started_event_id: task.started_event_id,
            started_at: task.started_at,
            attempt: task.attempt,
            request: RespondWorkflowTaskCompletedRequest { commands, ..Default::default() },
        };
        let worker = LastWorker { sdk_name: String::new(), sdk_version: String::new() };
        self.take(What::WorkflowTaskCompleted(Box::new(WorkflowTaskCompletion {
            task,
            worker,
            overflows: false,
        })))
    }

    fn scheduled(timeouts: [i64; 3]) -> Self {
        let mut world = Self::new(Vec::new());
        world.complete(vec![schedule(timeouts)]).expect("the endpoint is there");
        world.events.clear();
        world
    }

    fn attempted(&mut self, outcome: StartOutcome) {
        self.must(What::NexusStartAttempted { scheduled_event_id: OPERATION, outcome: Box::new(outcome) });
    }

    fn start(&mut self) {
        self.attempted(StartOutcome::Started { token: "token".into(), links: Vec::new() });
    }

    fn fail(&mut self, kind: &str) {
        let failure = handler(kind, "text");
        self.attempted(StartOutcome::Failed {
            retryable: is_retryable(&failure),
            failure: Box::new(failure),
        });
    }

    fn completed(&mut self, request_id: &str, token: &str) -> Result<(), Refusal> {
        let completion = Completion {
            request_id: request_id.into(),
            token: token.into(),
            started_at: None,
            links: Vec::new(),
            ending: Ending::Succeeded(None),
        };
        self.take(What::NexusCompleted { scheduled_event_id: OPERATION, completion: Box::new(completion) })
    }

    fn request_id(&self) -> String {
        self.run.nexus_operations.values().next().expect("it is pending").scheduled.request_id.clone()
    }

    fn owes(&self, duty: DutyId) -> bool {
        self.run.duties.contains(&duty)
    }

    fn state(&self) -> Option<State> {
        self.run.describe(&self.context).pending_nexus_operations.first().map(|info| info.state())
    }
}

fn schedule([to_close, to_start, start_to_close]: [i64; 3]) -> Command {
    let seconds = |seconds: i64| (seconds > 0).then_some(prost_types::Duration { seconds, nanos: 0 });
    let attributes = ScheduleNexusOperationCommandAttributes {
        endpoint: "desk".into(),
        service: "s".into(),
        operation: "o".into(),
        schedule_to_close_timeout: seconds(to_close),
        schedule_to_start_timeout: seconds(to_start),
        start_to_close_timeout: seconds(start_to_close),
        ..Default::default()
    };
    command(
        CommandType::ScheduleNexusOperation,
        Attributes::ScheduleNexusOperationCommandAttributes(attributes),
    )
}

fn cancel() -> Command {
    let attributes = RequestCancelNexusOperationCommandAttributes { scheduled_event_id: OPERATION };
    command(
        CommandType::RequestCancelNexusOperation,
        Attributes::RequestCancelNexusOperationCommandAttributes(attributes),
    )
}

fn close() -> Command {
    let attributes = CompleteWorkflowExecutionCommandAttributes::default();
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(attributes),
    )
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command { command_type: kind as i32, attributes: Some(attributes), ..Command::default() }
}

#[test]
fn a_failed_attempt_is_followed_by_another_after_a_wait_that_doubles() {
    let mut world = World::scheduled([0, 0, 0]);
    assert!(world.owes(DutyId::NexusStart(OPERATION)));
    for wait in [1, 2, 4] {
        world.fail("UNAVAILABLE");
        assert!(!world.owes(DutyId::NexusStart(OPERATION)));
        assert_eq!(world.state(), Some(State::BackingOff));
        world.wait(wait - 1);
        assert!(!world.owes(DutyId::NexusStart(OPERATION)), "{wait} s are not over");
        world.wait(1);
        assert!(world.owes(DutyId::NexusStart(OPERATION)));
        assert_eq!(world.state(), Some(State::Scheduled));
    }
    assert!(world.events.is_empty());
    world.attempted(StartOutcome::Ended(Ending::Succeeded(None), Vec::new()));
    assert_eq!(world.events, [EventType::NexusOperationCompleted, EventType::WorkflowTaskScheduled]);
    assert_eq!(world.state(), None);
}

#[test]
fn a_failure_that_lasts_ends_it() {
    let mut world = World::scheduled([0, 0, 0]);
    world.fail("BAD_REQUEST");
    assert_eq!(world.events, [EventType::NexusOperationFailed, EventType::WorkflowTaskScheduled]);
}

#[test]
fn each_timeout_counts_in_its_time() {
    let mut world = World::scheduled([9, 3, 2]);
    world.wait(3);
    assert_eq!(world.events, [EventType::NexusOperationTimedOut, EventType::WorkflowTaskScheduled]);
    assert!(!world.owes(DutyId::NexusStart(OPERATION)));
    let mut world = World::scheduled([9, 3, 20]);
    world.start();
    world.wait(5);
    assert_eq!(world.state(), Some(State::Started));
    world.wait(4);
    assert_eq!(world.state(), None);
    let mut world = World::scheduled([9, 3, 2]);
    world.start();
    world.wait(2);
    assert_eq!(world.state(), None);
}

#[test]
fn an_end_is_taken_once_and_only_from_who_knows_the_request() {
    let mut world = World::scheduled([0, 0, 0]);
    let request_id = world.request_id();
    assert!(matches!(world.completed("odd", "early"), Err(Refusal::NotFound(_))));
    world.completed(&request_id, "early").expect("it is the one");
    assert_eq!(
        world.events,
        [
            EventType::NexusOperationStarted,
            EventType::NexusOperationCompleted,
            EventType::WorkflowTaskScheduled
        ]
    );
    assert!(matches!(world.completed(&request_id, ""), Err(Refusal::NotFound(_))));
    world.start();
    assert_eq!(world.events.len(), 3, "the answer to the start is old");
}

#[test]
fn a_cancellation_waits_for_the_start() {
    let mut world = World::new(Vec::new());
    world.complete(vec![schedule([0, 0, 0]), cancel()]).expect("both are taken");
    assert!(!world.owes(DutyId::NexusCancel(OPERATION)));
    world.start();
    assert!(world.owes(DutyId::NexusCancel(OPERATION)));
    let failed = handler("INTERNAL", "text");
    let outcome = DeliveryOutcome::Failed { failure: Box::new(failed), retryable: true };
    world.must(What::NexusCancelAttempted { scheduled_event_id: OPERATION, outcome: Box::new(outcome) });
    assert!(!world.owes(DutyId::NexusCancel(OPERATION)));
    world.wait(1);
    assert!(world.owes(DutyId::NexusCancel(OPERATION)));
    world.events.clear();
    let outcome = Box::new(DeliveryOutcome::Delivered);
    world.must(What::NexusCancelAttempted { scheduled_event_id: OPERATION, outcome });
    assert_eq!(world.events, [EventType::NexusOperationCancelRequestCompleted]);
    assert!(!world.owes(DutyId::NexusCancel(OPERATION)));
}

#[test]
fn a_worker_that_could_not_know_of_the_end_may_cancel() {
    let mut world = World::scheduled([0, 0, 0]);
    world.start();
    let task = world.begin_task();
    let request_id = world.request_id();
    world.completed(&request_id, "").expect("it is the one");
    world.events.clear();
    world.end_task(task, vec![cancel()]).expect("it is taken");
    assert_eq!(
        world.events,
        [
            EventType::WorkflowTaskCompleted,
            EventType::NexusOperationCancelRequested,
            EventType::NexusOperationCompleted,
            EventType::WorkflowTaskScheduled
        ]
    );
    world.complete(vec![cancel()]).expect("the answer is told by the task's failure");
    // The second attempt is not in the history until it has ended.
    assert_eq!(world.events.last(), Some(&EventType::WorkflowTaskFailed));
}

#[test]
fn a_closed_run_calls_nobody() {
    let mut world = World::new(Vec::new());
    world.complete(vec![schedule([0, 0, 0]), close()]).expect("both are taken");
    assert!(!world.owes(DutyId::NexusStart(OPERATION)));
    let outcome = Box::new(StartOutcome::Started { token: "late".into(), links: Vec::new() });
    let late = world.take(What::NexusStartAttempted { scheduled_event_id: OPERATION, outcome });
    assert!(matches!(late, Err(Refusal::NotFound(_))));
}

#[test]
fn callbacks_are_told_at_the_end_until_they_take_it() {
    let nexus = callback::Nexus { url: "temporal://system".into(), ..Default::default() };
    let callback = Callback { variant: Some(callback::Variant::Nexus(nexus)), ..Callback::default() };
    let mut world = World::new(vec![callback.clone(), callback]);
    let states = |world: &World| -> Vec<CallbackState> {
        world.run.describe(&world.context).callbacks.iter().map(|info| info.state()).collect()
    };
    assert_eq!(states(&world), [CallbackState::Standby, CallbackState::Standby]);
    world.complete(vec![close()]).expect("it is taken");
    assert_eq!(states(&world), [CallbackState::Scheduled, CallbackState::Scheduled]);
    let failed = |retryable| DeliveryOutcome::Failed { failure: Box::new(handler("X", "text")), retryable };
    world.must(What::CallbackAttempted { index: 0, outcome: Box::new(failed(true)) });
    world.must(What::CallbackAttempted { index: 1, outcome: Box::new(failed(false)) });
    assert_eq!(states(&world), [CallbackState::BackingOff, CallbackState::Failed]);
    assert!(!world.owes(DutyId::Callback(0)) && !world.owes(DutyId::Callback(1)));
    world.wait(1);
    assert!(world.owes(DutyId::Callback(0)));
    world.must(What::CallbackAttempted { index: 0, outcome: Box::new(DeliveryOutcome::Delivered) });
    assert_eq!(states(&world), [CallbackState::Succeeded, CallbackState::Failed]);
}

//! Operations, step by step.

use std::time::Duration;

use longhaul_proto::{Refusal, api::enums::v1::NexusOperationWaitStage as Stage};

use super::*;
use crate::{
    codec,
    context::Limits,
    machine::Machine as _,
    nexus::{Ending, handler, is_retryable},
    visibility::Attributes,
};

struct World {
    operation: Operation,
    at: Timestamp,
    draw: Draw,
    context: Arc<Context>,
    first: Operation,
    changes: Vec<Change>,
}

impl World {
    fn new(request: StartNexusOperationExecutionRequest) -> Self {
        let context = Arc::new(Context {
            namespace: "default".into(),
            other_namespaces: Arc::default(),
            retention: Duration::from_secs(3600),
            endpoints: Arc::default(),
            archives: false,
            routes: Arc::default(),
            rules: Arc::default(),
            limits: Arc::new(Limits::default()),
            attributes: Arc::new(Attributes::system()),
        });
        let (at, mut draw) = (Timestamp::from_secs(1000), Draw::new(7));
        let operation =
            Operation::begin(NamespaceId::from_bytes([1; 16]), request, "endpoint".into(), at, &mut draw);
        Self { first: operation.clone(), operation, at, draw, context, changes: Vec::new() }
    }

    fn take(&mut self, what: What) -> Result<(), Refusal> {
        let before = self.operation.clone();
        let input = Input { context: self.context.clone(), what };
        match self.operation.step(input, self.at, &mut self.draw) {
            Ok(effects) => {
                self.changes.extend(effects.changes);
                let mut replayed = self.first.clone();
                self.changes.iter().for_each(|change| replayed.apply(change));
                assert_eq!(replayed, self.operation, "what is stored is what is in memory");
                let read: Operation =
                    codec::decode(&codec::encode(&self.operation)).expect("it was just written");
                assert_eq!(read, self.operation);
                Ok(())
            }
            Err(refusal) => {
                assert_eq!(before, self.operation, "a refusal changes nothing");
                Err(refusal)
            }
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.at = self.at + Duration::from_secs(seconds);
        self.take(What::Tick).expect("time is not refused");
    }

    fn fail(&mut self, kind: &str) {
        let failure = handler(kind, "text");
        let outcome = StartOutcome::Failed { retryable: is_retryable(&failure), failure: Box::new(failure) };
        self.take(What::StartAttempted(Box::new(outcome))).expect("news is taken");
    }

    fn start(&mut self) {
        let outcome = StartOutcome::Started { token: "token".into(), links: Vec::new() };
        self.take(What::StartAttempted(Box::new(outcome))).expect("news is taken");
    }

    fn owes(&self) -> Vec<u8> {
        self.operation.owed().iter().map(|name| name.sort).collect()
    }
}

fn seconds(count: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds: count, nanos: 0 })
}

fn asked(request_id: &str) -> Asked {
    Asked { request_id: request_id.into(), identity: "me".into(), reason: "why".into() }
}

#[test]
fn an_attempt_that_fails_is_followed_by_another() {
    let mut world = World::new(StartNexusOperationExecutionRequest::default());
    let first = world.operation.owed();
    world.fail("INTERNAL");
    assert!(world.owes().is_empty());
    assert_eq!(world.operation.wake(), Some(world.at + Duration::from_secs(1)));
    world.wait(1);
    assert_eq!(world.owes(), [START]);
    assert!(world.operation.owed().is_disjoint(&first), "a name is never given twice");
    world.fail("NOT_FOUND");
    assert_eq!(world.operation.status(), Status::Failed);
    assert_eq!(world.operation.wake(), Some(world.at + Duration::from_secs(3600)));
    world.wait(3600);
    assert!(world.operation.is_gone());
}

#[test]
fn each_timeout_ends_it_when_it_counts() {
    let request = StartNexusOperationExecutionRequest {
        schedule_to_close_timeout: seconds(10),
        schedule_to_start_timeout: seconds(2),
        start_to_close_timeout: seconds(3),
        ..StartNexusOperationExecutionRequest::default()
    };
    let mut unstarted = World::new(request.clone());
    unstarted.wait(1);
    assert_eq!(unstarted.operation.status(), Status::Running);
    unstarted.wait(1);
    assert_eq!(unstarted.operation.status(), Status::TimedOut);
    let mut started = World::new(request);
    started.start();
    started.wait(2);
    assert_eq!(started.operation.status(), Status::Running);
    started.wait(1);
    assert_eq!(started.operation.status(), Status::TimedOut);
}

#[test]
fn a_cancellation_follows_the_start() {
    let mut world = World::new(StartNexusOperationExecutionRequest::default());
    world.take(What::RequestCancel(asked("one"))).expect("it runs");
    assert_eq!(world.owes(), [START]);
    assert!(world.take(What::RequestCancel(asked("one"))).is_ok());
    assert!(matches!(world.take(What::RequestCancel(asked("two"))), Err(Refusal::FailedPrecondition(_))));
    world.start();
    assert_eq!(world.owes(), [CANCEL]);
    world.take(What::CancelAttempted(Box::new(DeliveryOutcome::Delivered))).expect("news is taken");
    assert!(world.owes().is_empty());
    assert_eq!(world.operation.status(), Status::Running);
}

#[test]
fn it_ends_once() {
    let mut world = World::new(StartNexusOperationExecutionRequest::default());
    let completion = |request_id: &str| {
        What::Completed(Box::new(Completion {
            request_id: request_id.into(),
            token: "early".into(),
            started_at: None,
            links: Vec::new(),
            ending: Ending::Succeeded(None),
        }))
    };
    assert!(matches!(world.take(completion("odd")), Err(Refusal::NotFound(_))));
    assert!(world.operation.poll(Stage::Started).is_none());
    let own = world.operation.handler_request_id.clone();
    world.take(completion(&own)).expect("it is the one");
    assert_eq!(world.operation.token(), "early");
    assert!(world.operation.poll(Stage::Closed).is_some());
    assert!(matches!(world.take(completion(&own)), Err(Refusal::NotFound(_))));
    assert!(matches!(world.take(What::Terminate(asked("t"))), Err(Refusal::FailedPrecondition(_))));
    world.fail("INTERNAL");
    assert_eq!(world.operation.status(), Status::Completed, "late news changes nothing");
}

#[test]
fn a_termination_is_repeatable() {
    let mut world = World::new(StartNexusOperationExecutionRequest::default());
    world.take(What::Terminate(asked("one"))).expect("it runs");
    assert!(world.take(What::Terminate(asked("one"))).is_ok());
    assert!(matches!(world.take(What::Terminate(asked("two"))), Err(Refusal::FailedPrecondition(_))));
    assert_eq!(world.operation.status(), Status::Terminated);
}

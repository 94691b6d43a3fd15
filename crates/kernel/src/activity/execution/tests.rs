//! What a standalone activity decides, case by case.

use std::{sync::Arc, time::Duration};

use longhaul_proto::api::{
    common::v1::{ActivityType, RetryPolicy},
    enums::v1::ActivityExecutionStatus as Status,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::StartActivityExecutionRequest,
};

use super::{Asked, Attempt, Execution, Input, Reply, Said, Started};
use crate::{
    Refusal,
    activity::{Operation, Paused},
    codec,
    context::{Context, Limits},
    hosted::Hosted as _,
    ids::NamespaceId,
    machine::{Draw, Machine as _},
    time::{Timestamp, to_proto},
    visibility::Attributes,
};

const BEGIN: Timestamp = Timestamp::from_secs(1_767_225_600);

fn context() -> Arc<Context> {
    Arc::new(Context {
        namespace: "default".into(),
        other_namespaces: Arc::default(),
        retention: Duration::from_secs(3600),
        archives: false,
        endpoints: Arc::default(),
        limits: Arc::new(Limits::default()),
        attributes: Arc::new(Attributes::system()),
        routes: Arc::default(),
        rules: Arc::default(),
    })
}

/// An activity under test; every step checks that the stored form restores what is in memory.
struct Player {
    activity: Execution,
    restored: Execution,
    at: Timestamp,
    draw: Draw,
}

impl Player {
    fn begin(change: impl FnOnce(&mut StartActivityExecutionRequest)) -> Self {
        let mut request = StartActivityExecutionRequest {
            activity_id: "a".into(),
            request_id: "r".into(),
            activity_type: Some(ActivityType { name: "act".into() }),
            task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
            start_to_close_timeout: Some(to_proto(Duration::from_secs(10))),
            ..StartActivityExecutionRequest::default()
        };
        change(&mut request);
        let mut draw = Draw::new(7);
        let activity = Execution::begin(request, NamespaceId::default(), BEGIN, &mut draw, &context())
            .expect("the request is valid");
        Self { restored: activity.clone(), activity, at: BEGIN, draw }
    }

    fn step(&mut self, input: Input) -> Result<Reply, Refusal> {
        let before = codec::encode(&self.activity);
        let outcome = self.activity.step(input, self.at, &mut self.draw);
        match &outcome {
            Ok(effects) => effects.changes.iter().for_each(|change| self.restored.apply(change)),
            Err(_) => assert_eq!(before, codec::encode(&self.activity), "a refusal changes nothing"),
        }
        assert_eq!(codec::encode(&self.restored), codec::encode(&self.activity));
        let decoded: Execution = codec::decode(&codec::encode(&self.activity)).expect("it was just encoded");
        assert_eq!(decoded.state, self.activity.state);
        outcome.map(|effects| effects.reply)
    }

    fn wait(&mut self, seconds: u64) {
        self.at = self.at + Duration::from_secs(seconds);
        self.step(Input::Tick(context())).expect("a tick is never refused");
    }

    fn poll(&mut self) -> Reply {
        let number = self.activity.owed().first().map_or(0, |name| name.number);
        let start = Started { number, request_id: "p".into(), identity: "w".into(), ..Started::default() };
        self.step(Input::Started(start)).expect("a poll is never refused")
    }

    fn said(&mut self, said: Said) -> Result<Reply, Refusal> {
        let attempt = Attempt::Task(self.activity.state.dispatch);
        self.step(Input::Said(attempt, "w".into(), said, context()))
    }

    fn operated(&mut self, operation: Operation) -> Result<Reply, Refusal> {
        self.step(Input::Operated { operation, request_id: "o".into(), context: context() })
    }

    fn status(&self) -> Status {
        self.activity.state.status()
    }
}

fn boom() -> Said {
    let info = FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default());
    Said::Failed(
        Some(Failure { message: "boom".into(), failure_info: Some(info), ..Failure::default() }),
        None,
    )
}

#[test]
fn a_task_is_owed_until_a_worker_has_it() {
    let mut player = Player::begin(|_| {});
    assert_eq!(player.activity.owed().len(), 1);
    assert_eq!(player.poll(), Reply::Started);
    assert!(player.activity.owed().is_empty());
    assert_eq!(player.said(Said::Completed(None)), Ok(Reply::Done));
    assert_eq!(player.status(), Status::Completed);
    player.wait(3600);
    assert!(player.activity.is_gone());
}

#[test]
fn a_failed_attempt_is_followed_by_another_until_they_are_used_up() {
    let policy = RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() };
    let mut player = Player::begin(|request| request.retry_policy = Some(policy));
    player.poll();
    assert_eq!(player.said(boom()), Ok(Reply::Done));
    assert!(player.activity.owed().is_empty(), "it waits for its interval");
    player.wait(1);
    assert_eq!(player.poll(), Reply::Started);
    assert_eq!(player.said(boom()), Ok(Reply::Done));
    assert_eq!(player.status(), Status::Failed);
}

#[test]
fn an_attempt_times_out() {
    let policy = RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() };
    let mut player = Player::begin(|request| request.retry_policy = Some(policy));
    player.poll();
    player.wait(9);
    assert_eq!(player.status(), Status::Running);
    player.wait(1);
    assert_eq!(player.status(), Status::TimedOut);
    assert!(player.said(Said::Completed(None)).is_err());
}

#[test]
fn a_delayed_start_waits() {
    let mut player = Player::begin(|request| request.start_delay = Some(to_proto(Duration::from_secs(5))));
    assert!(player.activity.owed().is_empty());
    player.wait(5);
    assert_eq!(player.poll(), Reply::Started);
}

#[test]
fn a_void_task_is_stale() {
    let mut player = Player::begin(|_| {});
    let number = player.activity.state.dispatch;
    assert_eq!(player.operated(Operation::Pause(Paused::default())), Ok(Reply::Done));
    let start = Started { number, ..Started::default() };
    assert_eq!(player.step(Input::Started(start.clone())), Ok(Reply::Stale));
    let unpause =
        Operation::Unpause { reset_attempts: false, reset_heartbeat: false, jitter: Duration::ZERO };
    assert_eq!(player.operated(unpause), Ok(Reply::Done));
    assert_eq!(player.step(Input::Started(start)), Ok(Reply::Stale));
    assert_eq!(player.poll(), Reply::Started);
}

#[test]
fn a_cancel_request_is_known_again_by_its_id() {
    let mut player = Player::begin(|_| {});
    player.poll();
    let asked = |id: &str| Asked { request_id: id.into(), ..Asked::default() };
    assert!(player.step(Input::Cancel(asked("c"), context())).is_ok());
    assert!(player.step(Input::Cancel(asked("c"), context())).is_ok());
    assert!(player.step(Input::Cancel(asked("d"), context())).is_err());
    assert_eq!(player.status(), Status::Running, "its worker decides");
    assert!(player.said(Said::Canceled(None)).is_ok());
    assert_eq!(player.status(), Status::Canceled);
}

#[test]
fn an_activity_that_no_worker_has_is_canceled_at_once() {
    let mut player = Player::begin(|_| {});
    assert!(player.step(Input::Cancel(Asked::default(), context())).is_ok());
    assert_eq!(player.status(), Status::Canceled);
    assert!(player.activity.owed().is_empty());
}

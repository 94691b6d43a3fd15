//! Schedules case by case, and laws over random lives.

use std::collections::{BTreeMap, BTreeSet};

use longhaul_proto::api::{
    common::v1::Payload,
    enums::v1::{ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status},
    schedule::v1::{
        IntervalSpec, ScheduleAction, SchedulePatch, SchedulePolicies, ScheduleSpec, ScheduleState,
        TriggerImmediatelyRequest, schedule_action::Action,
    },
    workflow::v1::NewWorkflowExecutionInfo,
    workflowservice::v1::{PatchScheduleRequest, UpdateScheduleRequest},
};
use proptest::prelude::*;

use super::*;
use crate::{context::Limits, machine::Machine as _, visibility::Attributes};

fn context() -> Context {
    Context {
        namespace: "default".into(),
        other_namespaces: Arc::default(),
        retention: Duration::from_secs(86_400),
        archives: false,
        endpoints: Arc::default(),
        limits: Arc::new(Limits::default()),
        attributes: Arc::new(Attributes::system()),
        routes: Arc::default(),
        rules: Arc::default(),
    }
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_secs(at)
}

fn length(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// Every ten seconds from zero on.
fn definition(overlap: Overlap, policies: SchedulePolicies, state: ScheduleState) -> Definition {
    let start = NewWorkflowExecutionInfo { workflow_id: "w".into(), ..Default::default() };
    Definition {
        spec: Some(ScheduleSpec {
            interval: vec![IntervalSpec { interval: length(10), phase: None }],
            ..ScheduleSpec::default()
        }),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(start)) }),
        policies: Some(SchedulePolicies { overlap_policy: overlap as i32, ..policies }),
        state: Some(state),
    }
}

/// A schedule with a world that answers its duties when it is told to.
struct World {
    schedule: Schedule,
    now: i64,
    said: Vec<String>,
}

impl World {
    fn new(definition: Definition) -> Self {
        let request = CreateScheduleRequest {
            schedule_id: "s".into(),
            schedule: Some(definition),
            request_id: "r".into(),
            ..CreateScheduleRequest::default()
        };
        let namespace = NamespaceId::from_bytes([7; 16]);
        let schedule = Schedule::create(request, namespace, &context(), second(0), &mut Draw::new(1));
        Self { schedule: schedule.expect("it is right"), now: 0, said: Vec::new() }
    }

    fn simple(overlap: Overlap) -> Self {
        Self::new(definition(overlap, SchedulePolicies::default(), ScheduleState::default()))
    }

    fn step(&mut self, input: Input) {
        let before = crate::codec::encode(&self.schedule);
        let effects = self.schedule.step(input, second(self.now), &mut Draw::new(2)).expect("it is taken");
        let mut replayed: Schedule = crate::codec::decode(&before).expect("it was just encoded");
        effects.changes.iter().for_each(|change| replayed.apply(change));
        let live = crate::codec::encode(&self.schedule);
        assert_eq!(crate::codec::encode(&replayed), live, "what was remembered is what is there");
    }

    /// Lets time pass, with every wake in between.
    fn until(&mut self, to: i64) {
        while let Some(wake) = self.schedule.wake.filter(|wake| *wake <= second(to)) {
            self.now = self.now.max(wake.0.div_euclid(1_000_000_000));
            self.step(Input::Tick);
            assert!(self.schedule.wake.is_none_or(|next| next > wake), "a wake is followed by a later one");
        }
        self.now = to;
    }

    /// Starts everything that is to be started.
    fn serve(&mut self) {
        let numbers: Vec<i64> = self.schedule.starting.keys().copied().collect();
        for number in numbers {
            let order = self.schedule.order(number).expect("it is owed");
            self.said.push(format!("start {}", order.request.workflow_id));
            self.step(Input::Started { number, run_id: format!("run-{number}") });
        }
        let ending: Vec<_> = self.schedule.ending.clone().into_iter().collect();
        for (number, ending) in ending {
            let verb = if ending.terminate { "terminate" } else { "cancel" };
            self.said.push(format!("{verb} {}", ending.workflow_id));
            self.step(Input::Ended { number });
        }
    }

    /// Ends the workflow that was started first and runs.
    fn close(&mut self, status: Status) {
        let number = self.schedule.running.first().expect("something runs").number;
        let result = (status == Status::Completed)
            .then(|| Payloads { payloads: vec![Payload { data: "done".into(), ..Payload::default() }] });
        let failure =
            (status == Status::Failed).then(|| Failure { message: "oh no".into(), ..Failure::default() });
        let closed = Closed { number, status: status as i32, result, failure, ..Closed::default() };
        self.step(Input::Closed(Box::new(closed)));
    }

    fn patch(&mut self, patch: SchedulePatch) {
        let request = PatchScheduleRequest { patch: Some(patch), ..PatchScheduleRequest::default() };
        self.step(Input::Patch(Box::new(request)));
    }

    /// What was asked of the world since the last time.
    fn said(&mut self) -> String {
        self.serve();
        std::mem::take(&mut self.said).join("; ")
    }

    fn counts(&self) -> (i64, i64, i64, i64) {
        let counts = &self.schedule.counts;
        (counts.actions, counts.missed, counts.skipped, counts.dropped)
    }
}

#[test]
fn it_acts_at_its_times_and_skips_overlaps() {
    let mut world = World::simple(Overlap::Skip);
    world.until(9);
    assert_eq!(world.said(), "");
    world.until(10);
    assert_eq!(world.said(), "start w-1970-01-01T00:00:10Z");
    world.until(35);
    assert_eq!((world.said(), world.counts()), (String::new(), (1, 0, 2, 0)));
    assert_eq!(world.schedule.left_out()[0].reason, Reason::Overlap);
    world.close(Status::Completed);
    world.until(40);
    assert_eq!(world.said(), "start w-1970-01-01T00:00:40Z");
}

#[test]
fn what_is_left_out_is_told_in_spans() {
    let mut world = World::simple(Overlap::Skip);
    world.until(10);
    world.serve();
    world.until(5_010);
    let spans = |world: &World| -> Vec<(i64, i64, i64, Reason)> {
        let tell = |one: &LeftOut| {
            let last = one.last.unwrap_or(one.nominal);
            (
                one.nominal.0 / 1_000_000_000,
                last.0 / 1_000_000_000,
                one.times.unwrap_or(1),
                one.reason.clone(),
            )
        };
        world.schedule.left_out().iter().map(tell).collect()
    };
    assert_eq!(spans(&world), [(20, 5_010, 500, Reason::Overlap)], "many of a kind are one entry");
    world.close(Status::Completed);
    world.until(5_020);
    world.serve();
    world.until(5_030);
    assert_eq!(spans(&world), [(20, 5_030, 501, Reason::Overlap)], "nothing else was left out in between");
    assert_eq!(world.counts(), (2, 0, 501, 0));
}

#[test]
fn a_start_under_way_counts_as_running() {
    let mut world = World::simple(Overlap::Skip);
    world.until(20);
    assert_eq!(world.schedule.starting.len(), 1);
    assert_eq!(world.counts(), (0, 0, 1, 0));
}

#[test]
fn one_or_all_are_buffered() {
    let mut one = World::simple(Overlap::BufferOne);
    one.until(10);
    one.serve();
    one.until(40);
    assert_eq!((one.schedule.buffer.len(), one.counts()), (1, (1, 0, 2, 0)));
    one.close(Status::Completed);
    assert_eq!(one.said(), "start w-1970-01-01T00:00:10Z; start w-1970-01-01T00:00:20Z");
    let mut all = World::simple(Overlap::BufferAll);
    all.until(10);
    all.serve();
    all.until(40);
    assert_eq!(all.schedule.buffer.len(), 3);
    all.close(Status::Completed);
    assert_eq!(all.said(), "start w-1970-01-01T00:00:10Z; start w-1970-01-01T00:00:20Z");
    assert_eq!(all.schedule.buffer.len(), 2);
}

#[test]
fn others_make_room() {
    for (overlap, verb) in [(Overlap::CancelOther, "cancel"), (Overlap::TerminateOther, "terminate")] {
        let mut world = World::simple(overlap);
        world.until(10);
        world.serve();
        world.until(30);
        assert_eq!(
            world.said(),
            format!("start w-1970-01-01T00:00:10Z; {verb} w-1970-01-01T00:00:10Z"),
            "once only"
        );
        world.close(Status::Canceled);
        assert_eq!(world.said(), "start w-1970-01-01T00:00:30Z", "the last one that waits");
    }
}

#[test]
fn all_are_allowed() {
    let mut world = World::simple(Overlap::AllowAll);
    world.until(30);
    assert_eq!(world.said().matches("start").count(), 3);
    assert!(world.schedule.running.is_empty(), "nobody waits for their end");
}

#[test]
fn time_spent_paused_is_not_made_up_for() {
    let mut world = World::simple(Overlap::AllowAll);
    world.patch(SchedulePatch { pause: "wait".into(), ..SchedulePatch::default() });
    world.until(55);
    world.patch(SchedulePatch { unpause: "go".into(), ..SchedulePatch::default() });
    world.until(60);
    assert_eq!(world.said(), "start w-1970-01-01T00:01:00Z");
    assert_eq!(world.counts(), (1, 0, 0, 0));
}

#[test]
fn what_is_found_too_late_is_missed() {
    let policies = SchedulePolicies { catchup_window: length(25), ..SchedulePolicies::default() };
    let mut world = World::new(definition(Overlap::AllowAll, policies, ScheduleState::default()));
    world.now = 100;
    world.step(Input::Tick);
    assert_eq!(
        world.said(),
        "start w-1970-01-01T00:01:20Z; start w-1970-01-01T00:01:30Z; start w-1970-01-01T00:01:40Z"
    );
    assert_eq!(world.counts().1, 7);
}

#[test]
fn actions_are_limited_but_for_those_a_client_asks_for() {
    let state = ScheduleState { limited_actions: true, remaining_actions: 2, ..ScheduleState::default() };
    let mut world = World::new(definition(Overlap::AllowAll, SchedulePolicies::default(), state));
    world.until(100);
    assert_eq!(world.said().matches("start").count(), 2);
    world.patch(SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest::default()),
        ..SchedulePatch::default()
    });
    assert_eq!(world.said(), "start w-1970-01-01T00:01:40Z");
    world.now = 100 + 7 * 86_400;
    world.step(Input::Tick);
    assert!(world.schedule.gone, "seven days after its last action");
}

#[test]
fn a_failure_pauses_and_is_passed_on() {
    let policies = SchedulePolicies { pause_on_failure: true, ..SchedulePolicies::default() };
    let mut world = World::new(definition(Overlap::Skip, policies, ScheduleState::default()));
    world.until(10);
    world.serve();
    world.close(Status::Failed);
    let state = world.schedule.definition.state.clone().expect("it has one");
    assert_eq!(state.notes, "paused due to workflow failure: w-1970-01-01T00:00:10Z: oh no");
    world.patch(SchedulePatch { unpause: "again".into(), ..SchedulePatch::default() });
    world.until(20);
    let order = world.schedule.order(2).expect("it starts again");
    assert_eq!(order.request.continued_failure.map(|failure| failure.message), Some("oh no".into()));
}

#[test]
fn an_end_may_be_heard_of_before_the_start() {
    let mut world = World::simple(Overlap::Skip);
    world.until(10);
    let closed = Closed { number: 1, status: Status::Completed as i32, ..Closed::default() };
    world.step(Input::Closed(Box::new(closed)));
    world.step(Input::Started { number: 1, run_id: "late".into() });
    assert_eq!((world.counts().0, world.schedule.running.len()), (1, 0));
}

#[test]
fn a_backfill_takes_ten_each_second() {
    let mut world = World::simple(Overlap::AllowAll);
    world.patch(SchedulePatch { pause: "p".into(), ..SchedulePatch::default() });
    let request = BackfillRequest {
        start_time: Some(second(1000).to_proto()),
        end_time: Some(second(1250).to_proto()),
        overlap_policy: Overlap::AllowAll as i32,
    };
    world.patch(SchedulePatch { backfill_request: vec![request], ..SchedulePatch::default() });
    assert_eq!(world.said().matches("start").count(), 10);
    world.until(1);
    assert_eq!(world.said().matches("start").count(), 10);
    world.until(5);
    assert_eq!(world.said().matches("start").count(), 6, "both ends belong to the span");
    assert!(world.schedule.backfills.is_empty());
}

#[test]
fn a_stale_token_or_a_repeated_request_changes_nothing() {
    let mut world = World::simple(Overlap::Skip);
    let token = world.schedule.conflict_token().to_vec();
    let update = |request_id: &str, token: &[u8]| {
        let request = UpdateScheduleRequest {
            request_id: request_id.into(),
            conflict_token: token.to_vec().into(),
            schedule: Some(definition(Overlap::BufferAll, Default::default(), Default::default())),
            ..UpdateScheduleRequest::default()
        };
        Input::Update(Box::new(request), Arc::new(context()))
    };
    world.step(update("u", &token));
    let known = crate::codec::encode(&world.schedule);
    world.step(update("u", &[]));
    world.step(update("v", &token));
    assert_eq!(crate::codec::encode(&world.schedule), known);
}

/// What happens to a schedule in a random life.
#[derive(Clone, Debug)]
enum Move {
    Wait(i64),
    /// A start succeeds, or fails.
    Answer(bool),
    Close(bool),
    Ended,
    Trigger(i32),
    Pause(bool),
    Backfill(i64, i32),
    Update(i32),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (1..60i64).prop_map(Move::Wait),
        4 => any::<bool>().prop_map(Move::Answer),
        3 => any::<bool>().prop_map(Move::Close),
        1 => Just(Move::Ended),
        1 => (0..7i32).prop_map(Move::Trigger),
        1 => any::<bool>().prop_map(Move::Pause),
        1 => (0..300i64, 0..7i32).prop_map(|(length, overlap)| Move::Backfill(length, overlap)),
        1 => (1..7i32).prop_map(Move::Update),
    ]
}

impl World {
    fn play(&mut self, one: Move) {
        match one {
            Move::Wait(seconds) => self.until(self.now + seconds),
            Move::Answer(true) => {
                if let Some(number) = self.schedule.starting.keys().next().copied() {
                    self.step(Input::Started { number, run_id: format!("run-{number}") });
                }
            }
            Move::Answer(false) => {
                if let Some(number) = self.schedule.starting.keys().next_back().copied() {
                    self.step(Input::NotStarted { number, why: "taken".into() });
                }
            }
            Move::Close(well) if !self.schedule.running.is_empty() => {
                self.close(if well { Status::Completed } else { Status::Failed });
            }
            Move::Close(_) => {}
            Move::Ended => {
                if let Some(number) = self.schedule.ending.keys().next().copied() {
                    self.step(Input::Ended { number });
                }
            }
            Move::Trigger(overlap_policy) => self.patch(SchedulePatch {
                trigger_immediately: Some(TriggerImmediatelyRequest { overlap_policy, scheduled_time: None }),
                ..SchedulePatch::default()
            }),
            Move::Pause(true) => self.patch(SchedulePatch { pause: "p".into(), ..Default::default() }),
            Move::Pause(false) => self.patch(SchedulePatch { unpause: "u".into(), ..Default::default() }),
            Move::Backfill(length, overlap_policy) => {
                let (start_time, end_time) = (second(9000).to_proto(), second(9000 + length).to_proto());
                let request = BackfillRequest {
                    start_time: Some(start_time),
                    end_time: Some(end_time),
                    overlap_policy,
                };
                self.patch(SchedulePatch { backfill_request: vec![request], ..Default::default() });
            }
            Move::Update(overlap) => {
                let overlap = Overlap::try_from(overlap).unwrap_or_default();
                let schedule = Some(definition(overlap, Default::default(), Default::default()));
                let request = UpdateScheduleRequest { schedule, ..UpdateScheduleRequest::default() };
                self.step(Input::Update(Box::new(request), Arc::new(context())));
            }
        }
    }
}

proptest! {
    /// Replay equals live (checked at each step); nothing is started twice for one time of the specification; what
    /// must not overlap never does; everything that was due is somewhere.
    #[test]
    fn laws_hold_over_random_lives(lives in prop::collection::vec(moves(), 1..60), overlap in 1..7i32) {
        let mut world = World::simple(Overlap::try_from(overlap).expect("it is one"));
        let mut orders: BTreeMap<i64, (Timestamp, bool)> = BTreeMap::new();
        for one in lives {
            world.play(one);
            let schedule = &world.schedule;
            for (number, starting) in &schedule.starting {
                orders.insert(*number, (starting.due.nominal, starting.due.manual));
            }
            let alone = schedule.starting.values().filter(|start| !start.overlapping).count();
            prop_assert!(alone + schedule.running.len() <= 1, "two at once that must not overlap");
            prop_assert!(schedule.buffer.len() <= BUFFER_MAX);
            let owed = schedule.owed();
            prop_assert!(owed.iter().all(|name| schedule.duty(*name).is_some()), "each duty can be fulfilled");
            let ids: BTreeSet<String> = schedule.starting.keys().map(|n| schedule.request_id(*n)).collect();
            prop_assert_eq!(ids.len(), schedule.starting.len(), "requests are told apart");
        }
        let by_itself: Vec<Timestamp> =
            orders.values().filter(|(_, manual)| !manual).map(|(nominal, _)| *nominal).collect();
        let once: BTreeSet<Timestamp> = by_itself.iter().copied().collect();
        prop_assert_eq!(by_itself.len(), once.len(), "one action for one time");
    }
}

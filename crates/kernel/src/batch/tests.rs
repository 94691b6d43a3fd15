//! Batch operations against a world of workflows, case by case and over random lives.

use longhaul_proto::api::{
    batch::v1::{BatchOperationDeletion, BatchOperationTermination},
    common::v1::Execution,
};
use proptest::prelude::*;

use super::*;
use crate::{codec, machine::Machine as _};

const DAY: Duration = Duration::from_secs(86_400);

fn second(at: i64) -> Timestamp {
    Timestamp::from_secs(at)
}

fn terminate() -> Option<Operation> {
    Some(Operation::TerminationOperation(BatchOperationTermination::default()))
}

fn delete() -> Option<Operation> {
    Some(Operation::DeletionOperation(BatchOperationDeletion::default()))
}

fn by_query(operation: Option<Operation>) -> StartBatchOperationRequest {
    StartBatchOperationRequest {
        job_id: "job".into(),
        reason: "because".into(),
        visibility_query: "WorkflowType = 'x'".into(),
        operation,
        ..Default::default()
    }
}

fn by_list(count: usize) -> StartBatchOperationRequest {
    let named = |number: usize| Execution { business_id: number.to_string(), ..Default::default() };
    StartBatchOperationRequest {
        visibility_query: String::new(),
        target_executions: (0..count).map(named).collect(),
        ..by_query(terminate())
    }
}

/// An operation with a world that pays its duties when it is told to, and reads it anew from what was stored.
struct World {
    batch: Batch,
    now: i64,
    snapshot: Vec<u8>,
    deltas: Vec<Vec<u8>>,
    done: Vec<String>,
}

impl World {
    fn new(request: StartBatchOperationRequest, rate: f64) -> Self {
        let batch = Batch::create(request, NamespaceId::default(), rate, second(0), &mut Draw::new(1));
        let snapshot = codec::encode(&batch);
        Self { batch, now: 0, snapshot, deltas: Vec::new(), done: Vec::new() }
    }

    fn step(&mut self, input: Input) -> Result<(), longhaul_proto::Refusal> {
        let effects = self.batch.step(input, second(self.now), &mut Draw::new(2))?;
        if !effects.changes.is_empty() {
            self.deltas.push(codec::encode(&effects.changes));
        }
        Ok(())
    }

    /// The process ends and another one reads the state.
    fn crash(&mut self) {
        let mut read: Batch = codec::decode(&self.snapshot).expect("it was just written");
        for delta in &self.deltas {
            let changes: Vec<Change> = codec::decode(delta).expect("it was just written");
            changes.iter().for_each(|change| read.apply(change));
        }
        assert_eq!(codec::encode(&read), codec::encode(&self.batch), "replayed equals live");
        self.batch = read;
    }

    fn duty(&self) -> Option<(DutyName, Duty)> {
        let name = self.batch.owed().first().copied()?;
        Some((name, self.batch.duty(name).expect("what is owed can be named")))
    }

    /// Pays what is owed; pages hold `page` workflows of `left`, which run.
    fn pay(&mut self, left: &mut Vec<u32>, page: usize) -> bool {
        let Some((name, duty)) = self.duty() else { return false };
        let number = name.number;
        let input = match duty {
            Duty::Select(selection) => {
                let count = match selection.place {
                    Place::Running(_) => left.len().min(page),
                    _ => 0,
                };
                let targets: Vec<Target> = left.drain(..count).map(target).collect();
                let behind = Behind { close_time: None, start_time: second(0), run: RunId::default() };
                let behind = (!left.is_empty() && count > 0).then_some(behind);
                Input::Selected {
                    number,
                    targets,
                    behind,
                    total: selection.counts.then_some(7),
                    retention: DAY,
                }
            }
            Duty::Work(part) => {
                let complete = part.targets.len() as u64;
                self.done.extend(part.targets.into_iter().map(|(_, target)| target.workflow_id));
                Input::Worked { number, complete, failed: 0, retention: DAY }
            }
        };
        self.step(input).expect("a report is taken");
        true
    }
}

fn target(number: u32) -> Target {
    Target { workflow_id: number.to_string(), run_id: "r".into(), ..Target::default() }
}

#[test]
fn a_query_is_worked_off_page_by_page() {
    let mut world = World::new(by_query(terminate()), f64::INFINITY);
    let mut left: Vec<u32> = (0..600).collect();
    while world.pay(&mut left, 350) {}
    let told = world.batch.describe();
    assert_eq!((told.state, told.complete_operation_count, told.total_operation_count), (2, 600, 600));
    assert_eq!(world.done.len(), 600);
    assert_eq!(world.batch.wake(), Some(second(0) + DAY));
}

#[test]
fn what_has_closed_is_gone_through_only_if_it_can_be_meant() {
    for (operation, selections) in [(terminate(), 1), (delete(), 3)] {
        let mut world = World::new(by_query(operation), f64::INFINITY);
        let mut count = 0;
        while world.pay(&mut Vec::new(), 10) {
            count += 1;
        }
        assert_eq!(count, selections);
        assert!(!world.batch.is_running());
    }
}

#[test]
fn a_list_is_looked_up_in_its_order() {
    let mut world = World::new(by_list(PAGE_MAX + 5), f64::INFINITY);
    let mut seen = Vec::new();
    while let Some((name, duty)) = world.duty() {
        let number = name.number;
        let input = match duty {
            Duty::Select(selection) => {
                let Place::Listed(from) = selection.place else { panic!("it is a list") };
                let from = usize::try_from(from).expect("it is small");
                let named = selection.request.target_executions.iter().skip(from).take(selection.limit);
                let targets =
                    named.map(|one| Target { workflow_id: one.business_id.clone(), ..Target::default() });
                let (targets, total) = (targets.collect(), selection.counts.then_some(1005));
                Input::Selected { number, targets, behind: None, total, retention: DAY }
            }
            Duty::Work(part) => {
                let failed = part.targets.len() as u64;
                seen.extend(part.targets.into_iter().map(|(number, _)| number));
                Input::Worked { number, complete: 0, failed, retention: DAY }
            }
        };
        world.step(input).expect("a report is taken");
    }
    assert!(seen.iter().copied().eq(0..1005), "each has its number");
    let told = world.batch.describe();
    assert_eq!((told.state, told.failure_operation_count, told.total_operation_count), (2, 1005, 1005));
}

#[test]
fn an_operation_that_is_held_back_waits() {
    let mut world = World::new(by_query(terminate()), 4.0);
    let mut left: Vec<u32> = (0..5).collect();
    let mut times = Vec::new();
    while world.batch.is_running() {
        while world.pay(&mut left, 100) {}
        times.push((world.now, world.done.len()));
        world.now += 1;
        world.step(Input::Tick).expect("a tick is taken");
    }
    // Two at a time, and half a second for each two.
    assert_eq!(times, [(0, 2), (1, 4), (2, 5)]);
}

#[test]
fn the_slower_of_two_rates_holds() {
    let pace = |wanted: f32, rate: f64| {
        let request = StartBatchOperationRequest { max_operations_per_second: wanted, ..by_list(1) };
        Batch::create(request, NamespaceId::default(), rate, second(0), &mut Draw::new(1)).pace
    };
    assert_eq!(pace(0.0, f64::INFINITY), None);
    assert_eq!(pace(-5.0, f64::INFINITY), None);
    assert_eq!(pace(10.0, f64::INFINITY), Some(10_000));
    assert_eq!(pace(10.0, 2.5), Some(2_500));
    assert_eq!(pace(0.0, 2.5), Some(2_500));
    assert_eq!(pace(1e-9, f64::INFINITY), Some(1));
}

#[test]
fn a_stop_ends_it_and_what_is_under_way_is_counted() {
    let mut world = World::new(by_query(terminate()), f64::INFINITY);
    let mut left: Vec<u32> = (0..600).collect();
    world.pay(&mut left, 600);
    world.step(Input::Stop { retention: DAY }).expect("it runs");
    assert!(world.step(Input::Stop { retention: DAY }).is_err(), "it is over");
    assert_eq!(world.batch.describe().state, 3);
    while world.pay(&mut left, 600) {}
    let told = world.batch.describe();
    assert_eq!((told.state, told.complete_operation_count), (3, PART_MAX as i64));
    world.now = 86_400;
    world.step(Input::Tick).expect("a tick is taken");
    assert!(world.batch.is_gone());
}

#[test]
fn a_query_that_can_t_be_read_any_more_ends_it() {
    let mut world = World::new(by_query(terminate()), f64::INFINITY);
    let (name, _) = world.duty().expect("a selection is owed");
    world.step(Input::Unselectable { number: name.number, retention: DAY }).expect("a report is taken");
    assert_eq!(world.batch.describe().state, 3);
    assert!(world.duty().is_none());
}

#[test]
fn positions_are_those_of_the_shorter_statement() {
    let attributes = crate::visibility::Attributes::system();
    let cases = [
        ("(", "invalid visibility query: syntax error at position 28"),
        ("a b", "invalid visibility query: syntax error at position 30 near 'b'"),
        ("   ", "invalid visibility query: syntax error at position 30"),
        (
            "WorkflowId = 'x' ORDER BY StartTime",
            "invalid visibility query: operation is not supported: 'ORDER BY' clause",
        ),
    ];
    for (text, expected) in cases {
        let refusal = query(text, &attributes).expect_err("it can't be meant");
        assert_eq!(refusal, longhaul_proto::Refusal::InvalidArgument(expected.into()), "{text}");
    }
}

proptest! {
    /// Each workflow is done once and counted once, in its order, whatever is reported twice or is read anew between.
    #[test]
    fn each_workflow_is_done_once(
        count in 0_u32..900, page in 1_usize..400, rate in prop_oneof![Just(f64::INFINITY), 100.0..2000.0],
        crashes in proptest::collection::vec(any::<bool>(), 64), stop in 0_usize..200,
    ) {
        let mut world = World::new(by_query(delete()), rate);
        let mut left: Vec<u32> = (0..count).collect();
        let mut stopped = false;
        for turn in 0..5000 {
            if crashes[turn % crashes.len()] {
                world.crash();
            }
            if turn == stop && world.batch.is_running() {
                stopped = world.step(Input::Stop { retention: DAY }).is_ok();
            }
            let before = world.duty();
            if !world.pay(&mut left, page) {
                if !world.batch.is_running() {
                    break;
                }
                world.now += 1;
                world.step(Input::Tick).expect("a tick is taken");
            } else if let Some((name, _)) = before {
                // The report comes twice.
                let again = Input::Worked { number: name.number, complete: 9, failed: 9, retention: DAY };
                world.step(again).expect("a late report is taken");
            }
        }
        prop_assert!(!world.batch.is_running() && world.duty().is_none());
        let told = world.batch.describe();
        prop_assert_eq!(told.complete_operation_count, world.done.len() as i64);
        prop_assert_eq!(told.failure_operation_count, 0);
        let expected: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        prop_assert_eq!(&world.done[..], &expected[..world.done.len()]);
        prop_assert!(stopped || world.done.len() == expected.len());
        world.now += 86_400;
        world.step(Input::Tick).expect("a tick is taken");
        prop_assert!(world.batch.is_gone());
    }
}

//! Schedules as a client sees them: one is made, looked at and sometimes paused and triggered, and deleted in the end.
//! One that is left alone has to account for every time that was due.

use std::time::Duration;

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::{
    common::v1::WorkflowType,
    enums::v1::ScheduleOverlapPolicy as Overlap,
    schedule::v1::{
        IntervalSpec, Schedule, ScheduleAction, ScheduleInfo, SchedulePatch, SchedulePolicies, ScheduleSpec,
        TriggerImmediatelyRequest, schedule_action::Action,
    },
    taskqueue::v1::TaskQueue,
    workflow::v1::NewWorkflowExecutionInfo,
    workflowservice::v1::{
        CreateScheduleRequest, DeleteScheduleRequest, DescribeScheduleRequest, PatchScheduleRequest,
    },
};

use super::TRIES;
use crate::{
    book::Plan,
    dice::Dice,
    line::{Line, Said},
    player::payloads,
    script::Script,
    world::{NAMESPACE_NAME, WORKFLOWS},
};

/// How often a schedule is looked at until its account is right.
const LOOKS: u32 = 60;

/// How long everything is calm until no action is under way.
const SETTLED: Duration = Duration::from_secs(60);

/// A client who cares for one schedule.
struct Planner {
    line: Line,
    dice: Dice,
    id: String,
    every: i64,
    is_exact: bool,
}

/// Begins to act as a client of a schedule; `others` are executions that its workflows may write to.
pub(crate) fn plan(line: &Line, id: &str, others: &[String]) {
    let dice = line.world.dice(&format!("client of {id}"));
    let planner = Planner {
        line: line.clone(),
        id: id.into(),
        every: *dice.pick(&[4, 7, 30]),
        is_exact: dice.chance(600),
        dice,
    };
    let others = others.to_vec();
    line.world.enter();
    line.world.tasks.spawn("client", async move {
        planner.live(&others).await;
        planner.line.world.leave();
    });
}

impl Planner {
    async fn live(&self, others: &[String]) {
        let clock = self.line.world.clock;
        clock.sleep(self.dice.millis(0, 10_000)).await;
        let Said::Yes(_) = self.line.insist(&self.dice, TRIES, self.creation(others)).await else { return };
        for _ in 0..self.dice.between(2, 5) {
            clock.sleep(self.dice.millis(6_000, 20_000)).await;
            if !self.is_exact {
                self.meddle().await;
            }
        }
        if self.is_exact {
            self.look(accounted).await;
        }
        self.patch(SchedulePatch { pause: "enough".into(), ..SchedulePatch::default() }).await;
        // An action that has begun by then goes on, and is counted when it is done.
        while !self.line.world.faults.is_calm() {
            clock.sleep(Duration::from_secs(1)).await;
        }
        clock.sleep(SETTLED).await;
        let line = self.line.clone();
        let prefix = format!("{}-", self.id);
        let info = self
            .look(move |info, _| {
                let ledger = line.world.ledger.lock();
                let runs = ledger.runs.keys().filter(|key| key.execution.id.starts_with(&*prefix));
                info.buffer_size == 0 && runs.count() as i64 == info.action_count
            })
            .await;
        let plan = Plan {
            workflow_id: self.id.clone(),
            every: self.every,
            is_exact: self.is_exact,
            counted: info.map(|info| info.action_count),
        };
        self.line.world.book.lock().plans.insert(self.id.clone(), plan);
        let request = DeleteScheduleRequest {
            namespace: NAMESPACE_NAME.into(),
            schedule_id: self.id.clone(),
            ..DeleteScheduleRequest::default()
        };
        self.line.insist(&self.dice, TRIES, request).await;
    }

    fn creation(&self, others: &[String]) -> CreateScheduleRequest {
        // Actions of an exact schedule follow no other, so that each of them is one run.
        let script = Script::draw(&self.dice, 0, others);
        let action = NewWorkflowExecutionInfo {
            workflow_id: self.id.clone(),
            workflow_type: Some(WorkflowType { name: "script".into() }),
            task_queue: Some(TaskQueue { name: WORKFLOWS.into(), ..TaskQueue::default() }),
            input: Some(payloads(&script)),
            workflow_run_timeout: Some(to_proto(Duration::from_secs(60))),
            ..NewWorkflowExecutionInfo::default()
        };
        let interval = IntervalSpec {
            interval: Some(to_proto(Duration::from_secs(self.every.unsigned_abs()))),
            ..IntervalSpec::default()
        };
        // An action that another one has replaced before it began is not counted, as on the reference.
        let overlaps = if self.is_exact {
            &[Overlap::Skip, Overlap::BufferOne, Overlap::BufferAll, Overlap::AllowAll][..]
        } else {
            &[Overlap::CancelOther, Overlap::TerminateOther, Overlap::AllowAll, Overlap::BufferAll][..]
        };
        let overlap = *self.dice.pick(overlaps);
        let catchup = *self.dice.pick(&[10, 3600]);
        CreateScheduleRequest {
            namespace: NAMESPACE_NAME.into(),
            schedule_id: self.id.clone(),
            schedule: Some(Schedule {
                spec: Some(ScheduleSpec { interval: vec![interval], ..ScheduleSpec::default() }),
                action: Some(ScheduleAction { action: Some(Action::StartWorkflow(action)) }),
                policies: Some(SchedulePolicies {
                    overlap_policy: overlap as i32,
                    catchup_window: Some(to_proto(Duration::from_secs(catchup))),
                    ..SchedulePolicies::default()
                }),
                ..Schedule::default()
            }),
            request_id: self.dice.name("create"),
            ..CreateScheduleRequest::default()
        }
    }

    /// Pauses the schedule, lets it go on, or triggers it.
    async fn meddle(&self) {
        let patch = match self.dice.below(3) {
            0 => SchedulePatch { pause: "a while".into(), ..SchedulePatch::default() },
            1 => SchedulePatch { unpause: "go on".into(), ..SchedulePatch::default() },
            _ => SchedulePatch {
                trigger_immediately: Some(TriggerImmediatelyRequest::default()),
                ..SchedulePatch::default()
            },
        };
        self.patch(patch).await;
    }

    async fn patch(&self, patch: SchedulePatch) {
        let request = PatchScheduleRequest {
            namespace: NAMESPACE_NAME.into(),
            schedule_id: self.id.clone(),
            patch: Some(patch),
            request_id: self.dice.name("patch"),
            ..PatchScheduleRequest::default()
        };
        if let Said::No(refusal) = self.line.insist(&self.dice, TRIES, request).await {
            self.line.world.accuse(format!("{} may not be patched: {refusal:?}", self.id));
        }
    }

    /// Looks at the schedule until what it says is right, and tells what it said last.
    async fn look(&self, is_right: impl Fn(&ScheduleInfo, i64) -> bool) -> Option<ScheduleInfo> {
        let world = &self.line.world;
        let mut last = None;
        for _ in 0..LOOKS {
            let request =
                DescribeScheduleRequest { namespace: NAMESPACE_NAME.into(), schedule_id: self.id.clone() };
            match self.line.insist(&self.dice, TRIES, request).await {
                Said::Yes(answer) => {
                    let info = answer.info.unwrap_or_default();
                    if is_right(&info, self.every) {
                        return Some(info);
                    }
                    last = Some(info);
                }
                Said::No(refusal) => {
                    world.accuse(format!("{} can't be described: {refusal:?}", self.id));
                    return None;
                }
                Said::Unclear => {}
            }
            world.clock.sleep(Duration::from_secs(1)).await;
        }
        if self.is_exact {
            world.accuse(format!("the account of {} is never right: {last:?}", self.id));
        }
        last
    }
}

/// Whether a schedule has acted upon every time that was due so far, or says why not.
fn accounted(info: &ScheduleInfo, every: i64) -> bool {
    let (Some(created), Some(next)) = (&info.create_time, info.future_action_times.first()) else {
        return false;
    };
    // Times that are due are whole multiples of the interval; `next` is one of them.
    let due = (next.seconds - 1).div_euclid(every) - created.seconds.div_euclid(every);
    due == info.action_count
        + info.overlap_skipped
        + info.missed_catchup_window
        + info.buffer_dropped
        + info.buffer_size
}

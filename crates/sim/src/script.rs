//! Programs that simulated workflows run. A program is drawn from dice and travels in the input of its run, so that a
//! worker needs nothing but the history.

use std::time::Duration;

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::common::v1::RetryPolicy;
use serde::{Deserialize, Serialize};

use crate::{
    dice::Dice,
    job::{Job, Share},
};

/// A program: groups of steps, one group after the other, the steps of a group side by side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Script {
    /// The groups.
    pub(crate) groups: Vec<Vec<Step>>,
    /// What follows the last group.
    pub(crate) end: End,
    /// Whether it gives up as soon as it is asked to cancel.
    pub(crate) heeds_cancel: bool,
    /// Whether it answers the updates that it has accepted before it ends.
    pub(crate) awaits_updates: bool,
    /// Queue of the runs that follow it; empty for the usual one.
    #[serde(default)]
    pub(crate) queue: String,
}

/// What an update wants of the program that gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Wish {
    /// To be rejected.
    Reject,
    /// To be left out, as by a worker that knows nothing of updates.
    Ignore,
    /// To be accepted, and answered so many milliseconds later.
    Answer(u64),
}

/// How runs follow each other, apart from what a program does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Chain {
    /// They don't.
    Single,
    /// A run that fails is tried again, so many times in all.
    Retry(i32),
    /// A run follows by a schedule.
    Cron {
        /// Seconds from one to the next.
        every: u64,
        /// Seconds after which no other run follows.
        lasts: u64,
    },
}

impl Wish {
    /// Draws a wish.
    pub(crate) fn draw(dice: &Dice) -> Self {
        match dice.below(10) {
            0 | 1 => Self::Reject,
            2 => Self::Ignore,
            3..=6 => Self::Answer(0),
            _ => Self::Answer(dice.between(1, 6000)),
        }
    }
}

impl Chain {
    /// Draws a way.
    pub(crate) fn draw(dice: &Dice) -> Self {
        match dice.below(10) {
            0 | 1 => Self::Retry(*dice.pick(&[2, 3])),
            2 => Self::Cron { every: *dice.pick(&[2, 5, 20]), lasts: dice.between(20, 90) },
            _ => Self::Single,
        }
    }

    /// The retry policy that a start asks for.
    pub(crate) fn retry_policy(&self) -> Option<RetryPolicy> {
        let Self::Retry(attempts) = self else { return None };
        Some(RetryPolicy {
            initial_interval: Some(to_proto(Duration::from_secs(1))),
            backoff_coefficient: 2.0,
            maximum_attempts: *attempts,
            ..RetryPolicy::default()
        })
    }

    /// The schedule that a start asks for.
    pub(crate) fn cron_schedule(&self) -> String {
        match self {
            Self::Cron { every, .. } => format!("@every {every}s"),
            Self::Single | Self::Retry(_) => String::new(),
        }
    }

    /// How long all runs together may take.
    pub(crate) fn execution_timeout(&self) -> Option<prost_types::Duration> {
        match self {
            Self::Cron { lasts, .. } => Some(to_proto(Duration::from_secs(*lasts))),
            Self::Single | Self::Retry(_) => None,
        }
    }
}

/// A step. Numbers are milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    /// An activity.
    Activity(Work),
    /// A timer.
    Timer(u64),
    /// A timer that is canceled once a shorter one has fired.
    CanceledTimer(u64),
    /// A marker.
    Marker,
    /// A child, with the number of its parent close policy; nobody waits for one that is abandoned.
    Child(Box<Script>, i32, Chain),
    /// A signal to another execution.
    Signal(String),
    /// A cancel request to another execution.
    Cancel(String),
    /// Waits until so many signals have come.
    Await(usize),
    /// A Nexus operation.
    Operation(Box<Job>),
    /// An activity of the queue that is shared by weight.
    Share(Share),
}

/// An activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    /// Attempts that fail.
    pub(crate) fails: i32,
    /// Attempts at most; zero is any number.
    pub(crate) attempts_max: i32,
    /// Whether its failure can't be retried.
    pub(crate) is_hopeless: bool,
    /// How long an attempt takes.
    pub(crate) takes: u64,
    /// How long an attempt may take.
    pub(crate) start_to_close: u64,
    /// How long all attempts may take; zero is any time.
    pub(crate) schedule_to_close: u64,
    /// Longest time between heartbeats; zero is any time.
    pub(crate) heartbeat: u64,
    /// When the workflow gives it up; zero is never.
    pub(crate) canceled_after: u64,
}

/// How a program ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum End {
    /// With a result.
    Complete,
    /// With a failure.
    Fail,
    /// As another run with another program.
    ContinueAsNew(Box<Script>),
}

/// Parent close policies by their public numbers.
const TERMINATE: i32 = 1;
/// The child is left alone.
pub(crate) const ABANDON: i32 = 2;
/// The child is asked to cancel.
const REQUEST_CANCEL: i32 = 3;

impl Script {
    /// Draws a program. `depth` bounds children and runs that follow; `others` are executions it may write to.
    pub(crate) fn draw(dice: &Dice, depth: u32, others: &[String]) -> Self {
        let groups = dice.between(1, if depth == 0 { 2 } else { 4 });
        let groups = (0..groups)
            .map(|_| (0..dice.between(1, 3)).map(|_| Step::draw(dice, depth, others)).collect())
            .collect();
        let end = match dice.below(10) {
            0 | 1 if depth > 0 => End::ContinueAsNew(Box::new(Self::draw(dice, depth - 1, others))),
            2 => End::Fail,
            _ => End::Complete,
        };
        let queue = String::new();
        Self { groups, end, heeds_cancel: dice.chance(600), awaits_updates: dice.chance(500), queue }
    }

    /// A program of these groups.
    pub(crate) fn of(groups: Vec<Vec<Step>>, end: End) -> Self {
        Self { groups, end, heeds_cancel: true, awaits_updates: false, queue: String::new() }
    }

    /// The same with every run that follows on this queue.
    pub(crate) fn following(mut self, queue: &str) -> Self {
        self.queue = queue.into();
        if let End::ContinueAsNew(next) = self.end {
            self.end = End::ContinueAsNew(Box::new(next.following(queue)));
        }
        self
    }

    /// Waits for `count` signals at first.
    pub(crate) fn awaiting(mut self, count: usize) -> Self {
        self.groups.insert(0, vec![Step::Await(count)]);
        self
    }
}

impl Step {
    fn draw(dice: &Dice, depth: u32, others: &[String]) -> Self {
        match dice.below(14) {
            0..=4 => Self::Activity(Work::draw(dice)),
            5 | 6 => Self::Timer(dice.between(1, 8000)),
            7 => Self::CanceledTimer(dice.between(5000, 60_000)),
            8 => Self::Marker,
            9 | 10 if depth > 0 => {
                let policy = *dice.pick(&[TERMINATE, ABANDON, REQUEST_CANCEL]);
                let script = Box::new(Script::draw(dice, depth - 1, others));
                Self::Child(script, policy, Chain::draw(dice))
            }
            9 => Self::Signal(dice.pick(others).clone()),
            12 | 13 if depth > 0 => Self::Operation(Box::new(Job::draw(dice, others))),
            12 => Self::Timer(dice.between(1, 8000)),
            10 => Self::Cancel(dice.pick(others).clone()),
            _ => Self::Signal(dice.pick(others).clone()),
        }
    }
}

impl Work {
    fn draw(dice: &Dice) -> Self {
        let start_to_close = dice.between(1500, 6000);
        let heartbeat = if dice.chance(300) { 1000 } else { 0 };
        Self {
            fails: *dice.pick(&[0, 0, 0, 1, 2]),
            attempts_max: *dice.pick(&[0, 0, 1, 3]),
            is_hopeless: dice.chance(50),
            takes: *dice.pick(&[0, 0, 1, 700, 1200]),
            start_to_close,
            schedule_to_close: if dice.chance(200) { 20_000 } else { 0 },
            heartbeat,
            canceled_after: if dice.chance(100) { dice.between(1, 3000) } else { 0 },
        }
    }
}

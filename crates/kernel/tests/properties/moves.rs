//! What may happen to a run: moves that mean something in whatever state they find it.

use longhaul_proto::api::{command::v1::Command, common::v1::RetryPolicy};
use proptest::prelude::*;

use crate::commands::{closing_command, duration, open_command, retry_policy, wrong_command};

/// How a run begins.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    pub delay: Option<prost_types::Duration>,
    pub run_timeout: Option<prost_types::Duration>,
    pub execution_timeout: Option<prost_types::Duration>,
    pub retry_policy: Option<RetryPolicy>,
    pub cron: bool,
    pub child: bool,
    pub eager: bool,
    pub signal: bool,
}

/// What happens. Numbers choose among what the run has; one too large chooses something that is not there.
#[derive(Clone, Debug)]
pub enum Move {
    /// Time passes and the store wakes the run.
    Wait(u64),
    /// Time passes and the store sleeps.
    Late(u64),
    Tick,
    Poll {
        sticky: bool,
        request: u8,
        stale: bool,
    },
    Complete {
        commands: Vec<Command>,
        sticky: bool,
        force_new: bool,
        return_new: bool,
        stale: bool,
    },
    FailTask {
        stale: bool,
    },
    PollActivity {
        which: usize,
        request: u8,
        stale: bool,
    },
    EndActivity {
        which: usize,
        how: End,
        by_id: bool,
        stale: bool,
    },
    Signal {
        request: u8,
        skips_delay: bool,
        child_only: bool,
    },
    Cancel {
        child_only: bool,
    },
    Terminate,
    ChildStarted(usize),
    ChildNotStarted(usize),
    ChildClosed {
        which: usize,
        how: u8,
    },
    SignalDelivered {
        which: usize,
        failed: Option<i32>,
    },
    CancelDelivered {
        which: usize,
        failed: Option<i32>,
    },
    DutyDone(usize),
    ResetSticky,
    ScheduleFirstTask,
}

/// What a worker says of an activity.
#[derive(Clone, Debug)]
pub enum End {
    Heartbeat,
    Completed,
    Failed { non_retryable: bool, delay: Option<prost_types::Duration> },
    Canceled,
}

pub fn beginning() -> impl Strategy<Value = Beginning> {
    let some = || prop::option::weighted(0.15, duration());
    let flag = || prop::bool::weighted(0.15);
    ((some(), some(), some()), retry_policy(), flag(), flag(), flag(), flag()).prop_map(
        |((delay, run_timeout, execution_timeout), retry_policy, cron, child, eager, signal)| Beginning {
            delay,
            run_timeout,
            execution_timeout,
            retry_policy,
            cron,
            child,
            eager,
            signal,
        },
    )
}

pub fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        60 => harmless_move(),
        1 => ending_move(),
    ]
}

fn ending_move() -> impl Strategy<Value = Move> {
    let closing =
        (prop::collection::vec(open_command(), 0..3), closing_command()).prop_map(|(mut all, last)| {
            all.push(last);
            complete(all, false, false, false)
        });
    prop_oneof![6 => closing, 1 => Just(Move::Terminate)]
}

fn complete(commands: Vec<Command>, sticky: bool, force_new: bool, return_new: bool) -> Move {
    Move::Complete { commands, sticky, force_new, return_new, stale: false }
}

/// A move that does not end a run without timeouts.
pub fn harmless_move() -> impl Strategy<Value = Move> {
    let stale = || prop::bool::weighted(0.08);
    let many = prop::collection::vec(open_command(), 0..4);
    let completed =
        (many, any::<bool>(), stale(), stale()).prop_map(|(commands, sticky, force_new, return_new)| {
            complete(commands, sticky, force_new, return_new)
        });
    let mistaken =
        (prop::collection::vec(open_command(), 0..3), wrong_command()).prop_map(|(mut all, wrong)| {
            all.push(wrong);
            complete(all, false, false, false)
        });
    let late = Just(Move::Complete {
        commands: Vec::new(),
        sticky: false,
        force_new: false,
        return_new: false,
        stale: true,
    });
    let length = prop_oneof![4 => 0..2_000u64, 2 => 2_000..15_000u64, 1 => Just(1_000u64)];
    let which = || 0..4usize;
    prop_oneof![
        8 => length.clone().prop_map(Move::Wait),
        2 => length.prop_map(Move::Late),
        1 => Just(Move::Tick),
        10 => (any::<bool>(), 0..2u8, stale())
            .prop_map(|(sticky, request, stale)| Move::Poll { sticky, request, stale }),
        10 => completed,
        2 => mistaken,
        1 => late,
        2 => stale().prop_map(|stale| Move::FailTask { stale }),
        8 => (which(), 0..2u8, stale())
            .prop_map(|(which, request, stale)| Move::PollActivity { which, request, stale }),
        8 => (which(), end(), stale(), stale())
            .prop_map(|(which, how, by_id, stale)| Move::EndActivity { which, how, by_id, stale }),
        5 => (0..6u8, stale(), stale()).prop_map(|(request, skips_delay, child_only)| Move::Signal {
            request,
            skips_delay,
            child_only
        }),
        1 => stale().prop_map(|child_only| Move::Cancel { child_only }),
        3 => which().prop_map(Move::ChildStarted),
        1 => which().prop_map(Move::ChildNotStarted),
        3 => (which(), 0..6u8).prop_map(|(which, how)| Move::ChildClosed { which, how }),
        1 => (which(), prop::option::of(0..3i32))
            .prop_map(|(which, failed)| Move::SignalDelivered { which, failed }),
        1 => (which(), prop::option::of(0..3i32))
            .prop_map(|(which, failed)| Move::CancelDelivered { which, failed }),
        1 => which().prop_map(Move::DutyDone),
        1 => Just(Move::ResetSticky),
        1 => Just(Move::ScheduleFirstTask),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        2 => Just(End::Heartbeat),
        3 => Just(End::Completed),
        3 => (any::<bool>(), prop::option::weighted(0.2, duration()))
            .prop_map(|(non_retryable, delay)| End::Failed { non_retryable, delay }),
        1 => Just(End::Canceled),
    ]
}

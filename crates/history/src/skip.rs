//! Setting the clock of a test server forward, to the next timer, whenever nothing else is left to be done.
//!
//! Nothing is left to be done when nobody is owed anything (the outbox is empty: no task waits for a worker, no child
//! for its start) and no open run has a task with a worker or a wake that is due. Then only time can change anything, and
//! the next thing that it changes is the earliest wake of an open run or a schedule, or a client that sleeps. Closed
//! runs wake for their removal, which is no reason to hurry.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    ids::{Kind, SLOTS, Slot},
    run::{Phase, Run},
    time::Timestamp,
};
use longhaul_runtime::{Skipper, peers::PeerError};
use longhaul_store::{ShardId, ShardRange, Wake};

use crate::{cell::Target, events::read_error, history::Room};

/// Wakes read from the store at a time.
const PAGE: usize = 1000;
/// How often it is looked whether something is left to be done.
const PAUSE: Duration = Duration::from_millis(5);

/// What a look at all there is has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Something is left to be done.
    Busy,
    /// Nothing before this instant, or nothing at all.
    Idle(Option<Timestamp>),
}

/// Whether an open run waits for time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Closed,
    Busy,
    Waits,
}

/// Sets the clock forward until the process ends.
pub async fn run(room: Arc<Room>, skipper: &'static Skipper) {
    loop {
        skipper.unlocked().await;
        match look(&room).await {
            Ok(Found::Idle(wake)) => {
                let next = wake.map(|at| at.0).into_iter().chain(skipper.awaited()).min();
                if let Some(next) = next {
                    skipper.jump(next - room.host.clock.now());
                }
            }
            Ok(Found::Busy) => {}
            Err(error) => tracing::warn!(%error, "it can't be told whether something is left to be done"),
        }
        room.host.clock.sleep(PAUSE).await;
    }
}

async fn look(room: &Arc<Room>) -> Result<Found, PeerError> {
    let moved = room.wakes.moved();
    let found = look_once(room).await?;
    // What was read first may have changed while the rest was read.
    Ok(if room.wakes.moved() == moved { found } else { Found::Busy })
}

async fn look_once(room: &Arc<Room>) -> Result<Found, PeerError> {
    let all = ShardRange { shard: ShardId(0), first: Slot(0), last: Slot(SLOTS - 1) };
    if !room.store.outbox(all, None, 1).await.map_err(read_error)?.is_empty() {
        return Ok(Found::Busy);
    }
    let now = Timestamp(room.host.clock.now());
    let mut next: Option<Timestamp> = None;
    let waking = room.store.waking(Slot(0), Slot(SLOTS - 1), Timestamp::MAX).await.map_err(read_error)?;
    for slot in waking {
        let mut after: Option<Wake> = None;
        loop {
            let page = room.store.wakes(slot, Timestamp::MAX, after, PAGE).await.map_err(read_error)?;
            for wake in &page {
                let standing = match wake.run.execution.kind {
                    Kind::Workflow => standing(room, wake).await?,
                    Kind::Schedule
                    | Kind::Activity
                    | Kind::NexusOperation
                    | Kind::Batch
                    | Kind::Deployment => Standing::Waits,
                };
                match standing {
                    Standing::Closed => {}
                    Standing::Busy => return Ok(Found::Busy),
                    Standing::Waits if wake.at <= now => return Ok(Found::Busy),
                    Standing::Waits => next = Some(next.map_or(wake.at, |next| next.min(wake.at))),
                }
            }
            if page.len() < PAGE {
                break;
            }
            after = page.last().cloned();
        }
    }
    Ok(Found::Idle(next))
}

async fn standing(room: &Arc<Room>, wake: &Wake) -> Result<Standing, PeerError> {
    let shard = room.shard(&wake.run.execution)?;
    let target = Target::Run(wake.run.run);
    let at = wake.at;
    let ask = shard.ask(wake.run.execution.clone(), target, move |turn| {
        Ok(turn.loaded().map_or(Standing::Closed, |loaded| of(&loaded.run, at)))
    });
    ask.await
}

/// How a run stands whose wake was read as `wake`. If it has another one by now, it has gone on since: the time that was
/// read, of a task that it has no longer, say, is not when it waits for.
fn of(run: &Run, wake: Timestamp) -> Standing {
    if run.wake != Some(wake) {
        return Standing::Busy;
    }
    if !run.is_running() {
        return Standing::Closed;
    }
    let has_activity = run.activities.values().any(|activity| !matches!(activity.phase, Phase::Backoff));
    if run.workflow_task.is_some() || has_activity { Standing::Busy } else { Standing::Waits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_that_is_not_the_runs_own_any_more_is_no_time_to_skip_to() {
        let (timeout_of_a_task, timer) = (Timestamp::from_secs(10), Timestamp::from_secs(1));
        let mut run = Run::default();
        run.wake = Some(timer);
        assert_eq!(of(&run, timeout_of_a_task), Standing::Busy);
        assert_eq!(of(&run, timer), Standing::Closed, "it never started");
    }
}

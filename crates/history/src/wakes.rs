//! Waking runs in time. The store has a wake for every run with a deadline; those of the next minutes are held in
//! memory, and the store is asked for more before they run out. No wake comes early, and a wake that comes for nothing
//! is harmless.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use longhaul_kernel::{
    ids::{RunKey, SLOTS, Slot},
    run::What,
    time::Timestamp,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::Wake;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{cell::Target, events::read_error, history::Room, machines, patience::Patience};

/// Wakes read from the store at a time.
const PAGE: usize = 1000;

/// The wakes of the next minutes.
pub struct Wakes {
    held: Mutex<Held>,
    earlier: Notify,
    moved: AtomicU64,
}

struct Held {
    wakes: BTreeSet<(Timestamp, RunKey)>,
    /// Up to when every wake is held.
    until: Timestamp,
}

impl Default for Wakes {
    fn default() -> Self {
        let held = Held { wakes: BTreeSet::new(), until: Timestamp(i64::MIN) };
        Self { held: Mutex::new(held), earlier: Notify::new(), moved: AtomicU64::new(0) }
    }
}

impl Wakes {
    /// A committed write has moved a run's wake.
    pub fn change(&self, run: RunKey, old: Option<Timestamp>, new: Option<Timestamp>) {
        self.moved.fetch_add(1, Ordering::Relaxed);
        let mut held = self.held.lock();
        if let Some(old) = old {
            held.wakes.remove(&(old, run.clone()));
        }
        let Some(new) = new.filter(|new| *new <= held.until) else { return };
        let first = held.wakes.first().is_none_or(|(at, _)| new < *at);
        held.wakes.insert((new, run));
        drop(held);
        if first {
            self.earlier.notify_one();
        }
    }

    /// How many moves there have been.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Takes the wakes that are due, and tells when the next thing is to be done.
    fn due(&self, now: Timestamp, refill: Timestamp) -> (Vec<RunKey>, Timestamp) {
        let mut held = self.held.lock();
        let mut due = Vec::new();
        while let Some((at, _)) = held.wakes.first() {
            if *at > now {
                break;
            }
            due.extend(held.wakes.pop_first().map(|(_, run)| run));
        }
        let next = held.wakes.first().map_or(refill, |(at, _)| (*at).min(refill));
        (due, next)
    }
}

/// Wakes runs until the process ends.
pub async fn run(room: Arc<Room>) {
    let ahead = Duration::from_secs(room.settings.wakes_ahead_secs);
    let mut patience = Patience::new(&room.host);
    loop {
        let now = Timestamp(room.host.clock.now());
        let until = room.wakes.held.lock().until;
        if now >= until - ahead / 2
            && let Err(error) = fill(&room, now + ahead).await
        {
            // Not every wake up to then is held, so it does not count as filled.
            room.wakes.held.lock().until = until;
            tracing::warn!(%error, "wakes can't be read");
            patience.pause().await;
            continue;
        }
        patience.renew();
        let refill = room.wakes.held.lock().until - ahead / 2;
        let (due, next) = room.wakes.due(now, refill);
        for run in due {
            let woken = room.clone();
            room.host.tasks.spawn("tick", async move { machines::tick(&woken, run).await });
        }
        tokio::select! {
            biased;
            () = room.host.clock.sleep_until(next.0) => {}
            () = room.wakes.earlier.notified() => {}
        }
    }
}

/// Holds every wake up to `until`.
async fn fill(room: &Room, until: Timestamp) -> Result<(), PeerError> {
    // Said first: a wake that is committed while the store is read is then held by `change`.
    room.wakes.held.lock().until = until;
    let waking = room.store.waking(Slot(0), Slot(SLOTS - 1), until).await.map_err(read_error)?;
    for slot in waking {
        let mut after: Option<Wake> = None;
        loop {
            let page = room.store.wakes(slot, until, after.clone(), PAGE).await.map_err(read_error)?;
            let is_last = page.len() < PAGE;
            after = page.last().cloned();
            let mut held = room.wakes.held.lock();
            held.wakes.extend(page.into_iter().map(|wake| (wake.at, wake.run)));
            drop(held);
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// Tells a workflow run that time has passed. What can't be decided now is tried again.
pub async fn tick(room: &Arc<Room>, run: RunKey) {
    let mut patience = Patience::new(&room.host);
    loop {
        let Ok(shard) = room.shard(&run.execution) else { return };
        let target = Target::Run(run.run);
        let outcome = shard
            .ask(run.execution.clone(), target, |turn| {
                if turn.target.is_some() {
                    turn.step(What::Tick)?;
                }
                Ok(())
            })
            .await;
        match outcome {
            // A tick that has happened does nothing the second time.
            Err(PeerError::Busy(_) | PeerError::Unknown(_)) => {
                patience.pause().await;
            }
            Err(PeerError::Lost(_) | PeerError::Corrupt(_)) => {
                tracing::warn!(%run, ?outcome, "tick failed");
                return;
            }
            // One that is let go again is woken by whoever does that.
            Ok(()) | Err(PeerError::Refused(_) | PeerError::Quarantined(_)) => return,
        }
    }
}

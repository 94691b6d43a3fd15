//! Backlogs beyond the memory, also when the place they go to fails.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use longhaul_matching::Settings;
use longhaul_store::{LaneKey, MemorySpill, Spill, SpillError};

use crate::world::*;

/// A spill that fails when told to.
#[derive(Default)]
struct Faulty {
    spill: MemorySpill,
    is_full: AtomicBool,
    is_stuck: AtomicBool,
    is_damaged: AtomicBool,
}

impl Spill for Faulty {
    fn append(&self, lane: &LaneKey, records: &[Bytes]) -> Result<(), SpillError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(SpillError::Busy("no space".into()));
        }
        self.spill.append(lane, records)
    }

    fn take(&self, lane: &LaneKey, limit: usize) -> Result<Vec<Bytes>, SpillError> {
        if self.is_stuck.load(Ordering::Relaxed) {
            return Err(SpillError::Busy("no answer".into()));
        }
        if self.is_damaged.load(Ordering::Relaxed) {
            return Err(SpillError::Corrupt("no sense".into()));
        }
        self.spill.take(lane, limit)
    }

    fn forget(&self, lane: &LaneKey) {
        self.spill.forget(lane);
    }
}

/// A room with little memory, and tasks in its queue that exceed it.
async fn crowded(spill: &Arc<Faulty>, tasks: usize) -> World {
    let settings = Settings { backlog_entries_max: 10, ..Settings::default() };
    let world = world_over(settings, spill.clone());
    for number in 0..tasks {
        world.add(task(&format!("{number:05}"))).await;
    }
    world
}

async fn drain(world: &World) -> Vec<String> {
    let mut served = Vec::new();
    while let Some(id) = world.poll().await {
        served.push(id);
    }
    served
}

#[tokio::test(start_paused = true)]
async fn tasks_stay_in_memory_while_they_cannot_be_spilled() {
    let spill = Arc::new(Faulty::default());
    spill.is_full.store(true, Ordering::Relaxed);
    let world = crowded(&spill, 400).await;
    spill.is_full.store(false, Ordering::Relaxed);
    for number in 400..1_000 {
        world.add(task(&format!("{number:05}"))).await;
    }
    let served = drain(&world).await;
    assert_eq!(served.len(), 1_000);
    assert!(served.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_poll_waits_for_tasks_that_cannot_be_fetched_yet() {
    let spill = Arc::new(Faulty::default());
    let world = crowded(&spill, 300).await;
    spill.is_stuck.store(true, Ordering::Relaxed);
    for _ in 0..10 {
        assert!(world.poll().await.is_some());
    }
    let waiting = world.poll_behind(poll("q")).await;
    assert!(!waiting.is_finished());
    spill.is_stuck.store(false, Ordering::Relaxed);
    assert_eq!(workflow_id(&waiting.await.unwrap()).as_deref(), Some("00010"));
    assert_eq!(drain(&world).await.len(), 289);
}

#[tokio::test(start_paused = true)]
async fn damaged_tasks_are_given_up_and_the_others_served() {
    let spill = Arc::new(Faulty::default());
    let world = crowded(&spill, 300).await;
    spill.is_damaged.store(true, Ordering::Relaxed);
    let served = drain(&world).await;
    assert_eq!(served.len(), 300 - 256);
    assert_eq!(served[10], "00266");
    spill.is_damaged.store(false, Ordering::Relaxed);
    world.add(task("later")).await;
    let answer = world.poll_answer(poll("q")).await;
    assert_eq!((workflow_id(&answer).as_deref(), answer.backlog_count_hint), (Some("later"), 0));
}

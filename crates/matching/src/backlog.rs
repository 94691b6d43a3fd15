//! The tasks of one queue that wait for a poll: by priority, inside of one by fairness key in proportion to the keys'
//! weights, and inside of a key first in, first out.
//!
//! The order is decided over the whole backlog, whether its tasks are in memory or spilled: each key has a lane of its
//! own, up to a number of them; the keys beyond share some more.

mod lane;
mod level;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use longhaul_kernel::{task_queue::Config, time::Timestamp};
use longhaul_store::{LaneKey, Spill, SpillError};

use crate::{
    budget::Budget,
    task::{Priority, Task},
};

use lane::Lane;
use level::Level;
pub(crate) use level::{Gate, Next};

/// Tasks spilled, and fetched back, at a time.
pub(crate) const BATCH: usize = 256;

/// Tasks of one queue.
pub(crate) struct Backlog {
    levels: BTreeMap<Priority, Level>,
    count: usize,
    shelf: Shelf,
    /// Whether fairness keys count.
    is_fair: bool,
    config: Arc<Config>,
}

/// Where a backlog keeps its tasks: what memory it may use, and where it goes beyond.
pub(crate) struct Shelf {
    /// Key of the queue's lanes, but for priority and fairness key.
    pub(crate) lane: LaneKey,
    pub(crate) budget: Arc<Budget>,
    pub(crate) spill: Arc<dyn Spill>,
}

impl Backlog {
    pub(crate) const fn new(shelf: Shelf, is_fair: bool, config: Arc<Config>) -> Self {
        Self { levels: BTreeMap::new(), count: 0, shelf, is_fair, config }
    }

    /// Tasks waiting.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes over what an operator says of the queue.
    pub(crate) fn configure(&mut self, is_fair: bool, config: Arc<Config>) {
        self.is_fair = is_fair;
        self.config = config;
    }

    /// Puts a task behind those of its priority and key.
    pub(crate) fn push(&mut self, task: Task) {
        self.count += 1;
        let level = self.levels.entry(task.priority).or_insert_with(|| Level::new(task.priority));
        let key = level.lane_of(&task, self.is_fair);
        level.push(&self.shelf, &self.config, &key, task);
    }

    /// Puts a task that was taken in front of all others of its priority and key; it did not go.
    pub(crate) fn push_front(&mut self, task: Task) {
        self.count += 1;
        let level = self.levels.entry(task.priority).or_insert_with(|| Level::new(task.priority));
        let key = level.lane_of(&task, self.is_fair);
        level.push_front(&self.shelf, &self.config, &key, task);
    }

    /// A task that was taken came to nothing: its key has not had its turn.
    pub(crate) fn take_back(&mut self, task: &Task) {
        if let Some(level) = self.levels.get_mut(&task.priority) {
            let key = level.lane_of(task, self.is_fair);
            level.take_back(&self.config, &key, task);
        }
    }

    /// Takes the task whose turn it is, among those that `gate` lets through and that have not expired. Drops expired
    /// ones on the way.
    pub(crate) fn pop(&mut self, now: Timestamp, gate: &mut dyn FnMut(&Task) -> Gate) -> Next {
        let mut next = Next::Nothing;
        for level in self.levels.values_mut() {
            match level.pop(&self.shelf, &self.config, now, gate, &mut self.count) {
                Next::Nothing => {}
                task @ Next::Task(_) => {
                    next = task;
                    break;
                }
                Next::At(at) => next = next.earlier(at),
            }
        }
        if self.levels.values().any(Level::is_empty) {
            self.levels.retain(|_, level| !level.is_empty());
        }
        next
    }

    /// Lets tasks be looked at again that a gate has held up for as long as something does not end.
    pub(crate) fn reopen(&mut self) {
        for level in self.levels.values_mut() {
            level.reopen(&self.config);
        }
    }

    /// Drops expired tasks from the front of every lane, as far as they are in memory.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        for level in self.levels.values_mut() {
            self.count -= level.expire(&self.shelf, now);
        }
        self.levels.retain(|_, level| !level.is_empty());
    }

    /// Number of tasks by priority, and when the oldest of them was scheduled as far as it is in memory.
    pub(crate) fn by_priority(&self) -> impl Iterator<Item = (Priority, usize, Option<Timestamp>)> {
        self.levels.iter().map(|(priority, level)| (*priority, level.len(), level.oldest()))
    }

    /// When the oldest task at the front of a lane was scheduled.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.levels.values().filter_map(Level::oldest).min()
    }
}

impl Backlog {
    /// Drops every task, spilled ones too.
    pub(crate) fn clear(&mut self) {
        for (priority, level) in std::mem::take(&mut self.levels) {
            for (key, lane) in level.lanes() {
                lane.drop_all(&self.shelf, priority, key);
            }
        }
        self.count = 0;
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Shelf {
    fn key(&self, priority: Priority, fairness: &Arc<str>) -> LaneKey {
        LaneKey { priority: priority.get(), fairness: fairness.clone(), ..self.lane.clone() }
    }

    fn lose(&self, lane: &mut Lane, key: &LaneKey, error: &SpillError) -> usize {
        self.spill.forget(key);
        let lost = lane.lose_spilled();
        tracing::error!(
            task_queue = %key.task_queue, lost, %error,
            "spilled tasks lost; a restart of this server dispatches them again"
        );
        lost
    }

    /// Spills records; `false` if they stay where they are.
    fn put_away(&self, key: &LaneKey, records: &[Bytes]) -> bool {
        match self.spill.append(key, records) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(task_queue = %self.lane.task_queue, %error, "tasks not spilled");
                false
            }
        }
    }
}

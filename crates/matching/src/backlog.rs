//! The tasks of one queue that wait for a poll: by priority, and first in, first out inside of one.
//!
//! A lane (one priority) is a head in memory, a middle that is spilled, and a tail in memory that collects the next
//! batch to spill. Without pressure there is only the head. A task put back goes to the front, over the budget if it
//! must: what was taken from memory finds its way back there.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use longhaul_kernel::time::Timestamp;
use longhaul_store::{LaneKey, Spill, SpillError};

use crate::{
    budget::Budget,
    task::{Priority, Task},
};

/// Tasks spilled, and fetched back, at a time.
pub(crate) const BATCH: usize = 256;

/// Tasks of one queue.
pub(crate) struct Backlog {
    lanes: BTreeMap<Priority, Lane>,
    count: usize,
    shelf: Shelf,
}

/// Where a backlog keeps its tasks: what memory it may use, and where it goes beyond.
pub(crate) struct Shelf {
    /// Key of the queue's lanes, but for the priority.
    pub(crate) lane: LaneKey,
    pub(crate) budget: Arc<Budget>,
    pub(crate) spill: Arc<dyn Spill>,
}

#[derive(Default)]
struct Lane {
    head: VecDeque<Task>,
    spilled: usize,
    tail: VecDeque<Task>,
}

impl Backlog {
    pub(crate) const fn new(shelf: Shelf) -> Self {
        Self { lanes: BTreeMap::new(), count: 0, shelf }
    }

    /// Tasks waiting.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Puts a task behind those of its priority.
    pub(crate) fn push(&mut self, task: Task) {
        let priority = task.priority;
        let bytes = task.bytes();
        let lane = self.lanes.entry(priority).or_default();
        let fits = lane.spilled == 0 && lane.tail.is_empty() && self.shelf.budget.has_room(bytes);
        self.count += 1;
        self.shelf.budget.take(bytes);
        if fits {
            lane.head.push_back(task);
            return;
        }
        lane.tail.push_back(task);
        if lane.tail.len().is_multiple_of(BATCH) {
            self.shelf.put_away(priority, lane);
        }
    }

    /// Puts a task in front of all others of its priority.
    pub(crate) fn push_front(&mut self, task: Task) {
        self.count += 1;
        self.shelf.budget.take(task.bytes());
        self.lanes.entry(task.priority).or_default().head.push_front(task);
    }

    /// Takes the most urgent task that has not expired; drops expired ones on the way.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<Task> {
        for (priority, lane) in &mut self.lanes {
            while let Some(task) = self.shelf.next(*priority, lane, &mut self.count) {
                if !task.is_expired(now) {
                    return Some(task);
                }
            }
        }
        self.lanes.retain(|_, lane| !lane.is_empty());
        None
    }

    /// Drops expired tasks from the front of every lane, as far as they are in memory.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        for lane in self.lanes.values_mut() {
            while let Some(task) = lane.head.pop_front_if(|task| task.is_expired(now)) {
                self.count -= 1;
                self.shelf.budget.give(task.bytes());
            }
        }
        self.lanes.retain(|_, lane| !lane.is_empty());
    }

    /// Number of tasks by priority, and when the oldest of them was scheduled as far as it is in memory.
    pub(crate) fn by_priority(&self) -> impl Iterator<Item = (Priority, usize, Option<Timestamp>)> {
        self.lanes.iter().map(|(priority, lane)| {
            let oldest = lane.head.front().or(lane.tail.front()).map(|task| task.scheduled_at);
            (*priority, lane.len(), oldest)
        })
    }

    /// When the oldest task at the front of a lane was scheduled.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.by_priority().filter_map(|(_, _, oldest)| oldest).min()
    }
}

impl Backlog {
    /// Drops every task, spilled ones too.
    pub(crate) fn clear(&mut self) {
        for (priority, lane) in std::mem::take(&mut self.lanes) {
            for task in lane.head.iter().chain(&lane.tail) {
                self.shelf.budget.give(task.bytes());
            }
            if lane.spilled > 0 {
                self.shelf.spill.forget(&self.shelf.key(priority));
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
    fn key(&self, priority: Priority) -> LaneKey {
        LaneKey { priority: priority.get(), ..self.lane.clone() }
    }

    /// The next task of a lane, fetched from where it is. `count` is the backlog's.
    fn next(&self, priority: Priority, lane: &mut Lane, count: &mut usize) -> Option<Task> {
        if lane.head.is_empty() && lane.spilled > 0 {
            *count -= self.fetch(priority, lane);
        }
        if lane.head.is_empty() && lane.spilled == 0 {
            std::mem::swap(&mut lane.head, &mut lane.tail);
        }
        let task = lane.head.pop_front()?;
        *count -= 1;
        self.budget.give(task.bytes());
        Some(task)
    }

    /// Spills the tail of a lane. If that fails it stays in memory until another batch has gathered behind it.
    fn put_away(&self, priority: Priority, lane: &mut Lane) {
        let records: Vec<Bytes> = lane.tail.iter().map(Task::encode).collect();
        if let Err(error) = self.spill.append(&self.key(priority), &records) {
            tracing::warn!(task_queue = %self.lane.task_queue, %error, "tasks not spilled");
            return;
        }
        lane.spilled += records.len();
        for task in lane.tail.drain(..) {
            self.budget.give(task.bytes());
        }
    }

    /// Fetches the next spilled tasks into the head of a lane. Answers how many were lost.
    fn fetch(&self, priority: Priority, lane: &mut Lane) -> usize {
        let key = self.key(priority);
        let records = match self.spill.take(&key, BATCH) {
            Ok(records) if !records.is_empty() => records,
            Ok(_) => return self.lose(lane, &key, &SpillError::Corrupt("records are missing".into())),
            Err(error @ SpillError::Corrupt(_)) => return self.lose(lane, &key, &error),
            Err(error @ SpillError::Busy(_)) => {
                tracing::warn!(task_queue = %key.task_queue, %error, "spilled tasks not fetched");
                return 0;
            }
        };
        let fetched = records.len().min(lane.spilled);
        lane.spilled -= fetched;
        lane.head.extend(records.into_iter().filter_map(Task::decode));
        for task in &lane.head {
            self.budget.take(task.bytes());
        }
        fetched.saturating_sub(lane.head.len())
    }

    fn lose(&self, lane: &mut Lane, key: &LaneKey, error: &SpillError) -> usize {
        self.spill.forget(key);
        let lost = std::mem::take(&mut lane.spilled);
        tracing::error!(
            task_queue = %key.task_queue, lost, %error,
            "spilled tasks lost; a restart of this server dispatches them again"
        );
        lost
    }
}

impl Lane {
    fn len(&self) -> usize {
        self.head.len() + self.spilled + self.tail.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

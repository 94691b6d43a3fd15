//! A lane: tasks that are served first in, first out.
//!
//! It is a head in memory, a middle that is spilled, and a tail in memory that collects the next batch to spill.
//! Without pressure there is only the head. A task put back goes to the front, over the budget if it must: what was
//! taken from memory finds its way back there.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use longhaul_kernel::time::Timestamp;
use longhaul_store::SpillError;

use super::{BATCH, Shelf};
use crate::task::{Priority, Task};

#[derive(Default)]
pub(super) struct Lane {
    head: VecDeque<Task>,
    spilled: usize,
    tail: VecDeque<Task>,
}

impl Lane {
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.spilled + self.tail.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the task at the front was scheduled, as far as it is in memory.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.peek().map(|task| task.scheduled_at)
    }

    /// The task nearest to the front that is in memory.
    pub(super) fn peek(&self) -> Option<&Task> {
        self.head.front().or(self.tail.front())
    }

    pub(super) fn push(&mut self, shelf: &Shelf, priority: Priority, key: &Arc<str>, task: Task) {
        let bytes = task.bytes();
        let fits = self.spilled == 0 && self.tail.is_empty() && shelf.budget.has_room(bytes);
        shelf.budget.take(bytes);
        if fits {
            self.head.push_back(task);
            return;
        }
        self.tail.push_back(task);
        // If it fails the tail stays in memory until another batch has gathered behind it.
        if self.tail.len().is_multiple_of(BATCH) {
            let records: Vec<Bytes> = self.tail.iter().map(Task::encode).collect();
            if shelf.put_away(&shelf.key(priority, key), &records) {
                self.spilled += records.len();
                for task in self.tail.drain(..) {
                    shelf.budget.give(task.bytes());
                }
            }
        }
    }

    pub(super) fn push_front(&mut self, shelf: &Shelf, task: Task) {
        shelf.budget.take(task.bytes());
        self.head.push_front(task);
    }

    /// The task at the front, fetched from where it is; how many were lost on the way is added to `lost`.
    pub(super) fn front(
        &mut self,
        shelf: &Shelf,
        priority: Priority,
        key: &Arc<str>,
        lost: &mut usize,
    ) -> Option<&Task> {
        if self.head.is_empty() && self.spilled > 0 {
            *lost += self.fetch(shelf, priority, key);
        }
        if self.head.is_empty() && self.spilled == 0 {
            std::mem::swap(&mut self.head, &mut self.tail);
        }
        self.head.front()
    }

    /// Takes the task at the front, if it is in memory.
    pub(super) fn pop(&mut self, shelf: &Shelf) -> Option<Task> {
        let task = self.head.pop_front()?;
        shelf.budget.give(task.bytes());
        Some(task)
    }

    /// Drops expired tasks from the front, as far as they are in memory. Answers how many.
    pub(super) fn expire(&mut self, shelf: &Shelf, now: Timestamp) -> usize {
        let mut dropped = 0;
        while let Some(task) = self.head.pop_front_if(|task| task.is_expired(now)) {
            dropped += 1;
            shelf.budget.give(task.bytes());
        }
        dropped
    }

    /// Forgets what was spilled. Answers how much.
    pub(super) fn lose_spilled(&mut self) -> usize {
        std::mem::take(&mut self.spilled)
    }

    /// Gives back what the lane took.
    pub(super) fn drop_all(&self, shelf: &Shelf, priority: Priority, key: &Arc<str>) {
        for task in self.head.iter().chain(&self.tail) {
            shelf.budget.give(task.bytes());
        }
        if self.spilled > 0 {
            shelf.spill.forget(&shelf.key(priority, key));
        }
    }

    /// Fetches the next spilled tasks into the head. Answers how many were lost.
    fn fetch(&mut self, shelf: &Shelf, priority: Priority, key: &Arc<str>) -> usize {
        let key = shelf.key(priority, key);
        let records = match shelf.spill.take(&key, BATCH) {
            Ok(records) if !records.is_empty() => records,
            Ok(_) => return shelf.lose(self, &key, &SpillError::Corrupt("records are missing".into())),
            Err(error @ SpillError::Corrupt(_)) => return shelf.lose(self, &key, &error),
            Err(error @ SpillError::Busy(_)) => {
                tracing::warn!(task_queue = %key.task_queue, %error, "spilled tasks not fetched");
                return 0;
            }
        };
        let fetched = records.len().min(self.spilled);
        self.spilled -= fetched;
        self.head.extend(records.into_iter().filter_map(Task::decode));
        for task in &self.head {
            shelf.budget.take(task.bytes());
        }
        fetched.saturating_sub(self.head.len())
    }
}

//! A bounded queue between async callers and a thread: putting never waits, taking does.

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use parking_lot::{Condvar, Mutex};

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<T>,
    /// How many have to wait before who takes them is told.
    wanted: usize,
    is_closed: bool,
}

/// A queue of at most `items_max` items.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
    items_max: usize,
}

/// Why an item was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotQueued {
    /// As many as allowed are waiting.
    Full,
    /// Nobody takes from it any more.
    Closed,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub(crate) fn new(items_max: usize) -> Self {
        let inner = Inner { items: VecDeque::new(), wanted: 1, is_closed: false };
        Self { inner: Mutex::new(inner), changed: Condvar::new(), items_max }
    }

    /// Puts an item at the end.
    pub(crate) fn put(&self, item: T) -> Result<(), NotQueued> {
        let mut inner = self.inner.lock();
        if inner.is_closed {
            return Err(NotQueued::Closed);
        }
        if inner.items.len() >= self.items_max {
            return Err(NotQueued::Full);
        }
        inner.items.push_back(item);
        let is_enough = inner.items.len() >= inner.wanted;
        drop(inner);
        if is_enough {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits for an item, and then until there are `enough` or `time` has passed. For a queue with one taker.
    pub(crate) fn gather(&self, time: Duration, enough: usize) {
        let mut inner = self.inner.lock();
        while inner.items.is_empty() && !inner.is_closed {
            self.changed.wait(&mut inner);
        }
        inner.wanted = enough;
        let are_few = |inner: &mut Inner<T>| inner.items.len() < enough && !inner.is_closed;
        self.changed.wait_while_for(&mut inner, are_few, time);
        inner.wanted = 1;
    }

    /// Waits for items and takes the first of them and, of those behind it, up to `items_max` in all whose weights sum
    /// up to at most `weight_max`. Nothing once the queue is closed and empty.
    pub(crate) fn take(&self, items_max: usize, weight_max: usize, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let mut inner = self.inner.lock();
        while inner.items.is_empty() && !inner.is_closed {
            self.changed.wait(&mut inner);
        }
        let mut taken = Vec::new();
        let mut weight = 0;
        while taken.len() < items_max
            && let Some(item) = inner.items.pop_front()
        {
            weight += weigh(&item);
            if weight > weight_max && !taken.is_empty() {
                inner.items.push_front(item);
                break;
            }
            taken.push(item);
        }
        taken
    }

    /// Takes nothing in from here on; what waits can still be taken.
    pub(crate) fn close(&self) {
        self.inner.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Drops what waits.
    pub(crate) fn clear(&self) {
        // Dropped outside of the lock: whoever waits for an item may put another one at once.
        let items = std::mem::take(&mut self.inner.lock().items);
        drop(items);
    }
}

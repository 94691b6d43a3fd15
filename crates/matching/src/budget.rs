//! The memory that all backlogs share.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts tasks in memory, and says when there are too many.
#[derive(Debug)]
pub(crate) struct Budget {
    entries: AtomicUsize,
    bytes: AtomicUsize,
    entries_max: usize,
    bytes_max: usize,
}

impl Budget {
    /// An empty account with these limits.
    pub(crate) const fn new(entries_max: usize, bytes_max: usize) -> Self {
        Self { entries: AtomicUsize::new(0), bytes: AtomicUsize::new(0), entries_max, bytes_max }
    }

    /// Whether one more task of `bytes` fits. Concurrent askers may overdraw by one task each.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.entries.load(Ordering::Relaxed) < self.entries_max
            && self.bytes.load(Ordering::Relaxed) + bytes <= self.bytes_max
    }

    /// Books a task, whether it fits or not.
    pub(crate) fn take(&self, bytes: usize) {
        self.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives back what was booked.
    pub(crate) fn give(&self, bytes: usize) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

//! Counters of the work done since the folder was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Work done since the folder was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls that were made durable: commits, fences, documents.
    pub commits: u64,
    /// Durable acts, each with one `fdatasync`; commits divided by groups is what grouping gains.
    pub groups: u64,
    /// Transitions within the commits.
    pub writes: u64,
    /// Bytes of keys and values handed to the engine.
    pub bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    groups: AtomicU64,
    writes: AtomicU64,
    bytes: AtomicU64,
}

impl Counters {
    /// Adds a group.
    pub(crate) fn add(&self, group: Stats) {
        self.commits.fetch_add(group.commits, Relaxed);
        self.groups.fetch_add(group.groups, Relaxed);
        self.writes.fetch_add(group.writes, Relaxed);
        self.bytes.fetch_add(group.bytes, Relaxed);
    }

    /// The sums.
    pub(crate) fn read(&self) -> Stats {
        Stats {
            commits: self.commits.load(Relaxed),
            groups: self.groups.load(Relaxed),
            writes: self.writes.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }
}

//! The settings of the embedded store. Every one bounds something: memory, disk, threads or the size of a batch.

use std::time::Duration;

/// How a folder is used. The defaults keep a process small and suit a laptop as well as a server with slow disks.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the holder of the folder can be reached; told to a second process that wants the folder.
    /// Default: nothing.
    pub address: Option<String>,

    /// Memory for blocks read from disk. Default 32 MiB, from 1 MiB. More of it makes cold reads and long lists
    /// faster; states and histories of running workflows are cached by the rooms above.
    pub cache_bytes: u64,

    /// Size at which the memory table of a kind of record is written to disk. Default 16 MiB, 1 to 64 MiB. There are
    /// nine kinds. Larger tables mean fewer, larger files and more memory.
    pub memtable_bytes: u64,

    /// Disk space for the journal. Default 96 MiB, 64 to 512 MiB. It bounds what has to be replayed after a crash:
    /// more of it smooths bursts, less of it opens faster.
    pub journal_bytes: u64,

    /// Threads that write tables and merge them. Default 2, 1 to 16. With one, a long merge delays the writing of
    /// tables and in the end commits; more help only with more disks.
    pub maintenance_threads: usize,

    /// Threads that read from disk on behalf of async callers. Default 2, 1 to 64. More of them help when many cold
    /// runs or long lists are read at once.
    pub reader_threads: usize,

    /// Reads that may wait for a reader thread; the rest is told to come back. Default 4,096, from 1.
    pub reads_waiting_max: usize,

    /// Commits made durable by one act. Default 512, from 1. Larger groups cost latency, not durability.
    pub group_commits_max: usize,

    /// Bytes after which a group takes no further commit. Default 8 MiB, from 1.
    pub group_bytes_max: usize,

    /// How far apart syncs begin when more than some 2,500 commits come in a second. Default 1 ms, up to 20 ms; zero
    /// never waits. Further apart, fewer and larger syncs cost less of the processor and the disk, and commits take longer.
    pub sync_distance: Duration,

    /// Commits that may wait for the committer; the rest is told to come back. Default 16,384, from 1.
    pub commits_waiting_max: usize,

    /// Runs whose version is kept in memory for preconditions. Default 32,768 (some 8 MB), from 2. A run outside costs
    /// its commit a read.
    pub heads_max: usize,

    /// Open rows of lists, the newest, whose index entries are in memory only. Default 2,048 (some 2 MB), from 0. What
    /// closes meanwhile has its entries written once instead of twice and removed once; more of them make a start take
    /// longer.
    pub young_rows_max: usize,

    /// Free disk space below which commits are refused before anything is written. Default 256 MiB, from 0. Space is
    /// needed for merging tables: a full disk in the middle of that stops the store until it is opened again.
    pub disk_reserve_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: None,
            cache_bytes: 32 << 20,
            memtable_bytes: 16 << 20,
            journal_bytes: 96 << 20,
            maintenance_threads: 2,
            reader_threads: 2,
            reads_waiting_max: 4096,
            group_commits_max: 512,
            group_bytes_max: 8 << 20,
            sync_distance: Duration::from_millis(1),
            commits_waiting_max: 16_384,
            heads_max: 32_768,
            young_rows_max: 2048,
            disk_reserve_bytes: 256 << 20,
        }
    }
}

impl Options {
    /// The same with every value moved into its range.
    pub(crate) fn clamped(self) -> Self {
        Self {
            cache_bytes: self.cache_bytes.max(1 << 20),
            memtable_bytes: self.memtable_bytes.clamp(1 << 20, 64 << 20),
            journal_bytes: self.journal_bytes.clamp(64 << 20, 512 << 20),
            maintenance_threads: self.maintenance_threads.clamp(1, 16),
            reader_threads: self.reader_threads.clamp(1, 64),
            reads_waiting_max: self.reads_waiting_max.max(1),
            group_commits_max: self.group_commits_max.max(1),
            group_bytes_max: self.group_bytes_max.max(1),
            sync_distance: self.sync_distance.min(Duration::from_millis(20)),
            commits_waiting_max: self.commits_waiting_max.max(1),
            heads_max: self.heads_max.max(2),
            ..self
        }
    }
}

//! The contract: fences, writes, reads.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, Slot},
    run::Branch,
    time::Timestamp,
    visibility::{Query, Row, Value},
};

use crate::SortKey;

/// Identity of a shard in the shard map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u32);

/// A contiguous range of slots with one owner at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardRange {
    /// The shard.
    pub shard: ShardId,
    /// First slot, included.
    pub first: Slot,
    /// Last slot, included.
    pub last: Slot,
}

/// The right to write to one shard. A newer fence for the same shard makes it stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The shard.
    pub shard: ShardId,
    /// Grows by each grant.
    pub epoch: u64,
}

/// What has to hold of a run for its write to take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The run does not exist.
    New,
    /// The run exists and its last write left this version.
    Version(u64),
}

/// A batch of events to append to a branch: always one transition's worth, never split by a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Branch it belongs to.
    pub branch: BranchId,
    /// Id of its first event, from 1.
    pub first_event: i64,
    /// Id of its last event.
    pub last_event: i64,
    /// The events as an encoded `History`; encodings of consecutive batches can be concatenated.
    pub events: Bytes,
}

/// What becomes of the run's state record.
///
/// A delta of a run that has no snapshot yet stands behind an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateWrite {
    /// Replaces snapshot and deltas.
    Snapshot(Bytes),
    /// Adds a delta behind the last snapshot.
    Delta(Bytes),
    /// Removes the run: state, deltas, outbox, wakes, visibility, its branch and what it shares, but for events that
    /// other runs share. Of the rest of such a write only the current-run record counts.
    Delete,
}

/// Change of the execution's current-run record: which run an absent run id means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CurrentWrite {
    /// Leaves it.
    Keep,
    /// Replaces it by an opaque record of the history room.
    Put(Bytes),
    /// Removes it.
    Delete,
}

/// Name of an outbox row within its run: a kind and the event that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId {
    /// What sort of duty it is; numbers are the history room's.
    pub kind: u8,
    /// Event id that caused it, or zero.
    pub event: i64,
}

/// A durable duty that a run has towards others: a task to dispatch, a child to start, a signal to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The run that owes it.
    pub run: RunKey,
    /// Which duty.
    pub id: OutboxId,
    /// The duty, an opaque record of the history room.
    pub record: Bytes,
}

/// The moment at which a run wants to be woken. A run has at most one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wake {
    /// When, never earlier.
    pub at: Timestamp,
    /// Whom.
    pub run: RunKey,
}

/// What becomes of the run's row in lists.
#[derive(Clone, Debug, PartialEq)]
pub enum VisibilityWrite {
    /// Leaves it.
    Keep,
    /// Inserts or replaces it.
    Put(Box<Row>),
    /// Removes it.
    Delete,
}

/// Transitions of one run, one or more: whatever it went through since the last write.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The run.
    pub run: RunKey,
    /// Precondition.
    pub expect: Expect,
    /// Version the run has after this write: the number of its transitions.
    pub version: u64,
    /// State record.
    pub state: StateWrite,
    /// Events to append, possibly of several batches.
    pub history: Vec<Batch>,
    /// What the run reads of other runs of its execution in front of its own events, oldest first: branches, each named
    /// after the run that owns it, with the last event that is read from it. These events are kept as long as a run that
    /// shares them is there, whatever becomes of their owner; those behind the last one that anybody shares go with the
    /// owner. To share what is not kept by its owner or by another run is a conflict. Said once, in the run's first
    /// write.
    pub shares: Vec<Branch>,
    /// Current-run record of the execution.
    pub current: CurrentWrite,
    /// Outbox rows to insert or replace.
    pub outbox_put: Vec<(OutboxId, Bytes)>,
    /// Outbox rows to remove, before others are put; removing an absent one is no error.
    pub outbox_delete: Vec<OutboxId>,
    /// Wake to remove.
    pub wake_delete: Option<Timestamp>,
    /// Wake to insert, in place of the one the run has.
    pub wake_put: Option<Timestamp>,
    /// Row in lists.
    pub visibility: VisibilityWrite,
}

/// Why a commit did not happen, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Someone else owns the shard: drop it.
    #[error("shard {shard:?} is owned by epoch {current}, not by {stale}")]
    Fenced {
        /// The shard.
        shard: ShardId,
        /// The fence's epoch.
        stale: u64,
        /// The epoch in force.
        current: u64,
    },
    /// A precondition does not hold; nothing of this commit was written: reload and decide again.
    #[error("run {run} is not at the expected version")]
    Conflict {
        /// The run whose precondition failed.
        run: RunKey,
    },
    /// Nothing was written; try again later.
    #[error("store is busy: {0}")]
    Busy(String),
    /// It may have happened: stop the shard's writer, read again, only then go on.
    #[error("outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// Stored data is damaged: quarantine the run, alert an operator.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
}

/// Why a read did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Try again later.
    #[error("store is busy: {0}")]
    Busy(String),
    /// Stored data is damaged; names the file and the way out.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// A filter the store can't evaluate.
    #[error("{0}")]
    Refused(String),
}

/// A run as stored: a snapshot and the deltas behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRun {
    /// Version of the last write.
    pub version: u64,
    /// Last snapshot.
    pub snapshot: Bytes,
    /// Deltas since, oldest first.
    pub deltas: Vec<Bytes>,
}

/// Which events to read, ids included; `from` greater than `to` reads nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRange {
    /// First event wanted; the batch that holds it is returned whole.
    pub from: i64,
    /// Last event wanted; the batch that holds it is returned whole.
    pub to: i64,
}

/// Direction of a history read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Oldest batch first.
    Forward,
    /// Newest batch first; events inside of a batch keep their order.
    Reverse,
}

/// Where a list goes on: the place of the last row seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ListCursor {
    /// What that row was ordered by, one for each attribute of the query's order.
    pub ordered_by: Vec<Option<Value>>,
    /// Its place in the default order.
    pub sort: SortKey,
}

/// Groups that one count may have; a count with more of them is refused.
pub const GROUPS_MAX: usize = 10_000;

/// Numbers of rows, by the value they were grouped by.
pub type Counts = Vec<(Option<Value>, u64)>;

/// How a list is answered, and what that cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// What is read, in words: an index and its values, an intersection, all rows.
    pub plan: String,
    /// Entries that the plan was expected to walk over.
    pub estimated: u64,
    /// Whether there may be more of them than `estimated`.
    pub at_least: bool,
    /// Index entries read, those looked at to choose the plan included.
    pub entries_read: u64,
    /// Rows read and tested.
    pub rows_read: u64,
    /// Rows in the answer.
    pub rows_found: u64,
}

/// A cluster-wide record outside of any shard (a namespace, cluster metadata), changed by compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name within the section.
    pub key: String,
    /// Grows by one at each change, from 1.
    pub version: u64,
    /// The record.
    pub record: Bytes,
}

/// A durable store. Futures may be dropped at any time; a commit whose future is dropped happens or not, as a whole.
pub trait Store: Send + Sync {
    /// Grants this node the right to write to `range.shard`, and takes it from everyone else.
    ///
    /// A commit carries the fence it was granted. The store refuses a stale one, so a paused owner that wakes up late
    /// loses its write rather than ours. Shards whose range was cut by this one lose their fences too (a split, a
    /// merge), and a write to a slot outside of its fence's range is refused like a stale one.
    fn fence(&self, range: ShardRange) -> BoxFuture<'_, Result<Fence, CommitError>>;

    /// Makes the writes durable, all or none, and only then returns. Concurrent calls share one durable act.
    ///
    /// The writes of one call take effect in order; several may name the same run (versions following each other).
    fn commit(&self, fence: Fence, writes: Vec<Write>) -> BoxFuture<'_, Result<(), CommitError>>;

    /// Whether the fence holds. Nobody else has written to its shard before this was asked if it does: what its owner
    /// had read by then was true. An answer that rests on no commit has to ask, or a paused owner that wakes up late would
    /// tell of what was.
    fn holds(&self, fence: Fence) -> BoxFuture<'_, Result<(), CommitError>>;

    /// The execution's current-run record.
    fn current(&self, execution: ExecutionKey) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>>;

    /// A run's state.
    fn run(&self, run: RunKey) -> BoxFuture<'_, Result<Option<StoredRun>, ReadError>>;

    /// What the run reads of other runs in front of its own events, oldest first.
    fn shares(&self, run: RunKey) -> BoxFuture<'_, Result<Vec<Branch>, ReadError>>;

    /// Runs that share events of the branch that `run` owns, whether it is there still or not, each with the last event
    /// that it shares; those that share most first, at most `limit`.
    fn sharers(&self, run: RunKey, limit: usize) -> BoxFuture<'_, Result<Vec<(RunId, i64)>, ReadError>>;

    /// Runs of one namespace, of every kind, in slots from `first` to `last` behind `after`, in the order of their keys;
    /// at most `limit`. What an orderly owner has forgotten of is found this way: it needs no row in lists.
    fn runs(
        &self,
        namespace: NamespaceId,
        first: Slot,
        last: Slot,
        after: Option<RunKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RunKey>, ReadError>>;

    /// Batches of a branch that hold events of `range`, in `direction`, until at least `bytes_max` bytes are read
    /// (at least one batch if there is any). `slot` is that of the execution the branch belongs to.
    fn history(
        &self,
        slot: Slot,
        branch: BranchId,
        range: EventRange,
        direction: Direction,
        bytes_max: usize,
    ) -> BoxFuture<'_, Result<Vec<Batch>, ReadError>>;

    /// Outbox rows of the shard's slots behind `after`, ordered by slot, run and id; at most `limit`.
    fn outbox(
        &self,
        range: ShardRange,
        after: Option<(RunKey, OutboxId)>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<OutboxRow>, ReadError>>;

    /// Slots from `first` to `last` that may have a wake at or before `until`, in order. One too many costs its reader a
    /// look, one too few would lose wakes.
    fn waking(
        &self,
        first: Slot,
        last: Slot,
        _until: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Slot>, ReadError>> {
        Box::pin(std::future::ready(Ok((first.0..=last.0).map(Slot).collect())))
    }

    /// Wakes of one slot at or before `until`, earliest first, behind `after`; at most `limit`.
    fn wakes(
        &self,
        slot: Slot,
        until: Timestamp,
        after: Option<Wake>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Wake>, ReadError>>;

    /// Rows of one kind of the namespace that `query` selects, in its order and then in the default one (open runs first, then by
    /// close time, then by start time, newest first, then run id), behind `after`; at most `limit`.
    fn list(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        after: Option<ListCursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, ReadError>>;

    /// Number of rows of one kind of the namespace that `query` selects, by the value of `group` if one is given
    /// (rows without it count under `None`); more than [`GROUPS_MAX`] groups are refused.
    fn count(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        group: Option<Arc<str>>,
    ) -> BoxFuture<'_, Result<Counts, ReadError>>;

    /// Answers the first page of a list, and tells how instead of what.
    fn explain(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadError>>;

    /// A document.
    fn document(
        &self,
        section: &'static str,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Document>, ReadError>>;

    /// Documents of a section in the order of their keys, behind `after`; at most `limit`.
    fn documents(
        &self,
        section: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Document>, ReadError>>;

    /// Writes (or with `None` removes) a document if its version is still `expect` (zero: it does not exist).
    /// Answers the new version, or `None` if the expectation does not hold.
    fn put_document(
        &self,
        section: &'static str,
        key: String,
        expect: u64,
        record: Option<Bytes>,
    ) -> BoxFuture<'_, Result<Option<u64>, CommitError>>;
}

//! The contract in memory: one lock, ordered maps, no I/O. It forgets everything when it is dropped, and the same calls
//! in the same order give the same answers. Used by `--in-memory`, by tests and by the simulator.

mod shares;
mod state;
#[cfg(test)]
mod tests;

use std::{future::ready, sync::Arc};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, Slot},
    run::Branch,
    time::Timestamp,
    visibility::{Query, Row},
};
use parking_lot::Mutex;

use crate::{
    Batch, CommitError, Counts, Direction, Document, EventRange, Explained, Fence, ListCursor, OutboxId,
    OutboxRow, ReadError, ShardRange, Store, StoredRun, Wake, Write,
};
use state::State;

/// A store that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Answers at once: nothing here ever waits.
fn now<T: Send + 'static>(value: T) -> BoxFuture<'static, T> {
    ready(value).boxed()
}

impl Store for MemoryStore {
    fn fence(&self, range: ShardRange) -> BoxFuture<'_, Result<Fence, CommitError>> {
        now(Ok(self.state.lock().fence(range)))
    }

    fn commit(&self, fence: Fence, writes: Vec<Write>) -> BoxFuture<'_, Result<(), CommitError>> {
        now(self.state.lock().commit(fence, writes))
    }

    fn holds(&self, fence: Fence) -> BoxFuture<'_, Result<(), CommitError>> {
        now(self.state.lock().holds(fence))
    }

    fn current(&self, execution: ExecutionKey) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>> {
        now(Ok(self.state.lock().current(&execution)))
    }

    fn run(&self, run: RunKey) -> BoxFuture<'_, Result<Option<StoredRun>, ReadError>> {
        now(Ok(self.state.lock().run(&run)))
    }

    fn shares(&self, run: RunKey) -> BoxFuture<'_, Result<Vec<Branch>, ReadError>> {
        now(Ok(self.state.lock().shares.of(&run)))
    }

    fn sharers(&self, run: RunKey, limit: usize) -> BoxFuture<'_, Result<Vec<(RunId, i64)>, ReadError>> {
        now(Ok(self.state.lock().shares.by(&run).take(limit).collect()))
    }

    fn runs(
        &self,
        namespace: NamespaceId,
        first: Slot,
        last: Slot,
        after: Option<RunKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RunKey>, ReadError>> {
        now(Ok(self.state.lock().runs(namespace, first, last, after, limit)))
    }

    fn history(
        &self,
        slot: Slot,
        branch: BranchId,
        range: EventRange,
        direction: Direction,
        bytes_max: usize,
    ) -> BoxFuture<'_, Result<Vec<Batch>, ReadError>> {
        now(Ok(self.state.lock().history(slot, branch, range, direction, bytes_max)))
    }

    fn outbox(
        &self,
        range: ShardRange,
        after: Option<(RunKey, OutboxId)>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<OutboxRow>, ReadError>> {
        now(Ok(self.state.lock().outbox(range, after, limit)))
    }

    fn wakes(
        &self,
        slot: Slot,
        until: Timestamp,
        after: Option<Wake>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Wake>, ReadError>> {
        now(Ok(self.state.lock().wakes(slot, until, after, limit)))
    }

    fn list(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        after: Option<ListCursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, ReadError>> {
        now(Ok(self.state.lock().list((namespace, kind), &query, after, limit)))
    }

    fn count(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        group: Option<Arc<str>>,
    ) -> BoxFuture<'_, Result<Counts, ReadError>> {
        now(self.state.lock().count((namespace, kind), &query, group))
    }

    fn explain(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadError>> {
        now(Ok(self.state.lock().explain((namespace, kind), &query, limit)))
    }

    fn document(
        &self,
        section: &'static str,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Document>, ReadError>> {
        now(Ok(self.state.lock().document(section, key)))
    }

    fn documents(
        &self,
        section: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Document>, ReadError>> {
        now(Ok(self.state.lock().documents(section, after, limit)))
    }

    fn put_document(
        &self,
        section: &'static str,
        key: String,
        expect: u64,
        record: Option<Bytes>,
    ) -> BoxFuture<'_, Result<Option<u64>, CommitError>> {
        now(Ok(self.state.lock().put_document(section, key, expect, record)))
    }
}

//! The contract, carried to the committer and the readers.

#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, thread::JoinHandle};

use bytes::Bytes;
use futures_channel::oneshot;
use futures_util::future::{BoxFuture, FutureExt, ready};
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, Slot},
    run::Branch,
    time::Timestamp,
    visibility::{Query, Row},
};
use longhaul_store::{
    Batch, CommitError, Counts, Direction, Document, EventRange, Explained, Fence, ListCursor, OutboxId,
    OutboxRow, ReadError, ShardRange, Store, StoredRun, Wake, Write,
};
use parking_lot::RwLock;

use crate::{
    OpenError, Options, Stats,
    apply::{self, SharedGrants},
    committer::{Answer, Committer, Work},
    count,
    engine::{Engine, Part, WriteFailure},
    error::Failure,
    key, list,
    queue::{NotQueued, Queue},
    read,
    readers::{Readers, guarded},
    share,
    stats::Counters,
    tide::Tide,
    upgrade,
};

/// The format of the folder that this binary writes.
const FORMAT: u64 = 4;

/// A store in one folder on disk, durable when a call returns.
pub struct EmbeddedStore {
    work: Arc<Queue<Work>>,
    committer: Option<JoinHandle<()>>,
    /// Reads of one run, slot or page.
    points: Readers,
    /// Reads that may walk over many rows; they can't keep the others waiting.
    scans: Readers,
    /// Who may write where.
    grants: SharedGrants,
    tide: Arc<Tide>,
    counters: Arc<Counters>,
    engine: Arc<Engine>,
}

impl EmbeddedStore {
    /// Opens a folder, creating it if there is none. What was acknowledged before a crash is there; what was not is
    /// there as a whole or not at all.
    pub fn open(folder: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let folder = folder.as_ref();
        let options = options.clamped();
        let engine = Arc::new(Engine::open(folder, &options)?);
        check_format(&engine)?;
        let damaged = |source| OpenError::Damaged { folder: folder.into(), source };
        engine.young.recall(&engine).map_err(damaged)?;
        let grants = Arc::new(RwLock::new(read::grants(&engine).map_err(damaged)?));
        let io = |source| OpenError::Io { folder: folder.into(), source };
        let readers = |name| {
            Readers::start(engine.clone(), name, options.reader_threads, options.reads_waiting_max)
                .map_err(io)
        };
        let (points, scans) = (readers("store-points")?, readers("store-scans")?);
        let (tide, counters) = (Arc::new(Tide::new()), Arc::new(Counters::default()));
        let work = Arc::new(Queue::new(options.commits_waiting_max));
        let committer = Committer {
            engine: engine.clone(),
            queue: work.clone(),
            grants: grants.clone(),
            tide: tide.clone(),
            counters: counters.clone(),
            options,
        };
        let committer = Some(committer.start().map_err(io)?);
        Ok(Self { work, committer, points, scans, grants, tide, counters, engine })
    }

    /// Work done since the folder was opened.
    pub fn stats(&self) -> Stats {
        self.counters.read()
    }

    /// Hands a call to the committer. It is in line when this returns, whether the future is polled or not.
    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(Answer<T>) -> Work,
    ) -> BoxFuture<'static, Result<T, CommitError>> {
        let (answer, answered) = oneshot::channel();
        let busy = |why: &str| ready(Err(CommitError::Busy(why.into()))).boxed();
        match self.work.put(work(answer)) {
            Ok(()) => answered.map(|answer| answer.unwrap_or_else(|_| Err(stopped()))).boxed(),
            Err(NotQueued::Full) => busy("too many commits wait for the disk"),
            Err(NotQueued::Closed) => busy(self.engine.halted().unwrap_or("the store is closed")),
        }
    }
}

fn stopped() -> CommitError {
    CommitError::Unknown("the committer stopped: start again".into())
}

fn check_format(engine: &Engine) -> Result<(), OpenError> {
    let folder = engine.folder();
    let damaged = |source| OpenError::Damaged { folder: folder.into(), source };
    let stored = engine.get(Part::Meta, key::FORMAT).map_err(damaged)?;
    let found = stored.map(|body| body.try_into().map(u64::from_le_bytes));
    match found {
        Some(Ok(FORMAT)) => Ok(()),
        Some(Ok(found)) if found < FORMAT => {
            // The format is told last: an upgrade that is cut off begins again.
            upgrade::run(engine, found).map_err(damaged)?;
            write_format(engine)
        }
        Some(Ok(found)) => Err(OpenError::TooNew { folder: folder.into(), found, known: FORMAT }),
        Some(Err(_)) => Err(damaged(Failure::Corrupt("its format has a wrong length".into()))),
        None => write_format(engine),
    }
}

fn write_format(engine: &Engine) -> Result<(), OpenError> {
    let change = (Part::Meta, key::FORMAT.to_vec(), Some(FORMAT.to_le_bytes().to_vec()));
    engine.write(vec![change]).map_err(|failure| match failure {
        WriteFailure::Refused(why) | WriteFailure::Unknown(why) => {
            OpenError::Io { folder: engine.folder().into(), source: std::io::Error::other(why) }
        }
    })
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.work.close();
        if let Some(committer) = self.committer.take() {
            // A committer that panicked has already told everyone.
            drop(committer.join());
        }
    }
}

impl Store for EmbeddedStore {
    fn fence(&self, range: ShardRange) -> BoxFuture<'_, Result<Fence, CommitError>> {
        self.submit(|answer| Work::Fence(range, answer))
    }

    fn commit(&self, fence: Fence, writes: Vec<Write>) -> BoxFuture<'_, Result<(), CommitError>> {
        self.submit(|answer| Work::Commit(fence, writes, answer))
    }

    fn holds(&self, fence: Fence) -> BoxFuture<'_, Result<(), CommitError>> {
        // A newer grant is seen here before anybody is told of it, so before anybody can write under it.
        ready(apply::check_fence(&self.grants.read(), fence, &[])).boxed()
    }

    fn current(&self, execution: ExecutionKey) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>> {
        // A point read that a filter in memory answers for most executions that do not exist yet.
        ready(guarded(&self.engine, |engine| read::current(engine, &execution))).boxed()
    }

    fn run(&self, run: RunKey) -> BoxFuture<'_, Result<Option<StoredRun>, ReadError>> {
        self.points.read(move |engine| read::run(engine, &run))
    }

    fn shares(&self, run: RunKey) -> BoxFuture<'_, Result<Vec<Branch>, ReadError>> {
        self.points.read(move |engine| share::of(engine, &run))
    }

    fn sharers(&self, run: RunKey, limit: usize) -> BoxFuture<'_, Result<Vec<(RunId, i64)>, ReadError>> {
        self.points.read(move |engine| share::by(engine, &run, limit))
    }

    fn runs(
        &self,
        namespace: NamespaceId,
        first: Slot,
        last: Slot,
        after: Option<RunKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RunKey>, ReadError>> {
        self.scans.read(move |engine| read::runs(engine, namespace, (first, last), after, limit))
    }

    fn history(
        &self,
        slot: Slot,
        branch: BranchId,
        range: EventRange,
        direction: Direction,
        bytes_max: usize,
    ) -> BoxFuture<'_, Result<Vec<Batch>, ReadError>> {
        self.points.read(move |engine| read::history(engine, slot, branch, range, direction, bytes_max))
    }

    fn outbox(
        &self,
        range: ShardRange,
        after: Option<(RunKey, OutboxId)>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<OutboxRow>, ReadError>> {
        self.points.read(move |engine| read::outbox(engine, range, after, limit))
    }

    fn waking(
        &self,
        first: Slot,
        last: Slot,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Slot>, ReadError>> {
        let tide = self.tide.clone();
        self.points.read(move |engine| read::waking(engine, &tide, first, last, until))
    }

    fn wakes(
        &self,
        slot: Slot,
        until: Timestamp,
        after: Option<Wake>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Wake>, ReadError>> {
        let tide = self.tide.clone();
        self.points.read(move |engine| read::wakes(engine, &tide, slot, until, after, limit))
    }

    fn list(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        after: Option<ListCursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, ReadError>> {
        self.scans.read(move |engine| list::list(engine, (namespace, kind), &query, after, limit))
    }

    fn count(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        group: Option<Arc<str>>,
    ) -> BoxFuture<'_, Result<Counts, ReadError>> {
        self.scans.read(move |engine| count::count(engine, (namespace, kind), &query, group))
    }

    fn explain(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadError>> {
        self.scans.read(move |engine| list::explain(engine, (namespace, kind), &query, limit))
    }

    fn document(
        &self,
        section: &'static str,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Document>, ReadError>> {
        ready(guarded(&self.engine, |engine| read::document(engine, section, key))).boxed()
    }

    fn documents(
        &self,
        section: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Document>, ReadError>> {
        self.scans.read(move |engine| read::documents(engine, section, after, limit))
    }

    fn put_document(
        &self,
        section: &'static str,
        key: String,
        expect: u64,
        record: Option<Bytes>,
    ) -> BoxFuture<'_, Result<Option<u64>, CommitError>> {
        self.submit(|answer| Work::Document { section, name: key, expect, record, answer })
    }
}

//! A store that misbehaves as real ones do: it is slow, it refuses for now, and it does not say whether a commit
//! happened. Every commit that happens is entered into the ledger. Planted faults of storage live here too.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use longhaul_kernel::{
    codec,
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, Slot},
    run::{Branch, Run},
    time::Timestamp,
    visibility::{Query, Row},
};
use longhaul_proto::api::{
    enums::v1::EventType,
    history::v1::{History, history_event::Attributes as Event},
};
use longhaul_store::{
    Batch, CommitError, Counts, CurrentWrite, Direction, Document, EventRange, Expect, Explained, Fence,
    ListCursor, MemoryStore, OutboxId, OutboxRow, ReadError, ShardRange, StateWrite, Store, StoredRun,
    VisibilityWrite, Wake, Write,
};
use parking_lot::Mutex;
use prost::Message;

use crate::{
    dice::Dice,
    plant::Plant,
    world::{START, World},
};

/// How long the planted fault keeps a commit that was answered already.
const ANSWERED_TOO_EARLY: Duration = Duration::from_millis(400);

/// The store of a simulated cluster.
pub(crate) struct FaultyStore {
    world: Arc<World>,
    /// What is really stored.
    pub(crate) inner: Arc<MemoryStore>,
    dice: Dice,
    planted: Dice,
    /// Slots that were written to; nothing is waited for when others are read.
    written: Mutex<BTreeSet<Slot>>,
}

impl FaultyStore {
    /// An empty store.
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self {
            inner: Arc::new(MemoryStore::new()),
            dice: world.dice("store"),
            planted: world.dice("planted in the store"),
            written: Mutex::default(),
            world,
        }
    }

    async fn wait(&self) {
        let slow = self.dice.chance(self.world.faults.rates().store_slow);
        let (low, high) = if slow { (20, 2000) } else { (0, 3) };
        let length = self.dice.millis(low, high);
        if !length.is_zero() {
            self.world.clock.sleep(length).await;
        }
    }

    async fn read<T>(&self, read: BoxFuture<'_, Result<T, ReadError>>) -> Result<T, ReadError> {
        self.wait().await;
        if self.dice.chance(self.world.faults.rates().busy / 4) {
            self.world.say("store refuses a read");
            return Err(ReadError::Busy("simulated".into()));
        }
        read.await
    }

    async fn write(&self, fence: Fence, writes: Vec<Write>) -> Result<(), CommitError> {
        self.wait().await;
        let rates = self.world.faults.rates();
        if self.dice.chance(rates.busy) {
            self.world.say(format_args!("store refuses a commit of {}", named(&writes)));
            return Err(CommitError::Busy("simulated".into()));
        }
        if self.dice.chance(rates.unknown_lost) {
            self.world.say(format_args!("store loses a commit of {}", named(&writes)));
            return Err(CommitError::Unknown("simulated, did not happen".into()));
        }
        let writes = self.tamper(writes);
        let is_update = self.world.has(Plant::UpdateAnsweredEarly) && writes.iter().any(accepts_update);
        if self.world.has(Plant::ReplyBeforeCommit) || is_update {
            let (world, inner) = (self.world.clone(), self.inner.clone());
            self.written.lock().extend(writes.iter().map(|write| write.run.execution.slot()));
            self.world.tasks.spawn("planted", async move {
                world.clock.sleep(ANSWERED_TOO_EARLY).await;
                let _ = commit(&world, &inner, fence, fence, writes).await;
            });
            return Ok(());
        }
        let used = if self.world.has(Plant::SkippedFence) {
            self.world.ledger.lock().fence(fence.shard)
        } else {
            fence
        };
        self.written.lock().extend(writes.iter().map(|write| write.run.execution.slot()));
        commit(&self.world, &self.inner, fence, used, writes).await?;
        // The commit has happened; what follows is the time in which a crash leaves it without an answer.
        self.wait().await;
        if self.dice.chance(rates.unknown_done) {
            self.world.say("store does not say that the commit happened");
            return Err(CommitError::Unknown("simulated, happened".into()));
        }
        Ok(())
    }

    /// Changes writes as the planted fault wants it.
    fn tamper(&self, mut writes: Vec<Write>) -> Vec<Write> {
        let Some(plant) = self.world.plant else { return writes };
        if plant == Plant::LostAction {
            writes.retain(|write| !(starts_plan(write) && self.planted.chance(300)));
        }
        for write in &mut writes {
            let sometimes = |per_mille| self.planted.chance(per_mille);
            match plant {
                Plant::DroppedOutboxRow => write.outbox_put.retain(|_| !sometimes(300)),
                Plant::LostWake if sometimes(300) => write.wake_put = None,
                Plant::DroppedHistory if sometimes(20) => {
                    write.history.pop();
                }
                Plant::ForgottenRow if write.expect != Expect::New && sometimes(300) => {
                    write.visibility = VisibilityWrite::Keep;
                }
                Plant::ForgottenCurrent if write.expect == Expect::New && sometimes(300) => {
                    write.current = CurrentWrite::Keep;
                }
                Plant::AlteredReapply if write.expect == Expect::New => alter_reapplied(write),
                Plant::LostBufferedEvent => forget_buffered(&mut write.state),
                _ => {}
            }
        }
        writes
    }
}

/// Commits under `used`, and enters it into the ledger as what it was asked for.
async fn commit(
    world: &World,
    inner: &MemoryStore,
    asked: Fence,
    used: Fence,
    writes: Vec<Write>,
) -> Result<(), CommitError> {
    let outcome = inner.commit(used, writes.clone()).await;
    match &outcome {
        Ok(()) => {
            world.say(format_args!("epoch {} commits {}", asked.epoch, named(&writes)));
            let broken = world.ledger.lock().committed(asked, &writes, world.clock.now());
            broken.into_iter().for_each(|broken| world.accuse(broken));
        }
        Err(error) => {
            world.say(format_args!("epoch {} may not commit {}: {error}", asked.epoch, named(&writes)));
        }
    }
    outcome
}

/// A commit in few words.
fn named(writes: &[Write]) -> String {
    let words: Vec<String> = writes
        .iter()
        .map(|write| {
            let run = write.run.run.to_string();
            let duties: Vec<(u8, i64)> = write.outbox_put.iter().map(|(id, _)| (id.kind, id.event)).collect();
            let wake = write.wake_put.map_or(0, |at| (at.0 - START) / 1_000_000);
            format!(
                "{}/{} v{}{} owes {duties:?} wakes {wake}",
                write.run.execution.id,
                &run[..8],
                write.version,
                events(write)
            )
        })
        .collect();
    words.join(", ")
}

/// Whether a write starts a run for a schedule.
fn starts_plan(write: &Write) -> bool {
    write.expect == Expect::New
        && write.run.execution.kind == Kind::Workflow
        && write.run.execution.id.starts_with("plan")
}

/// Has the signals behind a reset come under other names.
fn alter_reapplied(write: &mut Write) {
    let mut is_behind = false;
    for batch in &mut write.history {
        let Ok(mut history) = History::decode(&batch.events[..]) else { continue };
        for event in &mut history.events {
            match &mut event.attributes {
                Some(Event::WorkflowTaskFailedEventAttributes(a)) => is_behind |= !a.new_run_id.is_empty(),
                Some(Event::WorkflowExecutionSignaledEventAttributes(a)) if is_behind => {
                    a.signal_name.push_str(" altered");
                }
                _ => {}
            }
        }
        batch.events = history.encode_to_vec().into();
    }
}

/// Whether an update is accepted in a write.
fn accepts_update(write: &Write) -> bool {
    let batches = write.history.iter().filter_map(|batch| History::decode(&batch.events[..]).ok());
    batches
        .flat_map(|batch| batch.events)
        .any(|event| event.event_type() == EventType::WorkflowExecutionUpdateAccepted)
}

/// The events of a write by their types.
fn events(write: &Write) -> String {
    let batches = write.history.iter().filter_map(|batch| History::decode(&batch.events[..]).ok());
    batches
        .flat_map(|batch| batch.events)
        .map(|event| format!(" {}:{:?}", event.event_id, event.event_type()))
        .collect()
}

fn forget_buffered(state: &mut StateWrite) {
    if let StateWrite::Snapshot(bytes) = state
        && let Ok(mut run) = codec::decode::<Run>(bytes)
        && !run.buffered.is_empty()
    {
        run.buffered.clear();
        *bytes = run.snapshot().into();
    }
}

impl Store for FaultyStore {
    fn fence(&self, range: ShardRange) -> BoxFuture<'_, Result<Fence, CommitError>> {
        async move {
            if self.dice.chance(self.world.faults.rates().busy / 8) {
                return Err(CommitError::Busy("simulated".into()));
            }
            let fence = self.inner.fence(range).await?;
            self.world.ledger.lock().granted(fence);
            Ok(fence)
        }
        .boxed()
    }

    fn commit(&self, fence: Fence, writes: Vec<Write>) -> BoxFuture<'_, Result<(), CommitError>> {
        self.write(fence, writes).boxed()
    }

    fn holds(&self, fence: Fence) -> BoxFuture<'_, Result<(), CommitError>> {
        async move {
            self.wait().await;
            if self.dice.chance(self.world.faults.rates().busy / 4) {
                return Err(CommitError::Busy("simulated".into()));
            }
            self.inner.holds(fence).await
        }
        .boxed()
    }

    fn current(&self, execution: ExecutionKey) -> BoxFuture<'_, Result<Option<Bytes>, ReadError>> {
        async move { self.read(self.inner.current(execution)).await }.boxed()
    }

    fn run(&self, run: RunKey) -> BoxFuture<'_, Result<Option<StoredRun>, ReadError>> {
        async move { self.read(self.inner.run(run)).await }.boxed()
    }

    fn history(
        &self,
        slot: Slot,
        branch: BranchId,
        range: EventRange,
        direction: Direction,
        bytes_max: usize,
    ) -> BoxFuture<'_, Result<Vec<Batch>, ReadError>> {
        async move { self.read(self.inner.history(slot, branch, range, direction, bytes_max)).await }.boxed()
    }

    fn shares(&self, run: RunKey) -> BoxFuture<'_, Result<Vec<Branch>, ReadError>> {
        async move { self.read(self.inner.shares(run)).await }.boxed()
    }

    fn sharers(&self, run: RunKey, limit: usize) -> BoxFuture<'_, Result<Vec<(RunId, i64)>, ReadError>> {
        async move { self.read(self.inner.sharers(run, limit)).await }.boxed()
    }

    fn outbox(
        &self,
        range: ShardRange,
        after: Option<(RunKey, OutboxId)>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<OutboxRow>, ReadError>> {
        async move { self.read(self.inner.outbox(range, after, limit)).await }.boxed()
    }

    fn runs(
        &self,
        namespace: NamespaceId,
        first: Slot,
        last: Slot,
        after: Option<RunKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<RunKey>, ReadError>> {
        async move { self.read(self.inner.runs(namespace, first, last, after, limit)).await }.boxed()
    }

    fn wakes(
        &self,
        slot: Slot,
        until: Timestamp,
        after: Option<Wake>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Wake>, ReadError>> {
        if !self.written.lock().contains(&slot) {
            return ready(Ok(Vec::new())).boxed();
        }
        async move { self.read(self.inner.wakes(slot, until, after, limit)).await }.boxed()
    }

    fn list(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        after: Option<ListCursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Row>, ReadError>> {
        async move { self.read(self.inner.list(namespace, kind, query, after, limit)).await }.boxed()
    }

    fn count(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        group: Option<Arc<str>>,
    ) -> BoxFuture<'_, Result<Counts, ReadError>> {
        async move { self.read(self.inner.count(namespace, kind, query, group)).await }.boxed()
    }

    fn explain(
        &self,
        namespace: NamespaceId,
        kind: Kind,
        query: Arc<Query>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Explained, ReadError>> {
        async move { self.read(self.inner.explain(namespace, kind, query, limit)).await }.boxed()
    }

    fn document(
        &self,
        section: &'static str,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Document>, ReadError>> {
        async move { self.read(self.inner.document(section, key)).await }.boxed()
    }

    fn documents(
        &self,
        section: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Document>, ReadError>> {
        async move { self.read(self.inner.documents(section, after, limit)).await }.boxed()
    }

    fn put_document(
        &self,
        section: &'static str,
        key: String,
        expect: u64,
        record: Option<Bytes>,
    ) -> BoxFuture<'_, Result<Option<u64>, CommitError>> {
        self.inner.put_document(section, key, expect, record)
    }
}

//! The maps of the memory store and what each call means to them. A commit is checked as a whole before anything of it
//! is applied; applying can't fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use bytes::Bytes;
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, Slot},
    run::Branch,
    time::Timestamp,
    visibility::{Query, Row},
};

use super::shares::{self, Shares};
use crate::{
    Batch, CommitError, Counts, CurrentWrite, Direction, Document, EventRange, Expect, Explained, Fence,
    ListCursor, OutboxId, OutboxRow, Page, ReadError, ShardId, ShardRange, SortKey, StateWrite, StoredRun,
    Tally, VisibilityWrite, Wake, Write,
};

/// Who may write to a shard, and where.
#[derive(Debug)]
struct Grant {
    epoch: u64,
    /// Absent once a shard granted later has taken a slot of it.
    range: Option<ShardRange>,
}

/// A run and what hangs on it.
#[derive(Debug)]
struct Run {
    stored: StoredRun,
    wake: Option<Timestamp>,
    outbox: BTreeMap<OutboxId, Bytes>,
    sort: Option<SortKey>,
}

/// Where a row stands: lists are of one namespace and one kind.
type Shelf = (NamespaceId, Kind);

/// Everything that is stored. Keys begin with the slot, so that ranges of slots are ranges of keys.
#[derive(Debug, Default)]
pub(super) struct State {
    grants: BTreeMap<ShardId, Grant>,
    runs: BTreeMap<(Slot, RunKey), Run>,
    current: BTreeMap<ExecutionKey, Bytes>,
    batches: BTreeMap<(Slot, BranchId, i64), Batch>,
    wakes: BTreeSet<(Slot, Wake)>,
    rows: BTreeMap<(Shelf, SortKey), Row>,
    pub(super) shares: Shares,
    documents: BTreeMap<(&'static str, String), Document>,
}

impl State {
    pub(super) fn fence(&mut self, range: ShardRange) -> Fence {
        for (shard, grant) in &mut self.grants {
            let overlaps =
                grant.range.is_some_and(|held| held.first <= range.last && range.first <= held.last);
            if *shard != range.shard && overlaps {
                *grant = Grant { epoch: grant.epoch + 1, range: None };
            }
        }
        let grant = self.grants.entry(range.shard).or_insert(Grant { epoch: 0, range: None });
        *grant = Grant { epoch: grant.epoch + 1, range: Some(range) };
        Fence { shard: range.shard, epoch: grant.epoch }
    }

    pub(super) fn commit(&mut self, fence: Fence, writes: Vec<Write>) -> Result<(), CommitError> {
        self.check_fence(fence, &writes)?;
        self.check_versions(&writes)?;
        for write in writes {
            self.apply(write);
        }
        Ok(())
    }

    pub(super) fn holds(&self, fence: Fence) -> Result<(), CommitError> {
        self.check_fence(fence, &[])
    }

    fn check_fence(&self, fence: Fence, writes: &[Write]) -> Result<(), CommitError> {
        let grant = self.grants.get(&fence.shard);
        let current = grant.map_or(0, |grant| grant.epoch);
        let range = grant.filter(|grant| grant.epoch == fence.epoch).and_then(|grant| grant.range);
        let held = range.is_some_and(|range| {
            writes.iter().all(|write| (range.first..=range.last).contains(&write.run.execution.slot()))
        });
        if held {
            Ok(())
        } else {
            Err(CommitError::Fenced { shard: fence.shard, stale: fence.epoch, current })
        }
    }

    fn check_versions(&self, writes: &[Write]) -> Result<(), CommitError> {
        let mut ahead: BTreeMap<&RunKey, Option<u64>> = BTreeMap::new();
        for (index, write) in writes.iter().enumerate() {
            let before = &writes[..index];
            let stored = || self.find(&write.run).map(|run| run.stored.version);
            let version = ahead.get(&write.run).copied().unwrap_or_else(stored);
            let holds = match write.expect {
                Expect::New => version.is_none(),
                Expect::Version(expected) => version == Some(expected),
            };
            let is_kept = |share: &Branch| {
                let owner = shares::owner(&write.run, share.id);
                let is_there = |run: &RunKey| {
                    let ahead = ahead.get(run).map(Option::is_some);
                    ahead.unwrap_or_else(|| self.find(run).is_some())
                };
                let sharer = |run: RunId| RunKey { run, ..owner.clone() };
                let mut known = self.shares.by(&owner).take_while(|(_, last)| *last >= share.last_event);
                let mut new = before.iter().filter(|other| other.shares.contains(share));
                is_there(&owner)
                    || known.any(|(run, _)| is_there(&sharer(run)))
                    || new.any(|other| is_there(&other.run))
            };
            if !holds || !write.shares.iter().all(is_kept) {
                return Err(CommitError::Conflict { run: write.run.clone() });
            }
            let after = match write.state {
                StateWrite::Delete => None,
                StateWrite::Snapshot(_) | StateWrite::Delta(_) => Some(write.version),
            };
            ahead.insert(&write.run, after);
        }
        Ok(())
    }

    fn apply(&mut self, write: Write) {
        let slot = write.run.execution.slot();
        match write.current {
            CurrentWrite::Keep => {}
            CurrentWrite::Put(record) => {
                self.current.insert(write.run.execution.clone(), record);
            }
            CurrentWrite::Delete => {
                self.current.remove(&write.run.execution);
            }
        }
        let state = match write.state {
            StateWrite::Delete => return self.delete(slot, &write.run),
            state => state,
        };
        self.shares.add(&write.run, write.shares);
        for batch in write.history {
            self.batches.insert((slot, batch.branch, batch.first_event), batch);
        }
        let run = self.runs.entry((slot, write.run.clone())).or_insert_with(|| Run {
            stored: StoredRun { version: 0, snapshot: Bytes::new(), deltas: Vec::new() },
            wake: None,
            outbox: BTreeMap::new(),
            sort: None,
        });
        run.stored.version = write.version;
        match state {
            StateWrite::Snapshot(snapshot) => {
                run.stored.snapshot = snapshot;
                run.stored.deltas.clear();
            }
            StateWrite::Delta(delta) => run.stored.deltas.push(delta),
            StateWrite::Delete => unreachable!("a deletion returned above"),
        }
        for id in write.outbox_delete {
            run.outbox.remove(&id);
        }
        run.outbox.extend(write.outbox_put);
        let before = run.wake;
        run.wake = write.wake_put.or_else(|| before.filter(|at| write.wake_delete != Some(*at)));
        let after = run.wake;
        if before != after {
            let entry = |at| (slot, Wake { at, run: write.run.clone() });
            before.map(|at| self.wakes.remove(&entry(at)));
            after.map(|at| self.wakes.insert(entry(at)));
        }
        self.write_row(slot, &write.run, write.visibility);
    }

    fn write_row(&mut self, slot: Slot, key: &RunKey, write: VisibilityWrite) {
        let row = match write {
            VisibilityWrite::Keep => return,
            VisibilityWrite::Put(row) => Some(row),
            VisibilityWrite::Delete => None,
        };
        let shelf = (key.execution.namespace, key.execution.kind);
        let Some(run) = self.runs.get_mut(&(slot, key.clone())) else { return };
        if let Some(sort) = run.sort.take() {
            self.rows.remove(&(shelf, sort));
        }
        if let Some(row) = row {
            let sort = SortKey::of(&row);
            run.sort = Some(sort);
            self.rows.insert((shelf, sort), *row);
        }
    }

    fn delete(&mut self, slot: Slot, key: &RunKey) {
        for share in self.shares.remove(key) {
            let owner = shares::owner(key, share.id);
            if self.find(&owner).is_none() {
                self.cut(slot, share.id, self.shares.needed(&owner));
            }
        }
        self.cut(slot, key.run.into(), self.shares.needed(key));
        let Some(run) = self.runs.remove(&(slot, key.clone())) else { return };
        if let Some(at) = run.wake {
            self.wakes.remove(&(slot, Wake { at, run: key.clone() }));
        }
        if let Some(sort) = run.sort {
            self.rows.remove(&((key.execution.namespace, key.execution.kind), sort));
        }
    }

    /// Removes the events of a branch behind the last one that is needed.
    fn cut(&mut self, slot: Slot, branch: BranchId, needed: Option<i64>) {
        let from = needed.map_or(i64::MIN, |last| last + 1);
        let behind = self.batches.range((slot, branch, from)..=(slot, branch, i64::MAX));
        let gone: Vec<_> = behind.map(|(key, _)| *key).collect();
        for key in gone {
            self.batches.remove(&key);
        }
    }

    fn find(&self, key: &RunKey) -> Option<&Run> {
        self.runs.get(&(key.execution.slot(), key.clone()))
    }

    pub(super) fn current(&self, execution: &ExecutionKey) -> Option<Bytes> {
        self.current.get(execution).cloned()
    }

    pub(super) fn run(&self, key: &RunKey) -> Option<StoredRun> {
        self.find(key).map(|run| run.stored.clone())
    }

    pub(super) fn runs(
        &self,
        namespace: NamespaceId,
        first: Slot,
        last: Slot,
        after: Option<RunKey>,
        limit: usize,
    ) -> Vec<RunKey> {
        let from = match after {
            Some(run) => Bound::Excluded((run.execution.slot(), run)),
            None => Bound::Included((first, least_run())),
        };
        let behind = self.runs.range((from, Bound::Unbounded)).map(|(place, _)| place);
        behind
            .take_while(|(slot, _)| *slot <= last)
            .filter(|(slot, run)| *slot >= first && run.execution.namespace == namespace)
            .map(|(_, run)| run.clone())
            .take(limit)
            .collect()
    }

    pub(super) fn history(
        &self,
        slot: Slot,
        branch: BranchId,
        range: EventRange,
        direction: Direction,
        bytes_max: usize,
    ) -> Vec<Batch> {
        if range.from > range.to {
            return Vec::new();
        }
        // The batch that holds `from` may begin before it, so its key is looked for from the other side.
        let below = self.batches.range((slot, branch, i64::MIN)..=(slot, branch, range.from)).next_back();
        let first =
            below.filter(|(_, batch)| batch.last_event >= range.from).map_or(range.from, |(key, _)| key.2);
        let wanted =
            self.batches.range((slot, branch, first)..=(slot, branch, range.to)).map(|(_, batch)| batch);
        let mut bytes = 0;
        let page = |batch: &&Batch| {
            let more = bytes < bytes_max.max(1);
            bytes += batch.events.len();
            more
        };
        match direction {
            Direction::Forward => wanted.take_while(page).cloned().collect(),
            Direction::Reverse => wanted.rev().take_while(page).cloned().collect(),
        }
    }

    pub(super) fn outbox(
        &self,
        range: ShardRange,
        after: Option<(RunKey, OutboxId)>,
        limit: usize,
    ) -> Vec<OutboxRow> {
        let (from, after) = match after {
            Some((run, id)) => ((run.execution.slot(), run.clone()), Some((run, id))),
            None => ((range.first, least_run()), None),
        };
        let from = from.max((range.first, least_run()));
        let runs = self.runs.range(from..).take_while(|((slot, _), _)| *slot <= range.last);
        let rows = runs.flat_map(|((_, key), run)| {
            let rest = match &after {
                Some((last, id)) if last == key => Bound::Excluded(*id),
                Some(_) | None => Bound::Unbounded,
            };
            let behind = run.outbox.range((rest, Bound::Unbounded));
            behind.map(|(id, record)| OutboxRow { run: key.clone(), id: *id, record: record.clone() })
        });
        rows.take(limit).collect()
    }

    pub(super) fn wakes(&self, slot: Slot, until: Timestamp, after: Option<Wake>, limit: usize) -> Vec<Wake> {
        let from = match after {
            Some(wake) => Bound::Excluded((slot, wake)),
            None => Bound::Included((slot, Wake { at: Timestamp(i64::MIN), run: least_run() })),
        };
        self.wakes
            .range((from, Bound::Unbounded))
            .take_while(|(owner, wake)| *owner == slot && wake.at <= until)
            .take(limit)
            .map(|(_, wake)| wake.clone())
            .collect()
    }

    fn rows_of(&self, shelf: Shelf) -> impl Iterator<Item = (&SortKey, &Row)> {
        let first = SortKey { close_time: None, start_time: Timestamp::MAX, run: Default::default() };
        self.rows
            .range((shelf, first)..)
            .take_while(move |((owner, _), _)| *owner == shelf)
            .map(|((_, sort), row)| (sort, row))
    }

    pub(super) fn list(
        &self,
        shelf: Shelf,
        query: &Query,
        after: Option<ListCursor>,
        limit: usize,
    ) -> Vec<Row> {
        if limit == 0 {
            return Vec::new();
        }
        if query.order().is_empty() {
            let after = after.map(|after| after.sort);
            return self
                .rows_of(shelf)
                .filter(|(sort, row)| after.is_none_or(|after| **sort > after) && query.matches(row))
                .take(limit)
                .map(|(_, row)| row.clone())
                .collect();
        }
        let mut page = Page::new(query, after, limit);
        let selected = self.rows_of(shelf).filter(|(_, row)| query.matches(row));
        selected.for_each(|(_, row)| page.offer(row.clone()));
        page.finish()
    }

    pub(super) fn count(
        &self,
        shelf: Shelf,
        query: &Query,
        group: Option<Arc<str>>,
    ) -> Result<Counts, ReadError> {
        let mut tally = Tally::new(group);
        let mut selected = self.rows_of(shelf).filter(|(_, row)| query.matches(row));
        selected.try_for_each(|(_, row)| tally.add(row))?;
        Ok(tally.finish())
    }

    pub(super) fn explain(&self, shelf: Shelf, query: &Query, limit: usize) -> Explained {
        let rows = self.rows_of(shelf).count() as u64;
        let found = self.list(shelf, query, None, limit).len() as u64;
        let plan = "all rows, in memory".to_owned();
        Explained { plan, estimated: rows, rows_read: rows, rows_found: found, ..Explained::default() }
    }

    pub(super) fn document(&self, section: &'static str, key: String) -> Option<Document> {
        self.documents.get(&(section, key)).cloned()
    }

    pub(super) fn documents(
        &self,
        section: &'static str,
        after: Option<String>,
        limit: usize,
    ) -> Vec<Document> {
        let from = match after {
            Some(key) => Bound::Excluded((section, key)),
            None => Bound::Included((section, String::new())),
        };
        let behind = self.documents.range((from, Bound::Unbounded));
        behind
            .take_while(|((owner, _), _)| *owner == section)
            .take(limit)
            .map(|(_, document)| document.clone())
            .collect()
    }

    pub(super) fn put_document(
        &mut self,
        section: &'static str,
        key: String,
        expect: u64,
        record: Option<Bytes>,
    ) -> Option<u64> {
        let place = (section, key);
        if self.documents.get(&place).map_or(0, |document| document.version) != expect {
            return None;
        }
        let version = expect + 1;
        match record {
            Some(record) => {
                let document = Document { key: place.1.clone(), version, record };
                self.documents.insert(place, document);
            }
            None => {
                self.documents.remove(&place);
            }
        }
        Some(version)
    }
}

/// The name before all others, where a range of runs begins.
fn least_run() -> RunKey {
    RunKey { execution: ExecutionKey::workflow(NamespaceId::default(), ""), run: RunId::default() }
}

//! What one call means to the stored keys. Each call is staged as a whole or not at all; whatever it depends on is read
//! through the view, in which earlier calls of the same group have already taken effect.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    ids::{RunKey, Slot},
    time::Timestamp,
    visibility::Row,
};
use longhaul_store::{
    CommitError, CurrentWrite, Expect, Fence, ShardId, ShardRange, SortKey, StateWrite, VisibilityWrite,
    Wake, Write,
};
use parking_lot::RwLock;

use crate::{
    engine::Part,
    error::Failure,
    group::View,
    index, key,
    record::{self, Grant, Head},
    row, seal, share,
};

/// Longest business id; keeps every key far below what the engine can hold. The API's own limit is lower.
const ID_BYTES_MAX: usize = 16_384;

/// Who may write where.
pub(crate) type Grants = BTreeMap<ShardId, Grant>;

/// The same, as the committer changes it and everybody may read it.
pub(crate) type SharedGrants = Arc<RwLock<Grants>>;

/// A wake that a commit sets.
pub(crate) type WakeSet = (Slot, Timestamp);

/// Grants a shard and takes it, and every shard that shares a slot with it, from whoever had it.
pub(crate) fn fence(view: &mut View<'_>, grants: &mut Grants, range: ShardRange) -> Fence {
    let cut: Vec<ShardId> =
        grants.iter().filter(|(_, grant)| grant.meets(&range)).map(|(shard, _)| *shard).collect();
    for shard in cut.into_iter().filter(|shard| *shard != range.shard) {
        regrant(view, grants, shard, None);
    }
    let epoch = regrant(view, grants, range.shard, Some((range.first.0, range.last.0)));
    Fence { shard: range.shard, epoch }
}

fn regrant(view: &mut View<'_>, grants: &mut Grants, shard: ShardId, slots: Option<(u16, u16)>) -> u64 {
    let epoch = grants.get(&shard).map_or(0, |grant| grant.epoch) + 1;
    let grant = Grant { epoch, slots };
    grants.insert(shard, grant);
    view.put(Part::Meta, key::grant(shard), record::grant(&grant));
    epoch
}

/// Stages the writes of a commit, or tells why not; then the view is to be thrown away.
pub(crate) fn commit(
    view: &mut View<'_>,
    grants: &Grants,
    fence: Fence,
    writes: Vec<Write>,
) -> Result<Vec<WakeSet>, CommitError> {
    check_fence(grants, fence, &writes)?;
    let mut wakes = Vec::new();
    for write in writes {
        apply(view, write, &mut wakes)?;
    }
    Ok(wakes)
}

/// Whether a fence is in force, and covers whatever is to be written.
pub(crate) fn check_fence(grants: &Grants, fence: Fence, writes: &[Write]) -> Result<(), CommitError> {
    let grant = grants.get(&fence.shard);
    let current = grant.map_or(0, |grant| grant.epoch);
    let slots = grant.filter(|grant| grant.epoch == fence.epoch).and_then(|grant| grant.slots);
    let held = slots.is_some_and(|(first, last)| {
        writes.iter().all(|write| (first..=last).contains(&write.run.execution.slot().0))
    });
    if held { Ok(()) } else { Err(CommitError::Fenced { shard: fence.shard, stale: fence.epoch, current }) }
}

fn apply(view: &mut View<'_>, write: Write, wakes: &mut Vec<WakeSet>) -> Result<(), CommitError> {
    if write.run.execution.id.len() > ID_BYTES_MAX {
        let length = write.run.execution.id.len();
        return Err(CommitError::Corrupt(format!("an id of {length} bytes, more than {ID_BYTES_MAX}")));
    }
    let at = key::run(&write.run);
    let before = view.head(&write.run, &at)?;
    let holds = match write.expect {
        Expect::New => before.is_none(),
        Expect::Version(version) => before.as_ref().is_some_and(|head| head.version == version),
    };
    if !holds {
        return Err(CommitError::Conflict { run: write.run });
    }
    match write.current {
        CurrentWrite::Keep => {}
        CurrentWrite::Put(record) => {
            view.put(Part::Current, key::current(&write.run.execution), record.into())
        }
        CurrentWrite::Delete => view.remove(Part::Current, key::current(&write.run.execution)),
    }
    let (snapshot, state) = match write.state {
        StateWrite::Snapshot(state) => (true, state),
        StateWrite::Delta(state) => (false, state),
        StateWrite::Delete => {
            share::let_go(view, &write.run, &at)?;
            return Ok(delete(view, &write.run, at, before)?);
        }
    };
    if !share::add(view, &write.run, &at, &write.shares)? {
        return Err(CommitError::Conflict { run: write.run });
    }
    let slot = write.run.execution.slot();
    for batch in &write.history {
        let key = key::batch(&key::branch(slot, batch.branch), batch.first_event);
        view.put(Part::History, key, record::batch(batch));
    }
    for id in write.outbox_delete {
        view.remove(Part::Outbox, key::outbox(&at, id));
    }
    for (id, record) in write.outbox_put {
        view.put(Part::Outbox, key::outbox(&at, id), record.into());
    }
    let had = before.as_ref().and_then(|head| head.wake);
    let wake = write.wake_put.or_else(|| had.filter(|at| write.wake_delete != Some(*at)));
    move_wake(view, &write.run, had, wake, wakes);
    let sort = before.as_ref().and_then(|head| head.sort);
    let sort = write_row(view, &write.run, sort, write.visibility)?;
    let deltas = before.as_ref().map_or(0, |head| head.deltas);
    let head = Head { version: write.version, wake, sort, deltas };
    let head = write_state(view, &at, before.is_none(), head, snapshot, &state);
    view.set_head(at, Some(head));
    Ok(())
}

/// Writes the state record; `head.deltas` is the number of deltas before. A snapshot removes the deltas it replaces.
fn write_state(
    view: &mut View<'_>,
    at: &[u8],
    is_new: bool,
    head: Head,
    snapshot: bool,
    state: &[u8],
) -> Head {
    if snapshot {
        for index in 0..head.deltas {
            view.remove(Part::State, key::delta(at, index));
        }
        let head = Head { deltas: 0, ..head };
        view.put(Part::State, key::snapshot(at), record::state(&head, state));
        return head;
    }
    if is_new {
        // A run exists if its snapshot does.
        view.put(Part::State, key::snapshot(at), record::state(&head, &[]));
    }
    let index = head.deltas;
    let head = Head { deltas: index + 1, ..head };
    view.put(Part::State, key::delta(at, index), record::state(&head, state));
    head
}

fn move_wake(
    view: &mut View<'_>,
    run: &RunKey,
    before: Option<Timestamp>,
    after: Option<Timestamp>,
    wakes: &mut Vec<WakeSet>,
) {
    if before == after {
        return;
    }
    let slot = run.execution.slot();
    let key = |at: Timestamp| key::wake(slot, &Wake { at, run: run.clone() });
    if let Some(at) = before {
        view.remove(Part::Wakes, key(at));
    }
    if let Some(at) = after {
        view.put(Part::Wakes, key(at), Vec::new());
        wakes.push((slot, at));
    }
}

/// Replaces or removes the row at `sort`, with its index entries. Answers where it is then.
fn write_row(
    view: &mut View<'_>,
    run: &RunKey,
    sort: Option<SortKey>,
    write: VisibilityWrite,
) -> Result<Option<SortKey>, Failure> {
    let row = match write {
        VisibilityWrite::Keep => return Ok(sort),
        VisibilityWrite::Put(row) => Some(row),
        VisibilityWrite::Delete => None,
    };
    let shelf = (run.execution.namespace, run.execution.kind);
    let place = row.as_ref().map(|row| SortKey { run: run.run, ..SortKey::of(row) });
    let stays = place == sort;
    let mut gone = Vec::new();
    let mut is_young = sort.is_none();
    if let Some(sort) = sort {
        let key = key::row(shelf, &sort);
        is_young = view.is_young(&key);
        if !is_young {
            let stored =
                view.get(Part::Rows, &key)?.ok_or_else(|| seal::broken(Part::Rows, &key, "it is missing"))?;
            let old: Row = row::decode(&key, &stored)
                .ok_or_else(|| seal::broken(Part::Rows, &key, "it has an unknown format"))?;
            gone = index::entries(&old, &sort);
        }
        if !stays {
            if is_young {
                view.unset_young(&key);
            }
            view.remove(Part::Rows, key);
        }
    }
    let (Some(row), Some(sort)) = (row, place) else {
        gone.into_iter().for_each(|entry| view.remove(Part::Index, entry));
        return Ok(None);
    };
    let mut new = index::entries(&row, &sort);
    let key = key::row(shelf, &sort);
    view.put(Part::Rows, key.clone(), row::encode(&row));
    if is_young && sort.close_time.is_none() {
        view.set_young(key, new);
        return Ok(Some(sort));
    }
    // What stays the same is not written again: an upsert touches the entries of what it changes.
    gone.retain(|entry| match new.binary_search(entry) {
        Ok(at) => {
            new.remove(at);
            false
        }
        Err(_) => true,
    });
    gone.into_iter().for_each(|entry| view.remove(Part::Index, entry));
    new.into_iter().for_each(|entry| view.put(Part::Index, entry, Vec::new()));
    Ok(Some(sort))
}

/// Stores the entries of rows that are young no more because so many came after them.
pub(crate) fn age(view: &mut View<'_>, rows: Vec<(Vec<u8>, Vec<Vec<u8>>)>) {
    for (row, entries) in rows {
        view.unset_young(&row);
        entries.into_iter().for_each(|entry| view.put(Part::Index, entry, Vec::new()));
    }
}

fn delete(view: &mut View<'_>, run: &RunKey, at: Vec<u8>, head: Option<Head>) -> Result<(), Failure> {
    let Some(head) = head else { return Ok(()) };
    view.remove(Part::State, key::snapshot(&at));
    for index in 0..head.deltas {
        view.remove(Part::State, key::delta(&at, index));
    }
    view.remove_all(Part::Outbox, &at)?;
    move_wake(view, run, head.wake, None, &mut Vec::new());
    write_row(view, run, head.sort, VisibilityWrite::Delete)?;
    view.set_head(at, None);
    Ok(())
}

/// Stages a change of a document if its version is still `expect`; answers the new version if so.
pub(crate) fn put_document(
    view: &mut View<'_>,
    section: &str,
    name: String,
    expect: u64,
    record: Option<bytes::Bytes>,
) -> Result<Option<u64>, Failure> {
    let key = key::document(section, &name);
    let version = match view.get(Part::Meta, &key)? {
        None => 0,
        Some(stored) => {
            let document = record::read_document(name, &stored);
            document.ok_or_else(|| seal::broken(Part::Meta, &key, "it has an unknown format"))?.version
        }
    };
    if version != expect {
        return Ok(None);
    }
    match record {
        Some(record) => view.put(Part::Meta, key, record::document(version + 1, &record)),
        None => view.remove(Part::Meta, key),
    }
    Ok(Some(version + 1))
}

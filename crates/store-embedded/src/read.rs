//! Reads of runs, histories, outbox and wakes: bounded ranges, no more read than asked for.

use std::ops::Bound;

use bytes::Bytes;
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, NamespaceId, RunKey, Slot},
    time::Timestamp,
};
use longhaul_store::{
    Batch, Direction, Document, EventRange, OutboxId, OutboxRow, ShardRange, StoredRun, Wake,
};

use crate::{
    engine::{Engine, Entry, Part, beginning_with},
    error::Failure,
    key,
    record::{self, Grant},
    seal,
    tide::Tide,
};

fn unreadable(part: Part, key: &[u8]) -> Failure {
    seal::broken(part, key, "it has an unknown format")
}

/// The execution's current-run record.
pub(crate) fn current(engine: &Engine, execution: &ExecutionKey) -> Result<Option<Bytes>, Failure> {
    Ok(engine.get(Part::Current, &key::current(execution))?.map(Bytes::from))
}

/// A run's state.
pub(crate) fn run(engine: &Engine, run: &RunKey) -> Result<Option<StoredRun>, Failure> {
    let mut stored: Option<StoredRun> = None;
    for entry in engine.moment().range(Part::State, beginning_with(&key::run(run))) {
        let (key, body) = entry?;
        let (head, state) =
            record::read_state(run.run, &body).ok_or_else(|| unreadable(Part::State, &key))?;
        let state = Bytes::copy_from_slice(state);
        stored = Some(match stored {
            None => StoredRun { version: head.version, snapshot: state, deltas: Vec::new() },
            Some(mut stored) => {
                stored.version = head.version;
                stored.deltas.push(state);
                stored
            }
        });
    }
    Ok(stored)
}

/// Runs of a namespace. Slots that hold nothing are stepped over, and so is what belongs to other namespaces.
pub(crate) fn runs(
    engine: &Engine,
    namespace: NamespaceId,
    (first, last): (Slot, Slot),
    after: Option<RunKey>,
    limit: usize,
) -> Result<Vec<RunKey>, Failure> {
    let end = key::behind(&key::slot(last)).map_or(Bound::Unbounded, Bound::Excluded);
    let moment = engine.moment();
    let mut found: Vec<RunKey> = Vec::new();
    let mut from = match after.map(|run| key::behind(&key::run(&run))) {
        Some(Some(behind)) => behind,
        Some(None) => return Ok(found),
        None => key::namespace(first, namespace),
    };
    while found.len() < limit {
        let range = (Bound::Included(from), end.clone());
        let Some(entry) = moment.range(Part::State, range).next().transpose()? else { break };
        let mut reader = key::Reader(&entry.0);
        let named = reader.slot().zip(reader.run());
        let (slot, run) = named.ok_or_else(|| unreadable(Part::State, &entry.0))?;
        let other = run.execution.namespace;
        from = match other.cmp(&namespace) {
            std::cmp::Ordering::Less => key::namespace(slot, namespace),
            std::cmp::Ordering::Greater if slot >= last => break,
            std::cmp::Ordering::Greater => key::namespace(Slot(slot.0 + 1), namespace),
            std::cmp::Ordering::Equal => {
                let behind = key::behind(&key::run(&run));
                found.push(run);
                let Some(behind) = behind else { break };
                behind
            }
        };
    }
    Ok(found)
}

/// Batches of a branch.
pub(crate) fn history(
    engine: &Engine,
    slot: Slot,
    branch: BranchId,
    range: EventRange,
    direction: Direction,
    bytes_max: usize,
) -> Result<Vec<Batch>, Failure> {
    if range.from > range.to {
        return Ok(Vec::new());
    }
    let prefix = key::branch(slot, branch);
    let moment = engine.moment();
    let batch = |(key, body): Entry| {
        let first_event = key::first_event(&key);
        let read = first_event.zip(record::read_batch(&body));
        let (first_event, (last_event, events)) = read.ok_or_else(|| unreadable(Part::History, &key))?;
        Ok(Batch { branch, first_event, last_event, events: Bytes::copy_from_slice(events) })
    };
    // The batch that holds `from` may begin before it, so its key is looked for from the other side.
    let from = key::batch(&prefix, range.from);
    let upto_from = (Bound::Included(prefix.clone()), Bound::Included(from.clone()));
    let below = moment.backwards(Part::History, upto_from).next().transpose()?.map(batch).transpose()?;
    let first = match below {
        Some(below) if below.last_event >= range.from => key::batch(&prefix, below.first_event),
        Some(_) | None => from,
    };
    let keys = (Bound::Included(first), Bound::Included(key::batch(&prefix, range.to)));
    match direction {
        Direction::Forward => page(moment.range(Part::History, keys), batch, bytes_max),
        Direction::Reverse => page(moment.backwards(Part::History, keys), batch, bytes_max),
    }
}

fn page(
    entries: impl Iterator<Item = Result<Entry, Failure>>,
    batch: impl Fn(Entry) -> Result<Batch, Failure>,
    bytes_max: usize,
) -> Result<Vec<Batch>, Failure> {
    let mut page = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let batch = batch(entry?)?;
        bytes += batch.events.len();
        page.push(batch);
        if bytes >= bytes_max {
            break;
        }
    }
    Ok(page)
}

/// Outbox rows of a range of slots.
pub(crate) fn outbox(
    engine: &Engine,
    range: ShardRange,
    after: Option<(RunKey, OutboxId)>,
    limit: usize,
) -> Result<Vec<OutboxRow>, Failure> {
    let start = Bound::Included(key::slot(range.first));
    let from = match after.map(|(run, id)| key::outbox(&key::run(&run), id)) {
        Some(key) if key >= key::slot(range.first) => Bound::Excluded(key),
        Some(_) | None => start,
    };
    let to = key::behind(&key::slot(range.last)).map_or(Bound::Unbounded, Bound::Excluded);
    let moment = engine.moment();
    let rows = moment.range(Part::Outbox, (from, to)).take(limit).map(|entry| {
        let (key, body) = entry?;
        let mut reader = key::Reader(&key);
        let named = reader.slot().and_then(|_| reader.run().zip(reader.duty()));
        let (run, id) = named.ok_or_else(|| unreadable(Part::Outbox, &key))?;
        Ok(OutboxRow { run, id, record: Bytes::from(body) })
    });
    rows.collect()
}

/// Slots with a wake at or before `until`. Slots that have none at all are stepped over: a new folder is looked at
/// once, and not once per slot.
pub(crate) fn waking(
    engine: &Engine,
    tide: &Tide,
    first: Slot,
    last: Slot,
    until: Timestamp,
) -> Result<Vec<Slot>, Failure> {
    // The marks are seen before the moment is taken; see `Tide::put`.
    let seen: Vec<_> = (first.0..=last.0).map(|slot| tide.see(Slot(slot))).collect();
    let end = key::behind(&key::slot(last)).map_or(Bound::Unbounded, Bound::Excluded);
    let moment = engine.moment();
    let nothing_before = Timestamp(until.0.saturating_add(1));
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(mark) = seen.get(next) {
        let from = key::wakes_from(Slot(first.0 + next as u16), mark.at);
        let entry = moment.range(Part::Wakes, (Bound::Included(from), end.clone())).next().transpose()?;
        let wake = entry.map(|(key, _)| {
            let mut reader = key::Reader(&key);
            let named = reader.slot().zip(reader.time());
            named.ok_or_else(|| unreadable(Part::Wakes, &key))
        });
        let (at_slot, at) = wake.transpose()?.unwrap_or((Slot(u16::MAX), Timestamp::MAX));
        let reached = usize::from(at_slot.0 - first.0).min(seen.len());
        seen[next..reached].iter().for_each(|empty| tide.raise(*empty, nothing_before));
        if let Some(mark) = seen.get(reached) {
            if at <= until {
                found.push(at_slot);
            }
            tide.raise(*mark, at.min(nothing_before));
        }
        next = reached + 1;
    }
    Ok(found)
}

/// Wakes of a slot.
pub(crate) fn wakes(
    engine: &Engine,
    tide: &Tide,
    slot: Slot,
    until: Timestamp,
    after: Option<Wake>,
    limit: usize,
) -> Result<Vec<Wake>, Failure> {
    // The mark is seen before the moment is taken; see `Tide::put`.
    let seen = tide.see(slot);
    let from = match &after {
        Some(wake) => Bound::Excluded(key::wake(slot, wake)),
        None => Bound::Included(key::wakes_from(slot, seen.at)),
    };
    let to = key::behind(&key::wakes_from(slot, until)).map_or(Bound::Unbounded, Bound::Excluded);
    let moment = engine.moment();
    let wakes = moment.range(Part::Wakes, (from, to)).take(limit).map(|entry| {
        let (key, _) = entry?;
        let mut reader = key::Reader(&key);
        let named = reader.slot().and_then(|_| reader.time().zip(reader.run()));
        let (at, run) = named.ok_or_else(|| unreadable(Part::Wakes, &key))?;
        Ok(Wake { at, run })
    });
    let wakes: Vec<Wake> = wakes.collect::<Result<_, Failure>>()?;
    if after.is_none() && limit > 0 {
        let nothing_before = wakes.first().map_or(Timestamp(until.0.saturating_add(1)), |wake| wake.at);
        tide.raise(seen, nothing_before);
    }
    Ok(wakes)
}

/// A document.
pub(crate) fn document(engine: &Engine, section: &str, name: String) -> Result<Option<Document>, Failure> {
    let key = key::document(section, &name);
    let Some(body) = engine.get(Part::Meta, &key)? else { return Ok(None) };
    record::read_document(name, &body).map(Some).ok_or_else(|| unreadable(Part::Meta, &key))
}

/// Documents of a section.
pub(crate) fn documents(
    engine: &Engine,
    section: &str,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Document>, Failure> {
    let prefix = key::document(section, "");
    let (start, to) = beginning_with(&prefix);
    let from = after.map_or(start, |name| Bound::Excluded(key::document(section, &name)));
    let moment = engine.moment();
    let documents = moment.range(Part::Meta, (from, to)).take(limit).map(|entry| {
        let (key, body) = entry?;
        let name = key.get(prefix.len()..).and_then(|name| String::from_utf8(name.to_vec()).ok());
        let document = name.and_then(|name| record::read_document(name, &body));
        document.ok_or_else(|| unreadable(Part::Meta, &key))
    });
    documents.collect()
}

/// Every grant.
pub(crate) fn grants(engine: &Engine) -> Result<crate::apply::Grants, Failure> {
    let moment = engine.moment();
    let grants = moment.range(Part::Meta, beginning_with(key::GRANTS)).map(|entry| {
        let (key, body) = entry?;
        let shard = key.last_chunk().map(|bytes| longhaul_store::ShardId(u32::from_be_bytes(*bytes)));
        let grant: Option<Grant> = record::read_grant(&body);
        shard.zip(grant).ok_or_else(|| unreadable(Part::Meta, &key))
    });
    grants.collect()
}

//! The order of stored keys. Keys of runs begin with their slot, big endian, so that a range of slots is a range of
//! keys; parts that may contain any byte are escaped, so that byte order is the order of the names.

#[cfg(test)]
mod tests;

use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, Kind, NamespaceId, RunId, RunKey, Slot},
    run::Branch,
    time::Timestamp,
};
use longhaul_store::{OutboxId, ShardId, SortKey, Wake};

/// Signed numbers in an order that bytes keep.
pub(crate) fn ordered(number: i64) -> [u8; 8] {
    ((number as u64) ^ (1 << 63)).to_be_bytes()
}

pub(crate) fn number(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)) as i64
}

/// Appends `bytes` such that no other text begins with what is written: zero becomes `00 ff`, the end is `00 00`.
pub(crate) fn push_text(key: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        key.push(byte);
        if byte == 0 {
            key.push(0xff);
        }
    }
    key.extend_from_slice(&[0, 0]);
}

fn push_execution(key: &mut Vec<u8>, execution: &ExecutionKey) {
    key.extend_from_slice(&execution.slot().0.to_be_bytes());
    push_name(key, execution);
}

/// An execution's name without its slot.
fn push_name(key: &mut Vec<u8>, execution: &ExecutionKey) {
    key.extend_from_slice(execution.namespace.as_bytes());
    key.push(execution.kind.code());
    push_text(key, execution.id.as_bytes());
}

/// The slot.
pub(crate) fn slot(slot: Slot) -> Vec<u8> {
    slot.0.to_be_bytes().to_vec()
}

/// What the keys of a namespace's runs begin with in one slot.
pub(crate) fn namespace(slot: Slot, namespace: NamespaceId) -> Vec<u8> {
    let mut key = Vec::with_capacity(18);
    key.extend_from_slice(&slot.0.to_be_bytes());
    key.extend_from_slice(namespace.as_bytes());
    key
}

/// What every key of a run begins with.
pub(crate) fn run(run: &RunKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    push_execution(&mut key, &run.execution);
    key.extend_from_slice(run.run.as_bytes());
    key
}

/// The current-run record of an execution. It stands in a part of its own.
pub(crate) fn current(execution: &ExecutionKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(48);
    push_execution(&mut key, execution);
    key
}

/// The snapshot, given the run's key.
pub(crate) fn snapshot(run: &[u8]) -> Vec<u8> {
    [run, &[0]].concat()
}

/// The delta at `index` behind the snapshot, given the run's key.
pub(crate) fn delta(run: &[u8], index: u32) -> Vec<u8> {
    [run, &[1], &index.to_be_bytes()[..]].concat()
}

/// What the batches of a branch begin with.
pub(crate) fn branch(slot: Slot, branch: BranchId) -> Vec<u8> {
    let mut key = Vec::with_capacity(26);
    key.extend_from_slice(&slot.0.to_be_bytes());
    key.extend_from_slice(branch.as_bytes());
    key
}

/// A batch by its first event, given the branch's key.
pub(crate) fn batch(branch: &[u8], first_event: i64) -> Vec<u8> {
    [branch, &ordered(first_event)[..]].concat()
}

/// First event of a batch, from its key.
pub(crate) fn first_event(key: &[u8]) -> Option<i64> {
    key.last_chunk().copied().map(number)
}

/// An outbox row, given the run's key.
pub(crate) fn outbox(run: &[u8], id: OutboxId) -> Vec<u8> {
    [run, &[id.kind], &ordered(id.event)[..]].concat()
}

/// What a run shares, given its key.
pub(crate) fn shares(run: &[u8]) -> Vec<u8> {
    [run, &[0]].concat()
}

/// One thing that a run shares, given its key. They stand oldest first.
pub(crate) fn share(run: &[u8], share: &Branch) -> Vec<u8> {
    [&shares(run)[..], &ordered(share.last_event), share.id.as_bytes()].concat()
}

/// Reads what a run shares.
pub(crate) fn read_share(key: &[u8]) -> Option<Branch> {
    let (rest, id) = key.split_last_chunk()?;
    let last_event = rest.last_chunk().copied().map(number)?;
    Some(Branch { id: BranchId::from_bytes(*id), last_event })
}

/// Who shares the branch of a run, given its key.
pub(crate) fn sharers(run: &[u8]) -> Vec<u8> {
    [run, &[1]].concat()
}

/// One run that shares the branch of a run, given the key of the latter. Those that share most come first.
pub(crate) fn sharer(run: &[u8], last_event: i64, sharer: RunId) -> Vec<u8> {
    [&sharers(run)[..], &ordered(!last_event), sharer.as_bytes()].concat()
}

/// Reads who shares a branch, and the last event of it.
pub(crate) fn read_sharer(key: &[u8]) -> Option<(RunId, i64)> {
    let (rest, id) = key.split_last_chunk()?;
    let last_event = rest.last_chunk().copied().map(number)?;
    Some((RunId::from_bytes(*id), !last_event))
}

/// A wake.
pub(crate) fn wake(slot: Slot, wake: &Wake) -> Vec<u8> {
    let mut key = wakes_from(slot, wake.at);
    push_name(&mut key, &wake.run.execution);
    key.extend_from_slice(wake.run.run.as_bytes());
    key
}

/// Where the wakes of a slot at or behind an instant begin.
pub(crate) fn wakes_from(slot: Slot, at: Timestamp) -> Vec<u8> {
    let mut key = Vec::with_capacity(72);
    key.extend_from_slice(&slot.0.to_be_bytes());
    key.extend_from_slice(&ordered(at.0));
    key
}

/// Where a row stands: lists are of one namespace and one kind.
pub(crate) type Shelf = (NamespaceId, Kind);

/// What the rows of a shelf begin with.
pub(crate) fn shelf((namespace, kind): Shelf) -> Vec<u8> {
    let mut key = Vec::with_capacity(50);
    key.extend_from_slice(namespace.as_bytes());
    key.push(kind.code());
    key
}

/// A row, by shelf and position.
pub(crate) fn row(of: Shelf, sort: &SortKey) -> Vec<u8> {
    let mut key = shelf(of);
    push_sort(&mut key, sort);
    key
}

/// The position of a row: open runs first, then newest first.
pub(crate) fn push_sort(key: &mut Vec<u8>, sort: &SortKey) {
    match sort.close_time {
        None => key.push(0),
        Some(close) => {
            key.push(1);
            key.extend_from_slice(&ordered(!close.0));
        }
    }
    key.extend_from_slice(&ordered(!sort.start_time.0));
    key.extend_from_slice(sort.run.as_bytes());
}

/// A document.
pub(crate) fn document(section: &str, name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(section.len() + name.len() + 2);
    push_text(&mut key, section.as_bytes());
    key.extend_from_slice(name.as_bytes());
    key
}

/// The grant of a shard.
pub(crate) fn grant(shard: ShardId) -> Vec<u8> {
    [GRANTS, &shard.0.to_be_bytes()[..]].concat()
}

/// What the keys of grants begin with; no name of a section can, because a zero in a name is escaped.
pub(crate) const GRANTS: &[u8] = b"\0\x01grant";

/// The key of the folder's format.
pub(crate) const FORMAT: &[u8] = b"\0\x01format";

/// The first key behind all that begin with `prefix`; `None` if there is none.
pub(crate) fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut key = prefix[..=last].to_vec();
    key[last] += 1;
    Some(key)
}

/// Reads names back from keys.
pub(crate) struct Reader<'k>(pub(crate) &'k [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.take::<1>()? {
                [0] => match self.take::<1>()? {
                    [0xff] => text.push(0),
                    [0] => return String::from_utf8(text).ok(),
                    _ => return None,
                },
                [byte] => text.push(byte),
            }
        }
    }

    /// Passes over the slot.
    pub(crate) fn slot(&mut self) -> Option<Slot> {
        self.take().map(u16::from_be_bytes).map(Slot)
    }

    /// An instant.
    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        self.take().map(number).map(Timestamp)
    }

    /// A run without its slot.
    pub(crate) fn run(&mut self) -> Option<RunKey> {
        let namespace = NamespaceId::from_bytes(self.take()?);
        let [kind] = self.take()?;
        let id = self.text()?.into();
        let execution = ExecutionKey { namespace, kind: Kind::from_code(kind)?, id };
        Some(RunKey { execution, run: RunId::from_bytes(self.take()?) })
    }

    /// Where a row stands.
    pub(crate) fn shelf(&mut self) -> Option<Shelf> {
        let namespace = NamespaceId::from_bytes(self.take()?);
        let [kind] = self.take()?;
        Some((namespace, Kind::from_code(kind)?))
    }

    /// The position of a row.
    pub(crate) fn sort(&mut self) -> Option<SortKey> {
        let backwards = |bytes: [u8; 8]| Timestamp(!number(bytes));
        let close_time = match self.take()? {
            [0] => None,
            [1] => Some(backwards(self.take()?)),
            _ => return None,
        };
        let start_time = backwards(self.take()?);
        Some(SortKey { close_time, start_time, run: RunId::from_bytes(self.take()?) })
    }

    /// The name of an outbox row.
    pub(crate) fn duty(&mut self) -> Option<OutboxId> {
        let [kind] = self.take()?;
        Some(OutboxId { kind, event: number(self.take()?) })
    }
}

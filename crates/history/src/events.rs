//! Encoded events: batches as they are stored, the newest of a run in memory, the rest read from the store.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use longhaul_kernel::{
    ids::{BranchId, Slot},
    run::{Branch, Change},
};
use longhaul_proto::api::history::v1::{History, HistoryEvent, history_event::Attributes};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{Batch, Direction, EventRange, ReadError, Store};
use prost::Message;

/// The newest batches of a run, oldest first, without gaps.
#[derive(Debug, Default)]
pub struct Recent {
    batches: VecDeque<Batch>,
    bytes: usize,
}

impl Recent {
    /// Adds a batch behind the others and lets the oldest go beyond `bytes_max`.
    pub fn push(&mut self, batch: Batch, bytes_max: usize) {
        self.bytes += batch.events.len();
        self.batches.push_back(batch);
        while self.bytes > bytes_max && self.batches.len() > 1 {
            let oldest = self.batches.pop_front().expect("there are at least two");
            self.bytes -= oldest.events.len();
        }
    }

    /// The batches that hold `from` and what follows, if all of them are here.
    pub fn since(&self, from: i64) -> Option<Vec<Batch>> {
        let first = self.batches.front()?;
        let start = self.batches.partition_point(|batch| batch.last_event < from);
        (first.first_event <= from).then(|| self.batches.range(start..).cloned().collect())
    }

    /// Bytes of the events.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Groups the events of a transition into batches. A `WorkflowTaskStarted` ends a batch, so that a page never splits
/// what a worker is shown as one.
pub fn batches(branch: BranchId, changes: &[Change]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut open: Option<(i64, BytesMut)> = None;
    let mut last = 0;
    for change in changes {
        let (Change::Event(event) | Change::Flushed(event)) = change else { continue };
        let (_, bytes) = open.get_or_insert_with(|| (event.event_id, BytesMut::new()));
        append(bytes, event);
        last = event.event_id;
        if matches!(event.attributes, Some(Attributes::WorkflowTaskStartedEventAttributes(_))) {
            let (first_event, bytes) = open.take().expect("it was just filled");
            batches.push(Batch { branch, first_event, last_event: last, events: bytes.freeze() });
        }
    }
    if let Some((first_event, bytes)) = open {
        batches.push(Batch { branch, first_event, last_event: last, events: bytes.freeze() });
    }
    batches
}

/// Appends one event in the form it has inside of an encoded `History`.
pub fn append(bytes: &mut BytesMut, event: &HistoryEvent) {
    // The tag and the length take a few bytes more.
    bytes.reserve(event.encoded_len() + 8);
    prost::encoding::message::encode(1, event, bytes);
}

/// Joins batches into one encoded `History`.
pub fn join(batches: &[Batch], tail: &[HistoryEvent]) -> Bytes {
    if let ([only], []) = (batches, tail) {
        return only.events.clone();
    }
    let mut bytes = BytesMut::with_capacity(batches.iter().map(|batch| batch.events.len()).sum());
    for batch in batches {
        bytes.extend_from_slice(&batch.events);
    }
    for event in tail {
        append(&mut bytes, event);
    }
    bytes.freeze()
}

/// Decodes batches.
///
/// # Errors
/// `Corrupt` if they are damaged.
pub fn decode(batches: &[Batch]) -> Result<Vec<HistoryEvent>, PeerError> {
    let mut events = Vec::new();
    for batch in batches {
        let history = History::decode(&batch.events[..])
            .map_err(|error| PeerError::Corrupt(format!("events from {} on: {error}", batch.first_event)))?;
        events.extend(history.events);
    }
    Ok(events)
}

/// Where the events of a run are.
#[derive(Clone, Debug)]
pub struct Place {
    /// Slot of the execution.
    pub slot: Slot,
    /// Branches, oldest first.
    pub branches: Vec<Branch>,
}

/// Reads whole batches that hold events from `from` to `to`, over all branches, at most `batches_max`.
///
/// # Errors
/// Those of the store.
pub async fn read(
    store: &dyn Store,
    place: &Place,
    from: i64,
    to: i64,
    direction: Direction,
    batches_max: usize,
) -> Result<Vec<Batch>, PeerError> {
    let mut found: Vec<Batch> = Vec::new();
    let mut lowest = 1;
    let mut parts: Vec<(BranchId, i64, i64)> = Vec::new();
    for branch in &place.branches {
        parts.push((branch.id, lowest.max(from), branch.last_event.min(to)));
        lowest = branch.last_event.saturating_add(1);
    }
    if direction == Direction::Reverse {
        parts.reverse();
    }
    for (branch, mut low, mut high) in parts {
        while low <= high && found.len() < batches_max {
            let range = EventRange { from: low, to: high };
            let batches =
                store.history(place.slot, branch, range, direction, PAGE_BYTES).await.map_err(read_error)?;
            let Some(last) = batches.last() else { break };
            match direction {
                Direction::Forward => low = last.last_event + 1,
                Direction::Reverse => high = last.first_event - 1,
            }
            for batch in batches {
                if found.len() < batches_max {
                    found.push(batch);
                }
            }
        }
    }
    Ok(found)
}

/// Bytes asked of the store at a time.
const PAGE_BYTES: usize = 1 << 20;

/// What a failed read means to a caller.
pub fn read_error(error: ReadError) -> PeerError {
    match error {
        ReadError::Busy(text) => PeerError::Busy(text),
        ReadError::Corrupt(text) => PeerError::Corrupt(text),
        ReadError::Refused(text) => PeerError::Unknown(text),
    }
}

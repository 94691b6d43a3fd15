//! The bodies of stored values. Each begins with the version of its format.

use bytes::Bytes;
use longhaul_kernel::{
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    time::Timestamp,
    visibility::{Row, Value},
};
use longhaul_store::{Batch, Document, ShardRange, SortKey};
use minicbor::Decoder;

const FORMAT: u8 = 1;

/// What a commit has to know of a run: carried by each of its state records, the last one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Version of the last write.
    pub(crate) version: u64,
    /// The wake the run has.
    pub(crate) wake: Option<Timestamp>,
    /// Position of its row in lists, if it has one.
    pub(crate) sort: Option<SortKey>,
    /// Number of deltas behind the snapshot.
    pub(crate) deltas: u32,
}

const HAS_WAKE: u8 = 1;
const HAS_ROW: u8 = 2;
const IS_CLOSED: u8 = 4;

/// A state record: the head and an opaque state.
pub(crate) fn state(head: &Head, state: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(state.len() + 64);
    let closed = head.sort.and_then(|sort| sort.close_time);
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.push(FORMAT);
    out.push(
        flag(head.wake.is_some(), HAS_WAKE)
            | flag(head.sort.is_some(), HAS_ROW)
            | flag(closed.is_some(), IS_CLOSED),
    );
    out.extend_from_slice(&head.version.to_le_bytes());
    out.extend_from_slice(&head.deltas.to_le_bytes());
    let times = [head.wake, head.sort.map(|sort| sort.start_time), closed];
    for time in times.into_iter().flatten() {
        out.extend_from_slice(&time.0.to_le_bytes());
    }
    out.extend_from_slice(state);
    out
}

/// Reads a state record of `run`.
pub(crate) fn read_state(run: RunId, body: &[u8]) -> Option<(Head, &[u8])> {
    let mut rest = Rest(body);
    let ([FORMAT], [flags]) = (rest.take()?, rest.take()?) else { return None };
    let version = u64::from_le_bytes(rest.take()?);
    let deltas = u32::from_le_bytes(rest.take()?);
    let mut time = |flag: u8| match flags & flag {
        0 => Some(None),
        _ => rest.take().map(|bytes| Some(Timestamp(i64::from_le_bytes(bytes)))),
    };
    let (wake, start, close_time) = (time(HAS_WAKE)?, time(HAS_ROW)?, time(IS_CLOSED)?);
    let sort = start.map(|start_time| SortKey { close_time, start_time, run });
    Some((Head { version, wake, sort, deltas }, rest.0))
}

/// A batch of events.
pub(crate) fn batch(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(batch.events.len() + 16);
    out.push(FORMAT);
    out.extend_from_slice(&batch.last_event.to_le_bytes());
    out.extend_from_slice(&batch.events);
    out
}

/// Reads the last event of a batch and its events.
pub(crate) fn read_batch(body: &[u8]) -> Option<(i64, &[u8])> {
    let mut rest = Rest(body);
    let [FORMAT] = rest.take()? else { return None };
    Some((i64::from_le_bytes(rest.take()?), rest.0))
}

/// A document.
pub(crate) fn document(version: u64, record: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len() + 16);
    out.push(FORMAT);
    out.extend_from_slice(&version.to_le_bytes());
    out.extend_from_slice(record);
    out
}

/// Reads a document.
pub(crate) fn read_document(key: String, body: &[u8]) -> Option<Document> {
    let mut rest = Rest(body);
    let [FORMAT] = rest.take()? else { return None };
    let version = u64::from_le_bytes(rest.take()?);
    Some(Document { key, version, record: Bytes::copy_from_slice(rest.0) })
}

/// The right to write to a shard, as stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    /// The epoch in force.
    pub(crate) epoch: u64,
    /// Slots it holds for; absent once a shard granted later has taken one of them.
    pub(crate) slots: Option<(u16, u16)>,
}

impl Grant {
    /// Whether this grant's slots and `range` have one in common.
    pub(crate) fn meets(&self, range: &ShardRange) -> bool {
        self.slots.is_some_and(|(first, last)| first <= range.last.0 && range.first.0 <= last)
    }
}

/// A grant.
pub(crate) fn grant(grant: &Grant) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend_from_slice(&grant.epoch.to_le_bytes());
    for bound in grant.slots.into_iter().flat_map(|(first, last)| [first, last]) {
        out.extend_from_slice(&bound.to_le_bytes());
    }
    out
}

/// Reads a grant.
pub(crate) fn read_grant(body: &[u8]) -> Option<Grant> {
    let mut rest = Rest(body);
    let [FORMAT] = rest.take()? else { return None };
    let epoch = u64::from_le_bytes(rest.take()?);
    let bound = |rest: &mut Rest| rest.take().map(u16::from_le_bytes);
    let slots = bound(&mut rest).zip(bound(&mut rest));
    Some(Grant { epoch, slots })
}

struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }
}

/// Reads a row of lists as folders of formats 1 and 2 have them.
pub(crate) fn decode_row(decoder: &mut Decoder<'_>) -> Result<Row, minicbor::decode::Error> {
    let wrong = minicbor::decode::Error::message;
    decoder.array()?;
    let sixteen = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).map_err(|_| wrong("an id has sixteen bytes"));
    let namespace = NamespaceId::from_bytes(sixteen(decoder.bytes()?)?);
    let kind = Kind::from_code(decoder.u8()?).ok_or_else(|| wrong("unknown kind"))?;
    let id = decoder.str()?.into();
    let run = RunId::from_bytes(sixteen(decoder.bytes()?)?);
    let start_time = Timestamp(decoder.i64()?);
    let close_time = decoder.decode()?;
    let entries = decoder.map()?.ok_or_else(|| wrong("a map says how long it is"))?;
    let attributes = (0..entries)
        .map(|_| Ok((decoder.str()?.into(), decoder.decode::<Value>()?)))
        .collect::<Result<_, minicbor::decode::Error>>()?;
    let info = Bytes::copy_from_slice(decoder.bytes()?);
    let run = RunKey { execution: ExecutionKey { namespace, kind, id }, run };
    Ok(Row { run, start_time, close_time, attributes, info })
}

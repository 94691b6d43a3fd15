//! How a run is stored: a snapshot now and then, and behind it deltas of one or more transitions each. A delta names
//! facts and says where events of the history stand between them; the events themselves are stored once, in the history.

use std::collections::VecDeque;

use longhaul_proto::api::history::v1::HistoryEvent;
use minicbor::{Decode, Encode};

use super::{Change, Fact, Run, state::TaskKind};
use crate::codec::{self, Unreadable};

/// Transitions, without their events.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Delta {
    #[n(0)]
    entries: Vec<Entry>,
}

/// One change of a delta.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
enum Entry {
    /// The next event of the history.
    #[n(0)]
    Event,
    /// The next event of the history, which had been buffered.
    #[n(1)]
    Flushed,
    /// A fact.
    #[n(2)]
    Fact(#[n(0)] Fact),
}

/// A delta as it is written: the facts stay where they are.
#[derive(Encode)]
struct DeltaOf<'c> {
    #[n(0)]
    entries: Vec<EntryOf<'c>>,
}

/// One change of it; the numbers are those of [`Entry`].
#[derive(Encode)]
enum EntryOf<'c> {
    #[n(0)]
    Event,
    #[n(1)]
    Flushed,
    #[n(2)]
    Fact(#[n(0)] &'c Fact),
}

impl Delta {
    /// Encodes the delta of one or more transitions.
    pub fn encode<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Vec<u8> {
        let entries = changes.into_iter().filter_map(|change| match change {
            Change::Event(_) => Some(EntryOf::Event),
            Change::Flushed(_) => Some(EntryOf::Flushed),
            Change::Fact(fact) => Some(EntryOf::Fact(fact)),
            Change::Volatile(_) => None,
        });
        codec::encode(&DeltaOf { entries: entries.collect() })
    }

    /// Number of events it takes from the history.
    pub fn events(&self) -> usize {
        self.entries.iter().filter(|entry| !matches!(entry, Entry::Fact(_))).count()
    }
}

impl Delta {
    /// Events that began to wait for a workflow task to end.
    pub fn waited(&self) -> impl Iterator<Item = &HistoryEvent> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Fact(Fact::Buffered(event)) => Some(&event.0),
            Entry::Event | Entry::Flushed | Entry::Fact(_) => None,
        })
    }
}

impl Run {
    /// Encodes the whole state.
    pub fn snapshot(&self) -> Vec<u8> {
        if self.workflow_task.as_ref().is_some_and(|task| task.kind == TaskKind::Speculative) {
            return codec::encode(&Self { workflow_task: None, ..self.clone() });
        }
        codec::encode(self)
    }

    /// Restores a run from a snapshot, the deltas behind it, and the events of the history behind it.
    ///
    /// # Errors
    /// If a record is damaged, or the deltas and the events do not belong together.
    pub fn restore(
        snapshot: &[u8],
        deltas: &[impl AsRef<[u8]>],
        events: Vec<HistoryEvent>,
    ) -> Result<Self, Unreadable> {
        let mut run: Self = codec::decode(snapshot)?;
        let deltas = deltas.iter().map(|delta| codec::decode(delta.as_ref())).collect::<Result<_, _>>()?;
        run.catch_up(deltas, events)?;
        Ok(run)
    }

    /// Takes the run from its snapshot to the present: the deltas behind the snapshot, and the events they speak of.
    ///
    /// # Errors
    /// If the deltas and the events do not belong together.
    pub fn catch_up(&mut self, deltas: Vec<Delta>, events: Vec<HistoryEvent>) -> Result<(), Unreadable> {
        let mut events: VecDeque<_> =
            events.into_iter().filter(|event| event.event_id >= self.next_event_id).collect();
        let mut next =
            || events.pop_front().map(Box::new).ok_or_else(|| Unreadable("history ends before state".into()));
        for entry in deltas.into_iter().flat_map(|delta| delta.entries) {
            let change = match entry {
                Entry::Event => Change::Event(next()?),
                Entry::Flushed => Change::Flushed(next()?),
                Entry::Fact(fact) => Change::Fact(fact),
            };
            self.fold(&change);
        }
        Ok(())
    }
}

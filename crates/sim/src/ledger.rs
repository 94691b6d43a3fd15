//! What became durable, as the store saw it: every event with the true time of its commit. Promises that a single
//! commit can break are checked here, at once.

use std::collections::{BTreeMap, BTreeSet};

use longhaul_kernel::{
    ids::{ExecutionKey, Kind, RunId, RunKey},
    time::Timestamp,
};
use longhaul_proto::api::history::v1::{History, HistoryEvent, history_event::Attributes};
use longhaul_store::{Expect, Fence, ShardId, StateWrite, VisibilityWrite, Write};
use prost::Message;

/// An event and when it became durable.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The event.
    pub(crate) event: HistoryEvent,
    /// True time of the commit.
    pub(crate) at: i64,
}

/// What is known of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// Its events.
    pub(crate) events: Vec<Stored>,
    /// Whether it has closed.
    pub(crate) is_closed: bool,
    /// Version of its state.
    pub(crate) version: u64,
}

/// What became durable.
#[derive(Default)]
pub(crate) struct Ledger {
    epochs: BTreeMap<ShardId, u64>,
    open: BTreeMap<ExecutionKey, BTreeSet<RunId>>,
    /// Every run.
    pub(crate) runs: BTreeMap<RunKey, Recorded>,
    /// Runs that were removed.
    gone: BTreeMap<RunKey, Recorded>,
    /// Commits so far.
    pub(crate) commits: u64,
}

impl Ledger {
    /// A fence was granted.
    pub(crate) fn granted(&mut self, fence: Fence) {
        self.epochs.insert(fence.shard, fence.epoch);
    }

    /// The fence in force for a shard.
    pub(crate) fn fence(&self, shard: ShardId) -> Fence {
        Fence { shard, epoch: self.epochs.get(&shard).copied().unwrap_or_default() }
    }

    /// A commit happened at `now`; what it broke is answered.
    pub(crate) fn committed(&mut self, fence: Fence, writes: &[Write], now: i64) -> Vec<String> {
        self.commits += 1;
        let mut broken = Vec::new();
        let current = self.fence(fence.shard);
        if current.epoch != fence.epoch {
            broken.push(format!("a stale owner committed: epoch {} of {}", fence.epoch, current.epoch));
        }
        let runs = || writes.iter().filter(|write| write.run.execution.kind == Kind::Workflow);
        for write in runs() {
            self.write(write, now, &mut broken);
        }
        for write in runs() {
            let open = self.open.get(&write.run.execution).map_or(0, BTreeSet::len);
            if open > 1 {
                broken.push(format!("{open} runs of {} are open", write.run.execution.id));
            }
        }
        broken
    }

    /// Whether every run has closed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.values().all(BTreeSet::is_empty)
    }

    /// Runs that are open.
    pub(crate) fn open_runs(&self) -> Vec<RunKey> {
        self.runs.iter().filter(|(_, run)| !run.is_closed).map(|(key, _)| key.clone()).collect()
    }

    /// Whether a run has accepted an update.
    pub(crate) fn has_accepted(&self, run_id: &str, update_id: &str) -> bool {
        let recorded = self.runs.iter().find(|(key, _)| key.run.to_string() == run_id);
        recorded.is_some_and(|(_, recorded)| {
            recorded.events.iter().any(|stored| {
                matches!(&stored.event.attributes,
                    Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a))
                        if a.protocol_instance_id == update_id)
            })
        })
    }

    fn write(&mut self, write: &Write, now: i64, broken: &mut Vec<String>) {
        let is_new = !self.runs.contains_key(&write.run);
        let shared = self.shared(write, now, broken);
        let recorded = self.runs.entry(write.run.clone()).or_default();
        if matches!(write.state, StateWrite::Delete) {
            self.gone.extend(self.runs.remove_entry(&write.run));
            self.open.entry(write.run.execution.clone()).or_default().remove(&write.run.run);
            return;
        }
        // A write may hold several transitions, but none that stands on another version than the last one.
        let stands_on = match write.expect {
            Expect::New => 0,
            Expect::Version(version) => version,
        };
        if stands_on != recorded.version || write.version <= recorded.version {
            broken.push(format!("version {} of {} follows {}", write.version, write.run, recorded.version));
        }
        recorded.version = write.version;
        recorded.events.extend(shared);
        if recorded.is_closed && !write.history.is_empty() {
            broken.push(format!("events were added to {}, which is closed", write.run));
        }
        for batch in &write.history {
            match History::decode(&batch.events[..]) {
                Ok(history) => recorded.append(history.events, &write.run, now, broken),
                Err(error) => broken.push(format!("events of {} can't be read: {error}", write.run)),
            }
        }
        recorded.is_closed |= recorded.events.last().is_some_and(|last| closes(&last.event));
        let open = self.open.entry(write.run.execution.clone()).or_default();
        if is_new {
            open.insert(write.run.run);
        }
        if recorded.is_closed {
            open.remove(&write.run.run);
        }
        if let VisibilityWrite::Put(row) = &write.visibility
            && row.close_time.is_some() != recorded.is_closed
        {
            broken.push(format!("the row of {} and its history differ on whether it is closed", write.run));
        }
    }

    /// The events that a new run shares, as if they had been written with it.
    fn shared(&self, write: &Write, now: i64, broken: &mut Vec<String>) -> Vec<Stored> {
        let mut shared: Vec<Stored> = Vec::new();
        for share in &write.shares {
            let owner = RunKey { run: share.id.owner(), ..write.run.clone() };
            let Some(recorded) = self.runs.get(&owner).or_else(|| self.gone.get(&owner)) else {
                broken.push(format!("{} shares events of {owner}, which never was", write.run));
                continue;
            };
            let from = shared.len() as i64;
            let more = recorded
                .events
                .iter()
                .filter(|stored| (from + 1..=share.last_event).contains(&stored.event.event_id));
            shared.extend(more.map(|stored| Stored { at: now, ..stored.clone() }));
            if shared.len() as i64 != share.last_event {
                broken.push(format!(
                    "{} shares event {} of {owner}, which it has not",
                    write.run, share.last_event
                ));
            }
        }
        shared
    }
}

impl Recorded {
    fn append(&mut self, events: Vec<HistoryEvent>, run: &RunKey, now: i64, broken: &mut Vec<String>) {
        for event in events {
            let last = self.events.last().map_or(0, |last| last.event.event_id);
            if event.event_id != last + 1 {
                broken.push(format!("event {} of {run} follows event {last}", event.event_id));
            }
            if time_of(&event) > now {
                broken.push(format!("event {} of {run} is from the future", event.event_id));
            }
            self.events.push(Stored { event, at: now });
        }
    }
}

/// The time an event names.
pub(crate) fn time_of(event: &HistoryEvent) -> i64 {
    event.event_time.as_ref().map_or(0, |time| Timestamp::from_proto(time).0)
}

/// Whether the event ends its run.
pub(crate) fn closes(event: &HistoryEvent) -> bool {
    use longhaul_proto::api::enums::v1::EventType as T;
    matches!(
        event.event_type(),
        T::WorkflowExecutionCompleted
            | T::WorkflowExecutionFailed
            | T::WorkflowExecutionTimedOut
            | T::WorkflowExecutionCanceled
            | T::WorkflowExecutionTerminated
            | T::WorkflowExecutionContinuedAsNew
    )
}

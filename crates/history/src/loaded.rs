//! A run in memory, with what belongs to it but is not part of its state: its version in the store and the newest of
//! its events. Turns the steps since the last commit into the write that makes them durable.

use std::collections::BTreeMap;

use bytes::Bytes;
use longhaul_kernel::{
    codec,
    context::Limits,
    ids::{RunId, RunKey},
    run::{Change, Current, Delta, Duty, DutyId, Run, TaskKind, UpdateNews, Warning},
};
use longhaul_runtime::peers::{AddTask, PeerError};
use longhaul_store::{
    Batch, CurrentWrite, Direction, Expect, OutboxId, StateWrite, Store, VisibilityWrite, Write,
};
use prost::Message;
use tokio::sync::mpsc;

use crate::{
    duties,
    events::{self, Place, Recent},
    pages::Pages,
    pending::Steps,
    queries::Waiting,
    settings::Settings,
};

/// What a delta costs in the store beside its own bytes.
const DELTA_BYTES: usize = 100;

/// How many times larger a run's state is in memory than in the store.
const STATE_FACTOR: usize = 4;

/// A run in memory.
#[derive(Debug)]
pub struct Loaded {
    /// The run.
    pub run: Run,
    /// Deltas since the last snapshot.
    deltas: u64,
    /// Bytes of these, with what the store adds.
    delta_bytes: usize,
    /// Bytes of the last snapshot.
    snapshot_bytes: usize,
    /// Its newest events.
    pub recent: Recent,
    /// Queries that wait for its next workflow task.
    pub queries: Waiting,
    /// Pages of the completion of its workflow task.
    pub pages: Pages,
    /// Those who wait for updates, by the update's id.
    pub updates: BTreeMap<String, Vec<mpsc::UnboundedSender<UpdateNews>>>,
}

impl Loaded {
    /// A run that has just been created.
    pub fn created(run: Run) -> Self {
        Self {
            run,
            deltas: 0,
            delta_bytes: 0,
            snapshot_bytes: 0,
            recent: Recent::default(),
            queries: Waiting::default(),
            pages: Pages::default(),
            updates: BTreeMap::new(),
        }
    }

    /// Reads a run from the store.
    ///
    /// # Errors
    /// Those of the store; `Corrupt` if its records do not belong together.
    pub async fn read(store: &dyn Store, key: &RunKey) -> Result<Option<Self>, PeerError> {
        let Some(stored) = store.run(key.clone()).await.map_err(events::read_error)? else { return Ok(None) };
        let corrupt = |error: codec::Unreadable| PeerError::Corrupt(format!("run {key}: {error}"));
        let mut run: Run = codec::decode(&stored.snapshot).map_err(corrupt)?;
        let deltas: Vec<Delta> = stored
            .deltas
            .iter()
            .map(|delta| codec::decode(delta))
            .collect::<Result<_, _>>()
            .map_err(corrupt)?;
        let needed: usize = deltas.iter().map(Delta::events).sum();
        if !deltas.is_empty() {
            let place = Place { slot: key.execution.slot(), branches: run.branches.clone() };
            let from = run.next_event_id;
            let to = from + i64::try_from(needed).unwrap_or(i64::MAX) - 1;
            let batches = events::read(store, &place, from, to, Direction::Forward, usize::MAX).await?;
            run.catch_up(deltas, events::decode(&batches)?).map_err(corrupt)?;
        }
        let deltas = stored.deltas.len() as u64;
        Ok(Some(Self {
            run,
            deltas,
            delta_bytes: stored.deltas.iter().map(|delta| delta.len() + DELTA_BYTES).sum(),
            snapshot_bytes: stored.snapshot.len(),
            recent: Recent::default(),
            queries: Waiting::default(),
            pages: Pages::default(),
            updates: BTreeMap::new(),
        }))
    }

    /// Whether it holds something that would be lost if it left memory.
    pub fn is_busy(&self) -> bool {
        let speculative =
            self.run.workflow_task.as_ref().is_some_and(|task| task.kind == TaskKind::Speculative);
        !self.queries.is_empty()
            || !self.pages.is_empty()
            || !self.run.in_memory.updates.is_empty()
            || speculative
    }

    /// Roughly the memory it takes: a state in memory is a few times as large as its record.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + STATE_FACTOR * (self.snapshot_bytes + self.delta_bytes) + self.recent.bytes()
    }

    /// Tells those who wait for an update what became of it.
    pub fn tell(&mut self, update_id: &str, news: &UpdateNews) {
        let is_over = !matches!(news, UpdateNews::Accepted);
        if let Some(waiters) = self.updates.get_mut(update_id) {
            waiters.retain(|waiter| waiter.send(news.clone()).is_ok());
        }
        if is_over {
            self.updates.remove(update_id);
        }
    }

    /// Where its events are.
    pub fn place(&self) -> Place {
        Place { slot: self.run.key().execution.slot(), branches: self.run.branches.clone() }
    }

    /// Encodes the events of a step, and keeps them for the workers that will be shown them.
    pub fn note(&mut self, changes: &[Change], settings: &Settings) -> Vec<Batch> {
        let history = events::batches(self.run.branch(), changes);
        for batch in &history {
            self.recent.push(batch.clone(), settings.events_bytes_max);
        }
        history
    }

    /// Bytes of its state in the store.
    pub fn state_bytes(&self) -> u64 {
        (self.snapshot_bytes + self.delta_bytes) as u64
    }

    /// The write that makes steps durable, all that were made since the last one.
    pub fn write(&mut self, steps: Steps, settings: &Settings) -> Write {
        let state_bytes = self.state_bytes();
        let outbox_put = steps.outbox_put(&self.run).map(|duty| self.outbox_row(duty)).collect();
        let outbox_delete = steps.outbox_delete(&self.run).map(outbox_id).collect();
        let (wake_delete, wake_put) = steps.wake();
        let state = self.state_write(&steps, settings);
        let warn = settings.limits.state_bytes_warn;
        if state_bytes <= warn && warn < self.state_bytes() {
            tracing::warn!(run = %self.run.key(), bytes = self.state_bytes(), "state is large");
        }
        Write {
            run: self.run.key(),
            expect: steps.expect,
            version: self.run.transitions,
            state,
            history: steps.history,
            shares: if steps.expect == Expect::New { self.run.shares() } else { Vec::new() },
            current: steps.current,
            outbox_put,
            outbox_delete,
            wake_delete,
            wake_put,
            visibility: steps.visibility,
        }
    }

    /// A delta is written until the deltas outweigh the snapshot behind which they stand. So a long life costs each
    /// transition no more than a short one, and loading a run no more than twice its state. The end of a run is a delta as
    /// any other: most runs are never loaded again, and the end of a short one would be the larger half of its state.
    fn state_write(&mut self, steps: &Steps, settings: &Settings) -> StateWrite {
        let is_light = self.deltas + 1 < settings.snapshot_every || self.delta_bytes < self.snapshot_bytes;
        if steps.expect != Expect::New && is_light {
            let delta = Delta::encode(&steps.changes);
            self.deltas += 1;
            self.delta_bytes += delta.len() + DELTA_BYTES;
            return StateWrite::Delta(delta.into());
        }
        let snapshot = self.run.snapshot();
        self.deltas = 0;
        self.delta_bytes = 0;
        self.snapshot_bytes = snapshot.len();
        StateWrite::Snapshot(snapshot.into())
    }

    /// The write that removes the run and everything of it.
    pub fn delete(&self, current: CurrentWrite) -> Write {
        Write {
            run: self.run.key(),
            expect: Expect::Version(self.run.transitions),
            version: self.run.transitions + 1,
            state: StateWrite::Delete,
            history: Vec::new(),
            shares: Vec::new(),
            current,
            outbox_put: Vec::new(),
            outbox_delete: self.run.duties.iter().map(|duty| outbox_id(*duty)).collect(),
            wake_delete: self.run.wake,
            wake_put: None,
            visibility: VisibilityWrite::Delete,
        }
    }

    /// The row of a duty. Tasks carry all that is needed to dispatch them, so that a restart loads no run for them.
    fn outbox_row(&self, id: DutyId) -> (OutboxId, Bytes) {
        let record = match self.run.duty(id) {
            Some(Duty::WorkflowTask(dispatch) | Duty::Activity(dispatch)) => {
                let task: AddTask = duties::add_task(&self.run, id, &dispatch);
                task.encode_to_vec().into()
            }
            _ => Bytes::new(),
        };
        (outbox_id(id), record)
    }

    /// The record of the execution's current run, if this is it.
    pub fn current(&self) -> Bytes {
        codec::encode(&Current::of(&self.run)).into()
    }

    /// Says once in the log that the history has become long or large; `before` are its next event id and its bytes
    /// before the last step.
    pub fn warn_of_size(&self, before: (i64, u64), limits: &Limits) {
        let crossed = |before: i64, now: i64, limit: i64| before <= limit && limit < now;
        if crossed(before.0, self.run.next_event_id, limits.history_events_warn.saturating_add(1)) {
            tracing::warn!(run = %self.run.key(), events = self.run.next_event_id - 1, "history has many events");
        }
        if before.1 <= limits.history_bytes_warn && limits.history_bytes_warn < self.run.history_bytes {
            tracing::warn!(run = %self.run.key(), bytes = self.run.history_bytes, "history is large");
        }
    }

    /// Says in the log what else was large.
    pub fn warn_of(&self, warnings: &[Warning]) {
        for Warning { what, bytes } in warnings {
            tracing::warn!(run = %self.run.key(), what, bytes, "payload is large");
        }
    }

    /// Its id.
    pub fn id(&self) -> RunId {
        self.run.run_id
    }
}

/// The name of a duty in the store.
pub fn outbox_id(duty: DutyId) -> OutboxId {
    let (kind, event) = duty.key();
    OutboxId { kind, event }
}

//! A run in memory, with what belongs to it but is not part of its state: its version in the store and the newest of
//! its events. Turns the effects of a step into the write that makes them durable.

use std::collections::BTreeMap;

use bytes::Bytes;
use longhaul_kernel::{
    codec,
    context::Context,
    ids::{RunId, RunKey},
    run::{Change, Current, Delta, Duty, DutyId, Effects, Run, TaskKind, UpdateNews},
};
use longhaul_runtime::peers::{AddTask, PeerError};
use longhaul_store::{CurrentWrite, Direction, Expect, OutboxId, StateWrite, Store, VisibilityWrite, Write};
use prost::Message;
use tokio::sync::mpsc;

use crate::{
    duties,
    events::{self, Place, Recent},
    queries::Waiting,
    settings::Settings,
};

/// A run in memory.
#[derive(Debug)]
pub struct Loaded {
    /// The run.
    pub run: Run,
    /// Transitions since the last snapshot.
    deltas: u64,
    /// Whether the store has it.
    stored: bool,
    /// Its newest events.
    pub recent: Recent,
    /// Queries that wait for its next workflow task.
    pub queries: Waiting,
    /// Those who wait for updates, by the update's id.
    pub updates: BTreeMap<String, Vec<mpsc::UnboundedSender<UpdateNews>>>,
}

impl Loaded {
    /// A run that has just been created.
    pub fn created(run: Run) -> Self {
        Self {
            run,
            deltas: 0,
            stored: false,
            recent: Recent::default(),
            queries: Waiting::default(),
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
            stored: true,
            recent: Recent::default(),
            queries: Waiting::default(),
            updates: BTreeMap::new(),
        }))
    }

    /// Whether it holds something that would be lost if it left memory.
    pub fn is_busy(&self) -> bool {
        let speculative =
            self.run.workflow_task.as_ref().is_some_and(|task| task.kind == TaskKind::Speculative);
        !self.queries.is_empty() || !self.run.in_memory.updates.is_empty() || speculative
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

    /// The write that makes a step durable; `None` if it changed nothing.
    pub fn write(
        &mut self,
        effects: &Effects,
        before: u64,
        current: CurrentWrite,
        context: &Context,
        settings: &Settings,
    ) -> Option<Write> {
        if effects.changes.iter().all(|change| matches!(change, Change::Volatile(_))) {
            return None;
        }
        let history = events::batches(self.run.branch(), &effects.changes);
        for batch in &history {
            self.recent.push(batch.clone(), settings.events_bytes_max);
        }
        let snapshot = !self.stored || !self.run.is_running() || self.deltas + 1 >= settings.snapshot_every;
        let state = if snapshot {
            self.deltas = 0;
            StateWrite::Snapshot(self.run.snapshot().into())
        } else {
            self.deltas += 1;
            StateWrite::Delta(codec::encode(&Delta::of(&effects.changes)).into())
        };
        let expect = if self.stored { Expect::Version(before) } else { Expect::New };
        self.stored = true;
        let (wake_delete, wake_put) = effects.wake.unwrap_or_default();
        Some(Write {
            run: self.run.key(),
            expect,
            version: self.run.transitions,
            state,
            history,
            current,
            outbox_put: effects
                .duties
                .iter()
                .filter(|duty| self.run.duties.contains(duty))
                .map(|duty| self.outbox_row(*duty))
                .collect(),
            outbox_delete: effects.duties_done.iter().map(|duty| outbox_id(*duty)).collect(),
            wake_delete,
            wake_put,
            visibility: if effects.visible {
                VisibilityWrite::Put(Box::new(self.run.row(context)))
            } else {
                VisibilityWrite::Keep
            },
        })
    }

    /// The write that removes the run and everything of it.
    pub fn delete(&self, current: CurrentWrite) -> Write {
        Write {
            run: self.run.key(),
            expect: Expect::Version(self.run.transitions),
            version: self.run.transitions + 1,
            state: StateWrite::Delete {
                branches: self.run.branches.iter().map(|branch| branch.id).collect(),
            },
            history: Vec::new(),
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

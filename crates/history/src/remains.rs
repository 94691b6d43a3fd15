//! What the store has of a run, read record by record, so that one that is damaged hides no other.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use longhaul_kernel::{
    codec,
    ids::RunKey,
    run::{Branch, Current, Delta, DutyId, Known, Run},
    time::Timestamp,
};
use longhaul_proto::api::history::v1::HistoryEvent;
use longhaul_runtime::peers::PeerError;
use longhaul_store::{
    CurrentWrite, Direction, Expect, OutboxRow, ShardRange, StateWrite, StoredRun, VisibilityWrite, Wake,
    Write,
};

use crate::{
    events::{self, Place, read_error},
    execution,
    loaded::Loaded,
    quarantine,
    shard::Shard,
};

/// Rows read at a time.
const PAGE: usize = 1000;

/// What is stored of a run.
pub struct Remains {
    /// The run.
    pub run: RunKey,
    /// Its state as it is stored.
    pub stored: StoredRun,
    /// Its last snapshot, or why it can't be read.
    pub snapshot: Result<Box<Run>, String>,
    /// The deltas behind it, or why they can't be read.
    pub deltas: Vec<Result<Delta, String>>,
    /// The record that names the newest run, or why it can't be read.
    pub current: Result<Option<Current>, String>,
    /// Where its history is.
    pub branches: Vec<Branch>,
    /// Its history and the number of its batches, or why it can't be read.
    pub history: Result<(Vec<HistoryEvent>, usize), String>,
    /// Its duties.
    pub outbox: Vec<OutboxRow>,
    /// When the store wakes it.
    pub wake: Option<Timestamp>,
    /// The state that its records give, or why they give none.
    pub state: Result<Box<Run>, String>,
}

impl Remains {
    /// Reads them; `None` if the store has nothing of the run.
    ///
    /// # Errors
    /// Those of the store, but for damage.
    pub async fn read(shard: &Arc<Shard>, run: RunKey) -> Result<Option<Self>, PeerError> {
        let store = &*shard.room.store;
        let Some(stored) = store.run(run.clone()).await.map_err(read_error)? else { return Ok(None) };
        let snapshot =
            codec::decode::<Run>(&stored.snapshot).map(Box::new).map_err(|error| error.to_string());
        let deltas = stored
            .deltas
            .iter()
            .map(|delta| codec::decode::<Delta>(delta).map_err(|error| error.to_string()))
            .collect();
        let branches = match &snapshot {
            Ok(run) => run.branches.clone(),
            Err(_) => {
                let mut branches = store.shares(run.clone()).await.map_err(read_error)?;
                branches.push(Branch { id: run.run.into(), last_event: i64::MAX });
                branches
            }
        };
        let place = Place { slot: run.execution.slot(), branches: branches.clone() };
        let batches = events::read(store, &place, 1, i64::MAX, Direction::Forward, usize::MAX).await;
        let history = match batches {
            Ok(batches) => events::decode(&batches).map(|events| (events, batches.len())),
            Err(error) => Err(error),
        };
        let loaded = AssertUnwindSafe(Loaded::read(store, &run)).catch_unwind().await;
        let state = match loaded {
            Ok(Ok(Some(loaded))) => Ok(Box::new(loaded.run)),
            Ok(Ok(None)) => Err("it is gone".into()),
            Ok(Err(error)) => Err(damage(error)?),
            Err(_) => Err("its changes can't be applied to its snapshot".into()),
        };
        Ok(Some(Self {
            current: current(shard, &run).await?,
            history: match history {
                Ok(history) => Ok(history),
                Err(error) => Err(damage(error)?),
            },
            outbox: outbox(shard, &run).await?,
            wake: wake(shard, &run).await?,
            branches,
            snapshot,
            deltas,
            state,
            stored,
            run,
        }))
    }

    /// What a rebuilt run has to know beside its history.
    pub fn known(&self) -> Known {
        let execution = &self.run.execution;
        let is_current = self.is_current();
        let start = match (&self.snapshot, &self.current) {
            (Ok(run), _) => run.create_request_id.clone(),
            (Err(_), Ok(Some(current))) if is_current => current.create_request_id.clone(),
            _ => String::new(),
        };
        let before = self.snapshot.iter().flat_map(|run| run.buffered.iter().map(|event| event.0.clone()));
        let since = self.deltas.iter().flatten().flat_map(|delta| delta.waited().cloned());
        Known {
            namespace: execution.namespace,
            workflow_id: execution.id.to_string(),
            run_id: self.run.run,
            create_request_id: start,
            version: self.stored.version,
            branches: self.branches.clone(),
            owed: self.outbox.iter().filter_map(|row| DutyId::from_key(row.id.kind, row.id.event)).collect(),
            waited: before.chain(since).collect(),
        }
    }

    /// Whether it is the newest run.
    pub fn is_current(&self) -> bool {
        self.current
            .as_ref()
            .is_ok_and(|current| current.as_ref().is_some_and(|current| current.run_id == self.run.run))
    }
}

/// Removes a run of a namespace that is going, and everything of it, unread.
///
/// # Errors
/// Why it is there still.
pub async fn erase(shard: &Arc<Shard>, run: RunKey) -> Result<(), PeerError> {
    let Some(stored) = shard.room.store.run(run.clone()).await.map_err(read_error)? else { return Ok(()) };
    let write = Write {
        run: run.clone(),
        expect: Expect::Version(stored.version),
        version: stored.version + 1,
        state: StateWrite::Delete,
        history: Vec::new(),
        shares: Vec::new(),
        current: CurrentWrite::Delete,
        outbox_put: Vec::new(),
        outbox_delete: outbox(shard, &run).await?.iter().map(|row| row.id).collect(),
        wake_delete: None,
        wake_put: None,
        visibility: VisibilityWrite::Delete,
    };
    execution::commit(shard, &run.execution, vec![write]).await?;
    quarantine::lift(&shard.room, &run).await
}

/// The record that names the newest run of an execution, or why it can't be read.
///
/// # Errors
/// Those of the store, but for damage.
pub async fn current(shard: &Arc<Shard>, run: &RunKey) -> Result<Result<Option<Current>, String>, PeerError> {
    match shard.room.store.current(run.execution.clone()).await.map_err(read_error) {
        Ok(None) => Ok(Ok(None)),
        Ok(Some(record)) => {
            Ok(codec::decode::<Current>(&record).map(Some).map_err(|error| error.to_string()))
        }
        Err(error) => Ok(Err(damage(error)?)),
    }
}

/// The text of an error that means damage; others are passed on.
fn damage(error: PeerError) -> Result<String, PeerError> {
    match error {
        PeerError::Corrupt(text) => Ok(text),
        error => Err(error),
    }
}

async fn outbox(shard: &Arc<Shard>, run: &RunKey) -> Result<Vec<OutboxRow>, PeerError> {
    let slot = run.execution.slot();
    let range = ShardRange { shard: shard.range.shard, first: slot, last: slot };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = shard.room.store.outbox(range, after.take(), PAGE).await.map_err(read_error)?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|row| (row.run.clone(), row.id));
        found.extend(page.into_iter().filter(|row| row.run == *run));
        if is_last {
            return Ok(found);
        }
    }
}

async fn wake(shard: &Arc<Shard>, run: &RunKey) -> Result<Option<Timestamp>, PeerError> {
    let (slot, until) = (run.execution.slot(), Timestamp(i64::MAX));
    let mut after: Option<Wake> = None;
    loop {
        let page = shard.room.store.wakes(slot, until, after.take(), PAGE).await.map_err(read_error)?;
        if let Some(wake) = page.iter().find(|wake| wake.run == *run) {
            return Ok(Some(wake.at));
        }
        if page.len() < PAGE {
            return Ok(None);
        }
        after = page.last().cloned();
    }
}

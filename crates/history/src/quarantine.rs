//! Runs that are kept from going on, so that nobody else is harmed: those whose records can't be read, and those that an
//! operator has put aside. The list is durable.
//!
//! A run whose record can't be read needs no lock: whoever asks for it meets the damage again and is told so. Its entry
//! is for those who look, and goes away by itself if the record can be read after all (by a newer binary, say). Only a
//! run that was put aside by hand is held back by its entry.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use longhaul_kernel::{
    codec,
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    time::Timestamp,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{CommitError, Store};
use minicbor::{Decode, Encode};
use parking_lot::Mutex;

use crate::{events::read_error, history::Room};

/// Documents of the list.
const SECTION: &str = "quarantine";

/// Documents read at a time.
const PAGE: usize = 1000;

/// Runs listed at most; a run beyond that is kept from going on all the same, if its record can't be read.
const LISTED_MAX: usize = 100_000;

/// A run that is kept from going on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Aside {
    /// Its namespace.
    #[n(0)]
    namespace: NamespaceId,
    /// Its kind.
    #[n(1)]
    kind: Kind,
    /// Its id.
    #[n(2)]
    id: String,
    /// The run; all zeros if it is the record that names the newest run which can't be read.
    #[n(3)]
    run: RunId,
    /// Since when.
    #[n(4)]
    pub since: Timestamp,
    /// Why.
    #[n(5)]
    pub reason: String,
    /// Whether an operator has put it aside.
    #[n(6)]
    pub by_hand: bool,
}

impl Aside {
    /// A run that is put aside.
    pub fn new(run: &RunKey, since: Timestamp, reason: String, by_hand: bool) -> Self {
        let RunKey { execution: ExecutionKey { namespace, kind, id }, run } = run.clone();
        Self { namespace, kind, id: id.to_string(), run, since, reason, by_hand }
    }

    /// The run.
    pub fn key(&self) -> RunKey {
        let Self { namespace, kind, id, run, .. } = self;
        let execution = ExecutionKey { namespace: *namespace, kind: *kind, id: id.as_str().into() };
        RunKey { execution, run: *run }
    }
}

/// The list.
#[derive(Default)]
pub struct Quarantine {
    held: Mutex<BTreeMap<RunKey, Aside>>,
    count: AtomicUsize,
}

impl Quarantine {
    /// Reads the list.
    ///
    /// # Errors
    /// Those of the store. An entry that can't be read is left out, with a word in the log.
    pub async fn load(store: &dyn Store) -> Result<Self, PeerError> {
        let quarantine = Self::default();
        let mut after = None;
        loop {
            let page = store.documents(SECTION, after.take(), PAGE).await.map_err(read_error)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|document| document.key.clone());
            for document in page {
                match codec::decode::<Aside>(&document.record) {
                    Ok(aside) => quarantine.hold(aside),
                    Err(error) => tracing::error!(key = document.key, %error, "entry can't be read"),
                }
            }
            if is_last {
                return Ok(quarantine);
            }
        }
    }

    /// The entry of a run.
    pub fn get(&self, run: &RunKey) -> Option<Aside> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.held.lock().get(run).cloned()
    }

    /// Entries of a namespace behind `after`, in order; at most `limit`.
    pub fn page(&self, namespace: NamespaceId, limit: usize) -> Vec<Aside> {
        let held = self.held.lock();
        held.values().filter(|aside| aside.namespace == namespace).take(limit).cloned().collect()
    }

    fn hold(&self, aside: Aside) {
        let mut held = self.held.lock();
        held.insert(aside.key(), aside);
        self.count.store(held.len(), Ordering::Relaxed);
    }

    fn release(&self, run: &RunKey) {
        let mut held = self.held.lock();
        held.remove(run);
        self.count.store(held.len(), Ordering::Relaxed);
    }

    /// Whether the list has no room for another run.
    fn is_full(&self) -> bool {
        self.count.load(Ordering::Relaxed) >= LISTED_MAX
    }
}

/// Enters a run.
///
/// # Errors
/// Why the entry is not durable.
pub async fn put(room: &Room, aside: Aside) -> Result<(), PeerError> {
    write(room, &aside.key(), Some(codec::encode(&aside))).await?;
    tracing::error!(run = %aside.key(), reason = aside.reason, "a run is quarantined");
    crate::metrics::quarantined();
    room.quarantine.hold(aside);
    Ok(())
}

/// Takes a run's entry away.
///
/// # Errors
/// Why it is there still.
pub async fn lift(room: &Room, run: &RunKey) -> Result<(), PeerError> {
    write(room, run, None).await?;
    room.quarantine.release(run);
    Ok(())
}

/// A record could not be read: enters the run, and answers what its callers are told.
pub async fn met_damage(room: &Room, execution: &ExecutionKey, run: Option<RunId>, why: String) -> PeerError {
    let run = RunKey { execution: execution.clone(), run: run.unwrap_or_default() };
    let known = room.quarantine.get(&run);
    if known.is_none() && !room.quarantine.is_full() {
        let aside = Aside::new(&run, Timestamp(room.host.clock.now()), why.clone(), false);
        if let Err(error) = put(room, aside).await {
            tracing::warn!(%run, %error, "quarantined run can't be listed");
        }
    }
    told(&run, &why)
}

/// Lets a run be used, or not: one that was put aside is not; the entry of another one that could be read is of no use
/// any more.
///
/// # Errors
/// That it was put aside, and why.
pub async fn admit(room: &Arc<Room>, execution: &ExecutionKey, run: RunId) -> Result<(), PeerError> {
    if room.quarantine.count.load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    let run = RunKey { execution: execution.clone(), run };
    match room.quarantine.get(&run) {
        Some(aside) if aside.by_hand => Err(told(&run, &aside.reason)),
        Some(_) => {
            if let Err(error) = lift(room, &run).await {
                tracing::warn!(%run, %error, "a run that can be read is still listed as quarantined");
            }
            Ok(())
        }
        None => Ok(()),
    }
}

/// What callers are told.
fn told(run: &RunKey, why: &str) -> PeerError {
    let RunKey { execution, run } = run;
    let id = &execution.id;
    PeerError::Quarantined(match execution.kind {
        Kind::Workflow => format!(
            "workflow \"{id}\" run \"{run}\" is quarantined: {why}; see `longhaul run inspect --workflow-id \"{id}\" \
             --run-id {run}`"
        ),
        kind => format!("{} \"{id}\" is quarantined: {why}; see `longhaul run inspect`", word(kind)),
    })
}

/// A kind, in a word.
pub const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Workflow => "workflow",
        Kind::Activity => "activity",
        Kind::NexusOperation => "Nexus operation",
        Kind::Schedule => "schedule",
        Kind::Batch => "batch operation",
        Kind::Deployment => "worker deployment",
    }
}

/// Writes or removes an entry, whatever was there.
async fn write(room: &Room, run: &RunKey, record: Option<Vec<u8>>) -> Result<(), PeerError> {
    let name =
        format!("{}/{}/{}/{}", run.execution.namespace, run.execution.kind.code(), run.execution.id, run.run);
    loop {
        let there = room.store.document(SECTION, name.clone()).await.map_err(read_error)?;
        let expect = there.map_or(0, |document| document.version);
        if record.is_none() && expect == 0 {
            return Ok(());
        }
        let record = record.clone().map(Into::into);
        match room.store.put_document(SECTION, name.clone(), expect, record).await {
            Ok(Some(_)) => return Ok(()),
            // Somebody else was faster.
            Ok(None) => {}
            Err(CommitError::Corrupt(text)) => return Err(PeerError::Corrupt(text)),
            Err(error) => return Err(PeerError::Busy(error.to_string())),
        }
    }
}

//! The room itself: opens the shards, finds again what was owed when the process ended, and answers calls.

use std::sync::{Arc, OnceLock, Weak};

use longhaul_kernel::ids::{ExecutionKey, SLOTS, Slot};
use longhaul_runtime::{
    Host, Live,
    peers::{Answering, Caller, HistoryAnswer, HistoryCall, Matching, PeerError},
};
use longhaul_store::{Archive, CommitError, ShardId, ShardRange, Store, namespaces::Directory};
use tokio::sync::Semaphore;

use crate::{
    Settings, archive, calls,
    contexts::Contexts,
    duties,
    nexus::Breakers,
    pages,
    quarantine::Quarantine,
    reclaim,
    routes::{self, KnownRoutes},
    shard::Shard,
    skip, wakes,
    wakes::Wakes,
};

/// What the parts of the room share.
pub struct Room {
    /// Clock, entropy, tasks.
    pub host: Host,
    /// What is durable.
    pub store: Arc<dyn Store>,
    /// Surroundings of runs.
    pub contexts: Contexts,
    /// Where tasks go.
    pub matching: Arc<dyn Matching>,
    /// Settings as they were at the start, for what can't change afterwards.
    pub settings: Settings,
    /// Settings in force.
    pub live: Live<Settings>,
    /// Wakes of the next minutes.
    pub wakes: Wakes,
    /// Where closed runs go, if anywhere.
    pub archive: Option<Arc<dyn Archive>>,
    /// Turns to write to it.
    pub archiving: Semaphore,
    /// Where task queues lead.
    pub routes: Arc<KnownRoutes>,
    /// Destinations of Nexus calls that are left in peace.
    pub breakers: Breakers,
    /// Starts of children that are under way.
    pub underway: duties::Underway,
    /// Runs that are kept from going on.
    pub quarantine: Quarantine,
    /// What pages of workflow task completions take.
    pub pages: Arc<pages::Budget>,
    shards: OnceLock<Vec<Weak<Shard>>>,
}

impl Room {
    /// The shard an execution lives in.
    ///
    /// # Errors
    /// `Lost` if the room is being opened or closed.
    pub fn shard(&self, execution: &ExecutionKey) -> Result<Arc<Shard>, PeerError> {
        let slot = execution.slot();
        let count = usize::from(self.settings.shards);
        let shards = self.shards.get().filter(|shards| shards.len() == count);
        shards
            .and_then(|shards| shards[usize::from(slot.0) * count / usize::from(SLOTS)].upgrade())
            .filter(|shard| shard.range.first <= slot && slot <= shard.range.last)
            .ok_or_else(|| PeerError::Lost("history is being opened or closed".into()))
    }
}

impl Room {
    /// How long the handler of a Nexus operation is waited for.
    pub fn request_timeout(&self) -> std::time::Duration {
        self.live.general().nexus_request_timeout
    }
}

/// Owns runs.
pub struct History {
    room: Arc<Room>,
    shards: Vec<Arc<Shard>>,
}

impl History {
    /// Takes the shards over, and goes on with what the last owner left: duties and wakes. Must be called inside of a
    /// tokio runtime.
    ///
    /// # Errors
    /// Why a shard could not be taken over.
    pub async fn start(
        host: Host,
        store: Arc<dyn Store>,
        directory: Arc<Directory>,
        matching: Arc<dyn Matching>,
        settings: impl Into<Live<Settings>>,
    ) -> Result<Arc<Self>, CommitError> {
        Self::start_with(host, store, directory, matching, settings, None).await
    }

    /// Like [`History::start`], with an archive for the closed runs of those namespaces that want it.
    ///
    /// # Errors
    /// Why a shard could not be taken over.
    pub async fn start_with(
        host: Host,
        store: Arc<dyn Store>,
        directory: Arc<Directory>,
        matching: Arc<dyn Matching>,
        settings: impl Into<Live<Settings>>,
        archive: Option<Arc<dyn Archive>>,
    ) -> Result<Arc<Self>, CommitError> {
        let live = settings.into();
        let mut settings = Settings::clone(&live.general());
        // A power of two, so that every shard has as many slots as the others.
        settings.shards = settings.shards.clamp(1, SLOTS).next_power_of_two();
        crate::metrics::register();
        let routes = Arc::<KnownRoutes>::default();
        let quarantine =
            Quarantine::load(&*store).await.map_err(|error| CommitError::Busy(error.to_string()))?;
        let room = Arc::new(Room {
            quarantine,
            host,
            store,
            contexts: Contexts::new(directory.clone(), live.clone(), routes.clone(), archive.is_some()),
            routes,
            matching,
            settings,
            live,
            wakes: Wakes::default(),
            archive,
            archiving: Semaphore::new(archive::TOGETHER),
            breakers: Breakers::default(),
            underway: duties::Underway::default(),
            pages: Arc::default(),
            shards: OnceLock::new(),
        });
        let mut shards = Vec::new();
        for range in ranges(room.settings.shards) {
            let fence = room.store.fence(range).await?;
            shards.push(Arc::new(Shard::new(range, fence, room.clone())));
        }
        let _ = room.shards.set(shards.iter().map(Arc::downgrade).collect());
        routes::load(&room, &directory).await.map_err(|error| CommitError::Busy(error.to_string()))?;
        let history = Arc::new(Self { room: room.clone(), shards });
        room.host.tasks.spawn("wakes", wakes::run(room.clone()));
        room.host.tasks.spawn("reclaim", reclaim::run(room.clone()));
        for shard in &history.shards {
            room.host.tasks.spawn("recovery", duties::recover(shard.clone()));
        }
        if let Some(skipper) = room.host.clock.skipper() {
            room.host.tasks.spawn("time skipping", skip::run(room.clone(), skipper));
        }
        Ok(history)
    }

    /// What the parts of the room share.
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }
}

/// Cuts the slots into ranges of about equal size.
fn ranges(shards: u16) -> Vec<ShardRange> {
    let bound = |index: u16| (u32::from(SLOTS) * u32::from(index) / u32::from(shards)) as u16;
    (0..shards)
        .map(|index| ShardRange {
            shard: ShardId(u32::from(index)),
            first: Slot(bound(index)),
            last: Slot(bound(index + 1) - 1),
        })
        .collect()
}

impl longhaul_runtime::peers::History for History {
    fn call(&self, caller: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer> {
        calls::answer(&self.room, caller, call)
    }
}

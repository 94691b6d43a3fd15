//! A node and its successors on one store: opened, crashed, taken over while the old owner still believes that it is
//! one.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use longhaul_history::History as HistoryRoom;
use longhaul_matching::{Configs, Matching as MatchingRoom};
use longhaul_runtime::{
    Host,
    peers::{
        Answering, Caller, History, HistoryAnswer, HistoryCall, Late, Matching, MatchingAnswer, MatchingCall,
        PeerError,
    },
};
use longhaul_store::{CommitError, MemorySpill, MemoryStore, Store, namespaces::Directory};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    dice::Dice,
    plant::Plant,
    store::FaultyStore,
    wire::Wire,
    world::{SECOND, World},
};

/// The rooms of one process.
struct Node {
    host: Host,
    /// Wakes those who wait for an answer, in the order in which they asked; a stop of the tasks alone would not.
    ended: Notify,
    history: Arc<dyn History>,
    matching: Arc<dyn Matching>,
}

impl Node {
    fn end(&self) {
        self.host.tasks.stop();
        self.ended.notify_waiters();
    }
}

/// Whoever serves.
#[derive(Default)]
struct Serving {
    node: Option<Arc<Node>>,
    /// An owner that was replaced and does not know it.
    former: Option<Arc<Node>>,
    opened: u64,
}

/// A cluster.
pub(crate) struct Cluster {
    world: Arc<World>,
    store: Arc<FaultyStore>,
    serving: Mutex<Serving>,
    dice: Dice,
}

impl Cluster {
    /// A cluster on `store` in which nothing runs.
    pub(crate) fn new(world: Arc<World>, store: Arc<FaultyStore>) -> Arc<Self> {
        let dice = world.dice("cluster");
        Arc::new(Self { world, store, serving: Mutex::default(), dice })
    }

    /// Opens a node in place of whichever served, which is not told.
    pub(crate) async fn open(&self) {
        loop {
            let generation = {
                let mut serving = self.serving.lock();
                serving.opened += 1;
                serving.opened
            };
            match self.start(generation).await {
                Ok(node) => {
                    let mut serving = self.serving.lock();
                    let before = serving.node.replace(Arc::new(node));
                    if let Some(older) = std::mem::replace(&mut serving.former, before) {
                        older.end();
                    }
                    self.world.say(format_args!("node {generation} serves"));
                    return;
                }
                Err(error) => {
                    self.world.say(format_args!("node {generation} can't be opened: {error}"));
                    self.world.clock.sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// Ends every node: what was committed stays, everything else is gone.
    pub(crate) fn crash(&self) {
        let (node, former) = {
            let mut serving = self.serving.lock();
            (serving.node.take(), serving.former.take())
        };
        self.world.say("crash");
        for node in [node, former].into_iter().flatten() {
            node.end();
        }
    }

    /// Ends an owner that was replaced.
    pub(crate) fn retire(&self) {
        let former = self.serving.lock().former.take();
        if let Some(former) = former {
            self.world.say("the former owner ends");
            former.end();
        }
    }

    async fn start(&self, generation: u64) -> Result<Node, CommitError> {
        let world = &self.world;
        let ahead = if world.has(Plant::EarlyTimer) { 20 * SECOND * (generation as i64 - 1) } else { 0 };
        let host = Host::simulated(self.dice.seed(), world.clock.now() + ahead);
        let late: Arc<Late<dyn History>> = Arc::default();
        let back: Arc<dyn History> = Arc::<Late<dyn History>>::clone(&late);
        let unset = Arc::new(MemoryStore::new());
        let configs = Configs::read(unset).await.map_err(|error| CommitError::Busy(error.to_string()))?;
        let matching: Arc<dyn Matching> = MatchingRoom::new(
            host.clone(),
            Wire::new(world.clone(), &format!("wire to history {generation}"), back),
            configs,
            Arc::new(MemorySpill::default()),
            self.matching_settings(),
        );
        let store: Arc<dyn Store> = self.store.clone();
        let started = HistoryRoom::start(
            host.clone(),
            store.clone(),
            Arc::new(Directory::new(store)),
            Wire::new(world.clone(), &format!("wire to matching {generation}"), matching.clone()),
            self.history_settings(),
        )
        .await;
        match started {
            Ok(room) => {
                let history: Arc<dyn History> = room;
                late.bind(&history);
                Ok(Node { host, ended: Notify::new(), history, matching })
            }
            Err(error) => {
                host.tasks.stop();
                Err(error)
            }
        }
    }

    /// Small limits, so that what happens beyond them happens.
    fn history_settings(&self) -> longhaul_history::Settings {
        let dice = self.world.dice("history settings");
        longhaul_history::Settings {
            shards: *dice.pick(&[1, 2, 4]),
            executions_max: *dice.pick(&[16, 64, 50_000]),
            executions_bytes_max: *dice.pick(&[0, 1 << 20, 192 << 20]),
            events_bytes_max: *dice.pick(&[200, 2_000, 256 << 10]),
            wakes_ahead_secs: *dice.pick(&[100, 600]),
            snapshot_every: if self.world.has(Plant::LostBufferedEvent) {
                1
            } else {
                *dice.pick(&[1, 3, 20])
            },
            page_batches_max: *dice.pick(&[3, 10, 256]),
            history_wait: Duration::from_secs(5),
            buffered_queries_max: *dice.pick(&[1, 3]),
            ..longhaul_history::Settings::default()
        }
    }

    fn matching_settings(&self) -> longhaul_matching::Settings {
        let dice = self.world.dice("matching settings");
        longhaul_matching::Settings {
            backlog_entries_max: *dice.pick(&[2, 10, 200_000]),
            ..longhaul_matching::Settings::default()
        }
    }

    /// The node that a call reaches: mostly the one that serves.
    fn reach(&self) -> Result<Arc<Node>, PeerError> {
        let serving = self.serving.lock();
        let astray = serving.former.is_some() && self.dice.chance(200);
        let node = if astray { &serving.former } else { &serving.node };
        node.clone().ok_or_else(|| PeerError::Busy("no node serves".into()))
    }
}

/// Ends a call when its node ends.
async fn unless_gone<T>(
    node: &Node,
    call: impl Future<Output = Result<T, PeerError>>,
) -> Result<T, PeerError> {
    tokio::select! {
        biased;
        () = node.ended.notified() => Err(PeerError::Unknown("simulated: the node ended".into())),
        answer = call => answer,
    }
}

impl History for Cluster {
    fn call(&self, caller: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer> {
        async move {
            let node = self.reach()?;
            unless_gone(&node, node.history.call(caller, call)).await
        }
        .boxed()
    }
}

impl Matching for Cluster {
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer> {
        async move {
            let node = self.reach()?;
            unless_gone(&node, node.matching.call(caller, call)).await
        }
        .boxed()
    }
}

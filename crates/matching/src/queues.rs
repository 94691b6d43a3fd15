//! The queues that are loaded, by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use longhaul_kernel::{ids::NamespaceId, time::Timestamp};
use longhaul_runtime::{
    Host, Live,
    peers::{Caller, PeerError, TaskKind},
};
use longhaul_store::{LaneKey, Spill};
use parking_lot::{Mutex, RwLock};

use crate::{
    Settings,
    backlog::Shelf,
    budget::Budget,
    configs::Configs,
    departed::Departed,
    limiter,
    metrics::{self, Labels, Meters},
    query::Queries,
    queue::{Queue, QueueKey, Workers},
    running::Running,
    sticky::wire_kind,
};

/// Finds, loads and unloads queues.
pub(crate) struct Queues {
    host: Host,
    settings: Live<Settings>,
    spill: Arc<dyn Spill>,
    queries: Arc<Queries>,
    configs: Arc<Configs>,
    running: Arc<Running>,
    budget: Arc<Budget>,
    loaded: RwLock<BTreeMap<QueueKey, Arc<Queue>>>,
    /// Workers that said good-bye lately.
    pub(crate) departed: Arc<Departed>,
    /// Names that have a metrics label of their own; bounded, and kept when a queue is unloaded.
    labelled: Mutex<BTreeSet<Arc<str>>>,
}

impl Queues {
    pub(crate) fn new(
        host: Host,
        settings: Live<Settings>,
        spill: Arc<dyn Spill>,
        queries: Arc<Queries>,
        (configs, running): (Arc<Configs>, Arc<Running>),
    ) -> Self {
        // What is shared by all queues is as it was at the start.
        let budget = settings.general();
        let budget = Arc::new(Budget::new(budget.backlog_entries_max, budget.backlog_bytes_max));
        Self {
            host,
            settings,
            spill,
            queries,
            configs,
            running,
            budget,
            loaded: RwLock::default(),
            departed: Arc::default(),
            labelled: Mutex::default(),
        }
    }

    /// The queue, if it is loaded.
    pub(crate) fn find(&self, key: &QueueKey) -> Option<Arc<Queue>> {
        self.loaded.read().get(key).cloned()
    }

    /// The queue, loaded if need be.
    ///
    /// # Errors
    /// `Busy` if too many are loaded.
    pub(crate) fn load(&self, caller: &Caller, key: QueueKey) -> Result<Arc<Queue>, PeerError> {
        if let Some(queue) = self.find(&key) {
            return Ok(queue);
        }
        let mut loaded = self.loaded.write();
        if let Some(queue) = loaded.get(&key) {
            return Ok(queue.clone());
        }
        if loaded.len() >= self.settings.read("", |settings| settings.queues_max) {
            return Err(PeerError::Busy("too many task queues are in use".into()));
        }
        let sibling = behind(&loaded, &key).next().map(|(_, queue)| queue.limits());
        let queue = Arc::new(self.open(caller, &key, sibling));
        loaded.insert(key, queue.clone());
        Ok(queue)
    }

    /// The queues for the workers of each version behind one that clients see.
    pub(crate) fn variants(&self, key: &QueueKey) -> Vec<(QueueKey, Arc<Queue>)> {
        let loaded = self.loaded.read();
        behind(&loaded, key).map(|(own, queue)| (own.clone(), queue.clone())).collect()
    }

    /// Every queue of a namespace.
    pub(crate) fn of_namespace(&self, caller: &Caller) -> Vec<Arc<Queue>> {
        let loaded = self.loaded.read();
        let mine = loaded.iter().filter(|(key, _)| *key.namespace.as_bytes() == caller.namespace_id);
        mine.map(|(_, queue)| queue.clone()).collect()
    }

    /// Drops what waits in the queues of a namespace that is gone, spilled tasks too. A poll that still waits in one is
    /// answered empty at its time.
    pub(crate) fn forget(&self, namespace: NamespaceId) {
        let mut loaded = self.loaded.write();
        for (_, queue) in loaded.iter().filter(|(key, _)| key.namespace == namespace) {
            queue.clear();
            metrics::backlog(&queue.meters.labels, 0);
        }
        // As in `sweep`: who is alone with a queue under this lock stays alone.
        loaded.retain(|key, queue| key.namespace != namespace || Arc::strong_count(queue) > 1);
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.host.clock.now())
    }

    /// Unloads idle queues, brings measures up to date, and tries again what waits for a spill.
    pub(crate) fn sweep(&self) {
        let now = self.now();
        let mut backlogs: BTreeMap<Labels, usize> = BTreeMap::new();
        let mut loaded = self.loaded.write();
        // Handles are only given out under this lock: whoever is alone with a queue here stays alone.
        loaded.retain(|key, queue| {
            let settings = self.settings.at(key.place(&queue.meters.labels.namespace));
            queue.tune(&settings);
            let stays = Arc::strong_count(queue) > 1 || !queue.is_idle(now - settings.idle_unload);
            if !stays {
                backlogs.insert(queue.meters.labels.clone(), 0);
            }
            stays
        });
        let queues: Vec<_> = loaded.values().cloned().collect();
        drop(loaded);
        metrics::loaded_task_queues(queues.len());
        for queue in queues {
            *backlogs.entry(queue.meters.labels.clone()).or_default() += queue.stir();
        }
        for (labels, count) in backlogs {
            metrics::backlog(&labels, count);
        }
    }

    fn open(&self, caller: &Caller, key: &QueueKey, limits: Option<limiter::Shared>) -> Queue {
        let labels = Labels {
            namespace: caller.namespace.clone(),
            task_type: match key.kind {
                TaskKind::Workflow => "Workflow",
                TaskKind::Activity => "Activity",
                TaskKind::Nexus => "Nexus",
            },
            task_queue: self.label(key),
        };
        let shelf = Shelf {
            lane: LaneKey {
                namespace: key.namespace,
                task_queue: lane_name(key),
                kind: key.kind as u8,
                sticky: key.sticky,
                priority: 0,
                fairness: Arc::default(),
            },
            budget: self.budget.clone(),
            spill: self.spill.clone(),
        };
        let settings = self.settings.at(key.place(&caller.namespace));
        let meters = Meters::new(labels);
        let config = match key.sticky {
            true => Arc::default(),
            false => self.configs.of(key.namespace, &key.name, wire_kind(key.kind) as i32),
        };
        Queue::new(
            meters,
            self.host.clone(),
            settings,
            self.queries.clone(),
            shelf,
            config,
            (QueueKey { version: None, ..key.clone() }, self.running.clone(), limits),
        )
    }

    fn label(&self, key: &QueueKey) -> String {
        if key.sticky {
            return "__sticky__".into();
        }
        let mut labelled = self.labelled.lock();
        if !labelled.contains(&key.name) {
            if labelled.len() >= self.settings.read("", |settings| settings.labelled_queues_max) {
                return "__omitted__".into();
            }
            labelled.insert(key.name.clone());
        }
        key.name.to_string()
    }
}

/// The queues for the workers of each version behind one that clients see.
fn behind<'l>(
    loaded: &'l BTreeMap<QueueKey, Arc<Queue>>,
    key: &'l QueueKey,
) -> impl Iterator<Item = (&'l QueueKey, &'l Arc<Queue>)> {
    let first = QueueKey { version: None, ..key.clone() };
    loaded.range(first..).take_while(|(own, _)| {
        own.namespace == key.namespace
            && own.name == key.name
            && own.kind == key.kind
            && own.sticky == key.sticky
    })
}

/// The name under which tasks of a queue are spilled: those for the workers of a version apart.
fn lane_name(key: &QueueKey) -> Arc<str> {
    match &key.version {
        None => key.name.clone(),
        // No queue has a name with this character.
        Some(Workers::Deployment(version)) => format!("{}\u{0}{version}", key.name).into(),
        Some(Workers::Set(set)) => format!("{}\u{0}\u{1}{set}", key.name).into(),
        Some(Workers::Build(build)) => format!("{}\u{0}\u{2}{build}", key.name).into(),
    }
}

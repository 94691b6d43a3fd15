//! One task queue: tasks and queries that wait for polls, polls that wait for tasks, and the pump that pairs them.
//!
//! Everything is under one lock, held for as long as it takes to move entries between maps. At any moment outside of
//! the lock either no poll waits, or nothing waits that may be dispatched. A task wakes exactly one poll, the oldest.

mod polls;
mod reserve;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{deployment::VersionName, ids::NamespaceId, task_queue::Config, time::Timestamp};
use longhaul_runtime::{Host, Place, peers::TaskKind};
use parking_lot::Mutex;

use crate::{
    Settings,
    backlog::{Backlog, Gate, Next, Shelf},
    lease::{Lease, Offer, QueryLease},
    limiter,
    metrics::Meters,
    pollers::Pollers,
    query::{Queries, Query},
    rates::Rates,
    running::{Most, Room, Running},
    scaling::Scaling,
    task::Task,
};

use polls::Waiting;
pub(crate) use polls::{Advice, Poll};
pub(crate) use view::{Load, View};

/// Name of a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueKey {
    pub(crate) namespace: NamespaceId,
    pub(crate) name: Arc<str>,
    pub(crate) kind: TaskKind,
    pub(crate) sticky: bool,
    /// Its workers; `None` for those without a version, and for sticky queues.
    pub(crate) version: Option<Workers>,
}

/// The workers whom one of the queues behind a name is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workers {
    /// Those of a version of a deployment.
    Deployment(Arc<VersionName>),
    /// Those of a version set.
    Set(Arc<str>),
    /// Those of a build.
    Build(Arc<str>),
}

impl QueueKey {
    /// Where its settings are read; `namespace` is the name of its namespace.
    pub(crate) fn place<'a>(&'a self, namespace: &'a str) -> Place<'a> {
        Place { namespace, task_queue: &self.name, task_kind: self.kind }
    }
}

/// Order of arrival within a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seq(u64);

/// A task queue.
pub(crate) struct Queue {
    pub(crate) meters: Meters,
    is_sticky: bool,
    host: Host,
    settings: Arc<Settings>,
    queries: Arc<Queries>,
    /// Its name without the version: a maximum of running tasks holds for the workers of all versions together.
    pub(crate) key: QueueKey,
    running: Arc<Running>,
    state: Mutex<State>,
}

struct State {
    next_seq: u64,
    polls: BTreeMap<Seq, Waiting>,
    /// Polls kept for tasks that are being made durable.
    reserved: BTreeMap<Seq, Waiting>,
    queries: BTreeMap<Seq, Arc<Query>>,
    backlog: Backlog,
    config: Arc<Config>,
    most: Most,
    /// What it shares with the workers of other versions.
    limits: limiter::Shared,
    /// When a rate held up a task last.
    limited_at: Option<Timestamp>,
    /// When the limits are looked at again.
    wake_at: Option<Timestamp>,
    pollers: Pollers,
    /// Polls of the current epoch that have not returned, waiting or not.
    active: usize,
    /// Grows when the queue's pollers are forgotten.
    epoch: u64,
    rates: Rates,
    scaling: Scaling,
    last_used: Timestamp,
    /// Tasks ever added since the queue was loaded.
    added: u64,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(
        meters: Meters,
        host: Host,
        settings: Arc<Settings>,
        queries: Arc<Queries>,
        shelf: Shelf,
        config: Arc<Config>,
        (key, running, limits): (QueueKey, Arc<Running>, Option<limiter::Shared>),
    ) -> Self {
        let now = Timestamp(host.clock.now());
        let is_sticky = shelf.lane.sticky;
        let state = State {
            next_seq: 0,
            polls: BTreeMap::new(),
            reserved: BTreeMap::new(),
            queries: BTreeMap::new(),
            backlog: Backlog::new(shelf, settings.fairness, config.clone()),
            limits: limits
                .unwrap_or_else(|| limiter::Rates::new(settings.dispatch_rate_max, config.queue_rate(), now)),
            config,
            most: settings.most_running(),
            limited_at: None,
            wake_at: None,
            pollers: Pollers::new(settings.poller_window, settings.pollers_max),
            active: 0,
            epoch: 0,
            rates: Rates::default(),
            scaling: Scaling::default(),
            last_used: now,
            added: 0,
        };
        let state = Mutex::new(state);
        let queue = Self { meters, is_sticky, host, settings, queries, key, running, state };
        queue.state.lock().retune(&queue.settings, now);
        queue
    }

    /// Adds a task: hands it to the oldest waiting poll, or keeps it.
    pub(crate) fn add(self: &Arc<Self>, task: Task) {
        let now = self.now();
        let mut state = self.state.lock();
        state.last_used = now;
        state.added += 1;
        state.rates.added(task.priority, now);
        if state.active == 0 && !state.pollers.is_recent(self.settings.poller_window, now) {
            self.meters.no_poller_tasks.increment(1);
        }
        let at_once = state.backlog.is_empty();
        state.backlog.push(task);
        self.pump(&mut state, now, at_once);
    }

    /// Puts a task back in front: its poll went away.
    pub(crate) fn put_back(self: &Arc<Self>, task: Task, is_counted: bool) {
        let now = self.now();
        if is_counted {
            self.running.uncount(&self.key, &task);
        }
        let mut state = self.state.lock();
        state.refund(&task);
        state.backlog.push_front(task);
        self.pump(&mut state, now, false);
    }

    /// Takes every waiting task in hand once; `place` gives back those that stay. They keep their order.
    pub(crate) fn sort_out(self: &Arc<Self>, place: impl Fn(Task) -> Option<Task>) {
        let now = self.now();
        let count = self.state.lock().backlog.len();
        for _ in 0..count {
            // Not under the lock while it is placed: that takes the lock of another queue.
            let Next::Task(task) = self.state.lock().backlog.pop(now, &mut |_| Gate::Open) else { break };
            if let Some(stays) = place(task) {
                self.state.lock().backlog.push(stays);
            }
        }
        let mut state = self.state.lock();
        self.pump(&mut state, now, false);
    }

    /// A task taken was not needed: the next one may go in its place.
    pub(crate) fn refund(&self, task: &Task) {
        let mut state = self.state.lock();
        state.refund(task);
        state.backlog.take_back(task);
    }

    /// Adds a query; it goes before all tasks.
    pub(crate) fn add_query(self: &Arc<Self>, query: Arc<Query>) -> Seq {
        let now = self.now();
        let mut state = self.state.lock();
        state.last_used = now;
        let seq = state.draw_seq();
        state.queries.insert(seq, query);
        self.pump(&mut state, now, true);
        seq
    }

    /// Takes a query back that nobody waits for any more.
    pub(crate) fn retract_query(&self, seq: Seq) {
        self.state.lock().queries.remove(&seq);
    }

    /// Puts a query back to its place, if anybody still waits for it.
    pub(crate) fn put_back_query(self: &Arc<Self>, seq: Seq, query: Arc<Query>) {
        let mut state = self.state.lock();
        if self.queries.is_awaited(query.id) {
            state.queries.insert(seq, query);
            self.pump(&mut state, self.now(), false);
        }
    }

    /// Takes over settings that have changed.
    pub(crate) fn tune(&self, settings: &Settings) {
        let now = self.now();
        self.state.lock().retune(settings, now);
    }

    /// What the workers of other versions of the queue are to draw on, too.
    pub(crate) fn limits(&self) -> limiter::Shared {
        self.state.lock().limits.clone()
    }

    /// A task that a worker had is over.
    pub(crate) fn reopen(self: &Arc<Self>) {
        let now = self.now();
        let mut state = self.state.lock();
        state.backlog.reopen();
        self.pump(&mut state, now, false);
    }

    /// Takes over another configuration.
    pub(crate) fn configure(self: &Arc<Self>, config: Arc<Config>, settings: &Settings) {
        let now = self.now();
        let mut state = self.state.lock();
        state.config = config;
        state.retune(settings, now);
        self.pump(&mut state, now, false);
    }

    /// Does what became possible with time: drops expired tasks, and pairs what can be paired. Answers the backlog.
    pub(crate) fn stir(self: &Arc<Self>) -> usize {
        let now = self.now();
        let mut state = self.state.lock();
        if !state.backlog.is_empty() {
            state.backlog.expire(now);
            self.pump(&mut state, now, false);
        }
        state.backlog.len()
    }

    /// Gives queries, then tasks, to polls, the oldest first, until one side is empty or the rate is reached.
    fn pump(self: &Arc<Self>, state: &mut State, now: Timestamp, at_once: bool) {
        while !state.polls.is_empty() {
            let offer = if let Some((seq, query)) = state.queries.pop_first() {
                Offer::Query(QueryLease::new(self.clone(), seq, query))
            } else {
                match self.next_task(state, now) {
                    Some((task, is_counted)) => {
                        Offer::Task(Lease::new(self.clone(), task, is_counted, at_once))
                    }
                    None => return,
                }
            };
            let Some((_, waiting)) = state.polls.pop_first() else { return };
            match waiting.offer.send(offer) {
                Ok(()) => {}
                // A poll deregisters before it goes, so this is unexpected; dropping the offer here would lock twice.
                Err(Offer::Task(lease)) => state.take_back(lease, self),
                Err(Offer::Query(lease)) => state.queries.extend(lease.into_query()),
                Err(Offer::Started(_) | Offer::Closed) => {}
            }
        }
    }

    /// The next task that its limits allow, and whether it counts as one that a worker has.
    fn next_task(self: &Arc<Self>, state: &mut State, now: Timestamp) -> Option<(Task, bool)> {
        if state.backlog.is_empty() {
            return None;
        }
        let limits = state.limits.clone();
        // Held until the task is paid for: what one version's workers are given no other's are.
        let mut limits = limits.lock();
        if let Err(at) = limits.queue.ready(now) {
            state.limited_at = Some(now);
            self.arm(state, at?);
            return None;
        }
        let most = state.most;
        let is_limited = !self.is_sticky && !most.is_none();
        if is_limited && self.is_full(most) {
            return None;
        }
        let State { backlog, config, .. } = state;
        let mut gate = |task: &Task| {
            let key = task.key();
            if is_limited && self.running.room(&self.key, &key, most) != Room::Free {
                return Gate::Shut;
            }
            match limits.keys.ready(&key, config.weight(&key, task.weight).get(), now) {
                Ok(()) => Gate::Open,
                Err(at) => at.map_or(Gate::Shut, Gate::Until),
            }
        };
        match backlog.pop(now, &mut gate) {
            Next::Task(task) => {
                limits.pay(&task.key());
                if is_limited {
                    self.running.count(&self.key, &task);
                }
                Some((task, is_limited))
            }
            Next::At(at) => {
                state.limited_at = Some(now);
                self.arm(state, at);
                None
            }
            Next::Nothing => None,
        }
    }

    /// Comes back when the rate allows the next task. A wake-up that an earlier one has overtaken does nothing.
    fn arm(self: &Arc<Self>, state: &mut State, at: Timestamp) {
        if state.wake_at.is_some_and(|armed| armed <= at) {
            return;
        }
        state.wake_at = Some(at);
        let queue = self.clone();
        self.host.tasks.spawn("matching dispatch rate", async move {
            queue.host.clock.sleep_until(at.0).await;
            let mut state = queue.state.lock();
            if state.wake_at == Some(at) {
                state.wake_at = None;
                queue.pump(&mut state, queue.now(), false);
            }
        });
    }

    fn is_full(&self, most: Most) -> bool {
        self.running.room(&self.key, "", Most { key: usize::MAX, ..most }) == Room::QueueFull
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.host.clock.now())
    }
}

impl State {
    fn draw_seq(&mut self) -> Seq {
        self.next_seq += 1;
        Seq(self.next_seq)
    }

    fn take_back(&mut self, lease: Lease, queue: &Queue) {
        let is_counted = lease.is_counted;
        if let Some(task) = lease.into_task() {
            if is_counted {
                queue.running.uncount(&queue.key, &task);
            }
            self.refund(&task);
            self.backlog.push_front(task);
        }
    }

    fn refund(&mut self, task: &Task) {
        self.limits.lock().refund(&task.key());
    }

    fn retune(&mut self, settings: &Settings, now: Timestamp) {
        let is_fair = settings.fairness;
        self.most = settings.most_running();
        {
            let mut limits = self.limits.lock();
            limits.queue.limit(settings.dispatch_rate_max, self.config.queue_rate(), now);
            limits.keys.limit(self.config.key_rate().filter(|_| is_fair));
        }
        self.backlog.configure(is_fair, self.config.clone());
        self.backlog.reopen();
    }
}

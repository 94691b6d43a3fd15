//! One task queue: tasks and queries that wait for polls, polls that wait for tasks, and the pump that pairs them.
//!
//! Everything is under one lock, held for as long as it takes to move entries between maps. At any moment outside of
//! the lock either no poll waits, or nothing waits that may be dispatched. A task wakes exactly one poll, the oldest.

mod polls;
mod reserve;
mod view;

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{ids::NamespaceId, time::Timestamp};
use longhaul_runtime::{Host, Place, peers::TaskKind};
use parking_lot::Mutex;

use crate::{
    Settings,
    backlog::{Backlog, Shelf},
    lease::{Lease, Offer, QueryLease},
    limiter::Limiter,
    metrics::Meters,
    pollers::Pollers,
    query::{Queries, Query},
    rates::Rates,
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
    state: Mutex<State>,
}

struct State {
    next_seq: u64,
    polls: BTreeMap<Seq, Waiting>,
    /// Polls kept for tasks that are being made durable.
    reserved: BTreeMap<Seq, Waiting>,
    queries: BTreeMap<Seq, Arc<Query>>,
    backlog: Backlog,
    limiter: Limiter,
    /// Whether a wake-up for the limiter is on its way.
    is_wake_armed: bool,
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
    ) -> Self {
        let now = Timestamp(host.clock.now());
        let is_sticky = shelf.lane.sticky;
        let state = State {
            next_seq: 0,
            polls: BTreeMap::new(),
            reserved: BTreeMap::new(),
            queries: BTreeMap::new(),
            backlog: Backlog::new(shelf),
            limiter: Limiter::new(settings.dispatch_rate_max, now),
            is_wake_armed: false,
            pollers: Pollers::new(settings.poller_window, settings.pollers_max),
            active: 0,
            epoch: 0,
            rates: Rates::default(),
            scaling: Scaling::default(),
            last_used: now,
            added: 0,
        };
        Self { meters, is_sticky, host, settings, queries, state: Mutex::new(state) }
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
    pub(crate) fn put_back(self: &Arc<Self>, task: Task) {
        let now = self.now();
        let mut state = self.state.lock();
        state.limiter.refund();
        state.backlog.push_front(task);
        self.pump(&mut state, now, false);
    }

    /// A task taken was not needed: the next one may go in its place.
    pub(crate) fn refund(&self) {
        self.state.lock().limiter.refund();
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

    /// Sets the operator's maximum of tasks per second.
    pub(crate) fn limit(&self, rate: f64) {
        let now = self.now();
        self.state.lock().limiter.limit(rate, now);
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
                    Some(task) => Offer::Task(Lease::new(self.clone(), task, at_once)),
                    None => return,
                }
            };
            let Some((_, waiting)) = state.polls.pop_first() else { return };
            match waiting.offer.send(offer) {
                Ok(()) => {}
                // A poll deregisters before it goes, so this is unexpected; dropping the offer here would lock twice.
                Err(Offer::Task(lease)) => state.take_back(lease),
                Err(Offer::Query(lease)) => state.queries.extend(lease.into_query()),
                Err(Offer::Started(_) | Offer::Closed) => {}
            }
        }
    }

    /// The next task the rate allows.
    fn next_task(self: &Arc<Self>, state: &mut State, now: Timestamp) -> Option<Task> {
        if state.backlog.is_empty() {
            return None;
        }
        if let Err(at) = state.limiter.ready(now) {
            self.arm(state, at?);
            return None;
        }
        let task = state.backlog.pop(now)?;
        state.limiter.pay();
        Some(task)
    }

    /// Comes back when the rate allows the next task. One wake-up at a time.
    fn arm(self: &Arc<Self>, state: &mut State, at: Timestamp) {
        if std::mem::replace(&mut state.is_wake_armed, true) {
            return;
        }
        let queue = self.clone();
        self.host.tasks.spawn("matching dispatch rate", async move {
            queue.host.clock.sleep_until(at.0).await;
            let mut state = queue.state.lock();
            state.is_wake_armed = false;
            queue.pump(&mut state, queue.now(), false);
        });
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

    fn take_back(&mut self, lease: Lease) {
        if let Some(task) = lease.into_task() {
            self.limiter.refund();
            self.backlog.push_front(task);
        }
    }
}

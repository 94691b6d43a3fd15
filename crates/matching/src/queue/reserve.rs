//! Polls kept for tasks that are decided and not yet durable.
//!
//! A task may have a poll before its commit only if it would be the next one served afterwards: a poll waits, nothing
//! waits before it, and the rate allows it. The poll leaves the waiting ones while it is kept, so that nothing else is
//! given to it; it keeps its place in the order of arrival and returns there if the commit fails. A client that goes
//! away meanwhile takes its poll along, and the task is then as one that was started for a client that goes.

use std::sync::Arc;

use longhaul_kernel::time::Timestamp;
use longhaul_proto::api::common::v1 as common;
use longhaul_runtime::peers::{TaskAnswer, TaskPoll};

use super::{Queue, Seq};
use crate::{
    lease::{Offer, Started},
    task::{Priority, fairness_key},
};

/// A poll that is kept. Dropping it lets the poll wait on.
pub(crate) struct Kept {
    queue: Arc<Queue>,
    seq: Seq,
    priority: Priority,
    key: Arc<str>,
    reserved_at: Timestamp,
    is_served: bool,
}

impl Queue {
    /// Keeps the poll that a task of this priority would be given now.
    pub(crate) fn reserve(self: &Arc<Self>, wire: Option<&common::Priority>) -> Option<(Kept, TaskPoll)> {
        let now = self.now();
        let priority = Priority::of(wire);
        let key = fairness_key(wire).unwrap_or_default();
        let mut state = self.state.lock();
        // What is limited in number is counted before its start is asked for.
        if !state.most.is_none() && !self.is_sticky {
            return None;
        }
        if !state.backlog.is_empty() || !state.queries.is_empty() {
            return None;
        }
        let limits = state.limits.clone();
        let mut limits = limits.lock();
        let weight = state.config.weight(&key, wire.map_or(0.0, |wire| wire.fairness_weight));
        if limits.queue.ready(now).is_err() || limits.keys.ready(&key, weight.get(), now).is_err() {
            return None;
        }
        let (seq, waiting) = state.polls.pop_first()?;
        limits.pay(&key);
        state.last_used = now;
        let request = waiting.request.clone();
        state.reserved.insert(seq, waiting);
        Some((Kept { queue: self.clone(), seq, priority, key, reserved_at: now, is_served: false }, request))
    }
}

impl Kept {
    /// Answers the poll with its task, whose start is durable.
    pub(crate) fn serve(mut self, answer: TaskAnswer) {
        self.is_served = true;
        let mut state = self.queue.state.lock();
        state.added += 1;
        state.rates.added(self.priority, self.reserved_at);
        let Some(waiting) = state.reserved.remove(&self.seq) else { return };
        let started = Started { answer, priority: self.priority, reserved_at: self.reserved_at };
        // A poll deregisters before it goes, so it takes the offer.
        let _ = waiting.offer.send(Offer::Started(started));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_served {
            return;
        }
        let now = self.queue.now();
        let mut state = self.queue.state.lock();
        state.limits.lock().refund(&self.key);
        let Some(waiting) = state.reserved.remove(&self.seq) else { return };
        if waiting.is_leaving {
            let _ = waiting.offer.send(Offer::Closed);
        } else if now < waiting.until {
            state.polls.insert(self.seq, waiting);
            self.queue.pump(&mut state, now, false);
        }
        // A poll whose time is up hears of it by the end of its channel.
    }
}

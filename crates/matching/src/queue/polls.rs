//! The polls of a queue: coming, waiting, going.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{ids::NamespaceId, time::Timestamp};
use longhaul_proto::api::taskqueue::v1::PollerScalingDecision;
use longhaul_runtime::peers::TaskPoll;
use tokio::sync::oneshot;

use super::{Queue, Seq};
use crate::{departed::Departed, lease::Offer, pollers::Poller, scaling::Load, task::Priority};

/// A poll that waits for its offer.
pub(super) struct Waiting {
    pub(super) worker_instance_key: String,
    pub(super) offer: oneshot::Sender<Offer>,
    /// What was asked for, for the task it may be kept for.
    pub(super) request: TaskPoll,
    /// When it returns empty.
    pub(super) until: Timestamp,
    /// Whether its worker was sent home while it was kept for a task.
    pub(super) is_leaving: bool,
}

/// A poll from its arrival to its answer. It keeps its place in the order of arrival through several offers (stale
/// tasks), and leaves the queue when dropped.
pub(crate) struct Poll {
    pub(crate) queue: Arc<Queue>,
    request: TaskPoll,
    poller: Poller,
    /// Who has gone, and the namespace in which to look.
    departed: (Arc<Departed>, NamespaceId),
    seq: Seq,
    epoch: u64,
    began: Timestamp,
    until: Timestamp,
}

/// What a poll's answer tells beside its task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advice {
    /// Tasks that still wait.
    pub(crate) backlog: i64,
    pub(crate) scaling: Option<PollerScalingDecision>,
}

impl Poll {
    /// Enters a queue.
    pub(crate) fn enter(
        queue: Arc<Queue>,
        request: TaskPoll,
        poller: Poller,
        departed: (Arc<Departed>, NamespaceId),
        until: Timestamp,
    ) -> Self {
        let began = queue.now();
        let mut state = queue.state.lock();
        state.last_used = began;
        state.active += 1;
        state.pollers.note(&poller, began);
        if let Some(rate) = poller.rate_per_second {
            state.limits.lock().queue.ask(rate, began);
        }
        let (seq, epoch) = (state.draw_seq(), state.epoch);
        drop(state);
        Self { queue, request, poller, departed, seq, epoch, began, until }
    }

    /// Waits for an offer; `None` when the time is up or the worker shuts down. Cancel by dropping: an offer that was
    /// made meanwhile goes back.
    pub(crate) async fn next(&self) -> Option<Offer> {
        let mut place = self.take_place()?;
        if let Ok(offer) = place.offer.try_recv() {
            return open(offer);
        }
        tokio::select! {
            biased;
            offer = &mut place.offer => offer.ok().and_then(open),
            () = self.queue.host.clock.wait_until(self.until.0) => {
                if self.queue.withdraw(self.seq) {
                    return None;
                }
                // It was given something, or is kept for a task whose commit is under way: that is waited for.
                (&mut place.offer).await.ok().and_then(open)
            }
        }
    }

    /// When the poll returns empty.
    pub(crate) const fn until(&self) -> Timestamp {
        self.until
    }

    /// Time since the poll began.
    pub(crate) fn waited(&self) -> Duration {
        self.queue.now().since(self.began)
    }

    /// Notes that the poll gets a task (of this priority) or a query, and says what its worker should know.
    pub(crate) fn served(&self, task: Option<Priority>) -> Advice {
        let now = self.queue.now();
        let mut state = self.queue.state.lock();
        let state = &mut *state;
        if let Some(priority) = task {
            state.rates.dispatched(priority, now);
        }
        let load = Load {
            waited: now.since(self.began),
            backlog_age: state.backlog.oldest().map(|oldest| now.since(oldest)),
            flow: state.rates.total(now),
            pollers: state.pollers.len(),
        };
        Advice {
            backlog: i64::try_from(state.backlog.len()).unwrap_or(i64::MAX),
            scaling: state.scaling.advise(load, now),
        }
    }

    /// Whether its worker said good-bye.
    fn has_left(&self) -> bool {
        let (departed, namespace) = &self.departed;
        departed.has(*namespace, &self.poller.worker_instance_key, self.queue.now())
    }

    /// Joins the waiting polls; `None` if the worker was sent home.
    fn take_place(&self) -> Option<Place<'_>> {
        let (sender, offer) = oneshot::channel();
        let waiting = Waiting {
            worker_instance_key: self.poller.worker_instance_key.clone(),
            offer: sender,
            request: self.request.clone(),
            until: self.until,
            is_leaving: false,
        };
        let mut state = self.queue.state.lock();
        if state.epoch != self.epoch || self.has_left() {
            return None;
        }
        state.polls.insert(self.seq, waiting);
        self.queue.pump(&mut state, self.queue.now(), false);
        Some(Place { queue: &self.queue, seq: self.seq, offer })
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        let now = self.queue.now();
        let mut state = self.queue.state.lock();
        state.last_used = now;
        if state.epoch == self.epoch {
            state.active -= 1;
            state.pollers.touch(&self.poller.identity, now);
        }
    }
}

/// A poll's place among the waiting ones. It is given up before the channel closes, so that no offer is sent to nobody.
struct Place<'a> {
    queue: &'a Queue,
    seq: Seq,
    offer: oneshot::Receiver<Offer>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.polls.remove(&self.seq);
        state.reserved.remove(&self.seq);
    }
}

impl Queue {
    /// Whether a worker is there: one polls, or has polled within the sticky window.
    pub(crate) fn has_worker(&self) -> bool {
        let state = self.state.lock();
        state.active > 0 || state.pollers.is_recent(self.settings.sticky_window, self.now())
    }

    /// Forgets who polled, and sends every waiting poll home.
    pub(crate) fn forget_pollers(&self) {
        let mut state = self.state.lock();
        state.epoch += 1;
        state.active = 0;
        state.pollers.clear();
        state.reserved.values_mut().for_each(|waiting| waiting.is_leaving = true);
        for (_, waiting) in std::mem::take(&mut state.polls) {
            // A poll that is gone needs no answer.
            let _ = waiting.offer.send(Offer::Closed);
        }
    }

    /// Sends the waiting polls of one worker home.
    pub(crate) fn close_polls(&self, worker_instance_key: &str) {
        let mut state = self.state.lock();
        for waiting in state.reserved.values_mut() {
            waiting.is_leaving |= waiting.worker_instance_key == worker_instance_key;
        }
        for (_, waiting) in
            state.polls.extract_if(.., |_, waiting| waiting.worker_instance_key == worker_instance_key)
        {
            let _ = waiting.offer.send(Offer::Closed);
        }
    }

    /// Takes a waiting poll back; `false` if it waits no more.
    fn withdraw(&self, seq: Seq) -> bool {
        self.state.lock().polls.remove(&seq).is_some()
    }
}

fn open(offer: Offer) -> Option<Offer> {
    match offer {
        Offer::Task(_) | Offer::Started(_) | Offer::Query(_) => Some(offer),
        Offer::Closed => None,
    }
}

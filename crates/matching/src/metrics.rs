//! What this room measures. Names are those of the reference, so that its dashboards work; latencies are in seconds.
//!
//! Labels: `namespace`, `task_type` (`Workflow`, `Activity`) and `taskqueue`, which is `__sticky__` for sticky queues
//! and `__omitted__` beyond a set number of queues.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, gauge, histogram};

/// Labels of a queue; those of several may be equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Labels {
    pub(crate) namespace: String,
    pub(crate) task_type: &'static str,
    pub(crate) task_queue: String,
}

/// The measures of one queue.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(crate) labels: Labels,
    /// Polls that got a task or a query.
    pub(crate) poll_success: Counter,
    /// Those of them whose task did not have to wait.
    pub(crate) poll_success_sync: Counter,
    /// Polls that returned empty.
    pub(crate) poll_timeouts: Counter,
    /// Time from poll to answer.
    poll_latency: Histogram,
    /// Time from the arrival of a task to its match, for tasks that met a waiting poll.
    syncmatch_latency: Histogram,
    /// The same for tasks that had to wait.
    asyncmatch_latency: Histogram,
    /// Tasks added while nobody had polled for the poller window.
    pub(crate) no_poller_tasks: Counter,
}

impl Meters {
    pub(crate) fn new(labels: Labels) -> Self {
        let of = labels.pairs();
        Self {
            poll_success: counter!("poll_success", &of),
            poll_success_sync: counter!("poll_success_sync", &of),
            poll_timeouts: counter!("poll_timeouts", &of),
            poll_latency: histogram!("poll_latency", &of),
            syncmatch_latency: histogram!("syncmatch_latency", &of),
            asyncmatch_latency: histogram!("asyncmatch_latency", &of),
            no_poller_tasks: counter!("no_poller_tasks", &of),
            labels,
        }
    }

    /// A poll was answered after `waited`.
    pub(crate) fn polled(&self, waited: Duration) {
        self.poll_latency.record(waited);
    }

    /// A task met its poll `after` it was added.
    pub(crate) fn matched(&self, at_once: bool, after: Duration) {
        if at_once {
            self.poll_success_sync.increment(1);
            self.syncmatch_latency.record(after);
        } else {
            self.asyncmatch_latency.record(after);
        }
    }
}

impl Labels {
    fn pairs(&self) -> [(&'static str, String); 3] {
        [
            ("namespace", self.namespace.clone()),
            ("task_type", self.task_type.to_owned()),
            ("taskqueue", self.task_queue.clone()),
        ]
    }
}

/// Says how many tasks wait in the queues of these labels.
pub(crate) fn backlog(labels: &Labels, count: usize) {
    gauge!("approximate_backlog_count", &labels.pairs()).set(count as f64);
}

/// Says how many queues are loaded.
pub(crate) fn loaded_task_queues(count: usize) {
    gauge!("loaded_task_queue_count").set(count as f64);
}

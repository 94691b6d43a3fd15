//! What a waiting poll is given, in a form that finds its way back if the poll goes away.

use std::sync::Arc;

use longhaul_kernel::time::Timestamp;
use longhaul_runtime::peers::TaskAnswer;

use crate::{
    query::Query,
    queue::{Queue, Seq},
    task::{Priority, Task},
};

/// What a poll is given.
pub(crate) enum Offer {
    /// A task to start.
    Task(Lease),
    /// A task that was started for this very poll.
    Started(Started),
    /// A query to answer.
    Query(QueryLease),
    /// Nothing, and nothing will come: the worker shuts down.
    Closed,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Task(_) => "task",
            Self::Started(_) => "started",
            Self::Query(_) => "query",
            Self::Closed => "closed",
        })
    }
}

/// A task that was started for a poll that was kept for it.
pub(crate) struct Started {
    pub(crate) answer: TaskAnswer,
    pub(crate) priority: Priority,
    /// When the poll was chosen.
    pub(crate) reserved_at: Timestamp,
}

/// A task in the hands of one poll. Dropping it puts the task back to the front of its queue; that is right even when
/// `history` was asked meanwhile, as it calls a task stale that has started.
pub(crate) struct Lease {
    queue: Arc<Queue>,
    task: Option<Task>,
    /// Whether the task counts as one that a worker has.
    pub(crate) is_counted: bool,
    /// Whether the task met a poll that was already waiting.
    pub(crate) at_once: bool,
}

impl Lease {
    pub(crate) const fn new(queue: Arc<Queue>, task: Task, is_counted: bool, at_once: bool) -> Self {
        Self { queue, task: Some(task), is_counted, at_once }
    }

    /// The task.
    pub(crate) fn task(&self) -> &Task {
        self.task.as_ref().expect("a lease holds its task until it is consumed")
    }

    /// The task was started: it is done with.
    pub(crate) fn started(mut self) {
        self.task = None;
    }

    /// The task is not needed any more: it is done with, and did not count.
    pub(crate) fn stale(mut self) {
        if let Some(task) = self.task.take() {
            self.queue.refund(&task);
        }
    }

    /// Takes the task out, for a caller that holds the queue's lock.
    pub(crate) fn into_task(mut self) -> Option<Task> {
        self.task.take()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            self.queue.put_back(task, self.is_counted);
        }
    }
}

/// A query in the hands of one poll. Dropping it puts the query back to its place.
pub(crate) struct QueryLease {
    queue: Arc<Queue>,
    query: Option<(Seq, Arc<Query>)>,
}

impl QueryLease {
    pub(crate) const fn new(queue: Arc<Queue>, seq: Seq, query: Arc<Query>) -> Self {
        Self { queue, query: Some((seq, query)) }
    }

    /// The query.
    pub(crate) fn query(&self) -> &Query {
        &self.query.as_ref().expect("a lease holds its query until it is consumed").1
    }

    /// The query was handed to a worker, or refused.
    pub(crate) fn done(mut self) {
        self.query = None;
    }

    /// Takes the query out, for a caller that holds the queue's lock.
    pub(crate) fn into_query(mut self) -> Option<(Seq, Arc<Query>)> {
        self.query.take()
    }
}

impl Drop for QueryLease {
    fn drop(&mut self) {
        if let Some((seq, query)) = self.query.take() {
            self.queue.put_back_query(seq, query);
        }
    }
}

//! Tasks that workers have, of queues whose number is limited.
//!
//! A task counts from before its start is asked for until `history` says that it is over: completed, failed, timed
//! out, or its run closed. What counts is durable, as documents of the store, before a worker gets the task. So a
//! restart may count a task whose start never happened, which is found out at once, and never forgets one that runs.
//! Only limited queues pay for this: two more writes for each task, and somebody who listens for its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use longhaul_kernel::{codec, ids::NamespaceId};
use longhaul_proto::{Refusal, api::common::v1::WorkflowExecution};
use longhaul_runtime::peers::{AwaitTaskEnd, Caller, PeerError, TaskKind};
use longhaul_store::{CommitError, ReadError, Store};
use minicbor::{Decode, Encode};
use parking_lot::Mutex;

use crate::{Matching, queue::QueueKey, task::Task};

/// Section of the documents.
const SECTION: &str = "running tasks";
/// Documents read at a time.
const PAGE: usize = 1000;
/// How long the end of a task is waited for in one call.
const WAIT: Duration = Duration::from_secs(60);
/// How long is waited before a history that gave no answer is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// A task that counts, as it is stored.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Record {
    #[n(0)]
    namespace: NamespaceId,
    #[n(1)]
    namespace_name: String,
    #[n(2)]
    task_queue: String,
    #[n(3)]
    kind: i32,
    #[n(4)]
    workflow_id: String,
    #[n(5)]
    run_id: String,
    #[n(6)]
    scheduled_event_id: i64,
    #[n(7)]
    attempt: i32,
    #[n(8)]
    fairness_key: String,
}

/// Name of a task: its run, the event that scheduled it, and its attempt.
type Id = (String, i64, i32);

/// Tasks that count, by queue.
pub(crate) struct Running {
    store: Arc<dyn Store>,
    queues: Mutex<BTreeMap<QueueKey, Counted>>,
}

#[derive(Default)]
struct Counted {
    tasks: BTreeSet<Id>,
    by_key: BTreeMap<Arc<str>, usize>,
}

/// How many tasks of one queue workers may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Most {
    /// Of the queue.
    pub(crate) queue: usize,
    /// Of one fairness key.
    pub(crate) key: usize,
}

impl Most {
    /// Whether nothing is limited.
    pub(crate) const fn is_none(self) -> bool {
        self.queue == usize::MAX && self.key == usize::MAX
    }
}

/// What stands against one more task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Nothing.
    Free,
    /// The key has as many as it may.
    KeyFull,
    /// The queue has.
    QueueFull,
}

impl Running {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, queues: Mutex::default() }
    }

    /// Whether one more task of the key may go.
    pub(crate) fn room(&self, queue: &QueueKey, key: &str, most: Most) -> Room {
        let queues = self.queues.lock();
        let counted = queues.get(queue);
        if counted.map_or(0, |counted| counted.tasks.len()) >= most.queue {
            return Room::QueueFull;
        }
        let of_key = counted.and_then(|counted| counted.by_key.get(key)).copied().unwrap_or_default();
        if of_key >= most.key { Room::KeyFull } else { Room::Free }
    }

    /// Counts a task that is about to go.
    pub(crate) fn count(&self, queue: &QueueKey, task: &Task) {
        self.count_as(queue, id(task), task.key());
    }

    fn count_as(&self, queue: &QueueKey, id: Id, key: Arc<str>) {
        let mut queues = self.queues.lock();
        let counted = queues.entry(queue.clone()).or_default();
        if counted.tasks.insert(id) {
            *counted.by_key.entry(key).or_default() += 1;
        }
    }

    /// A task counts no more.
    pub(crate) fn uncount(&self, queue: &QueueKey, task: &Task) {
        self.uncount_as(queue, &id(task), &task.key());
    }

    fn uncount_as(&self, queue: &QueueKey, id: &Id, key: &Arc<str>) {
        let mut queues = self.queues.lock();
        let Some(counted) = queues.get_mut(queue) else { return };
        if counted.tasks.remove(id)
            && let Some(count) = counted.by_key.get_mut(key)
        {
            *count -= 1;
            if *count == 0 {
                counted.by_key.remove(key);
            }
        }
        if counted.tasks.is_empty() {
            queues.remove(queue);
        }
    }

    async fn put(&self, record: &Record) -> Result<(), CommitError> {
        let bytes = Bytes::from(codec::encode(record));
        // The same attempt may have been noted before, by a start that was not answered.
        self.store.put_document(SECTION, record.name(), 0, Some(bytes)).await.map(drop)
    }

    async fn remove(&self, record: &Record) -> Result<(), CommitError> {
        self.store.put_document(SECTION, record.name(), 1, None).await.map(drop)
    }

    async fn records(&self) -> Result<Vec<Record>, ReadError> {
        let (mut records, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.documents(SECTION, after, PAGE).await?;
            for document in &page {
                let record = codec::decode(&document.record)
                    .map_err(|error| ReadError::Corrupt(format!("{SECTION}: {error}")))?;
                records.push(record);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.key.clone()),
                _ => return Ok(records),
            }
        }
    }
}

impl Record {
    fn new(caller: &Caller, queue: &QueueKey, task: &Task) -> Self {
        Self {
            namespace: queue.namespace,
            namespace_name: caller.namespace.clone(),
            task_queue: queue.name.to_string(),
            kind: queue.kind as i32,
            workflow_id: task.workflow_id.to_string(),
            run_id: task.run.to_string(),
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            fairness_key: task.key().to_string(),
        }
    }

    fn name(&self) -> String {
        format!("{}/{}/{}/{}", self.namespace, self.run_id, self.scheduled_event_id, self.attempt)
    }

    fn queue(&self) -> Option<QueueKey> {
        let kind = TaskKind::try_from(self.kind).ok()?;
        Some(QueueKey {
            namespace: self.namespace,
            name: self.task_queue.as_str().into(),
            kind,
            sticky: false,
            version: None,
        })
    }

    fn id(&self) -> Id {
        (self.run_id.clone(), self.scheduled_event_id, self.attempt)
    }

    fn ask(&self) -> AwaitTaskEnd {
        AwaitTaskEnd {
            execution: WorkflowExecution {
                workflow_id: self.workflow_id.clone(),
                run_id: self.run_id.clone(),
            },
            kind: self.kind,
            scheduled_event_id: self.scheduled_event_id,
            attempt: self.attempt,
        }
    }

    fn caller(&self) -> Caller {
        Caller {
            namespace_id: *self.namespace.as_bytes(),
            namespace: self.namespace_name.clone(),
            deadline: None,
            client_name: String::new(),
            client_version: String::new(),
        }
    }
}

fn id(task: &Task) -> Id {
    (task.run.to_string(), task.scheduled_event_id, task.attempt)
}

impl Matching {
    /// Counts again what counted when the process ended. Called once, before tasks come.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn restore(self: &Arc<Self>) -> Result<(), ReadError> {
        for record in self.running.records().await? {
            let Some(queue) = record.queue() else { continue };
            self.running.count_as(&queue, record.id(), record.fairness_key.as_str().into());
            self.follow(queue, record);
        }
        Ok(())
    }

    /// Makes durable that a task counts. Its start may be asked for when this has returned.
    pub(crate) async fn note_running(
        &self,
        caller: &Caller,
        queue: &QueueKey,
        task: &Task,
    ) -> Result<(), PeerError> {
        self.running.put(&Record::new(caller, queue, task)).await.map_err(|error| match error {
            CommitError::Busy(text) => PeerError::Busy(text),
            CommitError::Unknown(text) => PeerError::Unknown(text),
            CommitError::Corrupt(text) => PeerError::Corrupt(text),
            error @ (CommitError::Fenced { .. } | CommitError::Conflict { .. }) => {
                PeerError::Lost(error.to_string())
            }
        })
    }

    /// Watches over a task that counts, until it is over.
    pub(crate) fn follow_task(&self, caller: &Caller, queue: &QueueKey, task: &Task) {
        self.follow(queue.clone(), Record::new(caller, queue, task));
    }

    fn follow(&self, queue: QueueKey, record: Record) {
        let (room, host) = (self.this.clone(), self.host.clone());
        self.host.tasks.spawn("matching running task", async move {
            loop {
                let Some(matching) = room.upgrade() else { return };
                let deadline = Some(host.clock.now() + WAIT.as_nanos() as i64);
                let caller = Caller { deadline, ..record.caller() };
                let history = matching.history.clone();
                drop(matching);
                match history.ask(caller, record.ask()).await {
                    Ok(end) if end.is_over => break,
                    Ok(_) => {}
                    Err(PeerError::Refused(refusal)) if matches!(*refusal, Refusal::NotFound(_)) => break,
                    Err(_) => host.clock.sleep(PAUSE).await,
                }
            }
            end(&room, &queue, &record).await;
        });
    }
}

/// A task is over: another one may go in its place.
async fn end(room: &Weak<Matching>, queue: &QueueKey, record: &Record) {
    while let Some(matching) = room.upgrade() {
        if matching.running.remove(record).await.is_ok() {
            let key = record.fairness_key.as_str().into();
            matching.running.uncount_as(queue, &record.id(), &key);
            for (_, queue) in matching.queues.variants(queue) {
                queue.reopen();
            }
            return;
        }
        let clock = matching.host.clock;
        drop(matching);
        clock.sleep(PAUSE).await;
    }
}

//! What a server knows of the workers that send heartbeats: the last heartbeat of each, forgotten after a while.
//!
//! The registry is a value: who asks gives the time. It is bounded in entries and bytes; what was heard of longest ago
//! goes first. It is not durable: a worker that lives sends its next heartbeat within a minute.

mod query;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
    time::Duration,
};

use longhaul_proto::api::{
    enums::v1::WorkerStatus,
    worker::v1::{WorkerHeartbeat, WorkerListInfo},
};
use prost::Message;

use crate::{ids::NamespaceId, time::Timestamp};

pub use query::Filter;

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A worker that was not heard of for this long is forgotten.
    pub lifetime: Duration,
    /// Workers remembered at most.
    pub entries_max: usize,
    /// Bytes of their heartbeats at most.
    pub bytes_max: usize,
}

/// A worker: its namespace and the key that it drew.
type Key = (NamespaceId, Arc<str>);

/// The last heartbeat of every worker.
#[derive(Debug, Default)]
pub struct Registry {
    workers: BTreeMap<Key, Entry>,
    by_age: BTreeSet<(Timestamp, Key)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    heard_at: Timestamp,
    bytes: usize,
    heartbeat: Arc<WorkerHeartbeat>,
}

impl Registry {
    /// Notes a heartbeat. One that says that its worker is gone forgets it.
    pub fn record(
        &mut self,
        namespace: NamespaceId,
        heartbeat: WorkerHeartbeat,
        limits: Limits,
        at: Timestamp,
    ) {
        let key: Key = (namespace, heartbeat.worker_instance_key.as_str().into());
        self.forget(&key);
        if heartbeat.status() == WorkerStatus::Shutdown {
            return;
        }
        let bytes = heartbeat.encoded_len() + size_of::<Entry>();
        self.bytes += bytes;
        self.by_age.insert((at, key.clone()));
        self.workers.insert(key, Entry { heard_at: at, bytes, heartbeat: Arc::new(heartbeat) });
        while self.workers.len() > limits.entries_max || self.bytes > limits.bytes_max {
            let Some((_, oldest)) = self.by_age.first().cloned() else { return };
            self.forget(&oldest);
        }
    }

    /// Forgets workers that were not heard of for too long.
    pub fn expire(&mut self, limits: Limits, at: Timestamp) {
        while let Some((heard_at, key)) = self.by_age.first().cloned()
            && at.since(heard_at) >= limits.lifetime
        {
            self.forget(&key);
        }
    }

    /// Forgets the workers of a namespace.
    pub fn forget_namespace(&mut self, namespace: NamespaceId) {
        let all = self.workers.range::<Key, _>((namespace, "".into())..);
        let own: Vec<Key> = all.map(|(key, _)| key).take_while(|(of, _)| *of == namespace).cloned().collect();
        own.iter().for_each(|key| self.forget(key));
    }

    /// The worker with this key.
    pub fn find(&self, namespace: NamespaceId, key: &str) -> Option<Arc<WorkerHeartbeat>> {
        self.workers.get(&(namespace, key.into())).map(|entry| entry.heartbeat.clone())
    }

    /// The workers of a namespace that `selection` selects, in the order of their keys, from behind `after` on.
    pub fn list<'a>(
        &'a self,
        namespace: NamespaceId,
        selection: &'a Selection,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<WorkerHeartbeat>> {
        let from = match after {
            Some(key) => Bound::Excluded((namespace, key.into())),
            None => Bound::Included((namespace, "".into())),
        };
        self.workers
            .range::<Key, _>((from, Bound::Unbounded))
            .take_while(move |((of, _), _)| *of == namespace)
            .map(|(_, entry)| &entry.heartbeat)
            .filter(|heartbeat| selection.holds(heartbeat))
    }

    fn forget(&mut self, key: &Key) {
        if let Some(entry) = self.workers.remove(key) {
            self.by_age.remove(&(entry.heard_at, key.clone()));
            self.bytes -= entry.bytes;
        }
    }
}

/// Which workers are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// What is said of them.
    pub filter: Filter,
    /// Whether those of the server itself count.
    pub include_system: bool,
}

/// Task queues of the server's own workers begin so.
const SYSTEM: &str = "temporal-sys-";

impl Selection {
    fn holds(&self, heartbeat: &WorkerHeartbeat) -> bool {
        (self.include_system || !heartbeat.task_queue.starts_with(SYSTEM)) && self.filter.matches(heartbeat)
    }
}

/// The short form of a heartbeat, for lists.
pub fn summary(heartbeat: &WorkerHeartbeat) -> WorkerListInfo {
    let host = heartbeat.host_info.clone().unwrap_or_default();
    WorkerListInfo {
        worker_instance_key: heartbeat.worker_instance_key.clone(),
        worker_identity: heartbeat.worker_identity.clone(),
        task_queue: heartbeat.task_queue.clone(),
        deployment_version: heartbeat.deployment_version.clone(),
        sdk_name: heartbeat.sdk_name.clone(),
        sdk_version: heartbeat.sdk_version.clone(),
        status: heartbeat.status,
        start_time: heartbeat.start_time,
        host_name: host.host_name,
        worker_grouping_key: host.worker_grouping_key,
        process_id: host.process_id,
        plugins: heartbeat.plugins.clone(),
        drivers: heartbeat.drivers.clone(),
    }
}

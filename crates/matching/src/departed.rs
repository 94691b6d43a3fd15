//! Workers that said good-bye. A poll of theirs that was on its way returns empty, so that no task is given to a worker
//! that has gone.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::{ids::NamespaceId, time::Timestamp};
use parking_lot::RwLock;

/// How long a worker is remembered: longer than a call takes to arrive.
const REMEMBERED: Duration = Duration::from_secs(30);

/// Workers remembered at most; beyond that the one that left first is forgotten.
const WORKERS_MAX: usize = 10_000;

/// Workers that said good-bye lately, by namespace and instance key, with the instant of it.
#[derive(Debug, Default)]
pub(crate) struct Departed(RwLock<BTreeMap<(NamespaceId, String), Timestamp>>);

impl Departed {
    /// Remembers a worker.
    pub(crate) fn note(&self, namespace: NamespaceId, worker_instance_key: &str, now: Timestamp) {
        let mut workers = self.0.write();
        if workers.len() >= WORKERS_MAX {
            workers.retain(|_, at| now.since(*at) < REMEMBERED);
        }
        if workers.len() >= WORKERS_MAX {
            let first = workers.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            first.and_then(|key| workers.remove(&key));
        }
        workers.insert((namespace, worker_instance_key.to_owned()), now);
    }

    /// Whether the worker has gone.
    pub(crate) fn has(&self, namespace: NamespaceId, worker_instance_key: &str, now: Timestamp) -> bool {
        let workers = self.0.read();
        if worker_instance_key.is_empty() || workers.is_empty() {
            return false;
        }
        let left = workers.get(&(namespace, worker_instance_key.to_owned()));
        left.is_some_and(|at| now.since(*at) < REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMESPACE: NamespaceId = NamespaceId::from_bytes([1; 16]);
    const OTHER: NamespaceId = NamespaceId::from_bytes([2; 16]);

    #[test]
    fn a_worker_is_remembered_for_a_while_in_its_namespace() {
        let (departed, now) = (Departed::default(), Timestamp(0));
        departed.note(NAMESPACE, "key", now);
        assert!(departed.has(NAMESPACE, "key", now + Duration::from_secs(29)));
        assert!(!departed.has(NAMESPACE, "key", now + REMEMBERED));
        assert!(!departed.has(OTHER, "key", now) && !departed.has(NAMESPACE, "other", now));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let departed = Departed::default();
        for at in 0..WORKERS_MAX as i64 + 1 {
            departed.note(NAMESPACE, &at.to_string(), Timestamp(at));
        }
        let now = Timestamp(WORKERS_MAX as i64);
        assert_eq!(departed.0.read().len(), WORKERS_MAX);
        assert!(!departed.has(NAMESPACE, "0", now) && departed.has(NAMESPACE, "1", now));
    }
}

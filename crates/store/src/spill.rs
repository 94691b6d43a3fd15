//! Where task queues put what does not fit into memory: a queue of records per lane, first in, first out.
//!
//! Nothing here is durable: a task's durable source is the run that scheduled it, and after a restart every task that
//! was not dispatched is added anew. So a spill starts empty, and a record that is damaged may be dropped with a word
//! to the operator.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use longhaul_kernel::ids::NamespaceId;
use parking_lot::Mutex;

/// A lane: tasks of one priority and one share of one task queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneKey {
    /// Namespace of the queue.
    pub namespace: NamespaceId,
    /// Name of the queue.
    pub task_queue: Arc<str>,
    /// Sort of tasks; numbers are the matching room's.
    pub kind: u8,
    /// Whether it is a worker's sticky queue.
    pub sticky: bool,
    /// Priority.
    pub priority: u8,
    /// Whose share; names are the matching room's.
    pub fairness: Arc<str>,
}

/// Why records could not be put away or fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpillError {
    /// Nothing was moved; try again later.
    #[error("spill is busy: {0}")]
    Busy(String),
    /// Records of this lane can't be read: forget the lane.
    #[error("spilled records are damaged: {0}")]
    Corrupt(String),
}

/// Keeps records outside of the memory budget until they are wanted.
///
/// Calls are short: they copy to or from the page cache and never wait for a disk. The caller serialises calls for one
/// lane; calls for different lanes may come concurrently.
pub trait Spill: Send + Sync {
    /// Puts records behind those of the lane, in order; all or none.
    fn append(&self, lane: &LaneKey, records: &[Bytes]) -> Result<(), SpillError>;

    /// Takes up to `limit` of the lane's oldest records, at least one if there is any.
    fn take(&self, lane: &LaneKey, limit: usize) -> Result<Vec<Bytes>, SpillError>;

    /// Drops the lane's records.
    fn forget(&self, lane: &LaneKey);
}

/// A spill in memory: the model of the contract, and what serves a store without a folder.
#[derive(Debug, Default)]
pub struct MemorySpill {
    lanes: Mutex<BTreeMap<LaneKey, VecDeque<Bytes>>>,
}

impl Spill for MemorySpill {
    fn append(&self, lane: &LaneKey, records: &[Bytes]) -> Result<(), SpillError> {
        if !records.is_empty() {
            self.lanes.lock().entry(lane.clone()).or_default().extend(records.iter().cloned());
        }
        Ok(())
    }

    fn take(&self, lane: &LaneKey, limit: usize) -> Result<Vec<Bytes>, SpillError> {
        let mut lanes = self.lanes.lock();
        let Some(records) = lanes.get_mut(lane) else { return Ok(Vec::new()) };
        let count = records.len().min(limit.max(1));
        let taken = records.drain(..count).collect();
        if records.is_empty() {
            lanes.remove(lane);
        }
        Ok(taken)
    }

    fn forget(&self, lane: &LaneKey) {
        self.lanes.lock().remove(lane);
    }
}

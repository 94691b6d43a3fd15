//! The executions of one kind that a shard has in memory. Those that were used last stay; one that is in use stays in
//! any case.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use longhaul_kernel::{Refusal, ids::ExecutionKey};
use longhaul_runtime::peers::PeerError;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    cell::{Target, Turn},
    execution::{Common, Execution, Resident},
    shard::Shard,
};

/// Executions that are kept in memory whatever they take.
const SPARED: usize = 16;

/// Executions in memory.
pub struct Executions<C: Resident> {
    held: Mutex<BTreeMap<ExecutionKey, Arc<Execution<C>>>>,
    uses: AtomicU64,
    common: Arc<Common>,
}

impl<C: Resident> Default for Executions<C> {
    fn default() -> Self {
        Self { held: Mutex::default(), uses: AtomicU64::new(0), common: Arc::default() }
    }
}

impl<C: Resident> Executions<C> {
    /// Asks an execution: `work` decides on it, and its result is answered once what it decided is durable.
    ///
    /// # Errors
    /// The refusal of `work`, or why it could not be decided or made durable.
    pub async fn ask<T, F>(
        &self,
        shard: &Arc<Shard>,
        key: ExecutionKey,
        target: Target,
        work: F,
    ) -> Result<T, PeerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Turn<'_, C>) -> Result<T, Refusal> + Send + 'static,
    {
        let receiver = {
            let mut held = self.held.lock();
            self.find(&mut held, shard, key).submit(shard, target, work)
        };
        receiver.await.unwrap_or_else(|_| Err(PeerError::Unknown("the job was dropped".into())))
    }

    /// Lets an execution go, so that it is read again; one that is in use notices by itself that it is late.
    pub fn let_go(&self, key: &ExecutionKey) {
        let mut held = self.held.lock();
        if held.get(key).is_some_and(|execution| execution.is_idle()) {
            held.remove(key);
        }
    }

    /// Hears of every commit of an execution from now on.
    pub fn listen(&self, shard: &Shard, key: ExecutionKey) -> watch::Receiver<u64> {
        let mut held = self.held.lock();
        self.find(&mut held, shard, key).listen()
    }

    /// The execution, made if it is not in memory. The lock is held until a job is in its mailbox or a listener is
    /// registered, so that it is not let go in between.
    fn find<'m>(
        &self,
        held: &'m mut BTreeMap<ExecutionKey, Arc<Execution<C>>>,
        shard: &Shard,
        key: ExecutionKey,
    ) -> &'m Arc<Execution<C>> {
        let settings = &shard.room.settings;
        let shards = usize::from(settings.shards);
        let is_full = held.len() >= settings.executions_max / shards
            || self.common.bytes.load(Ordering::Relaxed) >= settings.executions_bytes_max / shards;
        if is_full && held.len() >= SPARED && !held.contains_key(&key) {
            let_go(held);
        }
        let over_max = settings.executions_over_max / shards;
        while let Some(over) = self.first_over(over_max) {
            let is_done = held.get(&over).is_some_and(|execution| execution.leave_line());
            if is_done && over != key {
                held.remove(&over);
            }
        }
        let execution = held
            .entry(key)
            .or_insert_with_key(|key| Arc::new(Execution::new(key.clone(), self.common.clone())));
        execution.last_used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        execution
    }

    /// The execution that has been over for longest, if there are more than `most`.
    fn first_over(&self, most: usize) -> Option<ExecutionKey> {
        let mut over = self.common.over.lock();
        if over.len() > most { over.pop_front() } else { None }
    }
}

/// Lets a tenth of the executions go, those that were not used for longest, sparing those in use.
fn let_go<C: Resident>(held: &mut BTreeMap<ExecutionKey, Arc<Execution<C>>>) {
    let count = (held.len() / 10).max(1);
    let mut idle: Vec<(u64, ExecutionKey)> = held
        .values()
        .filter(|execution| execution.is_idle())
        .map(|execution| (execution.last_used.load(Ordering::Relaxed), execution.key.clone()))
        .collect();
    idle.sort_unstable();
    for (_, key) in idle.into_iter().take(count) {
        held.remove(&key);
    }
}

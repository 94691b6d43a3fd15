//! A shard: a range of slots, its fence, and its executions in memory.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, RunKey},
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{Fence, ShardRange};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    cell::{After, Cell, Target, Turn},
    duties,
    execution::Execution,
    history::Room,
};

/// A shard of this process.
pub struct Shard {
    /// Its slots.
    pub range: ShardRange,
    /// The right to write to it.
    pub fence: Fence,
    /// The room it is in.
    pub room: Arc<Room>,
    executions: Mutex<BTreeMap<ExecutionKey, Arc<Execution>>>,
    uses: AtomicU64,
}

impl Shard {
    /// A shard with nothing in memory.
    pub fn new(range: ShardRange, fence: Fence, room: Arc<Room>) -> Self {
        Self { range, fence, room, executions: Mutex::default(), uses: AtomicU64::new(0) }
    }

    /// Asks an execution: `work` decides on it, and its result is answered once what it decided is durable.
    ///
    /// # Errors
    /// The refusal of `work`, or why it could not be decided or made durable.
    pub async fn ask<T, F>(
        self: &Arc<Self>,
        key: ExecutionKey,
        target: Target,
        work: F,
    ) -> Result<T, PeerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Turn<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        let receiver = {
            let mut executions = self.executions.lock();
            self.find(&mut executions, key).submit(self, target, work)
        };
        receiver.await.unwrap_or_else(|_| Err(PeerError::Unknown("the job was dropped".into())))
    }

    /// Hears of every commit of an execution from now on.
    pub fn listen(self: &Arc<Self>, key: ExecutionKey) -> watch::Receiver<u64> {
        let mut executions = self.executions.lock();
        self.find(&mut executions, key).listen()
    }

    /// The execution, made if it is not in memory. The lock is held until a job is in its mailbox or a listener is
    /// registered, so that it is not let go in between.
    fn find<'m>(
        &self,
        executions: &'m mut BTreeMap<ExecutionKey, Arc<Execution>>,
        key: ExecutionKey,
    ) -> &'m Arc<Execution> {
        let budget = (self.room.settings.executions_max / usize::from(self.room.settings.shards)).max(16);
        if executions.len() >= budget && !executions.contains_key(&key) {
            let_go(executions, budget);
        }
        let execution = executions.entry(key).or_insert_with_key(|key| Arc::new(Execution::new(key.clone())));
        execution.last_used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        execution
    }

    /// Does what follows a commit.
    pub fn after_commit(self: &Arc<Self>, cell: &mut Cell, after: Vec<After>) {
        for step in after {
            match step {
                After::Wake(run, old, new) => {
                    self.room.wakes.change(RunKey { execution: cell.key.clone(), run }, old, new);
                }
                After::Soon(run, at) => {
                    self.room.wakes.change(RunKey { execution: cell.key.clone(), run }, None, Some(at));
                }
                After::Update(run, update, news) => {
                    if let Some(loaded) = cell.run_mut(run) {
                        loaded.tell(&update, &news);
                    }
                }
                After::Duty(run, duty) => {
                    if let Some(loaded) = cell.run(run)
                        && let Some(task) = loaded.run.duty(duty)
                    {
                        duties::fulfil(self, &loaded.run, duty, task);
                    }
                }
            }
        }
    }
}

/// Lets the executions go that were not used for longest, a tenth of the budget, sparing those in use.
fn let_go(executions: &mut BTreeMap<ExecutionKey, Arc<Execution>>, budget: usize) {
    let mut idle: Vec<(u64, ExecutionKey)> = executions
        .values()
        .filter(|execution| execution.is_idle())
        .map(|execution| (execution.last_used.load(Ordering::Relaxed), execution.key.clone()))
        .collect();
    idle.sort_unstable();
    for (_, key) in idle.into_iter().take((budget / 10).max(1)) {
        executions.remove(&key);
    }
}

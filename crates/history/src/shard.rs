//! A shard: a range of slots, its fence, and its executions in memory, those of each machine apart.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    activity::Execution,
    batch::Batch,
    deployment::Deployment,
    ids::{ExecutionKey, RunKey},
    operation::Operation,
    schedule::Schedule,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{Fence, ShardRange};
use tokio::sync::watch;

use crate::{
    cell::{After, Cell, Target, Turn},
    duties,
    executions::Executions,
    history::Room,
    hosted,
};

/// A shard of this process.
pub struct Shard {
    /// Its slots.
    pub range: ShardRange,
    /// The right to write to it.
    pub fence: Fence,
    /// The room it is in.
    pub room: Arc<Room>,
    /// Workflow runs.
    pub workflows: Executions<Cell>,
    /// Schedules.
    pub schedules: Executions<hosted::Cell<Schedule>>,
    /// Batch operations.
    pub batches: Executions<hosted::Cell<Batch>>,
    /// Worker deployments.
    pub deployments: Executions<hosted::Cell<Deployment>>,
    /// Standalone Nexus operations.
    pub operations: Executions<hosted::Cell<Operation>>,
    /// Standalone activities.
    pub activities: Executions<hosted::Cell<Execution>>,
}

impl Shard {
    /// A shard with nothing in memory.
    pub fn new(range: ShardRange, fence: Fence, room: Arc<Room>) -> Self {
        Self {
            range,
            fence,
            room,
            workflows: Executions::default(),
            schedules: Executions::default(),
            batches: Executions::default(),
            deployments: Executions::default(),
            operations: Executions::default(),
            activities: Executions::default(),
        }
    }

    /// Asks a workflow execution: `work` decides on it, and its result is answered once what it decided is durable.
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
        self.workflows.ask(self, key, target, work).await
    }

    /// Hears of every commit of a workflow execution from now on.
    pub fn listen(self: &Arc<Self>, key: ExecutionKey) -> watch::Receiver<u64> {
        self.workflows.listen(self, key)
    }

    /// Does what follows a commit of a workflow execution.
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

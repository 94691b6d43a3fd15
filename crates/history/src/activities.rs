//! Standalone activities in a shard: their tasks are handed to their queues. What a queue has lost, because its process
//! ended, is handed to it again from the outbox, for the task is owed until a worker has it.

use std::sync::Arc;

use longhaul_kernel::{
    activity::{Execution, Input, Order},
    hosted::DutyName,
    ids::RunKey,
};
use longhaul_proto::api::common::v1::WorkflowExecution;
use longhaul_runtime::peers::{AddTask, PeerError, TaskKind};

use crate::{
    duties::internal_caller,
    executions::Executions,
    history::Room,
    hosted::{Cell, Lodged},
    shard::Shard,
};

impl Lodged for Execution {
    fn executions(shard: &Shard) -> &Executions<Cell<Self>> {
        &shard.activities
    }

    async fn fulfil(room: &Arc<Room>, run: &RunKey, _: DutyName, order: &Order) -> Result<Input, PeerError> {
        let caller = internal_caller(run.execution.namespace, String::new());
        room.matching.ask(caller, add_task(run, order)).await?;
        Ok(Input::Dispatched)
    }
}

/// The task of a standalone activity: no event has scheduled it. Tasks and stamps count alike; the number of a task is
/// far below the end of either.
fn add_task(run: &RunKey, order: &Order) -> AddTask {
    AddTask {
        task_queue: order.queue.clone(),
        sticky: false,
        kind: TaskKind::Activity as i32,
        execution: WorkflowExecution {
            workflow_id: run.execution.id.to_string(),
            run_id: run.run.to_string(),
        },
        scheduled_event_id: 0,
        attempt: order.attempt,
        stamp: i32::try_from(order.number).unwrap_or(i32::MAX),
        scheduled_at: order.scheduled_at.0,
        expires_at: order.expires_at.map_or(0, |at| at.0),
        priority: order.priority.clone(),
        ..AddTask::default()
    }
}

//! A worker takes the workflow task.

use longhaul_proto::{Refusal, api::enums::v1::TaskQueueKind};

use crate::run::{
    Fact, Reply, WorkflowTaskStart,
    state::{TaskKind, WorkflowTask},
    transition::{Taker, Transition},
};

/// Starts the task. A task that was dispatched before and is not the pending one any more is stale.
pub fn step(t: &mut Transition<'_>, start: &WorkflowTaskStart) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    let is_meant = |task: &&WorkflowTask| {
        task.scheduled_event_id == start.scheduled_event_id && task.attempt == start.attempt
    };
    let Some(task) = t.run.workflow_task.as_ref().filter(is_meant) else {
        t.effects.reply = Reply::Stale;
        return Ok(());
    };
    if let Some(started) = &task.started {
        t.effects.reply =
            if started.request_id == start.request_id { Reply::WorkflowTask } else { Reply::Stale };
        return Ok(());
    }
    let is_speculative = task.kind == TaskKind::Speculative;
    let queue = start.poll.task_queue.as_ref();
    let on_sticky = queue.is_some_and(|queue| queue.kind == TaskQueueKind::Sticky as i32)
        || t.run.sticky.as_ref().is_some_and(|sticky| queue.is_some_and(|queue| queue.name == sticky.queue));
    #[allow(deprecated)]
    let capabilities = start.poll.worker_version_capabilities.as_ref();
    let taker = Taker::polling(&start.poll.identity, capabilities, start.poll.deployment_options.as_ref());
    if !t.run.is_for(taker.version.as_ref(), on_sticky, t.context) {
        t.redispatch_workflow_task();
        t.effects.reply = Reply::Stale;
        return Ok(());
    }
    if !on_sticky && t.run.sticky.is_some() && !is_speculative {
        // The sticky worker was not there and somebody else has the task: he knows nothing of this run.
        t.fact(Fact::Sticky(None));
    }
    t.start_workflow_task(&start.request_id, &taker);
    // A task that was in memory alone has made way for a real one if the run moves with it.
    t.effects.reply = if t.run.workflow_task_started() { Reply::WorkflowTask } else { Reply::Stale };
    Ok(())
}

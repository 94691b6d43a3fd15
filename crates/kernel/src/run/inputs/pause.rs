//! An operator pauses the run, or lets it go on. A paused run hears everything and does nothing: no workflow task is
//! scheduled and no activity is dispatched. A worker that has a task may complete it, and what it schedules waits.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::WorkflowTaskFailedCause as Cause,
        history::v1::{
            WorkflowExecutionPausedEventAttributes, WorkflowExecutionUnpausedEventAttributes,
            WorkflowTaskFailedEventAttributes, history_event::Attributes,
        },
    },
};

use crate::run::{
    DutyId, Fact, Phase, Reply, RunPause,
    state::{FirstTask, TaskKind},
    transition::Transition,
};

/// Pauses the run. A repeated request is known by its id.
pub fn pause(t: &mut Transition<'_>, asked: RunPause) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    if let Some(paused) = &t.run.paused {
        if !asked.request_id.is_empty() && paused.request_id == asked.request_id {
            t.effects.reply = Reply::Already;
            return Ok(());
        }
        return Err(Refusal::FailedPrecondition("workflow is already paused.".into()));
    }
    if !t.run.workflow_task_started() {
        t.withdraw_workflow_task();
    }
    t.effects.visible = true;
    let paused = WorkflowExecutionPausedEventAttributes {
        identity: asked.identity,
        reason: asked.reason,
        request_id: asked.request_id,
    };
    t.outside_event(Attributes::WorkflowExecutionPausedEventAttributes(paused));
    Ok(())
}

/// Lets the run go on: with a workflow task, and with the activities that wait.
pub fn unpause(t: &mut Transition<'_>, asked: RunPause) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    if t.run.paused.is_none() {
        return Err(Refusal::FailedPrecondition("workflow is not paused.".into()));
    }
    t.effects.visible = true;
    let unpaused = WorkflowExecutionUnpausedEventAttributes {
        identity: asked.identity,
        reason: asked.reason,
        request_id: asked.request_id,
    };
    t.outside_event(Attributes::WorkflowExecutionUnpausedEventAttributes(unpaused));
    let waiting: Vec<i64> = t
        .run
        .activities
        .iter()
        .filter(|(_, activity)| activity.phase == Phase::Scheduled && !activity.is_paused())
        .map(|(id, _)| *id)
        .collect();
    for id in waiting {
        t.duty(DutyId::Activity(id));
    }
    t.needs_task |= t.run.first_task == FirstTask::Scheduled;
    Ok(())
}

impl Transition<'_> {
    /// Takes back a workflow task that no worker has.
    fn withdraw_workflow_task(&mut self) {
        let Some(task) = self.run.workflow_task.clone() else { return };
        match task.kind {
            TaskKind::Normal => {
                let failed = WorkflowTaskFailedEventAttributes {
                    scheduled_event_id: task.scheduled_event_id,
                    cause: Cause::WorkflowPauseRequestedBeforeTaskStarted as i32,
                    identity: "history-service".into(),
                    ..Default::default()
                };
                self.event(Attributes::WorkflowTaskFailedEventAttributes(failed));
            }
            TaskKind::Transient => self.fact(Fact::TaskEnded),
            TaskKind::Speculative => self.settle_speculative(None),
        }
        self.duty_done(DutyId::WorkflowTask);
        self.fact(Fact::NextTask { attempt: 1, failed: self.run.failed_workflow_tasks });
    }
}

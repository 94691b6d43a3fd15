//! One file per input. Each validates first and changes afterwards, so that a refusal leaves the run as it was.

pub(super) mod activity_canceled;
pub(super) mod activity_completed;
pub(super) mod activity_failed;
pub(super) mod activity_heartbeat;
pub(super) mod activity_operator;
pub(super) mod activity_started;
pub(super) mod attach;
pub(super) mod child_closed;
pub(super) mod child_started;
pub(super) mod external_delivered;
pub(super) mod first_task;
pub(super) mod nexus;
pub(super) mod pause;
pub(super) mod request_cancel;
pub(super) mod reset_sticky;
pub(super) mod reset_to;
pub(super) mod signal;
pub(super) mod start;
pub(super) mod terminate;
pub(super) mod tick;
pub(super) mod update_options;
pub(super) mod workflow_task_completed;
pub(super) mod workflow_task_failed;
pub(super) mod workflow_task_started;

use longhaul_proto::Refusal;

use crate::time::Timestamp;

use super::{
    ActivityRef, Run, TaskRef,
    state::{Activity, Phase, WorkflowTask},
};

/// Refuses whatever needs a run that goes on.
fn ensure_running(run: &Run) -> Result<(), Refusal> {
    if run.is_running() { Ok(()) } else { Err(Refusal::not_found("workflow execution already completed")) }
}

impl Run {
    /// Refuses a worker that speaks of a workflow task which it does not have, or has no more.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn ensure_has_task<T>(&self, task: &TaskRef<T>) -> Result<(), Refusal> {
        if !self.is_running() {
            return Err(Refusal::not_found("Workflow task not found."));
        }
        let TaskRef { scheduled_event_id, started_event_id, started_at, attempt, .. } = task;
        started_task(self, *scheduled_event_id, *started_event_id, *started_at, *attempt).map(drop)
    }
}

/// The started workflow task that a worker speaks of.
fn started_task(
    run: &Run,
    scheduled_event_id: i64,
    started_event_id: i64,
    started_at: Timestamp,
    attempt: i32,
) -> Result<&WorkflowTask, Refusal> {
    ensure_running(run)?;
    run.workflow_task
        .as_ref()
        .filter(|task| {
            task.scheduled_event_id == scheduled_event_id
                && task.attempt == attempt
                && task
                    .started
                    .as_ref()
                    .is_some_and(|started| started.event_id == started_event_id && started.at == started_at)
        })
        .ok_or_else(|| Refusal::not_found("Workflow task not found."))
}

/// The refusal of whatever needs an attempt of an activity that goes on.
fn activity_gone() -> Refusal {
    Refusal::not_found("invalid activityID or activity already timed out or invoking workflow is completed")
}

/// The pending activity that a worker speaks of. By its token it has to be the started attempt the token was given
/// for; by its id it may also be one that no worker has.
fn pending_activity<'r>(run: &'r Run, activity: &ActivityRef) -> Result<(i64, &'r Activity), Refusal> {
    ensure_running(run)?;
    match activity {
        ActivityRef::Id(id) => {
            run.activity_by_id(id).ok_or_else(|| Refusal::not_found(format!("cannot find pending activity with ActivityID {id}, check workflow execution history for more details")))
        }
        ActivityRef::Token { scheduled_event_id, attempt } => run
            .activities
            .get(scheduled_event_id)
            .filter(|activity| activity.token_attempt() == *attempt && matches!(activity.phase, Phase::Started { .. }))
            .map(|activity| (*scheduled_event_id, activity))
            .ok_or_else(activity_gone),
    }
}

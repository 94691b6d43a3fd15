//! The rules of the namespace, held against activities: when a worker is about to get one, when an attempt has failed
//! and another one is to follow, and when that one is due. Activities that a worker starts together with the task that scheduled them are
//! not looked at, as on the reference.

use super::{ControlChange, DutyId, Run, state::Phase, transition::Transition};
use crate::{
    activity::Paused,
    time::Timestamp,
    workflow_rule::{ActivityView, WorkflowView},
};

impl Transition<'_> {
    /// Pauses an activity if a rule wants that; true if it did.
    pub fn pause_by_rule(&mut self, scheduled_event_id: i64) -> bool {
        let rules = &self.context.rules;
        if rules.is_empty() {
            return false;
        }
        let Some(view) = self.run.rule_view(scheduled_event_id) else { return false };
        let Some(rule) = rules.pausing(&self.run.workflow_rule_view(), &view, self.at) else { return false };
        let paused = Paused {
            at: self.at,
            identity: rule.identity.clone(),
            reason: rule.reason.clone(),
            request_id: String::new(),
            rule_id: rule.id.clone(),
        };
        self.control(scheduled_event_id, ControlChange::Paused(paused));
        self.duty_done(DutyId::Activity(scheduled_event_id));
        true
    }
}

impl Run {
    fn workflow_rule_view(&self) -> WorkflowView<'_> {
        WorkflowView {
            workflow_id: &self.workflow_id,
            workflow_type: self.start.workflow_type.as_ref().map_or("", |name| &name.name),
            status: if self.is_paused() { "Paused" } else { "Running" },
            start_time: self.start_time,
        }
    }

    /// An activity that is pending and not paused.
    fn rule_view(&self, scheduled_event_id: i64) -> Option<ActivityView<'_>> {
        let activity = self.activities.get(&scheduled_event_id).filter(|activity| !activity.is_paused())?;
        let scheduled = &activity.scheduled;
        let backoff = activity.last_attempt_completed_at.filter(|_| activity.attempt > 1).map(|ended| {
            let waited = activity.attempt_scheduled_at.since(ended);
            i64::try_from(waited.as_secs()).unwrap_or(i64::MAX)
        });
        let (state, started) = match &activity.phase {
            Phase::Started { at, .. } => ("Started", *at),
            Phase::Backoff | Phase::Scheduled => ("Scheduled", Timestamp(0)),
        };
        Some(ActivityView {
            activity_id: &scheduled.activity_id,
            activity_type: scheduled.activity_type.as_ref().map_or("", |name| &name.name),
            state: if activity.cancel_requested.is_some() { "CancelRequested" } else { state },
            task_queue: scheduled.task_queue.as_ref().map_or("", |queue| &queue.name),
            attempts: activity.attempt,
            backoff_seconds: backoff,
            started,
        })
    }
}

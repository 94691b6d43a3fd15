//! Folding what lives outside of the history.

use crate::run::{
    Fact, Pending, Run, Volatile,
    state::{Activity, Phase},
    updates::update_id,
};

impl Run {
    pub(super) fn fold_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Transitioned => self.transitions += 1,
            Fact::ResetPointsKept(count) => {
                self.keep_reset_points(usize::try_from(*count).unwrap_or(usize::MAX));
            }
            Fact::UpdateRejected(id) => {
                self.admitted_updates.remove(id);
            }
            Fact::Archived => {
                if let Some(closed) = &mut self.closed {
                    closed.archived = Some(true);
                }
            }
            Fact::Unseen => self.unseen_transitions += 1,
            Fact::ResetTo(run_id, request_id) => self.reset_to(*run_id, request_id.as_ref()),
            Fact::Buffered(event) => self.buffered.push((**event).clone()),
            Fact::BufferEmptied => self.buffered.clear(),
            Fact::Unbuffered(index) => self.unbuffer(usize::try_from(*index).unwrap_or(usize::MAX)),
            Fact::TaskScheduled(task) => self.workflow_task = Some(task.clone()),
            Fact::TaskStarted(started) => {
                if let Some(task) = &mut self.workflow_task {
                    task.started = Some(started.clone());
                }
                self.fold_assigned(started.build.as_ref().map(|build| &build.0), started.redirects);
            }
            Fact::TaskEnded => self.workflow_task = None,
            Fact::NextTask { attempt, failed } => {
                self.workflow_task_attempt = *attempt;
                self.failed_workflow_tasks = *failed;
            }
            Fact::TaskHeartbeats { original_scheduled_at } => {
                if let Some(task) = &mut self.workflow_task {
                    task.original_scheduled_at = *original_scheduled_at;
                }
            }
            Fact::Sticky(sticky) => self.sticky.clone_from(sticky),
            Fact::FirstTask(first_task) => self.first_task = *first_task,
            Fact::SignalSeen(request_id) => {
                self.signal_request_ids.insert(request_id.clone());
            }
            Fact::Wake(at) => self.wake = *at,
            Fact::DutyPut(duty) => {
                self.duties.insert(*duty);
            }
            Fact::DutyDone(duty) => {
                self.duties.remove(duty);
            }
            Fact::ReportedProblems(problems) => self.fold_problems(problems),
            Fact::NexusAttemptFailed { .. } | Fact::NexusAttemptDue { .. } => self.fold_nexus_fact(fact),
            Fact::CallbackAttempted { .. } | Fact::CallbackDue { .. } => self.fold_callback_fact(fact),
            Fact::ActivityControlled(scheduled_event_id, change) => {
                self.activities.change(scheduled_event_id, |activity| activity.fold_control(change));
            }
            Fact::Problem(problem) => self.problem.clone_from(problem),
            Fact::Worker(worker) => self.last_worker = Some(worker.clone()),
            Fact::Moving(moving, revision) => {
                (self.versions.moving, self.versions.revision) = (moving.clone(), *revision);
            }
            Fact::Assigned(build, redirects) => self.assign(build, *redirects),
            Fact::GoalTold(told) => self.versions.told = Some(told.clone()),
            Fact::ActivityStarted { scheduled_event_id, .. }
            | Fact::ActivityRetry { scheduled_event_id, .. }
            | Fact::ActivityDue { scheduled_event_id, .. }
            | Fact::ActivityHeartbeat { scheduled_event_id, .. } => {
                self.activities.change(scheduled_event_id, |activity| fold_activity_fact(activity, fact));
            }
        }
    }
}

impl Run {
    fn keep_reset_points(&mut self, kept: usize) {
        let forgotten = self.reset_points.len().saturating_sub(kept);
        self.reset_points.drain(..forgotten);
    }

    fn unbuffer(&mut self, index: usize) {
        if index < self.buffered.len() {
            self.buffered.remove(index);
        }
    }

    /// Folds what only memory knows of.
    pub(super) fn fold_volatile(&mut self, change: &Volatile) {
        let updates = &mut self.in_memory.updates;
        match change {
            Volatile::UpdateAdmitted(request) => {
                updates.push(Pending { request: (**request).clone(), sent: None });
            }
            Volatile::UpdatesSent(None) => updates.iter_mut().for_each(|pending| pending.sent = None),
            Volatile::UpdatesSent(sent) => {
                updates
                    .iter_mut()
                    .filter(|pending| pending.sent.is_none())
                    .for_each(|pending| pending.sent = *sent);
            }
            Volatile::UpdateGone(id) => updates.retain(|pending| update_id(&pending.request) != id),
            Volatile::TaskScheduled(task) => self.workflow_task = Some(task.clone()),
            Volatile::TaskStarted(started) => {
                if let Some(task) = &mut self.workflow_task {
                    task.started = Some(started.clone());
                }
            }
            Volatile::TaskEnded => self.workflow_task = None,
            Volatile::Closing(closing) => self.in_memory.closing = *closing,
        }
    }
}

/// Folds what happened to an attempt of an activity.
fn fold_activity_fact(activity: &mut Activity, fact: &Fact) {
    match fact {
        Fact::ActivityStarted { at, request_id, identity, build, version, .. } => {
            activity.last_build.clone_from(build);
            activity.last_version.clone_from(version);
            activity.phase =
                Phase::Started { at: *at, request_id: request_id.clone(), identity: identity.clone() };
            activity.last_worker.clone_from(identity);
            activity.last_started_at = Some(*at);
        }
        Fact::ActivityRetry { attempt, at, due, failure, .. } => {
            activity.attempt = *attempt;
            activity.attempt_scheduled_at = *due;
            activity.phase = Phase::Backoff;
            activity.last_failure = Some(failure.clone());
            activity.last_attempt_completed_at = Some(*at);
            activity.begin_anew();
        }
        Fact::ActivityDue { .. } => activity.phase = Phase::Scheduled,
        Fact::ActivityHeartbeat { at, details, .. } => {
            activity.last_heartbeat = Some(*at);
            activity.heartbeat_details.clone_from(details);
        }
        _ => {}
    }
}

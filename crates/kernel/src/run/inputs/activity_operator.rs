//! An operator pauses, unpauses or resets activities, or changes their options. Nothing of it is written into the
//! history.
//!
//! All activities that are meant are checked before the first of them is changed, so that a refusal changes nothing.

use longhaul_proto::{
    Refusal,
    api::{
        activity::v1::ActivityOptions, history::v1::ActivityTaskScheduledEventAttributes,
        taskqueue::v1::TaskQueue,
    },
};

use crate::{
    activity::{Dialect, Operation, Paused, jittered, merged, normalise},
    codec::Pb,
    retry,
    run::{
        ActivityCommand, ActivityTarget, ControlChange, DutyId, Fact, Reply, Run,
        state::{Activity, Phase},
        transition::Transition,
    },
    time::{Timestamp, positive},
};

/// Carries the command out on every activity that it means.
pub fn step(t: &mut Transition<'_>, command: ActivityCommand) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    let meant = t.run.activities_meant(&command.target);
    if meant.is_empty() && command.target != ActivityTarget::All {
        return Err(Refusal::not_found(
            "Can't find pending activity with such ID. Invalid activityID or activity already completed",
        ));
    }
    match command.operation {
        Operation::Pause(paused) => return t.pause_activities(&meant, paused),
        Operation::Unpause { reset_attempts, reset_heartbeat, jitter } => {
            for id in meant {
                let due = jittered(t.at, jitter, t.draw);
                t.unpause_activity(id, reset_attempts, reset_heartbeat, due);
            }
        }
        Operation::Reset { keep_paused, reset_heartbeat, restore, jitter } => {
            for id in meant {
                let due = jittered(t.at, jitter, t.draw);
                t.reset_activity(id, Reset { keep_paused, reset_heartbeat, restore }, due);
            }
        }
        Operation::Change { wanted, mask, dialect } => {
            return t.change_activities(&meant, &wanted, &mask, dialect);
        }
        Operation::Restore => {
            for id in &meant {
                t.control(*id, ControlChange::OptionsRestored);
                t.apply_options(*id);
            }
            t.tell_options(meant.first(), None);
            if let Reply::ActivityOptions(options) = &mut t.effects.reply
                && let Some(queue) = &mut options.task_queue
            {
                // The reference tells the name alone here.
                queue.kind = 0;
            }
        }
    }
    Ok(())
}

/// What of an activity a reset means.
#[derive(Clone, Copy)]
struct Reset {
    keep_paused: bool,
    reset_heartbeat: bool,
    restore: bool,
}

impl Run {
    /// The activities that an operator means, by their scheduled events.
    fn activities_meant(&self, target: &ActivityTarget) -> Vec<i64> {
        let is_meant = |activity: &Activity| match target {
            ActivityTarget::Id(id) => activity.scheduled.activity_id == *id,
            ActivityTarget::Type(name) => {
                activity.scheduled.activity_type.as_ref().is_some_and(|kind| kind.name == *name)
            }
            ActivityTarget::All => true,
        };
        self.activities.iter().filter(|(_, activity)| is_meant(activity)).map(|(id, _)| *id).collect()
    }
}

impl Transition<'_> {
    pub fn control(&mut self, id: i64, change: ControlChange) {
        self.effects.visible |= matches!(change, ControlChange::Paused(_) | ControlChange::Unpaused);
        self.fact(Fact::ActivityControlled(id, change));
    }

    /// Pauses activities. A repeated request is known by its id, which may be none; another one finds them paused.
    pub fn pause_activities(&mut self, meant: &[i64], mut paused: Paused) -> Result<(), Refusal> {
        let mut changes = Vec::new();
        paused.at = self.at;
        for id in meant {
            let before = self.run.activities.get(id).and_then(|activity| activity.control.paused.as_ref());
            match before {
                None => changes.push((*id, ControlChange::Paused(paused.clone()))),
                Some(before) if before.request_id == paused.request_id => {
                    changes.push((*id, ControlChange::Nothing));
                }
                Some(_) => {
                    return Err(Refusal::FailedPrecondition("activity is already paused".into()));
                }
            }
        }
        for (id, change) in changes {
            self.control(id, change);
            self.duty_done(DutyId::Activity(id));
        }
        Ok(())
    }

    fn unpause_activity(&mut self, id: i64, reset_attempts: bool, reset_heartbeat: bool, due: Timestamp) {
        if !self.run.activities.get(&id).is_some_and(Activity::is_paused) {
            self.control(id, ControlChange::Nothing);
            return;
        }
        self.control(id, ControlChange::Unpaused);
        if reset_attempts {
            self.control(id, ControlChange::AttemptsReset { told: false });
        }
        if reset_heartbeat {
            self.control(id, ControlChange::HeartbeatForgotten);
        }
        self.dispatch_activity_at(id, due);
    }

    fn reset_activity(&mut self, id: i64, reset: Reset, due: Timestamp) {
        let Some(activity) = self.run.activities.get(&id) else { return };
        let is_started = matches!(activity.phase, Phase::Started { .. });
        if activity.is_paused() && !reset.keep_paused {
            self.control(id, ControlChange::Unpaused);
        }
        self.control(id, ControlChange::AttemptsReset { told: true });
        if reset.reset_heartbeat {
            let change =
                if is_started { ControlChange::HeartbeatResets } else { ControlChange::HeartbeatForgotten };
            self.control(id, change);
        }
        if reset.restore {
            self.control(id, ControlChange::OptionsRestored);
        }
        self.dispatch_activity_at(id, due);
    }

    /// Dispatches an activity at `due`, unless a worker has it or it is paused.
    fn dispatch_activity_at(&mut self, id: i64, due: Timestamp) {
        let Some(activity) = self.run.activities.get(&id) else { return };
        if matches!(activity.phase, Phase::Started { .. }) || activity.is_paused() {
            return;
        }
        let is_due = due <= self.at;
        self.control(id, ControlChange::Dispatched { due, is_due });
        if is_due {
            self.duty(DutyId::Activity(id));
        } else {
            self.duty_done(DutyId::Activity(id));
        }
    }

    fn change_activities(
        &mut self,
        meant: &[i64],
        wanted: &ActivityOptions,
        mask: &[String],
        dialect: Dialect,
    ) -> Result<(), Refusal> {
        let run_timeout = positive(self.run.start.workflow_run_timeout.as_ref());
        let mut changed = Vec::new();
        for id in meant {
            let Some(activity) = self.run.activities.get(id) else { continue };
            let scheduled = &activity.scheduled;
            let mut options = merged(&options_of(scheduled), wanted, mask, dialect)?;
            let kind = scheduled.activity_type.as_ref().map_or("", |kind| &kind.name);
            normalise(&mut options, run_timeout, &scheduled.activity_id, kind)
                .map_err(Refusal::InvalidArgument)?;
            check_queue(options.task_queue.as_ref(), self.context.limits.id_bytes_max)?;
            changed.push((*id, options.start_delay, with_options(scheduled, options)));
        }
        let start_delay = changed.first().and_then(|(_, start_delay, _)| *start_delay);
        for (id, _, scheduled) in changed {
            self.control(id, ControlChange::Options(Pb(scheduled)));
            self.apply_options(id);
        }
        self.tell_options(meant.first(), start_delay);
        Ok(())
    }

    /// Lets changed options count for an activity that no worker has: its task goes where they say, and what is left
    /// of its retry interval is theirs.
    fn apply_options(&mut self, id: i64) {
        let Some(activity) = self.run.activities.get(&id) else { return };
        let due = match (&activity.phase, activity.last_attempt_completed_at) {
            (Phase::Backoff, Some(ended)) => {
                let policy = activity.scheduled.retry_policy.clone().unwrap_or_default();
                ended + retry::interval(&policy, activity.attempt)
            }
            _ => activity.attempt_scheduled_at,
        };
        if activity.is_paused() && !matches!(activity.phase, Phase::Started { .. }) {
            // It is dispatched when it goes on; what the reference tells of its last failure ends here, too.
            let (due, is_due) = (activity.attempt_scheduled_at, activity.phase == Phase::Scheduled);
            self.control(id, ControlChange::Dispatched { due, is_due });
            return;
        }
        self.dispatch_activity_at(id, due);
    }

    /// Answers the options of an activity.
    fn tell_options(&mut self, id: Option<&i64>, start_delay: Option<prost_types::Duration>) {
        let Some(activity) = id.and_then(|id| self.run.activities.get(id)) else { return };
        let options = ActivityOptions { start_delay, ..options_of(&activity.scheduled) };
        self.effects.reply = Reply::ActivityOptions(Box::new(options));
    }
}

/// The options that an activity was scheduled with.
fn options_of(scheduled: &ActivityTaskScheduledEventAttributes) -> ActivityOptions {
    ActivityOptions {
        task_queue: scheduled.task_queue.clone(),
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        retry_policy: scheduled.retry_policy.clone(),
        priority: scheduled.priority.clone(),
        ..ActivityOptions::default()
    }
}

/// The activity as if it had been scheduled with these options.
fn with_options(
    scheduled: &ActivityTaskScheduledEventAttributes,
    options: ActivityOptions,
) -> ActivityTaskScheduledEventAttributes {
    ActivityTaskScheduledEventAttributes {
        task_queue: options.task_queue,
        schedule_to_close_timeout: options.schedule_to_close_timeout,
        schedule_to_start_timeout: options.schedule_to_start_timeout,
        start_to_close_timeout: options.start_to_close_timeout,
        heartbeat_timeout: options.heartbeat_timeout,
        retry_policy: options.retry_policy,
        priority: options.priority,
        ..scheduled.clone()
    }
}

/// Refuses a task queue that no activity can have.
pub fn check_queue(queue: Option<&TaskQueue>, bytes_max: usize) -> Result<(), Refusal> {
    let name = queue.map_or("", |queue| &queue.name);
    if name.is_empty() {
        return Err(Refusal::invalid("missing task queue name"));
    }
    if name.len() > bytes_max {
        return Err(Refusal::invalid("taskQueue length exceeds limit"));
    }
    if name.starts_with("/_sys/") {
        return Err(Refusal::invalid("task queue name cannot start with reserved prefix /_sys/"));
    }
    Ok(())
}

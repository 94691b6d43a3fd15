//! An attempt of an activity has failed, or has used up its time: another one follows, or the activity is over.
//! The rules of that are in `activity/verdict.rs`.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::Payloads,
        enums::v1::{RetryState, TimeoutType},
        failure::v1::Failure,
        history::v1::{
            ActivityTaskFailedEventAttributes, ActivityTaskTimedOutEventAttributes, history_event::Attributes,
        },
    },
};

use prost::Message;

use crate::{
    activity::{self, Ended},
    codec::Pb,
    failure,
    retry::{self, Verdict},
    run::{ActivityEnd, DutyId, Fact, Reply, state::Phase, transition::Transition},
    time::positive,
};

/// An attempt failed: a worker said so.
pub fn step(
    t: &mut Transition<'_>,
    end: ActivityEnd<(Option<Failure>, Option<Payloads>)>,
) -> Result<(), Refusal> {
    let (scheduled_event_id, activity) = super::pending_activity(t.run, &end.activity)?;
    if !matches!(activity.phase, Phase::Started { .. }) {
        return Err(super::activity_gone());
    }
    let (failure, details) = end.outcome;
    let limits = t.context.limits.clone();
    let given = failure.map(|failure| {
        t.warn_of("failure", failure.encoded_len(), limits.blob_bytes_warn);
        failure::fitted(failure, limits.blob_bytes_max, limits.blob_bytes_warn)
    });
    if let Some((failure, true)) = &given {
        t.effects.reply = Reply::FailureReplaced(Box::new(failure.clone()));
    }
    let given = given.map(|(failure, _)| failure);
    let failure = given.clone().unwrap_or_default();
    if details.is_some() {
        t.fact(Fact::ActivityHeartbeat { scheduled_event_id, at: t.at, details: details.map(Pb) });
    }
    let state = match t.retry_activity(scheduled_event_id, &failure) {
        Verdict::Again(_) => return Ok(()),
        Verdict::Over(state) => state,
    };
    let started_event_id = t.write_activity_started(scheduled_event_id, &end.identity);
    let failed = ActivityTaskFailedEventAttributes {
        failure: given,
        scheduled_event_id,
        started_event_id,
        identity: end.identity,
        retry_state: state as i32,
        ..Default::default()
    };
    t.outside_event(Attributes::ActivityTaskFailedEventAttributes(failed));
    t.duty_done(DutyId::Activity(scheduled_event_id));
    t.needs_task = true;
    Ok(())
}

impl Transition<'_> {
    /// Decides whether another attempt follows this failure, and arranges for it.
    fn retry_activity(&mut self, scheduled_event_id: i64, failure: &Failure) -> Verdict {
        let Some(activity) = self.run.activities.get(&scheduled_event_id) else {
            return Verdict::Over(RetryState::InternalServerError);
        };
        let policy = retry::with_defaults(activity.scheduled.retry_policy.as_ref());
        if activity.cancel_requested.is_none()
            && retry::is_retryable(failure, &policy.non_retryable_error_types)
        {
            self.pause_by_rule(scheduled_event_id);
        }
        let activity = &self.run.activities[&scheduled_event_id];
        let verdict = activity::decide(Ended {
            policy: &policy,
            attempt: activity.attempt,
            is_canceling: activity.cancel_requested.is_some(),
            is_paused: activity.is_paused(),
            failure,
            at: self.at,
            expires: positive(activity.scheduled.schedule_to_close_timeout.as_ref())
                .map(|timeout| activity.scheduled_at + timeout),
        });
        if let Verdict::Again(due) = verdict {
            let limits = self.context.limits.clone();
            let attempt = activity.attempt + 1;
            self.warn_of("failure of an activity", failure.encoded_len(), limits.failure_bytes_warn);
            let kept = failure::remembered(failure, limits.failure_bytes_max);
            self.fact(Fact::ActivityRetry {
                scheduled_event_id,
                attempt,
                at: self.at,
                due,
                failure: Pb(kept),
            });
        }
        verdict
    }

    /// An attempt, or the whole activity, has used up its time.
    pub fn time_out_activity(&mut self, scheduled_event_id: i64, timeout_type: TimeoutType) {
        let Some(activity) = self.run.activities.get(&scheduled_event_id) else { return };
        let details = activity.heartbeat_details.as_ref().map(|details| details.0.clone());
        let was_started = matches!(activity.phase, Phase::Started { .. });
        let last_failure = activity.last_failure.as_ref().map(|failure| failure.0.clone());
        let outcome = activity::timed_out(timeout_type, details, last_failure, |failure| {
            self.retry_activity(scheduled_event_id, failure)
        });
        let Some((failure, state)) = outcome else { return };
        let started_event_id =
            if was_started { self.write_activity_started(scheduled_event_id, "") } else { 0 };
        let timed_out = ActivityTaskTimedOutEventAttributes {
            failure: Some(failure),
            scheduled_event_id,
            started_event_id,
            retry_state: state as i32,
        };
        self.outside_event(Attributes::ActivityTaskTimedOutEventAttributes(timed_out));
        self.duty_done(DutyId::Activity(scheduled_event_id));
        self.needs_task = true;
    }
}

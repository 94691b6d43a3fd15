//! What follows an attempt of an activity that came to nothing. Every activity is decided on here, whether a workflow
//! has scheduled it or a client has started it alone.

use longhaul_proto::api::{
    common::v1::{Payloads, RetryPolicy},
    enums::v1::{RetryState, TimeoutType},
    failure::v1::Failure,
};

use crate::{
    failure,
    retry::{self, Verdict},
    time::Timestamp,
};

/// An attempt that ended in a failure.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The policy of the activity.
    pub policy: &'a RetryPolicy,
    /// Which attempt it was.
    pub attempt: i32,
    /// Whether the activity was asked to cancel.
    pub is_canceling: bool,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Why the attempt ended.
    pub failure: &'a Failure,
    /// When it ended.
    pub at: Timestamp,
    /// When the activity has used up its time.
    pub expires: Option<Timestamp>,
}

/// Decides whether another attempt follows. That of a paused activity is due when it goes on, whatever the policy says
/// of the number of attempts.
pub fn decide(ended: Ended<'_>) -> Verdict {
    if ended.is_canceling {
        return Verdict::Over(RetryState::CancelRequested);
    }
    if ended.is_paused {
        return match retry::is_retryable(ended.failure, &ended.policy.non_retryable_error_types) {
            true => Verdict::Again(ended.at),
            false => Verdict::Over(RetryState::NonRetryableFailure),
        };
    }
    retry::decide(ended.policy, ended.attempt, ended.failure, ended.at, ended.expires)
}

/// How an activity ends whose time is up, or that of an attempt, after which no other may follow.
pub fn timed_out(
    timeout_type: TimeoutType,
    details: Option<Payloads>,
    last_failure: Option<Failure>,
    again: impl FnOnce(&Failure) -> Verdict,
) -> Option<(Failure, RetryState)> {
    let name = match timeout_type {
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
        TimeoutType::Unspecified => "Unspecified",
    };
    let failure = failure::timeout(&format!("activity {name} timeout"), timeout_type, details.clone(), None);
    let state = match timeout_type {
        TimeoutType::StartToClose | TimeoutType::Heartbeat => match again(&failure) {
            Verdict::Again(_) => return None,
            Verdict::Over(state) => state,
        },
        _ => RetryState::Timeout,
    };
    if state != RetryState::Timeout || timeout_type == TimeoutType::ScheduleToStart {
        return Some((failure, state));
    }
    let text =
        "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying";
    Some((failure::timeout(text, TimeoutType::ScheduleToClose, details, last_failure), state))
}

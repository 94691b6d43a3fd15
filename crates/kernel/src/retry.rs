//! When an attempt is followed by another one: the order of reasons, and the interval between attempts. Shared by
//! activities and workflows.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::RetryPolicy,
    enums::v1::{RetryState, TimeoutType},
    failure::v1::{Failure, failure::FailureInfo},
};

use crate::time::{Timestamp, positive};

/// What follows an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt, at this instant.
    Again(Timestamp),
    /// No other attempt.
    Over(RetryState),
}

/// Decides whether the attempt `attempt`, which failed at `at`, is followed by another one that has to start before
/// `expires`.
pub fn decide(
    policy: &RetryPolicy,
    attempt: i32,
    failure: &Failure,
    at: Timestamp,
    expires: Option<Timestamp>,
) -> Verdict {
    if !is_retryable(failure, &policy.non_retryable_error_types) {
        return Verdict::Over(RetryState::NonRetryableFailure);
    }
    if policy.maximum_attempts > 0 && attempt >= policy.maximum_attempts {
        return Verdict::Over(RetryState::MaximumAttemptsReached);
    }
    let next = at + next_delay(failure).unwrap_or_else(|| interval(policy, attempt));
    match expires {
        Some(expires) if next > expires => Verdict::Over(RetryState::Timeout),
        _ => Verdict::Again(next),
    }
}

/// The interval after this attempt, by the policy alone.
pub fn interval(policy: &RetryPolicy, attempt: i32) -> Duration {
    let initial = positive(policy.initial_interval.as_ref()).unwrap_or(Duration::from_secs(1));
    let longest = positive(policy.maximum_interval.as_ref());
    let coefficient = if policy.backoff_coefficient == 0.0 { 2.0 } else { policy.backoff_coefficient };
    let seconds = initial.as_secs_f64() * coefficient.powi((attempt - 1).max(0));
    let interval = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    longest.map_or(interval, |longest| interval.min(longest))
}

/// The interval that an application asked for in its failure.
fn next_delay(failure: &Failure) -> Option<Duration> {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => positive(info.next_retry_delay.as_ref()),
        _ => None,
    }
}

/// Whether a failure of this kind may be retried at all.
pub fn is_retryable(failure: &Failure, non_retryable: &[String]) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::TerminatedFailureInfo(_) | FailureInfo::CanceledFailureInfo(_)) => false,
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            let timeout = TimeoutType::try_from(info.timeout_type).unwrap_or_default();
            matches!(timeout, TimeoutType::StartToClose | TimeoutType::Heartbeat)
                && !non_retryable.iter().any(|listed| {
                    listed.strip_prefix("TemporalTimeout:").is_some_and(|name| match timeout {
                        TimeoutType::StartToClose => name == "StartToClose",
                        TimeoutType::Heartbeat => name == "Heartbeat",
                        _ => false,
                    })
                })
        }
        Some(FailureInfo::ServerFailureInfo(info)) => !info.non_retryable,
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            !info.non_retryable && !non_retryable.contains(&info.r#type)
        }
        _ => true,
    }
}

/// Fills in what a policy leaves open, as the reference does.
pub fn with_defaults(policy: Option<&RetryPolicy>) -> RetryPolicy {
    let mut policy = policy.cloned().unwrap_or_default();
    let initial = positive(policy.initial_interval.as_ref()).unwrap_or(Duration::from_secs(1));
    policy.initial_interval = Some(crate::time::to_proto(initial));
    if policy.backoff_coefficient == 0.0 {
        policy.backoff_coefficient = 2.0;
    }
    if positive(policy.maximum_interval.as_ref()).is_none() {
        policy.maximum_interval = Some(crate::time::to_proto(initial.saturating_mul(100)));
    }
    policy
}

/// Says what is wrong with a policy, in the reference's words.
///
/// # Errors
/// The text for the caller.
pub fn validate(policy: Option<&RetryPolicy>) -> Result<(), String> {
    let Some(policy) = policy else { return Ok(()) };
    if policy.maximum_attempts == 1 {
        return Ok(());
    }
    let nanos = |duration: Option<&prost_types::Duration>| {
        duration.map_or(0i128, |d| i128::from(d.seconds) * 1_000_000_000 + i128::from(d.nanos))
    };
    let (initial, longest) =
        (nanos(policy.initial_interval.as_ref()), nanos(policy.maximum_interval.as_ref()));
    if initial < 0 {
        return Err("invalid InitialInterval set on retry policy: negative duration".into());
    }
    if policy.backoff_coefficient != 0.0 && policy.backoff_coefficient < 1.0 {
        return Err("BackoffCoefficient cannot be less than 1 on retry policy.".into());
    }
    if longest < 0 {
        return Err("invalid MaximumInterval set on retry policy: negative duration".into());
    }
    if longest > 0 && longest < initial {
        return Err("MaximumInterval cannot be less than InitialInterval on retry policy.".into());
    }
    if policy.maximum_attempts < 0 {
        return Err("MaximumAttempts cannot be negative on retry policy.".into());
    }
    for name in &policy.non_retryable_error_types {
        if let Some(timeout) = name.strip_prefix("TemporalTimeout:")
            && !matches!(timeout, "StartToClose" | "ScheduleToStart" | "ScheduleToClose" | "Heartbeat")
        {
            return Err(format!("Invalid timeout type value: {timeout}."));
        }
    }
    Ok(())
}

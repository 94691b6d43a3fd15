//! Options of an activity: timeouts that fit each other, and changes of single ones.

use std::time::Duration;

use longhaul_proto::{
    Refusal,
    api::{activity::v1::ActivityOptions, common::v1::Priority},
};

use crate::{
    retry,
    run::shorter,
    time::{positive, to_proto_or_zero},
};

/// Longest fairness key, in bytes.
const FAIRNESS_KEY_BYTES_MAX: usize = 64;

/// Which of the two calls a change comes from; they read it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `UpdateActivityOptions`: paths it does not know are passed over, a whole retry policy is taken as it is.
    Lenient,
    /// `UpdateActivityExecutionOptions`: paths it does not know are refused, a whole retry policy is completed.
    Strict,
}

/// Says what is wrong with a priority.
pub fn priority_fault(priority: &Priority) -> Option<&'static str> {
    if priority.priority_key < 0 {
        Some("priority key can't be negative")
    } else if priority.fairness_key.len() > FAIRNESS_KEY_BYTES_MAX {
        Some("fairness key length exceeds limit")
    } else if priority.fairness_weight < 0.0 {
        Some("must be greater than zero")
    } else {
        None
    }
}

/// Makes each timeout as long as the others and the workflow's run, if there is one, allow.
///
/// # Errors
/// What is wrong, in the reference's words.
pub fn normalise(
    options: &mut ActivityOptions,
    run: Option<Duration>,
    activity_id: &str,
    activity_type: &str,
) -> Result<(), String> {
    for (name, duration) in [
        ("ScheduleToCloseTimeout", &options.schedule_to_close_timeout),
        ("ScheduleToStartTimeout", &options.schedule_to_start_timeout),
        ("StartToCloseTimeout", &options.start_to_close_timeout),
        ("HeartbeatTimeout", &options.heartbeat_timeout),
    ] {
        if duration.as_ref().is_some_and(|duration| duration.seconds < 0 || duration.nanos < 0) {
            return Err(format!("invalid {name}: negative duration"));
        }
    }
    let given = |wire: &Option<prost_types::Duration>| positive(wire.as_ref());
    let schedule_to_start = given(&options.schedule_to_start_timeout);
    let start_to_close = given(&options.start_to_close_timeout);
    let heartbeat = given(&options.heartbeat_timeout);
    let (whole, to_start, attempt) = match (given(&options.schedule_to_close_timeout), start_to_close) {
        (Some(whole), _) => {
            let most = shorter(Some(whole), run);
            (most, shorter(schedule_to_start.or(most), most), shorter(start_to_close.or(most), most))
        }
        (None, Some(attempt)) => (run, shorter(schedule_to_start, run), shorter(Some(attempt), run)),
        (None, None) => {
            return Err(format!(
                "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId={activity_id} ActivityType={activity_type}"
            ));
        }
    };
    options.schedule_to_close_timeout = to_proto_or_zero(whole);
    options.schedule_to_start_timeout = to_proto_or_zero(to_start);
    options.start_to_close_timeout = to_proto_or_zero(attempt);
    options.heartbeat_timeout = to_proto_or_zero(heartbeat.and(shorter(heartbeat, attempt)));
    Ok(())
}

/// The options with those changed that `mask` names. Timeouts are not fitted to each other yet.
///
/// # Errors
/// `InvalidArgument` for what can't be meant.
pub fn merged(
    current: &ActivityOptions,
    wanted: &ActivityOptions,
    mask: &[String],
    dialect: Dialect,
) -> Result<ActivityOptions, Refusal> {
    let mut merged = current.clone();
    let mut of_policy = false;
    for written in mask {
        let path = in_snake_case(written);
        match path.as_str() {
            "task_queue.name" => {
                let queue = wanted.task_queue.as_ref().ok_or_else(|| absent("TaskQueue"))?;
                merged.task_queue.get_or_insert_default().name.clone_from(&queue.name);
            }
            "schedule_to_close_timeout" => {
                merged.schedule_to_close_timeout = wanted.schedule_to_close_timeout;
            }
            "schedule_to_start_timeout" => {
                merged.schedule_to_start_timeout = wanted.schedule_to_start_timeout;
            }
            "start_to_close_timeout" => merged.start_to_close_timeout = wanted.start_to_close_timeout,
            "heartbeat_timeout" => merged.heartbeat_timeout = wanted.heartbeat_timeout,
            "start_delay" => merged.start_delay = wanted.start_delay,
            "priority" => merged.priority.clone_from(&wanted.priority),
            "retry_policy" => merge_policy(&mut merged, wanted, dialect)?,
            _ if path.starts_with("priority.") => merge_priority(&mut merged, wanted, &path)?,
            _ if path.starts_with("retry_policy.") => {
                of_policy = true;
                merge_part_of_policy(&mut merged, wanted, &path)?;
            }
            _ if dialect == Dialect::Lenient => {}
            _ => {
                return Err(Refusal::invalid(format!("unsupported update_mask path: \"{written}\"")));
            }
        }
    }
    if of_policy {
        let policy = merged.retry_policy.as_ref();
        if policy.is_some_and(|policy| policy.backoff_coefficient < 1.0 && policy.maximum_attempts != 1) {
            return Err(Refusal::invalid("BackoffCoefficient cannot be less than 1 on retry policy."));
        }
        retry::validate(policy).map_err(Refusal::InvalidArgument)?;
    }
    if let Some(fault) = merged.priority.as_ref().and_then(priority_fault) {
        return Err(Refusal::invalid(fault));
    }
    Ok(merged)
}

fn absent(what: &str) -> Refusal {
    Refusal::invalid(format!("{what} is not provided"))
}

fn merge_policy(
    merged: &mut ActivityOptions,
    wanted: &ActivityOptions,
    dialect: Dialect,
) -> Result<(), Refusal> {
    merged.retry_policy = match dialect {
        Dialect::Strict => Some(retry::with_defaults(wanted.retry_policy.as_ref())),
        Dialect::Lenient => Some(wanted.retry_policy.clone().ok_or_else(|| absent("RetryPolicy"))?),
    };
    Ok(())
}

fn merge_part_of_policy(
    merged: &mut ActivityOptions,
    wanted: &ActivityOptions,
    path: &str,
) -> Result<(), Refusal> {
    let own = merged.retry_policy.get_or_insert_default();
    let given = || wanted.retry_policy.as_ref().ok_or_else(|| absent("RetryPolicy"));
    match path {
        "retry_policy.initial_interval" => own.initial_interval = given()?.initial_interval,
        "retry_policy.backoff_coefficient" => own.backoff_coefficient = given()?.backoff_coefficient,
        "retry_policy.maximum_interval" => own.maximum_interval = given()?.maximum_interval,
        "retry_policy.maximum_attempts" => own.maximum_attempts = given()?.maximum_attempts,
        _ => {}
    }
    Ok(())
}

fn merge_priority(merged: &mut ActivityOptions, wanted: &ActivityOptions, path: &str) -> Result<(), Refusal> {
    let own = merged.priority.get_or_insert_default();
    let given = || wanted.priority.as_ref().ok_or_else(|| absent("Priority"));
    match path {
        "priority.priority_key" => own.priority_key = given()?.priority_key,
        "priority.fairness_key" => own.fairness_key.clone_from(&given()?.fairness_key),
        "priority.fairness_weight" => own.fairness_weight = given()?.fairness_weight,
        _ => {}
    }
    Ok(())
}

/// A path of a mask in the form of the API's files; clients may write the one of JSON.
fn in_snake_case(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

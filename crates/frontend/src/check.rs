//! Checks that many requests share. Texts and limits are those of the reference.

use longhaul_kernel::{context::Limits, ids::RunId, namespace::Namespace, time};
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::{
            Link, RetryPolicy, TimeSkippingConfig, WorkerVersionCapabilities, WorkflowExecution, link,
        },
        enums::v1::TaskQueueKind,
        taskqueue::v1::TaskQueue,
    },
};
use prost::Message;

/// Prefix of task queues that belong to the server.
const RESERVED_QUEUE_PREFIX: &str = "/_sys/";

/// Error types that a retry policy may name behind the prefix `TemporalTimeout:`.
const TIMEOUT_TYPES: [&str; 4] = ["StartToClose", "ScheduleToStart", "ScheduleToClose", "Heartbeat"];

/// Refuses to set the clock of a single run forward where that is off, and what can't be meant.
pub(crate) fn time_skipping(config: Option<&TimeSkippingConfig>, is_on: bool) -> Result<(), Refusal> {
    let Some(config) = config else { return Ok(()) };
    if !is_on {
        return Err(no_time_skipping());
    }
    let Some(forward) = &config.fast_forward_config else { return Ok(()) };
    if !config.enabled {
        return Err(Refusal::invalid("time_skipping_config: cannot set fast_forward when enabled is false"));
    }
    if time::positive(forward.duration.as_ref()).is_none() {
        return Err(Refusal::invalid("Time skipping config invalid: fast_forward duration must be positive"));
    }
    fast_forward_id(&forward.id)
}

/// Refuses a fast-forward without a name.
pub(crate) fn fast_forward_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() {
        return Err(Refusal::invalid("Time skipping config invalid: fast_forward_id must be set"));
    }
    Ok(())
}

/// What callers of time skipping are told.
pub(crate) fn no_time_skipping() -> Refusal {
    Refusal::Unimplemented("The Time-Skipping feature is not enabled for namespace.".into())
}

/// Refuses an id or name that is too long, as `<what> length exceeds limit.`
pub(crate) fn length(what: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.len() > bytes_max {
        return Err(Refusal::invalid(format!("{what} length exceeds limit.")));
    }
    Ok(())
}

/// Refuses the workflow id of a start.
pub(crate) fn workflow_id(id: &str, bytes_max: usize) -> Result<(), Refusal> {
    if id.is_empty() {
        return Err(Refusal::invalid("WorkflowId is not set on request."));
    }
    exact_length("WorkflowId", id, bytes_max)
}

/// Refuses an id that is too long, naming both lengths.
pub(crate) fn exact_length(what: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.len() > bytes_max {
        let length = text.len();
        return Err(Refusal::invalid(format!(
            "{what} exceeds maximum allowed length ({length}/{bytes_max})"
        )));
    }
    Ok(())
}

/// Refuses a request that does not name an execution, or names an impossible run.
pub(crate) fn execution(execution: Option<&WorkflowExecution>) -> Result<&WorkflowExecution, Refusal> {
    let execution = execution.ok_or_else(|| Refusal::invalid("Execution is not set on request."))?;
    if execution.workflow_id.is_empty() {
        return Err(Refusal::invalid("WorkflowId is not set on request."));
    }
    if !is_run_id(&execution.run_id) {
        return Err(Refusal::invalid("Invalid RunId."));
    }
    Ok(execution)
}

/// Whether `run_id` is empty or a UUID.
pub(crate) fn is_run_id(run_id: &str) -> bool {
    run_id.is_empty() || RunId::parse(run_id).is_some()
}

/// Refuses an absent, empty, too long or reserved task queue.
pub(crate) fn task_queue(queue: Option<&TaskQueue>, bytes_max: usize) -> Result<&TaskQueue, Refusal> {
    let queue = any_task_queue(queue, bytes_max)?;
    if queue.name.starts_with(RESERVED_QUEUE_PREFIX) {
        return Err(Refusal::invalid("task queue name cannot start with reserved prefix /_sys/"));
    }
    Ok(queue)
}

/// Refuses an absent, empty or too long task queue.
pub(crate) fn any_task_queue(queue: Option<&TaskQueue>, bytes_max: usize) -> Result<&TaskQueue, Refusal> {
    let queue = queue.ok_or_else(|| Refusal::invalid("taskQueue is not set"))?;
    if queue.name.is_empty() {
        return Err(Refusal::invalid("missing task queue name"));
    }
    if queue.name.len() > bytes_max {
        return Err(Refusal::invalid("taskQueue length exceeds limit"));
    }
    Ok(queue)
}

/// What is wrong with a wire duration, if anything is.
pub(crate) fn duration_fault(length: Option<&prost_types::Duration>) -> Option<&'static str> {
    let length = length?;
    let (seconds, nanos) = (length.seconds, i64::from(length.nanos));
    if seconds.signum() * nanos.signum() < 0 {
        return Some("duration has seconds and nanos with different signs");
    }
    (seconds < 0 || nanos < 0).then_some("negative duration")
}

/// Refuses an impossible timeout of a start; `what` is the field as the reference names it.
pub(crate) fn timeout(what: &str, length: Option<&prost_types::Duration>) -> Result<(), Refusal> {
    match duration_fault(length) {
        Some(fault) => {
            Err(Refusal::invalid(format!("An invalid {what}Seconds is set on request. cause: {fault}")))
        }
        None => Ok(()),
    }
}

/// Refuses an impossible retry policy.
pub(crate) fn retry_policy(policy: Option<&RetryPolicy>) -> Result<(), Refusal> {
    let Some(policy) = policy else { return Ok(()) };
    // One attempt is no retry: the rest of the policy has no meaning then.
    if policy.maximum_attempts == 1 {
        return Ok(());
    }
    if let Some(fault) = duration_fault(policy.initial_interval.as_ref()) {
        return Err(Refusal::invalid(format!("invalid InitialInterval set on retry policy: {fault}")));
    }
    if policy.backoff_coefficient != 0.0 && policy.backoff_coefficient < 1.0 {
        return Err(Refusal::invalid("BackoffCoefficient cannot be less than 1 on retry policy."));
    }
    if let Some(fault) = duration_fault(policy.maximum_interval.as_ref()) {
        return Err(Refusal::invalid(format!("invalid MaximumInterval set on retry policy: {fault}")));
    }
    let nanos = |length: Option<&prost_types::Duration>| {
        length.map_or(0, |length| i128::from(length.seconds) * 1_000_000_000 + i128::from(length.nanos))
    };
    let longest = nanos(policy.maximum_interval.as_ref());
    if longest != 0 && longest < nanos(policy.initial_interval.as_ref()) {
        return Err(Refusal::invalid("MaximumInterval cannot be less than InitialInterval on retry policy."));
    }
    if policy.maximum_attempts < 0 {
        return Err(Refusal::invalid("MaximumAttempts cannot be negative on retry policy."));
    }
    let timeouts =
        policy.non_retryable_error_types.iter().filter_map(|name| name.strip_prefix("TemporalTimeout:"));
    for name in timeouts {
        if !TIMEOUT_TYPES.contains(&name) {
            return Err(Refusal::invalid(format!("Invalid timeout type value: {name}.")));
        }
    }
    Ok(())
}

/// Whether a payload, or a set of them, fits; the log tells of a large one.
pub(crate) fn fits(bytes: usize, namespace: &Namespace, limits: &Limits) -> bool {
    if bytes > limits.blob_bytes_warn {
        tracing::warn!(namespace = namespace.name, bytes, "payload is large");
    }
    bytes <= limits.blob_bytes_max
}

/// Refuses a payload, or a set of them, that is too large.
pub(crate) fn blob(bytes: usize, namespace: &Namespace, limits: &Limits) -> Result<(), Refusal> {
    if fits(bytes, namespace, limits) {
        return Ok(());
    }
    Err(Refusal::invalid("Blob data size exceeds limit."))
}

/// Refuses a memo that is too large; the log tells of a large one.
pub(crate) fn memo(bytes: usize, namespace: &Namespace, limits: &Limits) -> Result<(), Refusal> {
    if bytes > limits.memo_bytes_warn {
        tracing::warn!(namespace = namespace.name, bytes, "memo is large");
    }
    if bytes > limits.memo_bytes_max {
        return Err(Refusal::invalid("Memo size exceeds limit."));
    }
    Ok(())
}

/// Refuses the id of a worker's build that is too long.
fn build_id(id: Option<&str>, limits: &Limits) -> Result<(), Refusal> {
    if id.is_some_and(|id| id.len() > limits.build_id_bytes_max) {
        let text = "Build ID exceeds configured limit.workerBuildIdSize, use a shorter build ID.";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

/// Refuses what a worker that polls says of its build, if that can't be meant.
pub(crate) fn worker(
    worker: Option<&WorkerVersionCapabilities>,
    queue: Option<&TaskQueue>,
    settings: &crate::Settings,
) -> Result<(), Refusal> {
    build(worker.map_or(("", false), |worker| (&worker.build_id, worker.use_versioning)), queue, settings)
}

/// Refuses what a worker says of its build, if that can't be meant. `queue` is the one that it polls, or its own.
pub(crate) fn build(
    (id, versioned): (&str, bool),
    queue: Option<&TaskQueue>,
    settings: &crate::Settings,
) -> Result<(), Refusal> {
    if versioned && !settings.builds_of_workers {
        let message = "Worker versioning in workflow progress APIs is disabled on this namespace.";
        return Err(Refusal::PermissionDenied { message: message.into(), reason: String::new() });
    }
    let is_sticky = queue.is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky);
    if versioned && is_sticky && queue.is_some_and(|queue| queue.normal_name.is_empty()) {
        let text =
            "NormalName must be set on sticky queue when UseVersioning is true or DeploymentOptions are set.";
        return Err(Refusal::invalid(text));
    }
    if versioned && id.is_empty() {
        return Err(Refusal::invalid("WorkerVersionStamp must be present if UseVersioning is true."));
    }
    build_id(Some(id), &settings.limits)
}

/// Refuses too many, too long or incomplete links.
pub(crate) fn links(links: &[Link], limits: &Limits) -> Result<(), Refusal> {
    if links.len() > limits.links_max {
        let count = links.len();
        return Err(Refusal::invalid(format!(
            "cannot attach more than {} links per request, got {count}",
            limits.links_max
        )));
    }
    for each in links {
        let bytes = each.encoded_len();
        if bytes > limits.link_bytes_max {
            return Err(Refusal::invalid(format!(
                "link exceeds allowed size of {}, got {bytes}",
                limits.link_bytes_max
            )));
        }
        link(each)?;
    }
    Ok(())
}

fn link(each: &Link) -> Result<(), Refusal> {
    let missing = |kind: &str, fields: &[(&str, &String)]| {
        fields.iter().find(|(_, value)| value.is_empty()).map_or(Ok(()), |(name, _)| {
            Err(Refusal::invalid(format!("{kind} link must not have an empty {name} field")))
        })
    };
    match &each.variant {
        Some(link::Variant::WorkflowEvent(event)) => missing(
            "workflow event",
            &[
                ("namespace", &event.namespace),
                ("workflow ID", &event.workflow_id),
                ("run ID", &event.run_id),
            ],
        ),
        Some(link::Variant::BatchJob(job)) => missing("batch job", &[("job ID", &job.job_id)]),
        Some(_) => Ok(()),
        None => Err(Refusal::invalid("unsupported link variant")),
    }
}

#[cfg(test)]
mod tests;

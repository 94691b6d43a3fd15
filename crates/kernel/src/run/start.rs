//! How a run begins on request: from a client's start, a client's signal-with-start, or a parent's command.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::{TimeSkippingStatePropagation, WorkflowExecution},
    enums::v1::{ContinueAsNewInitiator as Initiator, TaskQueueKind},
    history::v1::WorkflowExecutionStartedEventAttributes,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::StartWorkflowExecutionRequest,
};

use super::{Inheritance, Signal, Start, retry, versioning};
use crate::{
    context::{Context, Limits},
    ids::{NamespaceId, RunId},
    time::{Timestamp, positive, to_proto},
    visibility,
};

/// Where a start comes from.
#[derive(Clone, Debug, Default)]
pub struct StartOrigin {
    /// The parent and its place, if it is a child.
    pub parent: Option<ParentPlace>,
    /// A signal that comes with the start.
    pub signal: Option<Box<Signal>>,
    /// Whether the starter takes the first workflow task at once.
    pub eager: bool,
    /// The schedule that starts it.
    pub scheduled_by: Option<super::ScheduledBy>,
    /// What it has of its parent's version.
    pub inheritance: Inheritance,
}

/// The place of a child in its tree.
#[derive(Clone, Debug)]
pub struct ParentPlace {
    /// The parent's run.
    pub execution: WorkflowExecution,
    /// Name of its namespace.
    pub namespace: String,
    /// Id of its namespace.
    pub namespace_id: NamespaceId,
    /// The parent's initiated event.
    pub initiated_event_id: i64,
    /// Root of the tree.
    pub root: WorkflowExecution,
    /// How far the parent's clock is ahead.
    pub time_skipping: Option<TimeSkippingStatePropagation>,
}

/// Turns a validated request into the start of a run.
pub fn from_request(
    request: StartWorkflowExecutionRequest,
    origin: StartOrigin,
    namespace: NamespaceId,
    run_id: RunId,
    at: Timestamp,
    context: &Context,
) -> Start {
    let at = at + clock_ahead(&origin);
    let execution_timeout = positive(request.workflow_execution_timeout.as_ref());
    let run_timeout = shorter(positive(request.workflow_run_timeout.as_ref()), execution_timeout);
    // An unlimited timeout is told where the client said so, and left out where it said nothing.
    let unlimited = request.workflow_execution_timeout.map(|_| prost_types::Duration::default());
    let task_timeout = task_timeout(&request, run_timeout, &context.limits);
    let backoff = first_delay(&request, at);
    let retry_policy = request.retry_policy.as_ref().map(|policy| retry::with_defaults(Some(policy)));
    let attributes = WorkflowExecutionStartedEventAttributes {
        workflow_type: request.workflow_type,
        task_queue: request.task_queue.map(|queue| TaskQueue { kind: TaskQueueKind::Normal as i32, ..queue }),
        input: request.input,
        workflow_execution_timeout: execution_timeout.map(to_proto).or(unlimited),
        workflow_run_timeout: run_timeout.map(to_proto).or(unlimited),
        workflow_task_timeout: Some(to_proto(task_timeout)),
        continued_failure: request.continued_failure,
        last_completion_result: request.last_completion_result,
        original_execution_run_id: run_id.to_string(),
        identity: request.identity.clone(),
        first_execution_run_id: run_id.to_string(),
        attempt: 1,
        workflow_execution_expiration_time: execution_timeout
            .map(|timeout| (at + backoff + timeout).to_proto()),
        retry_policy,
        initiator: if request.cron_schedule.is_empty() { 0 } else { Initiator::CronSchedule as i32 },
        cron_schedule: request.cron_schedule,
        first_workflow_task_backoff: Some(to_proto(backoff)),
        memo: request.memo.filter(|memo| !memo.fields.is_empty()),
        search_attributes: request
            .search_attributes
            .filter(|attributes| !attributes.indexed_fields.is_empty())
            .map(|attributes| visibility::typed_all(attributes, &context.attributes)),
        header: request.header,
        workflow_id: request.workflow_id.clone(),
        completion_callbacks: request.completion_callbacks,
        root_workflow_execution: origin.parent.as_ref().map(|parent| parent.root.clone()),
        versioning_override: request.versioning_override.map(versioning::in_new_form),
        priority: request.priority,
        time_skipping_config: request.time_skipping_config,
        ..Default::default()
    };
    let mut attributes = Box::new(attributes);
    if attributes.versioning_override.is_none() {
        origin.inheritance.write(&mut attributes, context);
    }
    if let Some(parent) = origin.parent {
        place_child(&mut attributes, parent);
    }
    Start {
        namespace,
        workflow_id: request.workflow_id,
        run_id,
        request_id: request.request_id,
        attributes,
        user_metadata: request.user_metadata,
        links: request.links,
        signal: origin.signal,
        eager: origin.eager.then_some(request.identity),
        priority: None,
        scheduled_by: origin.scheduled_by,
    }
}

/// How far the clock of the new run is ahead of the server's from its beginning: as far as its parent's.
fn clock_ahead(origin: &StartOrigin) -> Duration {
    let ahead = origin.parent.as_ref().and_then(|parent| parent.time_skipping.as_ref());
    positive(ahead.and_then(|ahead| ahead.initial_skipped_duration.as_ref())).unwrap_or_default()
}

/// How long a worker may have a workflow task.
fn task_timeout(
    request: &StartWorkflowExecutionRequest,
    run_timeout: Option<Duration>,
    limits: &Limits,
) -> Duration {
    positive(request.workflow_task_timeout.as_ref())
        .unwrap_or(limits.workflow_task_timeout_default)
        .min(limits.workflow_task_timeout_max)
        .min(run_timeout.unwrap_or(Duration::MAX))
}

/// How long the first workflow task waits: for the schedule's next tick, or for the delay that was asked for.
fn first_delay(request: &StartWorkflowExecutionRequest, at: Timestamp) -> Duration {
    let delay = positive(request.workflow_start_delay.as_ref());
    let cron = (!request.cron_schedule.is_empty())
        .then(|| crate::cron::next(&request.cron_schedule, at, at))
        .flatten()
        .map(|due| due.since(at));
    cron.or(delay).unwrap_or_default()
}

/// Tells a child of its parent.
fn place_child(attributes: &mut WorkflowExecutionStartedEventAttributes, parent: ParentPlace) {
    attributes.parent_workflow_namespace = parent.namespace;
    attributes.parent_workflow_namespace_id = parent.namespace_id.to_string();
    attributes.parent_workflow_execution = Some(parent.execution);
    attributes.time_skipping_state_propagation = parent.time_skipping;
    attributes.parent_initiated_event_id = parent.initiated_event_id;
    // The reference is explicit about an unlimited run only where a parent started it.
    attributes.workflow_run_timeout.get_or_insert_default();
}

/// The shorter of two lengths, of which any may be unlimited.
pub(crate) fn shorter(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

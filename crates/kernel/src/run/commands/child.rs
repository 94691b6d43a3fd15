//! Child workflows.

use longhaul_proto::api::{
    command::v1::StartChildWorkflowExecutionCommandAttributes,
    common::v1::Priority,
    enums::v1::{ParentClosePolicy, TaskQueueKind, WorkflowIdReusePolicy, WorkflowTaskFailedCause as Cause},
    history::v1::{StartChildWorkflowExecutionInitiatedEventAttributes, history_event::Attributes},
    sdk::v1::UserMetadata,
    taskqueue::v1::TaskQueue,
};
use prost::Message;

use super::{Completion, Fault, ensure_length, ensure_own_namespace};
use crate::{
    run::{DutyId, retry, transition::Transition},
    time::positive,
};

/// Initiates a child; it is started once this transition is durable.
#[allow(deprecated)]
pub fn start(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: StartChildWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    check(t, &a)?;
    let policy = match a.parent_close_policy {
        0 => ParentClosePolicy::Terminate as i32,
        given => given,
    };
    let reuse = match a.workflow_id_reuse_policy {
        0 => WorkflowIdReusePolicy::AllowDuplicate as i32,
        given => given,
    };
    let mut queue = a
        .task_queue
        .filter(|queue| !queue.name.is_empty())
        .unwrap_or_else(|| TaskQueue { name: t.run.task_queue().to_owned(), ..TaskQueue::default() });
    queue.kind = TaskQueueKind::Normal as i32;
    let execution_timeout = positive(a.workflow_execution_timeout.as_ref());
    let run_timeout = positive(a.workflow_run_timeout.as_ref());
    let initiated = StartChildWorkflowExecutionInitiatedEventAttributes {
        namespace: t.context.namespace.clone(),
        namespace_id: t.run.namespace.to_string(),
        workflow_id: a.workflow_id,
        workflow_type: a.workflow_type,
        task_queue: Some(queue),
        input: a.input,
        workflow_execution_timeout: execution_timeout.map(crate::time::to_proto),
        workflow_run_timeout: crate::time::to_proto_or_zero(run_timeout),
        workflow_task_timeout: Some(crate::time::to_proto(
            positive(a.workflow_task_timeout.as_ref()).unwrap_or(std::time::Duration::from_secs(10)),
        )),
        parent_close_policy: policy,
        control: a.control,
        workflow_task_completed_event_id: completion.event_id,
        workflow_id_reuse_policy: reuse,
        retry_policy: a.retry_policy,
        cron_schedule: a.cron_schedule,
        header: a.header,
        memo: a.memo,
        search_attributes: a.search_attributes,
        inherit_build_id: a.inherit_build_id,
        priority: a.priority,
        versioning_override: a.versioning_override,
        ..Default::default()
    };
    let attributes = Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated);
    let event_id = t.event_of(t.at, attributes, metadata, Vec::new());
    t.duty(DutyId::StartChild(event_id));
    Ok(())
}

/// Refuses what can't be right.
#[allow(deprecated)]
fn check(t: &Transition<'_>, a: &StartChildWorkflowExecutionCommandAttributes) -> Result<(), Fault> {
    let cause = Cause::BadStartChildExecutionAttributes;
    ensure_own_namespace(t, &a.namespace, cause)?;
    if a.workflow_id.is_empty() {
        return Err(Fault::Task(
            cause,
            "Required field WorkflowId is not set on StartChildWorkflowExecutionCommand.".into(),
        ));
    }
    let Some(workflow_type) = a.workflow_type.as_ref().filter(|workflow_type| !workflow_type.name.is_empty())
    else {
        return Err(Fault::Task(
            cause,
            format!(
                "Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. WorkflowId={} Namespace={}",
                a.workflow_id, t.context.namespace
            ),
        ));
    };
    ensure_length(t, "WorkflowId", &a.workflow_id, cause)?;
    ensure_length(t, "WorkflowType", &workflow_type.name, cause)?;
    retry::validate(a.retry_policy.as_ref()).map_err(|detail| Fault::Task(cause, detail))?;
    if !a.cron_schedule.is_empty() {
        crate::cron::validate(&a.cron_schedule).map_err(|detail| Fault::Task(cause, detail))?;
    }
    if t.run.children.len() >= t.context.limits.pending_children_max {
        return Err(Fault::Task(
            Cause::PendingChildWorkflowsLimitExceeded,
            format!(
                "the number of pending child workflow executions, {}, has reached the per-workflow limit of {}",
                t.run.children.len(),
                t.context.limits.pending_children_max
            ),
        ));
    }
    let bytes = a.input.as_ref().map_or(0, Message::encoded_len);
    if bytes > t.context.limits.blob_bytes_max {
        return Err(Fault::Run(
            cause,
            "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.".into(),
        ));
    }
    if let Some(Priority { priority_key, .. }) = a.priority
        && priority_key < 0
    {
        return Err(Fault::Task(cause, "invalid priorities: priority key can't be negative".into()));
    }
    super::properties::check_search_attributes(t, a.search_attributes.as_ref())
}

//! Child workflows.

use longhaul_proto::{
    Refusal,
    api::{
        command::v1::StartChildWorkflowExecutionCommandAttributes,
        enums::v1::{
            ParentClosePolicy, TaskQueueKind, WorkflowIdReusePolicy, WorkflowTaskFailedCause as Cause,
        },
        history::v1::{StartChildWorkflowExecutionInitiatedEventAttributes, history_event::Attributes},
        sdk::v1::UserMetadata,
        taskqueue::v1::TaskQueue,
    },
};
use prost::Message;

use super::{
    Completion, Fault,
    checks::{self, Named},
};
use crate::{
    context::is_reached,
    run::{DutyId, retry, start::shorter, transition::Transition, versioning},
    time::positive,
};

const BAD: Cause = Cause::BadStartChildExecutionAttributes;

/// Initiates a child; it is started once this transition is durable.
#[allow(deprecated)]
pub fn start(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: StartChildWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    check(t, &a)?;
    let other = |queue: &TaskQueue| !queue.name.is_empty() && queue.name != t.run.task_queue();
    if a.inherit_build_id && a.task_queue.as_ref().is_some_and(other) && t.run.is_in_a_set() {
        let text =
            "StartChildWorkflowExecution with UseCompatibleVersion cannot run on different task queue.";
        return Err(Fault::Task(BAD, text.into()));
    }
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
    let run_timeout = shorter(positive(a.workflow_run_timeout.as_ref()), execution_timeout);
    let task_timeout = positive(a.workflow_task_timeout.as_ref())
        .unwrap_or(t.context.limits.workflow_task_timeout_default)
        .min(t.context.limits.workflow_task_timeout_max)
        .min(run_timeout.unwrap_or(std::time::Duration::MAX));
    let (time_skipping_config, time_skipping_state_propagation) = t.run.skipping_for_child();
    let initiated = StartChildWorkflowExecutionInitiatedEventAttributes {
        namespace: t.context.namespace.clone(),
        namespace_id: t.run.namespace.to_string(),
        workflow_id: a.workflow_id,
        workflow_type: a.workflow_type,
        task_queue: Some(queue),
        input: a.input,
        workflow_execution_timeout: execution_timeout.map(crate::time::to_proto),
        workflow_run_timeout: crate::time::to_proto_or_zero(run_timeout),
        workflow_task_timeout: Some(crate::time::to_proto(task_timeout)),
        parent_close_policy: policy,
        control: a.control,
        workflow_task_completed_event_id: completion.event_id,
        workflow_id_reuse_policy: reuse,
        retry_policy: a.retry_policy.as_ref().map(|policy| retry::with_defaults(Some(policy))),
        cron_schedule: a.cron_schedule,
        header: a.header,
        memo: a.memo.filter(|memo| !memo.fields.is_empty()),
        search_attributes: a.search_attributes,
        inherit_build_id: a.inherit_build_id,
        priority: a.priority,
        versioning_override: a.versioning_override,
        time_skipping_config,
        time_skipping_state_propagation,
    };
    let attributes = Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated);
    let event_id = t.event_of(t.at, attributes, metadata, Vec::new());
    t.duty(DutyId::StartChild(event_id));
    Ok(())
}

/// Refuses what can't be right, in the reference's order and words.
#[allow(deprecated)]
fn check(t: &Transition<'_>, a: &StartChildWorkflowExecutionCommandAttributes) -> Result<(), Fault> {
    checks::own_namespace(t, &a.namespace, BAD)?;
    check_names(t, a)?;
    let workflow_type = a.workflow_type.as_ref().map_or("", |workflow_type| &workflow_type.name);
    let behind = format!(
        "WorkflowId={} WorkflowType={workflow_type} Namespace={}",
        a.workflow_id, t.context.namespace
    );
    let bad = |what: &str, why: &str| {
        Fault::Task(BAD, format!("{what} on StartChildWorkflowExecutionCommand: {why}. {behind}"))
    };
    for (name, duration) in [
        ("WorkflowExecutionTimeout", &a.workflow_execution_timeout),
        ("WorkflowRunTimeout", &a.workflow_run_timeout),
        ("WorkflowTaskTimeout", &a.workflow_task_timeout),
    ] {
        checks::duration(duration.as_ref()).map_err(|why| bad(&format!("Invalid {name}"), why))?;
    }
    retry::validate(a.retry_policy.as_ref()).map_err(|why| bad("invalid WorkflowRetryPolicy", &why))?;
    if !a.cron_schedule.is_empty() {
        crate::cron::validate(&a.cron_schedule).map_err(|why| bad("invalid CronSchedule", &why))?;
    }
    if let Some(queue) = &a.task_queue
        && let Err(why) = checks::queue_name(t, &queue.name)
    {
        return Err(Fault::Task(
            BAD,
            format!(
                "invalid TaskQueue on StartChildWorkflowExecutionCommand: {why}. {behind} TaskQueue={}",
                checks::queue_text(queue)
            ),
        ));
    }
    checks::priority(a.priority.as_ref(), BAD)?;
    check_override(a)?;
    super::properties::check_search_attributes(t, a.search_attributes.as_ref())?;
    if is_reached(t.run.children.len(), t.context.limits.pending_children_max) {
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
            BAD,
            "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.".into(),
        ));
    }
    if a.memo.as_ref().is_some_and(|memo| memo.encoded_len() > t.context.limits.memo_bytes_max) {
        return Err(Fault::Run(
            BAD,
            "StartChildWorkflowExecutionCommandAttributes.Memo exceeds size limit.".into(),
        ));
    }
    Ok(())
}

/// Refuses a choice of workers that can't be meant.
fn check_override(a: &StartChildWorkflowExecutionCommandAttributes) -> Result<(), Fault> {
    versioning::check_override(a.versioning_override.as_ref()).map_err(|refusal| match refusal {
        Refusal::InvalidArgument(text) => Fault::Task(BAD, text),
        other => Fault::Refused(other),
    })
}

/// Refuses a child without an id or a type, or with one that is too long.
fn check_names(t: &Transition<'_>, a: &StartChildWorkflowExecutionCommandAttributes) -> Result<(), Fault> {
    let (namespace, id) = (&t.context.namespace, &a.workflow_id);
    let workflow_type = a.workflow_type.as_ref().map_or("", |workflow_type| &workflow_type.name);
    let missing = |name: &str, told: &str| {
        Err(Fault::Task(
            BAD,
            format!(
                "Required field {name} is not set on StartChildWorkflowExecutionCommand. {told} Namespace={namespace}"
            ),
        ))
    };
    if id.is_empty() {
        return missing("WorkflowId", &format!("WorkflowType={workflow_type}"));
    }
    if workflow_type.is_empty() {
        return missing("WorkflowType", &format!("WorkflowId={id}"));
    }
    let command = "StartChildWorkflowExecutionCommand";
    let behind = format!(" WorkflowType={workflow_type} Namespace={namespace}");
    Named { command, name: "WorkflowId", text: id, before: "", behind: &behind }.check_length(t, BAD)?;
    let (before, behind) = (format!("WorkflowId={id} "), format!(" Namespace={namespace}"));
    Named { command, name: "WorkflowType", text: workflow_type, before: &before, behind: &behind }
        .check_length(t, BAD)
}

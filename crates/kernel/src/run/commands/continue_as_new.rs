//! The run ends and its chain goes on with a fresh history.

use longhaul_proto::api::{
    command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
    enums::v1::{TaskQueueKind, WorkflowTaskFailedCause as Cause},
    history::v1::{WorkflowExecutionContinuedAsNewEventAttributes, history_event::Attributes},
    sdk::v1::UserMetadata,
};
use prost::Message;

use super::{
    Completion, Fault,
    checks::{self, Named},
};
use crate::{
    run::{retry, transition::Transition},
    time::{positive, to_proto},
    visibility,
};

/// Closes the run and starts its successor. What the command leaves open is inherited.
#[allow(deprecated)]
pub fn continue_as_new(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: ContinueAsNewWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    check(t, &a)?;
    let asked = positive(a.backoff_start_interval.as_ref());
    let mut next = t.continued_attributes(t.spaced(asked.unwrap_or_default()));
    if let Some(workflow_type) = a.workflow_type.filter(|workflow_type| !workflow_type.name.is_empty()) {
        next.workflow_type = Some(workflow_type);
    }
    if let Some(mut queue) = a.task_queue.filter(|queue| !queue.name.is_empty()) {
        queue.kind = TaskQueueKind::Normal as i32;
        next.task_queue = Some(queue);
    }
    let wish = (a.initial_versioning_behavior, a.inherit_build_id);
    t.run.bequeath_continued(&mut next, wish, t.context);
    if let Some(timeout) = positive(a.workflow_run_timeout.as_ref()) {
        next.workflow_run_timeout = Some(to_proto(timeout));
    }
    if let Some(timeout) = positive(a.workflow_task_timeout.as_ref()) {
        next.workflow_task_timeout = Some(to_proto(timeout));
    }
    next.retry_policy = a.retry_policy.as_ref().map(|policy| retry::with_defaults(Some(policy)));
    next.cron_schedule.clone_from(&a.cron_schedule);
    next.input.clone_from(&a.input);
    next.header.clone_from(&a.header);
    next.memo.clone_from(&a.memo);
    next.search_attributes = a
        .search_attributes
        .clone()
        .map(|attributes| visibility::typed_all(attributes, &t.context.attributes));
    next.continued_failure.clone_from(&a.failure);
    next.last_completion_result.clone_from(&a.last_completion_result);
    if a.initiator != 0 {
        next.initiator = a.initiator;
    }
    let (workflow_type, task_queue) = (next.workflow_type.clone(), next.task_queue.clone());
    let run_timeout = Some(*next.workflow_run_timeout.get_or_insert_default());
    let task_timeout = next.workflow_task_timeout;
    let successor = t.successor(next);
    let continued = WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id: successor.run_id.to_string(),
        workflow_type,
        task_queue,
        input: a.input,
        workflow_run_timeout: run_timeout,
        workflow_task_timeout: task_timeout,
        workflow_task_completed_event_id: completion.event_id,
        backoff_start_interval: asked.map(to_proto),
        initiator: a.initiator,
        failure: a.failure,
        last_completion_result: a.last_completion_result,
        header: a.header,
        memo: a.memo,
        search_attributes: a.search_attributes,
        inherit_build_id: a.inherit_build_id,
        initial_versioning_behavior: a.initial_versioning_behavior,
    };
    t.close_with(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued), Vec::new(), metadata);
    t.start_successor(successor);
    Ok(())
}

/// Refuses what can't be right, in the reference's order and words.
fn check(t: &Transition<'_>, a: &ContinueAsNewWorkflowExecutionCommandAttributes) -> Result<(), Fault> {
    let cause = Cause::BadContinueAsNewAttributes;
    let command = "ContinueAsNewWorkflowExecutionCommand";
    let workflow_type = a.workflow_type.as_ref().map_or("", |workflow_type| &workflow_type.name);
    Named { command, name: "WorkflowType", text: workflow_type, before: "", behind: "" }
        .check_length(t, cause)?;
    let queue = a.task_queue.as_ref().map_or_else(String::new, checks::queue_text);
    let behind = format!("WorkflowType={workflow_type} TaskQueue={queue}");
    if let Some(queue) = &a.task_queue {
        checks::queue_name(t, &queue.name).map_err(|why| {
            Fault::Task(cause, format!("error validating {command} TaskQueue: {why}. {behind}"))
        })?;
    }
    let bad = |what: &str, why: &str| Fault::Task(cause, format!("{what} on {command}: {why}. {behind}"));
    for (name, duration) in [
        ("WorkflowRunTimeout", &a.workflow_run_timeout),
        ("WorkflowTaskTimeout", &a.workflow_task_timeout),
        ("BackoffStartInterval", &a.backoff_start_interval),
    ] {
        checks::duration(duration.as_ref()).map_err(|why| bad(&format!("Invalid {name}"), why))?;
    }
    retry::validate(a.retry_policy.as_ref()).map_err(|why| bad("invalid WorkflowRetryPolicy", &why))?;
    if a.input.as_ref().is_some_and(|input| input.encoded_len() > t.context.limits.blob_bytes_max) {
        return Err(Fault::Run(
            cause,
            "ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.".into(),
        ));
    }
    if a.memo.as_ref().is_some_and(|memo| memo.encoded_len() > t.context.limits.memo_bytes_max) {
        return Err(Fault::Run(
            cause,
            "ContinueAsNewWorkflowExecutionCommandAttributes. Memo exceeds size limit.".into(),
        ));
    }
    super::properties::check_search_attributes(t, a.search_attributes.as_ref())
}

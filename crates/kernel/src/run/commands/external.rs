//! Signals and cancel requests to other executions.

use longhaul_proto::api::{
    command::v1::{
        RequestCancelExternalWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes,
    },
    common::v1::WorkflowExecution,
    enums::v1::WorkflowTaskFailedCause as Cause,
    history::v1::{
        RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};
use prost::Message;

use super::{
    Completion, Fault,
    checks::{self, Named},
};
use crate::{
    context::is_reached,
    ids::RunId,
    run::{DutyId, transition::Transition},
};

/// Sends a signal.
#[allow(deprecated)]
pub fn signal(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: SignalExternalWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let cause = Cause::BadSignalWorkflowExecutionAttributes;
    checks::own_namespace(t, &a.namespace, cause)?;
    let Some(execution) = a.execution else {
        return Err(Fault::Task(
            cause,
            "Execution is not set on SignalExternalWorkflowExecutionCommand.".into(),
        ));
    };
    check_signal(t, &execution, &a.namespace, &a.signal_name)?;
    if is_reached(t.run.signals_out.len(), t.context.limits.pending_signals_max) {
        return Err(Fault::Task(
            Cause::PendingSignalsLimitExceeded,
            format!(
                "the number of pending signals to external workflows, {}, has reached the per-workflow limit of {}",
                t.run.signals_out.len(),
                t.context.limits.pending_signals_max
            ),
        ));
    }
    if a.input.as_ref().is_some_and(|input| input.encoded_len() > t.context.limits.blob_bytes_max) {
        return Err(Fault::Run(
            cause,
            "SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit.".into(),
        ));
    }
    let initiated = SignalExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: completion.event_id,
        namespace: a.namespace,
        namespace_id: t.run.namespace.to_string(),
        workflow_execution: Some(execution),
        signal_name: a.signal_name,
        input: a.input,
        control: a.control,
        child_workflow_only: a.child_workflow_only,
        header: a.header,
    };
    let attributes = Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated);
    let event_id = t.event_of(t.at, attributes, metadata, Vec::new());
    t.duty(DutyId::SignalExternal(event_id));
    Ok(())
}

/// Refuses a signal that says too little, in the reference's order and words.
fn check_signal(
    t: &Transition<'_>,
    execution: &WorkflowExecution,
    namespace: &str,
    signal_name: &str,
) -> Result<(), Fault> {
    let cause = Cause::BadSignalWorkflowExecutionAttributes;
    let command = "SignalExternalWorkflowExecutionCommand";
    let WorkflowExecution { workflow_id, run_id } = execution;
    let behind = format!("Namespace={namespace} RunId={run_id} SignalName={signal_name}");
    let bad = |detail: String| Err(Fault::Task(cause, detail));
    if workflow_id.is_empty() {
        return bad(format!("WorkflowId is not set on {command}. {behind}"));
    }
    Named { command, name: "WorkflowId", text: workflow_id, before: "", behind: &format!(" {behind}") }
        .check_length(t, cause)?;
    if !run_id.is_empty() && RunId::parse(run_id).is_none() {
        return bad(format!("Invalid RunId set on {command}. WorkflowId={workflow_id} {behind}"));
    }
    if signal_name.is_empty() {
        return bad(format!(
            "SignalName is not set on {command}. WorkflowId={workflow_id} Namespace={namespace} RunId={run_id}"
        ));
    }
    Ok(())
}

/// Sends a request to cancel.
#[allow(deprecated)]
pub fn request_cancel(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: RequestCancelExternalWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let cause = Cause::BadRequestCancelExternalWorkflowExecutionAttributes;
    checks::own_namespace(t, &a.namespace, cause)?;
    check_cancel(t, completion, &a)?;
    if is_reached(t.run.cancels_out.len(), t.context.limits.pending_cancels_max) {
        return Err(Fault::Task(
            Cause::PendingRequestCancelLimitExceeded,
            format!(
                "the number of pending requests to cancel external workflows, {}, has reached the per-workflow limit of {}",
                t.run.cancels_out.len(),
                t.context.limits.pending_cancels_max
            ),
        ));
    }
    let initiated = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: completion.event_id,
        namespace: a.namespace,
        namespace_id: t.run.namespace.to_string(),
        workflow_execution: Some(WorkflowExecution { workflow_id: a.workflow_id, run_id: a.run_id }),
        control: a.control,
        child_workflow_only: a.child_workflow_only,
        reason: a.reason,
    };
    let attributes = Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(initiated);
    let event_id = t.event_of(t.at, attributes, metadata, Vec::new());
    t.duty(DutyId::CancelExternal(event_id));
    Ok(())
}

/// Refuses a request that says too little, in the reference's order and words.
#[allow(deprecated)]
fn check_cancel(
    t: &Transition<'_>,
    completion: &Completion,
    a: &RequestCancelExternalWorkflowExecutionCommandAttributes,
) -> Result<(), Fault> {
    let cause = Cause::BadRequestCancelExternalWorkflowExecutionAttributes;
    let command = "RequestCancelExternalWorkflowExecutionCommand";
    let (id, run_id, namespace) = (&a.workflow_id, &a.run_id, &a.namespace);
    let bad = |detail: String| Err(Fault::Task(cause, detail));
    if id.is_empty() {
        return bad(format!("WorkflowId is not set on {command}. Namespace={namespace} RunId={run_id}"));
    }
    let behind = format!("RunId={run_id} Namespace={namespace}");
    Named { command, name: "WorkflowId", text: id, before: "", behind: &format!(" {behind}") }
        .check_length(t, cause)?;
    if !run_id.is_empty() && RunId::parse(run_id).is_none() {
        return bad(format!("Invalid RunId set on {command}. WorkflowId={id} {behind}"));
    }
    let started_here = t.run.children.values().any(|child| {
        child.initiated.workflow_id == *id
            && child.initiated.workflow_task_completed_event_id == completion.event_id
    });
    if started_here {
        return bad(format!(
            "Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId={id} {behind}"
        ));
    }
    Ok(())
}

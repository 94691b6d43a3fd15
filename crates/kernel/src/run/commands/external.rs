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

use super::{Completion, Fault, ensure_length, ensure_own_namespace};
use crate::{
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
    ensure_own_namespace(t, &a.namespace, cause)?;
    let Some(execution) = a.execution else {
        return Err(Fault::Task(
            cause,
            "Execution is not set on SignalExternalWorkflowExecutionCommand.".into(),
        ));
    };
    if execution.workflow_id.is_empty() {
        return Err(Fault::Task(
            cause,
            "WorkflowId is not set on SignalExternalWorkflowExecutionCommand.".into(),
        ));
    }
    ensure_length(t, "WorkflowId", &execution.workflow_id, cause)?;
    if !execution.run_id.is_empty() && RunId::parse(&execution.run_id).is_none() {
        return Err(Fault::Task(
            cause,
            format!(
                "Invalid RunId set on SignalExternalWorkflowExecutionCommand. WorkflowId={} RunId={} SignalName={}",
                execution.workflow_id, execution.run_id, a.signal_name
            ),
        ));
    }
    if a.signal_name.is_empty() {
        return Err(Fault::Task(
            cause,
            format!(
                "SignalName is not set on SignalExternalWorkflowExecutionCommand. WorkflowId={} RunId={}",
                execution.workflow_id, execution.run_id
            ),
        ));
    }
    if t.run.signals_out.len() >= t.context.limits.pending_signals_max {
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

/// Sends a request to cancel.
#[allow(deprecated)]
pub fn request_cancel(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: RequestCancelExternalWorkflowExecutionCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    let cause = Cause::BadRequestCancelExternalWorkflowExecutionAttributes;
    ensure_own_namespace(t, &a.namespace, cause)?;
    if a.workflow_id.is_empty() {
        return Err(Fault::Task(
            cause,
            "WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand.".into(),
        ));
    }
    ensure_length(t, "WorkflowId", &a.workflow_id, cause)?;
    if !a.run_id.is_empty() && RunId::parse(&a.run_id).is_none() {
        return Err(Fault::Task(
            cause,
            format!(
                "Invalid RunId set on RequestCancelExternalWorkflowExecutionCommand. WorkflowId={} RunId={}",
                a.workflow_id, a.run_id
            ),
        ));
    }
    let started_here = t.run.children.values().any(|child| {
        child.initiated.workflow_id == a.workflow_id
            && child.initiated.workflow_task_completed_event_id == completion.event_id
    });
    if started_here {
        return Err(Fault::Task(
            cause,
            format!(
                "Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId={} RunId={}",
                a.workflow_id, a.run_id
            ),
        ));
    }
    if t.run.cancels_out.len() >= t.context.limits.pending_cancels_max {
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

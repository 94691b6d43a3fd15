//! A signal or a cancel request to another execution was delivered, or could not be.

use longhaul_proto::{
    Refusal,
    api::history::v1::{
        ExternalWorkflowExecutionCancelRequestedEventAttributes,
        ExternalWorkflowExecutionSignaledEventAttributes,
        RequestCancelExternalWorkflowExecutionFailedEventAttributes,
        SignalExternalWorkflowExecutionFailedEventAttributes, history_event::Attributes,
    },
};

use crate::run::{DutyId, transition::Transition};

/// Records what became of a signal.
#[allow(deprecated)]
pub fn signal(t: &mut Transition<'_>, initiated_event_id: i64, failed: Option<i32>) -> Result<(), Refusal> {
    t.duty_done(DutyId::SignalExternal(initiated_event_id));
    if !t.run.is_running() {
        return Ok(());
    }
    let Some(initiated) = t.run.signals_out.get(&initiated_event_id).map(|initiated| initiated.0.clone())
    else {
        return Ok(());
    };
    let attributes = match failed {
        None => Attributes::ExternalWorkflowExecutionSignaledEventAttributes(
            ExternalWorkflowExecutionSignaledEventAttributes {
                initiated_event_id,
                namespace: t.context.namespace.clone(),
                namespace_id: initiated.namespace_id,
                workflow_execution: initiated.workflow_execution,
                control: initiated.control,
            },
        ),
        Some(cause) => Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(
            SignalExternalWorkflowExecutionFailedEventAttributes {
                cause,
                namespace: t.context.namespace.clone(),
                namespace_id: initiated.namespace_id,
                workflow_execution: initiated.workflow_execution,
                initiated_event_id,
                control: initiated.control,
                ..Default::default()
            },
        ),
    };
    t.outside_event(attributes);
    t.needs_task = true;
    Ok(())
}

/// Records what became of a cancel request.
#[allow(deprecated)]
pub fn cancel(t: &mut Transition<'_>, initiated_event_id: i64, failed: Option<i32>) -> Result<(), Refusal> {
    t.duty_done(DutyId::CancelExternal(initiated_event_id));
    if !t.run.is_running() {
        return Ok(());
    }
    let Some(initiated) = t.run.cancels_out.get(&initiated_event_id).map(|initiated| initiated.0.clone())
    else {
        return Ok(());
    };
    let attributes = match failed {
        None => Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(
            ExternalWorkflowExecutionCancelRequestedEventAttributes {
                initiated_event_id,
                namespace: t.context.namespace.clone(),
                namespace_id: initiated.namespace_id,
                workflow_execution: initiated.workflow_execution,
            },
        ),
        Some(cause) => Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(
            RequestCancelExternalWorkflowExecutionFailedEventAttributes {
                cause,
                namespace: t.context.namespace.clone(),
                namespace_id: initiated.namespace_id,
                workflow_execution: initiated.workflow_execution,
                initiated_event_id,
                ..Default::default()
            },
        ),
    };
    t.outside_event(attributes);
    t.needs_task = true;
    Ok(())
}

//! The shape of a multi-operation: one start and one update of the same workflow. Every refusal is told per operation.

use longhaul_kernel::namespace::Namespace;
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkflowExecution,
        workflowservice::v1::{
            ExecuteMultiOperationRequest, StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest,
            execute_multi_operation_request::{Operation, operation},
        },
    },
};

use super::{check_start, prepare_start};
use crate::{
    Frontend, Settings,
    workflow_control::{check_update, disabled},
};

/// What a caller is told about the whole; the operations tell more.
const FAILED: &str = "Update-with-Start could not be executed.";
const OTHER_NAMESPACE: &str = "Operation namespace did not match request's namespace.";
const NOT_A_PAIR: &str = "Operations have to be exactly [Start, Update].";

pub(super) fn check(
    request: &ExecuteMultiOperationRequest,
    namespace: &Namespace,
    settings: &Settings,
) -> Result<(), Refusal> {
    let [first, second] = request.operations.as_slice() else {
        return Err(Refusal::invalid(NOT_A_PAIR));
    };
    let (
        Some(operation::Operation::StartWorkflow(start)),
        Some(operation::Operation::UpdateWorkflow(update)),
    ) = (&first.operation, &second.operation)
    else {
        return Err(Refusal::invalid(NOT_A_PAIR));
    };
    if !settings.multi_operations {
        return Err(disabled("ExecuteMultiOperation"));
    }
    let start_refusal = check_operation_start(start, request, namespace, settings).err();
    let update_refusal = check_operation_update(update, start, request, settings).err();
    let aborted = || Some(Refusal::MultiOperationAborted("Operation was aborted.".into()));
    let statuses = match (start_refusal, update_refusal) {
        (None, None) => return Ok(()),
        (Some(first), Some(second)) => vec![Some(first), Some(second)],
        (Some(refusal), None) => vec![Some(refusal), aborted()],
        (None, Some(refusal)) => vec![aborted(), Some(refusal)],
    };
    Err(Refusal::MultiOperation { message: FAILED.into(), statuses })
}

fn check_operation_start(
    start: &StartWorkflowExecutionRequest,
    request: &ExecuteMultiOperationRequest,
    namespace: &Namespace,
    settings: &Settings,
) -> Result<(), Refusal> {
    if start.namespace != request.namespace {
        return Err(Refusal::invalid(OTHER_NAMESPACE));
    }
    check_start(start, namespace, settings)?;
    if !start.cron_schedule.is_empty() {
        return Err(Refusal::invalid("CronSchedule is not allowed."));
    }
    if start.request_eager_execution {
        return Err(Refusal::invalid("RequestEagerExecution is not supported."));
    }
    if start.workflow_start_delay.is_some() {
        return Err(Refusal::invalid("WorkflowStartDelay is not supported."));
    }
    Ok(())
}

fn check_operation_update(
    update: &UpdateWorkflowExecutionRequest,
    start: &StartWorkflowExecutionRequest,
    request: &ExecuteMultiOperationRequest,
    settings: &Settings,
) -> Result<(), Refusal> {
    if update.namespace != request.namespace {
        return Err(Refusal::invalid(OTHER_NAMESPACE));
    }
    check_update(update, settings)?;
    let execution = update.workflow_execution.as_ref();
    let other = |execution: &WorkflowExecution| execution.workflow_id != start.workflow_id;
    if !start.workflow_id.is_empty() && execution.is_some_and(other) {
        return Err(Refusal::invalid("WorkflowId is not consistent with previous operation(s)."));
    }
    if !update.first_execution_run_id.is_empty() {
        return Err(Refusal::invalid("FirstExecutionRunId is not allowed."));
    }
    if execution.is_some_and(|execution| !execution.run_id.is_empty()) {
        return Err(Refusal::invalid("RunId is not allowed."));
    }
    Ok(())
}

/// Fills in what the caller left to the server.
pub(super) fn prepare(frontend: &Frontend, settings: &Settings, request: &mut ExecuteMultiOperationRequest) {
    for Operation { operation } in &mut request.operations {
        match operation {
            Some(operation::Operation::StartWorkflow(start)) => prepare_start(frontend, settings, start),
            Some(operation::Operation::UpdateWorkflow(update)) => {
                crate::workflow_control::prepare_update(frontend, update);
            }
            None => {}
        }
    }
}

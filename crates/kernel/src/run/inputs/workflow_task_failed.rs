//! A worker could not complete its workflow task.

use longhaul_proto::{
    Refusal,
    api::{enums::v1::WorkflowTaskFailedCause, workflowservice::v1::RespondWorkflowTaskFailedRequest},
};

use crate::run::{TaskRef, Termination, failure, transition::Transition};

/// Fails the task; the next attempt follows at once, unless the worker's answer was too large to be sent: it would be
/// so again, and the run ends.
pub fn step(t: &mut Transition<'_>, task: TaskRef<RespondWorkflowTaskFailedRequest>) -> Result<(), Refusal> {
    super::started_task(
        t.run,
        task.scheduled_event_id,
        task.started_event_id,
        task.started_at,
        task.attempt,
    )?;
    if task.request.cause == WorkflowTaskFailedCause::GrpcMessageTooLarge as i32 {
        t.terminate(Termination {
            identity: "history-service".into(),
            reason: format!("{:?}", WorkflowTaskFailedCause::GrpcMessageTooLarge),
            ..Termination::default()
        });
        return Ok(());
    }
    let request = task.request;
    let limits = &t.context.limits;
    let failure = request
        .failure
        .map(|failure| failure::fitted(failure, limits.blob_bytes_max, limits.blob_bytes_warn).0);
    #[allow(deprecated)]
    t.fail_workflow_task_of(request.cause, failure, &request.identity, &request.binary_checksum);
    Ok(())
}

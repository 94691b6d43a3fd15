//! Calls of operators about activities: pause, unpause, reset, options. The older ones know the activities of workflows
//! alone; their successors address one activity, also one that stands alone.

use longhaul_proto::{
    Refusal,
    api::{
        activity::v1::ActivityOptions,
        common::v1::WorkflowExecution,
        workflowservice::v1::{
            PauseActivityExecutionRequest, PauseActivityExecutionResponse, PauseActivityRequest,
            PauseActivityResponse, ResetActivityExecutionRequest, ResetActivityExecutionResponse,
            ResetActivityRequest, ResetActivityResponse, UnpauseActivityExecutionRequest,
            UnpauseActivityExecutionResponse, UnpauseActivityRequest, UnpauseActivityResponse,
            UpdateActivityExecutionOptionsRequest, UpdateActivityExecutionOptionsResponse,
            UpdateActivityOptionsRequest, UpdateActivityOptionsResponse,
        },
    },
};
use prost_types::FieldMask;

use crate::{
    Frontend,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
};

/// Answers `PauseActivity`.
pub(crate) async fn pause(
    frontend: &Frontend,
    asker: Asker,
    request: PauseActivityRequest,
) -> Answered<PauseActivityResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_run(request.execution.as_ref(), request.activity.is_some())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UnpauseActivity`.
pub(crate) async fn unpause(
    frontend: &Frontend,
    asker: Asker,
    request: UnpauseActivityRequest,
) -> Answered<UnpauseActivityResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_run(request.execution.as_ref(), request.activity.is_some())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ResetActivity`.
pub(crate) async fn reset(
    frontend: &Frontend,
    asker: Asker,
    request: ResetActivityRequest,
) -> Answered<ResetActivityResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_run(request.execution.as_ref(), request.activity.is_some())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateActivityOptions`.
pub(crate) async fn update_options(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateActivityOptionsRequest,
) -> Answered<UpdateActivityOptionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_run(request.execution.as_ref(), request.activity.is_some())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `PauseActivityExecution`.
pub(crate) async fn pause_execution(
    frontend: &Frontend,
    asker: Asker,
    mut request: PauseActivityExecutionRequest,
) -> Answered<PauseActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let named = Named {
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &request.request_id,
    };
    named.check(frontend)?;
    // Every call without an id is another one, so that a second pause is refused.
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UnpauseActivityExecution`.
pub(crate) async fn unpause_execution(
    frontend: &Frontend,
    asker: Asker,
    request: UnpauseActivityExecutionRequest,
) -> Answered<UnpauseActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let named = Named {
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &request.request_id,
    };
    named.check(frontend)?;
    check_jitter(request.jitter.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ResetActivityExecution`.
pub(crate) async fn reset_execution(
    frontend: &Frontend,
    asker: Asker,
    request: ResetActivityExecutionRequest,
) -> Answered<ResetActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let named = Named {
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &request.request_id,
    };
    named.check(frontend)?;
    check_jitter(request.jitter.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateActivityExecutionOptions`.
pub(crate) async fn update_execution_options(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateActivityExecutionOptionsRequest,
) -> Answered<UpdateActivityExecutionOptionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let named = Named {
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &request.request_id,
    };
    named.check(frontend)?;
    check_options(request.activity_options.as_ref(), request.update_mask.as_ref(), request.restore_original)?;
    frontend.history(&asker, &namespace, request).await
}

/// Refuses a request that names no run, or nothing of it.
fn check_run(execution: Option<&WorkflowExecution>, names_activity: bool) -> Result<(), Refusal> {
    let execution = execution.filter(|execution| !execution.workflow_id.is_empty());
    let execution = execution.ok_or_else(|| Refusal::invalid("WorkflowId is not set on request."))?;
    if !names_activity {
        return Err(Refusal::invalid("Either Activity.Id or Activity.Type should be set on request."));
    }
    if !check::is_run_id(&execution.run_id) {
        return Err(Refusal::invalid("RunId is not valid UUID."));
    }
    Ok(())
}

/// What requests about single activities name.
#[derive(Clone, Copy)]
pub(crate) struct Named<'r> {
    /// The activity.
    pub(crate) activity_id: &'r str,
    /// Its run, or nothing.
    pub(crate) run_id: &'r str,
    /// Who asks.
    pub(crate) identity: &'r str,
    /// What makes a repeated request harmless.
    pub(crate) request_id: &'r str,
}

impl Named<'_> {
    /// Refuses a request that names no activity, or an impossible one.
    pub(crate) fn check(self, frontend: &Frontend) -> Result<(), Refusal> {
        if self.activity_id.is_empty() {
            return Err(Refusal::invalid("activity ID is required"));
        }
        let limit = frontend.id_bytes_max();
        check_length("activity ID", self.activity_id, limit)?;
        check_length("request ID", self.request_id, limit)?;
        check_length("identity", self.identity, limit)?;
        if !check::is_run_id(self.run_id) {
            return Err(Refusal::invalid("invalid run id: must be a valid UUID"));
        }
        Ok(())
    }
}

/// Refuses an id or name that is too long, in the words of the calls about single activities.
pub(crate) fn check_length(what: &str, text: &str, limit: usize) -> Result<(), Refusal> {
    let length = text.len();
    if length > limit {
        return Err(Refusal::invalid(format!("{what} exceeds length limit. Length={length} Limit={limit}")));
    }
    Ok(())
}

fn check_jitter(jitter: Option<&prost_types::Duration>) -> Result<(), Refusal> {
    match check::duration_fault(jitter) {
        Some(fault) => Err(Refusal::invalid(format!("invalid jitter: {fault}"))),
        None => Ok(()),
    }
}

/// Refuses a change of options that says nothing, or contradicts itself.
fn check_options(
    options: Option<&ActivityOptions>,
    mask: Option<&FieldMask>,
    restore: bool,
) -> Result<(), Refusal> {
    if restore {
        return match mask {
            Some(_) => Err(Refusal::invalid("Both UpdateMask and RestoreOriginal are provided")),
            None => Ok(()),
        };
    }
    if options.is_none() {
        return Err(Refusal::invalid("ActivityOptions are not provided"));
    }
    if mask.is_none() {
        return Err(Refusal::invalid("UpdateMask is not provided"));
    }
    Ok(())
}

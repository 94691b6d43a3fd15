//! Calls that act on an existing run: signal, query, update, cancel, terminate, reset, delete, options.

use longhaul_kernel::run::check_options_mask;
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkflowExecution,
        enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
        update::v1 as update,
        workflowservice::v1::{
            DeleteWorkflowExecutionRequest, DeleteWorkflowExecutionResponse,
            PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse, QueryWorkflowRequest,
            QueryWorkflowResponse, RequestCancelWorkflowExecutionRequest,
            RequestCancelWorkflowExecutionResponse, ResetWorkflowExecutionRequest,
            ResetWorkflowExecutionResponse, SignalWorkflowExecutionRequest, SignalWorkflowExecutionResponse,
            TerminateWorkflowExecutionRequest, TerminateWorkflowExecutionResponse,
            UpdateWorkflowExecutionOptionsRequest, UpdateWorkflowExecutionOptionsResponse,
            UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
        },
    },
};
use prost::Message;

use crate::{
    Frontend, Settings,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
    rates::Waits,
    time_skipping,
};

/// Reason of a termination that gives none.
const TERMINATE_REASON: &str = "terminated by user via frontend";

/// Identity of a termination that gives none.
const TERMINATE_IDENTITY: &str = "frontend-service";

/// Answers `SignalWorkflowExecution`.
pub(crate) async fn signal(
    frontend: &Frontend,
    asker: Asker,
    request: SignalWorkflowExecutionRequest,
) -> Answered<SignalWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.workflow_execution.as_ref())?;
    if request.signal_name.is_empty() {
        return Err(Refusal::invalid("SignalName is not set on request.").into());
    }
    check::length("SignalName", &request.signal_name, frontend.id_bytes_max())?;
    check::length("RequestId", &request.request_id, frontend.id_bytes_max())?;
    check::links(&request.links, &frontend.settings(&namespace).limits)?;
    let bytes = request.input.as_ref().map_or(0, Message::encoded_len);
    check::blob(bytes, &namespace, &frontend.settings(&namespace).limits)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RequestCancelWorkflowExecution`.
pub(crate) async fn request_cancel(
    frontend: &Frontend,
    asker: Asker,
    request: RequestCancelWorkflowExecutionRequest,
) -> Answered<RequestCancelWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.workflow_execution.as_ref())?;
    check::links(&request.links, &frontend.settings(&namespace).limits)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `TerminateWorkflowExecution`.
pub(crate) async fn terminate(
    frontend: &Frontend,
    asker: Asker,
    mut request: TerminateWorkflowExecutionRequest,
) -> Answered<TerminateWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.workflow_execution.as_ref())?;
    check::links(&request.links, &frontend.settings(&namespace).limits)?;
    if request.reason.is_empty() {
        request.reason = TERMINATE_REASON.into();
    }
    if request.identity.is_empty() {
        request.identity = TERMINATE_IDENTITY.into();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DeleteWorkflowExecution`.
pub(crate) async fn delete(
    frontend: &Frontend,
    asker: Asker,
    request: DeleteWorkflowExecutionRequest,
) -> Answered<DeleteWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.workflow_execution.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ResetWorkflowExecution`.
pub(crate) async fn reset(
    frontend: &Frontend,
    asker: Asker,
    request: ResetWorkflowExecutionRequest,
) -> Answered<ResetWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if request.request_id.is_empty() {
        return Err(Refusal::invalid("RequestId is not set on request.").into());
    }
    check::length("RequestId", &request.request_id, frontend.id_bytes_max())?;
    check::execution(request.workflow_execution.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateWorkflowExecutionOptions`.
pub(crate) async fn update_options(
    frontend: &Frontend,
    asker: Asker,
    mut request: UpdateWorkflowExecutionOptionsRequest,
) -> Answered<UpdateWorkflowExecutionOptionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let execution = request.workflow_execution.clone().unwrap_or_default();
    if execution.workflow_id.is_empty() {
        return Err(Refusal::invalid("WorkflowId is not set on request.").into());
    }
    if request.workflow_execution_options.is_none() {
        return Err(Refusal::invalid("WorkflowExecutionOptions is required").into());
    }
    if request.update_mask.is_none() {
        return Err(Refusal::invalid("UpdateMask is required").into());
    }
    loaded_execution(Some(&execution))?;
    let options = request.workflow_execution_options.as_ref();
    crate::workflow_start::check_priority(options.and_then(|options| options.priority.as_ref()))?;
    let skipping = options.and_then(|options| options.time_skipping_config.as_ref());
    check::time_skipping(skipping, frontend.settings(&namespace).time_skipping)?;
    let paths = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
    check_options_mask(paths)
        .map_err(|text| Refusal::InvalidArgument(format!("error parsing UpdateMask: {text}")))?;
    let options = request.workflow_execution_options.as_mut();
    time_skipping::prepare(
        options.and_then(|options| options.time_skipping_config.as_mut()),
        &frontend.settings(&namespace),
    );
    frontend.history(&asker, &namespace, request).await
}

/// Answers `QueryWorkflow`.
pub(crate) async fn query(
    frontend: &Frontend,
    asker: Asker,
    request: QueryWorkflowRequest,
) -> Answered<QueryWorkflowResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if frontend.settings(&namespace).queries_refused {
        return Err(Refusal::invalid(
            "Namespace is not allowed to query, please contact temporal team to re-enable queries.",
        )
        .into());
    }
    let _waiting = frontend.wait(&namespace, Waits::Query)?;
    check::execution(request.execution.as_ref())?;
    match &request.query {
        None => return Err(Refusal::invalid("WorkflowQuery is not set on request.").into()),
        Some(query) if query.query_type.is_empty() => {
            return Err(Refusal::invalid("QueryType is not set on request.").into());
        }
        Some(query) => {
            let arguments = query.query_args.as_ref().map_or(0, Message::encoded_len);
            check::blob(arguments, &namespace, &frontend.settings(&namespace).limits)?;
        }
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateWorkflowExecution`.
pub(crate) async fn update(
    frontend: &Frontend,
    asker: Asker,
    mut request: UpdateWorkflowExecutionRequest,
) -> Answered<UpdateWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_update(&request, &frontend.settings(&namespace))?;
    prepare_update(frontend, &mut request);
    let _waiting = frontend.wait(&namespace, Waits::Update)?;
    frontend.history(&asker, &namespace, request).await
}

/// Refuses an update whose shape is wrong.
pub(crate) fn check_update(
    request: &UpdateWorkflowExecutionRequest,
    settings: &Settings,
) -> Result<(), Refusal> {
    if !settings.updates {
        return Err(disabled("UpdateWorkflowExecution"));
    }
    check::execution(request.workflow_execution.as_ref())?;
    let inner = request.request.as_ref();
    let Some(meta) = inner.and_then(|inner| inner.meta.as_ref()) else {
        return Err(Refusal::invalid("Update meta is not set on request."));
    };
    check::length("UpdateId", &meta.update_id, settings.limits.id_bytes_max)?;
    let Some(input) = inner.and_then(|inner| inner.input.as_ref()) else {
        return Err(Refusal::invalid("Update input is not set on request."));
    };
    if input.name.is_empty() {
        return Err(Refusal::invalid("Update name is not set on request."));
    }
    let stage = request.wait_policy.as_ref().map_or(0, |policy| policy.lifecycle_stage);
    if stage == Stage::Accepted as i32 && !settings.updates_accepted {
        return Err(Refusal::PermissionDenied {
            message:
                "UpdateWorkflowExecution issued asynchronously and waiting on update accepted is disabled on \
                      this namespace."
                    .into(),
            reason: String::new(),
        });
    }
    if stage == Stage::Admitted as i32 {
        return Err(Refusal::PermissionDenied {
            message: "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not \
                      supported."
                .into(),
            reason: String::new(),
        });
    }
    Ok(())
}

/// The refusal of a call that is switched off.
pub(crate) fn disabled(call: &str) -> Refusal {
    Refusal::PermissionDenied {
        message: format!("{call} operation is disabled on this namespace."),
        reason: String::new(),
    }
}

/// Fills in what the caller left to the server: an id, and that it waits until the update is accepted.
pub(crate) fn prepare_update(frontend: &Frontend, request: &mut UpdateWorkflowExecutionRequest) {
    let stage = &mut request.wait_policy.get_or_insert_default().lifecycle_stage;
    if *stage == Stage::Unspecified as i32 {
        *stage = Stage::Accepted as i32;
    }
    let meta = request.request.get_or_insert_default().meta.get_or_insert_default();
    if meta.update_id.is_empty() {
        meta.update_id = frontend.draw_uuid();
    }
}

/// Answers `PollWorkflowExecutionUpdate`.
pub(crate) async fn poll_update(
    frontend: &Frontend,
    asker: Asker,
    request: PollWorkflowExecutionUpdateRequest,
) -> Answered<PollWorkflowExecutionUpdateResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if !frontend.settings(&namespace).updates {
        return Err(disabled("UpdateWorkflowExecution").into());
    }
    let Some(update::UpdateRef { workflow_execution, .. }) = &request.update_ref else {
        return Err(Refusal::invalid("UpdateRef is not set on request.").into());
    };
    loaded_execution(workflow_execution.as_ref())?;
    let _waiting = frontend.wait(&namespace, Waits::UpdatePoll)?;
    frontend.history(&asker, &namespace, request).await
}

/// The check of calls that leave it to the owner of the run, with its texts.
pub(crate) fn loaded_execution(execution: Option<&WorkflowExecution>) -> Result<(), Refusal> {
    match execution {
        Some(execution) if !execution.workflow_id.is_empty() => {
            if !check::is_run_id(&execution.run_id) {
                return Err(Refusal::invalid("RunId is not valid UUID."));
            }
            Ok(())
        }
        _ => Err(Refusal::invalid("Can't load workflow execution.  WorkflowId not set.")),
    }
}

//! Calls that create workflow runs. The order of the checks is the reference's: it decides which error wins.

use longhaul_kernel::{context::Limits, cron, namespace::Namespace, run::versioning, visibility};
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::{Memo, Payloads, Priority},
        enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
        workflowservice::v1::{
            ExecuteMultiOperationRequest, ExecuteMultiOperationResponse,
            SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse,
            StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
        },
    },
};
use prost::Message;

use crate::{
    Frontend, Settings,
    asker::Asker,
    callbacks, check,
    frontend::{Allow, Answered},
    rates::Waits,
    time_skipping,
};

/// Longest fairness key, in bytes.
const FAIRNESS_KEY_BYTES_MAX: usize = 64;

/// Answers `StartWorkflowExecution`.
pub(crate) async fn start(
    frontend: &Frontend,
    asker: Asker,
    mut request: StartWorkflowExecutionRequest,
) -> Answered<StartWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Registered).await?;
    let settings = frontend.settings(&namespace);
    check_start(&request, &namespace, &settings)?;
    prepare_start(frontend, &settings, &mut request);
    frontend.history(&asker, &namespace, request).await
}

/// Answers `SignalWithStartWorkflowExecution`.
pub(crate) async fn signal_with_start(
    frontend: &Frontend,
    asker: Asker,
    mut request: SignalWithStartWorkflowExecutionRequest,
) -> Answered<SignalWithStartWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Registered).await?;
    let settings = frontend.settings(&namespace);
    check_signal_with_start(&request, &namespace, &settings)?;
    time_skipping::prepare(request.time_skipping_config.as_mut(), &settings);
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ExecuteMultiOperation`: exactly a start and an update of the same workflow.
pub(crate) async fn multi_operation(
    frontend: &Frontend,
    asker: Asker,
    mut request: ExecuteMultiOperationRequest,
) -> Answered<ExecuteMultiOperationResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    multi::check(&request, &namespace, &frontend.settings(&namespace))?;
    let settings = frontend.settings(&namespace);
    multi::prepare(frontend, &settings, &mut request);
    let _waiting = frontend.wait(&namespace, Waits::Update)?;
    frontend.history(&asker, &namespace, request).await
}

/// Fills in what the caller left to the server.
fn prepare_start(frontend: &Frontend, settings: &Settings, request: &mut StartWorkflowExecutionRequest) {
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    callbacks::prepare(request);
    time_skipping::prepare(request.time_skipping_config.as_mut(), settings);
    let eager = settings.eager_workflow_start
        && request.cron_schedule.is_empty()
        && request.workflow_start_delay.is_none();
    request.request_eager_execution &= eager;
}

fn check_start(
    request: &StartWorkflowExecutionRequest,
    namespace: &Namespace,
    settings: &Settings,
) -> Result<(), Refusal> {
    check::workflow_id(&request.workflow_id, settings.limits.id_bytes_max)?;
    check::retry_policy(request.retry_policy.as_ref())?;
    check_schedule(&request.cron_schedule, request.workflow_start_delay.as_ref())?;
    match &request.workflow_type {
        Some(kind) if !kind.name.is_empty() => {
            check::length("WorkflowType", &kind.name, settings.limits.id_bytes_max)?
        }
        _ => return Err(Refusal::invalid("WorkflowType is not set on request.")),
    }
    check::task_queue(request.task_queue.as_ref(), settings.limits.id_bytes_max)?;
    check::timeout("WorkflowExecutionTimeout", request.workflow_execution_timeout.as_ref())?;
    check::timeout("WorkflowRunTimeout", request.workflow_run_timeout.as_ref())?;
    check::timeout("WorkflowTaskTimeout", request.workflow_task_timeout.as_ref())?;
    check::length("RequestId", &request.request_id, settings.limits.id_bytes_max)?;
    check_policies(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy)?;
    check_conflict_options(request)?;
    check_attributes(request.search_attributes.as_ref(), namespace, settings)?;
    check_priority(request.priority.as_ref())?;
    callbacks::check(&request.completion_callbacks, &settings.limits, &settings.callback_addresses)?;
    check::links(&callbacks::all_links(&request.links, &request.completion_callbacks), &settings.limits)?;
    check_sizes(request.memo.as_ref(), &[request.input.as_ref()], namespace, &settings.limits)?;
    check::time_skipping(request.time_skipping_config.as_ref(), settings.time_skipping)?;
    versioning::check_override(request.versioning_override.as_ref())
}

fn check_signal_with_start(
    request: &SignalWithStartWorkflowExecutionRequest,
    namespace: &Namespace,
    settings: &Settings,
) -> Result<(), Refusal> {
    check::workflow_id(&request.workflow_id, settings.limits.id_bytes_max)?;
    if request.signal_name.is_empty() {
        return Err(Refusal::invalid("signal not set"));
    }
    check::exact_length("signal name", &request.signal_name, settings.limits.id_bytes_max)?;
    match &request.workflow_type {
        Some(kind) if !kind.name.is_empty() => {
            check::exact_length("workflow type", &kind.name, settings.limits.id_bytes_max)?
        }
        _ => return Err(Refusal::invalid("workflow type not set")),
    }
    check::task_queue(request.task_queue.as_ref(), settings.limits.id_bytes_max)?;
    check::exact_length("Request ID", &request.request_id, settings.limits.id_bytes_max)?;
    check::timeout("WorkflowExecutionTimeout", request.workflow_execution_timeout.as_ref())?;
    check::timeout("WorkflowRunTimeout", request.workflow_run_timeout.as_ref())?;
    check::timeout("WorkflowTaskTimeout", request.workflow_task_timeout.as_ref())?;
    check::retry_policy(request.retry_policy.as_ref())?;
    check_schedule(&request.cron_schedule, request.workflow_start_delay.as_ref())?;
    check_policies(request.workflow_id_reuse_policy, request.workflow_id_conflict_policy)?;
    if request.workflow_id_conflict_policy == Conflict::Fail as i32 {
        return Err(Refusal::invalid(
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this \
             operation.",
        ));
    }
    check_attributes(request.search_attributes.as_ref(), namespace, settings)?;
    check_priority(request.priority.as_ref())?;
    check::links(&request.links, &settings.limits)?;
    let payloads = [request.input.as_ref(), request.signal_input.as_ref()];
    check_sizes(request.memo.as_ref(), &payloads, namespace, &settings.limits)?;
    check::time_skipping(request.time_skipping_config.as_ref(), settings.time_skipping)?;
    versioning::check_override(request.versioning_override.as_ref())
}

/// Refuses a cron schedule that can't be read or stands beside a start delay, and an impossible start delay.
fn check_schedule(cron: &str, delay: Option<&prost_types::Duration>) -> Result<(), Refusal> {
    if cron.is_empty() {
        return check::timeout("WorkflowStartDelay", delay);
    }
    if delay.is_some() {
        return Err(Refusal::invalid("CronSchedule and WorkflowStartDelay may not be used together."));
    }
    cron::validate(cron).map_err(Refusal::InvalidArgument)
}

/// Refuses policies that contradict each other. Unknown numbers are accepted, as the reference does.
fn check_policies(reuse: i32, conflict: i32) -> Result<(), Refusal> {
    // Deprecated in the API and still sent by old SDKs.
    #[allow(deprecated)]
    let terminate_if_running = Reuse::TerminateIfRunning as i32;
    if reuse == terminate_if_running && conflict != Conflict::Unspecified as i32 {
        return Err(Refusal::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used \
             together with a WorkflowIDConflictPolicy",
        ));
    }
    if reuse == Reuse::RejectDuplicate as i32 && conflict == Conflict::TerminateExisting as i32 {
        return Err(Refusal::invalid(
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together \
             with WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING",
        ));
    }
    Ok(())
}

fn check_conflict_options(request: &StartWorkflowExecutionRequest) -> Result<(), Refusal> {
    match &request.on_conflict_options {
        Some(options) if options.attach_completion_callbacks && !options.attach_request_id => {
            Err(Refusal::invalid("attaching request ID is required for attaching completion callbacks"))
        }
        _ => Ok(()),
    }
}

/// Refuses an impossible priority.
pub(crate) fn check_priority(priority: Option<&Priority>) -> Result<(), Refusal> {
    let Some(priority) = priority else { return Ok(()) };
    if priority.priority_key < 0 {
        return Err(Refusal::invalid("priority key can't be negative"));
    }
    if priority.fairness_key.len() > FAIRNESS_KEY_BYTES_MAX {
        return Err(Refusal::invalid("fairness key length exceeds limit"));
    }
    if priority.fairness_weight < 0.0 {
        return Err(Refusal::invalid("must be greater than zero"));
    }
    Ok(())
}

pub(crate) fn check_attributes(
    attributes: Option<&longhaul_proto::api::common::v1::SearchAttributes>,
    namespace: &Namespace,
    settings: &Settings,
) -> Result<(), Refusal> {
    match attributes {
        Some(attributes) if !attributes.indexed_fields.is_empty() => {
            visibility::validate(attributes, &namespace.attributes(), &settings.limits.search_attributes())
                .map(drop)
        }
        _ => Ok(()),
    }
}

/// Refuses a memo or a payload that is too large.
pub(crate) fn check_sizes(
    memo: Option<&Memo>,
    payloads: &[Option<&Payloads>],
    namespace: &Namespace,
    limits: &Limits,
) -> Result<(), Refusal> {
    check::memo(memo.map_or(0, Message::encoded_len), namespace, limits)?;
    payloads.iter().flatten().try_for_each(|payloads| check::blob(payloads.encoded_len(), namespace, limits))
}

mod multi;

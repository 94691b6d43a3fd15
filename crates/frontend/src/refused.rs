//! Calls that the reference refuses unless an operator turns them on, and that this server refuses the same way.

use longhaul_proto::{
    Refusal,
    api::common::v1::WorkflowExecution,
    api::workflowservice::v1::{
        PauseWorkflowExecutionRequest, PauseWorkflowExecutionResponse, TriggerWorkflowRuleRequest,
        UnpauseWorkflowExecutionRequest, UnpauseWorkflowExecutionResponse,
    },
};

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered},
    workflow_control::loaded_execution,
};

/// Refuses the calls of the first design of deployments.
pub(crate) async fn deployments<Q, A>(_: &Frontend, _: Asker, _: Q) -> Answered<A> {
    let text = "Deployments are deprecated and no longer supported, use Worker Deployments instead";
    Err(Refusal::Unimplemented(text.into()).into())
}

/// Refuses the commands to workers.
pub(crate) async fn fetch_worker_config<Q, A>(_: &Frontend, _: Asker, _: Q) -> Answered<A> {
    Err(Refusal::Unimplemented("FetchWorkerConfig command is not enabled.".into()).into())
}

/// Refuses the commands to workers.
pub(crate) async fn update_worker_config<Q, A>(_: &Frontend, _: Asker, _: Q) -> Answered<A> {
    Err(Refusal::Unimplemented("UpdateWorkerConfig command is not enabled.".into()).into())
}

/// Refuses `TriggerWorkflowRule`.
pub(crate) async fn trigger_rule<A>(
    frontend: &Frontend,
    _: Asker,
    request: TriggerWorkflowRuleRequest,
) -> Answered<A> {
    frontend.namespace(&request.namespace, Allow::Open).await?;
    Err(Refusal::Unimplemented("method TriggerWorkflowRule not supported".into()).into())
}

/// Answers `PauseWorkflowExecution`, if that is turned on.
pub(crate) async fn pause(
    frontend: &Frontend,
    asker: Asker,
    request: PauseWorkflowExecutionRequest,
) -> Answered<PauseWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if !frontend.settings(&namespace).workflow_pause {
        let text = format!("workflow pause is not enabled for namespace: {}", request.namespace);
        return Err(Refusal::Unimplemented(text).into());
    }
    let texts = (&*request.identity, &*request.request_id, &*request.reason);
    check_pause(frontend, (&request.workflow_id, &request.run_id), texts)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UnpauseWorkflowExecution`, also where pausing is turned off: what was paused before can go on.
pub(crate) async fn unpause(
    frontend: &Frontend,
    asker: Asker,
    request: UnpauseWorkflowExecutionRequest,
) -> Answered<UnpauseWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let texts = (&*request.identity, &*request.request_id, &*request.reason);
    check_pause(frontend, (&request.workflow_id, &request.run_id), texts)?;
    frontend.history(&asker, &namespace, request).await
}

/// Refuses a request that names no run, or whose identity, request id or reason is too long.
fn check_pause(
    frontend: &Frontend,
    (workflow_id, run_id): (&str, &str),
    (identity, request_id, reason): (&str, &str, &str),
) -> Result<(), Refusal> {
    for (what, text) in [("identity", identity), ("request id", request_id), ("reason", reason)] {
        if text.len() > frontend.id_bytes_max() {
            return Err(Refusal::invalid(format!("{what} is too long.")));
        }
    }
    let execution = WorkflowExecution { workflow_id: workflow_id.into(), run_id: run_id.into() };
    loaded_execution(Some(&execution))
}

//! Setting the clocks of single runs forward.

use longhaul_proto::api::{
    common::v1::TimeSkippingConfig,
    workflowservice::v1::{
        PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse,
    },
};

use crate::{
    Frontend, Settings,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
    rates::Waits,
};

/// Fills in what a request left to the server.
pub(crate) fn prepare(config: Option<&mut TimeSkippingConfig>, settings: &Settings) {
    if let Some(config) = config.filter(|config| config.max_session_skip_count <= 0) {
        config.max_session_skip_count = i32::try_from(settings.time_skipping_jumps).unwrap_or(i32::MAX);
    }
}

/// Answers `PollWorkflowExecutionTimeSkipping`.
pub(crate) async fn poll(
    frontend: &Frontend,
    asker: Asker,
    request: PollWorkflowExecutionTimeSkippingRequest,
) -> Answered<PollWorkflowExecutionTimeSkippingResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.workflow_execution.as_ref())?;
    if !frontend.settings(&namespace).time_skipping {
        return Err(check::no_time_skipping().into());
    }
    check::fast_forward_id(&request.fast_forward_id)?;
    let _waiting = frontend.wait(&namespace, Waits::History)?;
    frontend.history(&asker, &namespace, request).await
}

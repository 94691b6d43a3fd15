//! Reads of one run: its history from either end, and its description.

use longhaul_proto::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryResponse, GetWorkflowExecutionHistoryReverseRequest,
    GetWorkflowExecutionHistoryReverseResponse,
};

use crate::{
    Frontend,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
};

/// Most events in a page.
const PAGE_EVENTS_MAX: i32 = 256;

/// Answers `GetWorkflowExecutionHistory`. The owner of the run waits for a new event and reads the page token.
pub(crate) async fn forward(
    frontend: &Frontend,
    asker: Asker,
    mut request: GetWorkflowExecutionHistoryRequest,
) -> Answered<GetWorkflowExecutionHistoryResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.execution.as_ref())?;
    request.maximum_page_size = page_size(request.maximum_page_size);
    frontend.history(&asker, &namespace, request).await
}

/// Answers `GetWorkflowExecutionHistoryReverse`.
pub(crate) async fn reverse(
    frontend: &Frontend,
    asker: Asker,
    mut request: GetWorkflowExecutionHistoryReverseRequest,
) -> Answered<GetWorkflowExecutionHistoryReverseResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.execution.as_ref())?;
    request.maximum_page_size = page_size(request.maximum_page_size);
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DescribeWorkflowExecution`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeWorkflowExecutionRequest,
) -> Answered<DescribeWorkflowExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::execution(request.execution.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Anything that is no sensible number of events means as many as fit.
fn page_size(wanted: i32) -> i32 {
    if (1..PAGE_EVENTS_MAX).contains(&wanted) { wanted } else { PAGE_EVENTS_MAX }
}

//! Reads of one run: its history from either end, and its description.

use bytes::Bytes;
use longhaul_proto::Refusal;
use longhaul_proto::api::{
    enums::v1::{EventType, HistoryEventFilterType},
    history::v1::{History, WorkflowExecutionContinuedAsNewEventAttributes, history_event::Attributes},
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
        GetWorkflowExecutionHistoryReverseRequest, GetWorkflowExecutionHistoryReverseResponse,
    },
};
use longhaul_runtime::peers::PeerError;
use prost::Message;

use crate::{
    Frontend, archived,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
    rates::Waits,
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
    let _waiting = match request.wait_new_event {
        true => Some(frontend.wait(&namespace, Waits::History)?),
        false => None,
    };
    let close_only = request.history_event_filter_type == HistoryEventFilterType::CloseEvent as i32;
    let archived = namespace.history_archival.as_ref().map(|_| request.clone());
    let asked = if archived::is_token(&request.next_page_token) {
        Err(Refusal::not_found("the page is one of the archive").into())
    } else {
        frontend.history(&asker, &namespace, request).await
    };
    let mut answer = match asked {
        Err(PeerError::Refused(refusal)) if matches!(*refusal, Refusal::NotFound(_)) => {
            let found = match &archived {
                Some(request) => archived::history(frontend, &namespace, request).await?,
                None => None,
            };
            found.ok_or(PeerError::Refused(refusal))?
        }
        asked => asked?,
    };
    if close_only && !asker.follows_next_run {
        answer.history = answer.history.map(told_as_continued);
    }
    Ok(answer)
}

/// Tells a run that was retried or is followed by the next cron run as continued, for a client that would not notice
/// otherwise that its chain goes on.
fn told_as_continued(history: Bytes) -> Bytes {
    let Ok(mut decoded) = History::decode(history.clone()) else { return history };
    let Some(event) = decoded.events.last_mut() else { return history };
    let (new_execution_run_id, workflow_task_completed_event_id) = match event.attributes.take() {
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(a)) => {
            (a.new_execution_run_id, a.workflow_task_completed_event_id)
        }
        Some(Attributes::WorkflowExecutionFailedEventAttributes(a)) => {
            (a.new_execution_run_id, a.workflow_task_completed_event_id)
        }
        Some(Attributes::WorkflowExecutionTimedOutEventAttributes(a)) => (a.new_execution_run_id, 0),
        _ => return history,
    };
    if new_execution_run_id.is_empty() {
        return history;
    }
    event.event_type = EventType::WorkflowExecutionContinuedAsNew as i32;
    let continued = WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id,
        workflow_task_completed_event_id,
        ..Default::default()
    };
    event.attributes = Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued));
    decoded.encode_to_vec().into()
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

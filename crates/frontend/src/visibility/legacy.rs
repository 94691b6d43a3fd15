//! The lists of open and closed executions, which old clients use, as queries.

use longhaul_kernel::{time::Timestamp, visibility::format_datetime};
use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::WorkflowExecutionStatus as Status,
        filter::v1::StartTimeFilter,
        workflowservice::v1::{
            ListClosedWorkflowExecutionsRequest, ListOpenWorkflowExecutionsRequest,
            list_closed_workflow_executions_request::Filters as Closed,
            list_open_workflow_executions_request::Filters as Open,
        },
    },
};

/// The query that means the same as a list of open executions.
pub(super) fn open(request: &ListOpenWorkflowExecutionsRequest) -> Result<String, Refusal> {
    let mut conditions = vec!["ExecutionStatus = 'Running'".to_owned()];
    conditions.extend(times("StartTime", request.start_time_filter.as_ref())?);
    match &request.filters {
        None => {}
        Some(Open::ExecutionFilter(filter)) => {
            conditions.extend(equals("WorkflowId", &filter.workflow_id));
            conditions.extend(equals("RunId", &filter.run_id));
        }
        Some(Open::TypeFilter(filter)) => conditions.extend(equals("WorkflowType", &filter.name)),
    }
    Ok(conditions.join(" AND "))
}

/// The query that means the same as a list of closed executions.
pub(super) fn closed(request: &ListClosedWorkflowExecutionsRequest) -> Result<String, Refusal> {
    let mut conditions = vec!["ExecutionStatus != 'Running'".to_owned()];
    conditions.extend(times("CloseTime", request.start_time_filter.as_ref())?);
    match &request.filters {
        None => {}
        Some(Closed::ExecutionFilter(filter)) => {
            conditions.extend(equals("WorkflowId", &filter.workflow_id));
            conditions.extend(equals("RunId", &filter.run_id));
        }
        Some(Closed::TypeFilter(filter)) => conditions.extend(equals("WorkflowType", &filter.name)),
        Some(Closed::StatusFilter(filter)) => match Status::try_from(filter.status) {
            Ok(Status::Unspecified | Status::Running) | Err(_) => {
                return Err(Refusal::invalid("StatusFilter must be specified and must be not Running."));
            }
            Ok(_) => conditions.push(format!("ExecutionStatus = {}", filter.status)),
        },
    }
    Ok(conditions.join(" AND "))
}

/// Bounds of a time; an absent bound is open.
fn times(attribute: &str, filter: Option<&StartTimeFilter>) -> Result<Vec<String>, Refusal> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let read = |wire: &Option<prost_types::Timestamp>| wire.as_ref().map(Timestamp::from_proto);
    let (earliest, latest) = (read(&filter.earliest_time), read(&filter.latest_time));
    if let (Some(earliest), Some(latest)) = (earliest, latest)
        && earliest > latest
    {
        return Err(Refusal::invalid(
            "EarliestTime in StartTimeFilter should not be larger than LatestTime.",
        ));
    }
    let bound = |operator: &str, at: Timestamp| format!("{attribute} {operator} '{}'", format_datetime(at));
    Ok(earliest.map(|at| bound(">=", at)).into_iter().chain(latest.map(|at| bound("<=", at))).collect())
}

fn equals(attribute: &str, value: &str) -> Option<String> {
    (!value.is_empty()).then(|| format!("{attribute} = '{}'", value.replace('\'', "''")))
}

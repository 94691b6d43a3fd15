//! Lists and counts of workflow executions, from the rows that every commit keeps true.

use std::{cmp::Ordering, sync::Arc};

use longhaul_kernel::{
    ids::Kind,
    namespace::Namespace,
    run::listed,
    visibility::{Query, Row, Value, encode_group},
};
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::Payload,
        workflow::v1::WorkflowExecutionInfo,
        workflowservice::v1::{
            CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse,
            ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse,
            ListOpenWorkflowExecutionsRequest, ListOpenWorkflowExecutionsResponse,
            ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse, ScanWorkflowExecutionsRequest,
            ScanWorkflowExecutionsResponse, count_workflow_executions_response::AggregationGroup,
        },
    },
};
use longhaul_runtime::peers::PeerError;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, reading},
};

pub(crate) mod explain;
mod legacy;
pub(crate) mod page;

/// One page of executions and where the next one begins.
struct Page {
    executions: Vec<WorkflowExecutionInfo>,
    next_page_token: bytes::Bytes,
}

/// Answers `ListWorkflowExecutions`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListWorkflowExecutionsRequest,
) -> Answered<ListWorkflowExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let Page { executions, next_page_token } =
        select(frontend, &namespace, &request.query, request.page_size, &request.next_page_token).await?;
    Ok(ListWorkflowExecutionsResponse { executions, next_page_token })
}

/// Answers `ScanWorkflowExecutions`, which is a list by another name.
pub(crate) async fn scan(
    frontend: &Frontend,
    _: Asker,
    request: ScanWorkflowExecutionsRequest,
) -> Answered<ScanWorkflowExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let Page { executions, next_page_token } =
        select(frontend, &namespace, &request.query, request.page_size, &request.next_page_token).await?;
    Ok(ScanWorkflowExecutionsResponse { executions, next_page_token })
}

/// Answers `ListOpenWorkflowExecutions`.
pub(crate) async fn list_open(
    frontend: &Frontend,
    _: Asker,
    request: ListOpenWorkflowExecutionsRequest,
) -> Answered<ListOpenWorkflowExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = legacy::open(&request)?;
    let size = request.maximum_page_size;
    let Page { executions, next_page_token } =
        select(frontend, &namespace, &query, size, &request.next_page_token).await?;
    Ok(ListOpenWorkflowExecutionsResponse { executions, next_page_token })
}

/// Answers `ListClosedWorkflowExecutions`.
pub(crate) async fn list_closed(
    frontend: &Frontend,
    _: Asker,
    request: ListClosedWorkflowExecutionsRequest,
) -> Answered<ListClosedWorkflowExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = legacy::closed(&request)?;
    let size = request.maximum_page_size;
    let Page { executions, next_page_token } =
        select(frontend, &namespace, &query, size, &request.next_page_token).await?;
    Ok(ListClosedWorkflowExecutionsResponse { executions, next_page_token })
}

/// Answers `CountWorkflowExecutions`.
pub(crate) async fn count(
    frontend: &Frontend,
    _: Asker,
    request: CountWorkflowExecutionsRequest,
) -> Answered<CountWorkflowExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = Query::parse(&request.query, &namespace.attributes())?;
    check_order(&query)?;
    let (count, groups) = counted(frontend, &namespace, Kind::Workflow, query).await?;
    let groups = groups
        .into_iter()
        .map(|(value, count)| AggregationGroup { group_values: vec![value], count })
        .collect();
    Ok(CountWorkflowExecutionsResponse { count, groups })
}

/// Refuses the order of a count: a number has none. The reference says so too.
pub(crate) fn check_order(query: &Query) -> Result<(), Refusal> {
    if query.order().is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid("invalid query: operation is not supported: 'ORDER BY' clause"))
}

/// How many rows a query finds, and how many in each group if it groups them.
pub(crate) async fn counted(
    frontend: &Frontend,
    namespace: &Namespace,
    kind: Kind,
    query: Query,
) -> Answered<(i64, Vec<(Payload, i64)>)> {
    let by = query.group_by().map(|group| group.0.name.clone());
    let is_grouped = by.is_some();
    let mut counts = frontend.store.count(namespace.id, kind, Arc::new(query), by).await.map_err(reading)?;
    let count = wire(counts.iter().map(|(_, count)| count).sum());
    counts.sort_by(|(left, _), (right, _)| groups_in_order(left.as_ref(), right.as_ref()));
    let groups = counts.iter().filter(|_| is_grouped);
    Ok((count, groups.map(|(value, count)| (encode_group(value.as_ref()), wire(*count))).collect()))
}

fn wire(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

async fn select(
    frontend: &Frontend,
    namespace: &Namespace,
    query: &str,
    page_size: i32,
    token: &[u8],
) -> Result<Page, PeerError> {
    let limit = page::size(page_size, frontend.settings(namespace).page_rows_max);
    let query = Query::parse(query, &namespace.attributes())?;
    let after = page::cursor(token, &query)?;
    let query = Arc::new(query);
    let listed = frontend.store.list(namespace.id, Kind::Workflow, query.clone(), after, limit);
    let rows = listed.await.map_err(reading)?;
    let next_page_token = match rows.last() {
        Some(last) if rows.len() == limit => page::token(last, &query),
        _ => bytes::Bytes::new(),
    };
    let executions = rows.iter().map(info).collect::<Result<_, _>>()?;
    Ok(Page { executions, next_page_token })
}

/// A row as lists show it: memo and search attributes are there even if empty, and the first run is not told.
pub(crate) fn info(row: &Row) -> Result<WorkflowExecutionInfo, PeerError> {
    let mut info = listed(row)
        .map_err(|error| PeerError::Corrupt(format!("row of {} can't be read: {error}", row.run)))?;
    info.first_run_id.clear();
    info.memo.get_or_insert_default();
    info.search_attributes.get_or_insert_default();
    Ok(info)
}

/// Order of groups: statuses by their number in the API, other values as they are ordered, no value first.
fn groups_in_order(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    const STATUSES: [&str; 8] =
        ["Running", "Completed", "Failed", "Canceled", "Terminated", "ContinuedAsNew", "TimedOut", "Paused"];
    let rank = |value: Option<&Value>| match value {
        Some(Value::Keyword(name)) => {
            STATUSES.iter().position(|status| *status == name).unwrap_or(STATUSES.len())
        }
        Some(_) | None => STATUSES.len(),
    };
    rank(left).cmp(&rank(right)).then_with(|| match (left, right) {
        (Some(left), Some(right)) => left.compare(right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    })
}

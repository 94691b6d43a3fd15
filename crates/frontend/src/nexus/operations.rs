//! Calls about standalone Nexus operations.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{Kind, RunId},
    namespace::Namespace,
    operation::Operation,
    visibility::Query,
};
use longhaul_proto::{
    Refusal,
    api::{
        nexus::v1::NexusOperationExecutionListInfo,
        sdk::v1::UserMetadata,
        workflowservice::v1::{
            CountNexusOperationExecutionsRequest, CountNexusOperationExecutionsResponse,
            DeleteNexusOperationExecutionRequest, DeleteNexusOperationExecutionResponse,
            DescribeNexusOperationExecutionRequest, DescribeNexusOperationExecutionResponse,
            ListNexusOperationExecutionsRequest, ListNexusOperationExecutionsResponse,
            PollNexusOperationExecutionRequest, PollNexusOperationExecutionResponse,
            RequestCancelNexusOperationExecutionRequest, RequestCancelNexusOperationExecutionResponse,
            StartNexusOperationExecutionRequest, StartNexusOperationExecutionResponse,
            TerminateNexusOperationExecutionRequest, TerminateNexusOperationExecutionResponse,
            count_nexus_operation_executions_response::AggregationGroup,
        },
    },
};
use longhaul_runtime::peers::PeerError;
use prost::Message;

use crate::{
    Frontend,
    asker::Asker,
    check,
    frontend::{Allow, Answered, reading},
    visibility::{self, page},
};

/// Largest summary and details of an operation, in bytes.
const SUMMARY_BYTES_MAX: usize = 400;
const DETAILS_BYTES_MAX: usize = 20_000;

/// Headers that callers may not set.
const RESERVED_HEADERS: [&str; 2] = ["request-timeout", "xdc-redirection"];

/// Answers `StartNexusOperationExecution`.
pub(crate) async fn start(
    frontend: &Frontend,
    asker: Asker,
    mut request: StartNexusOperationExecutionRequest,
) -> Answered<StartNexusOperationExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Registered).await?;
    check_start(frontend, &namespace, &request)?;
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DescribeNexusOperationExecution`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeNexusOperationExecutionRequest,
) -> Answered<DescribeNexusOperationExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.operation_id, &request.run_id)?;
    if !request.long_poll_token.is_empty() && request.run_id.is_empty() {
        return Err(Refusal::invalid("run_id is required when long_poll_token is provided").into());
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `PollNexusOperationExecution`.
pub(crate) async fn poll(
    frontend: &Frontend,
    asker: Asker,
    request: PollNexusOperationExecutionRequest,
) -> Answered<PollNexusOperationExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.operation_id, &request.run_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RequestCancelNexusOperationExecution`.
pub(crate) async fn request_cancel(
    frontend: &Frontend,
    asker: Asker,
    mut request: RequestCancelNexusOperationExecutionRequest,
) -> Answered<RequestCancelNexusOperationExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.operation_id, &request.run_id)?;
    check_asked(frontend, &request.request_id, &request.identity, &request.reason)?;
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `TerminateNexusOperationExecution`.
pub(crate) async fn terminate(
    frontend: &Frontend,
    asker: Asker,
    mut request: TerminateNexusOperationExecutionRequest,
) -> Answered<TerminateNexusOperationExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.operation_id, &request.run_id)?;
    check_asked(frontend, &request.request_id, &request.identity, &request.reason)?;
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DeleteNexusOperationExecution`.
pub(crate) async fn delete(
    frontend: &Frontend,
    asker: Asker,
    request: DeleteNexusOperationExecutionRequest,
) -> Answered<DeleteNexusOperationExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.operation_id, &request.run_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ListNexusOperationExecutions`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListNexusOperationExecutionsRequest,
) -> Answered<ListNexusOperationExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = query(&request.query, &namespace)?;
    let limit = page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let after = page::cursor(&request.next_page_token, &query)?;
    let query = Arc::new(query);
    let listed = frontend.store.list(namespace.id, Kind::NexusOperation, query.clone(), after, limit);
    let rows = listed.await.map_err(reading)?;
    let next_page_token = match rows.last() {
        Some(last) if rows.len() == limit => page::token(last, &query),
        _ => bytes::Bytes::new(),
    };
    let operations = rows
        .iter()
        .map(|row| {
            NexusOperationExecutionListInfo::decode(row.info.clone())
                .map_err(|error| PeerError::Corrupt(format!("row of {} can't be read: {error}", row.run)))
        })
        .collect::<Result<_, _>>()?;
    Ok(ListNexusOperationExecutionsResponse { operations, next_page_token })
}

/// Answers `CountNexusOperationExecutions`.
pub(crate) async fn count(
    frontend: &Frontend,
    _: Asker,
    request: CountNexusOperationExecutionsRequest,
) -> Answered<CountNexusOperationExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = query(&request.query, &namespace)?;
    if !query.order().is_empty() {
        return Err(Refusal::invalid("invalid query: operation is not supported: 'ORDER BY' clause").into());
    }
    let (count, groups) = visibility::counted(frontend, &namespace, Kind::NexusOperation, query).await?;
    let groups =
        groups.into_iter().map(|(value, count)| AggregationGroup { group_values: vec![value], count });
    let groups = groups.collect();
    Ok(CountNexusOperationExecutionsResponse { count, groups })
}

fn query(text: &str, namespace: &Namespace) -> Result<Query, Refusal> {
    Query::parse(text, &Operation::searchable(namespace.attributes()))
}

fn check_start(
    frontend: &Frontend,
    namespace: &Namespace,
    request: &StartNexusOperationExecutionRequest,
) -> Result<(), Refusal> {
    let settings = frontend.settings(namespace);
    let (most, limits) = (frontend.id_bytes_max(), &settings.limits);
    for (name, text) in [
        ("operation_id", &request.operation_id),
        ("endpoint", &request.endpoint),
        ("service", &request.service),
        ("operation", &request.operation),
    ] {
        if text.is_empty() {
            return Err(Refusal::invalid(format!("{name} is required")));
        }
        length(name, text, most)?;
    }
    length("request_id", &request.request_id, most)?;
    length("identity", &request.identity, most)?;
    for (name, timeout) in [
        ("schedule_to_close_timeout", &request.schedule_to_close_timeout),
        ("schedule_to_start_timeout", &request.schedule_to_start_timeout),
        ("start_to_close_timeout", &request.start_to_close_timeout),
    ] {
        if timeout.as_ref().is_some_and(|timeout| timeout.seconds < 0 || timeout.nanos < 0) {
            return Err(Refusal::invalid(format!("{name} is invalid: negative duration")));
        }
    }
    let bytes = request.input.as_ref().map_or(0, Message::encoded_len);
    if bytes > limits.blob_bytes_max {
        return Err(Refusal::invalid(format!(
            "input exceeds size limit. Length={bytes} Limit={}",
            limits.blob_bytes_max
        )));
    }
    for name in request.nexus_header.keys() {
        if RESERVED_HEADERS.contains(&name.to_lowercase().as_str()) {
            return Err(Refusal::invalid(format!("nexus_header contains a disallowed key: \"{name}\"")));
        }
    }
    let bytes: usize = request.nexus_header.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits.nexus_header_bytes_max {
        return Err(Refusal::invalid("nexus_header exceeds size limit"));
    }
    if let Some(attributes) = &request.search_attributes {
        longhaul_kernel::visibility::validate(
            attributes,
            &namespace.attributes(),
            &limits.search_attributes(),
        )?;
    }
    check_metadata(request.user_metadata.as_ref())?;
    // Callbacks of operations are taken and not kept, as on the reference.
    check::links(&request.links, limits)
}

fn check_metadata(metadata: Option<&UserMetadata>) -> Result<(), Refusal> {
    let Some(metadata) = metadata else { return Ok(()) };
    for (name, payload, most) in
        [("summary", &metadata.summary, SUMMARY_BYTES_MAX), ("details", &metadata.details, DETAILS_BYTES_MAX)]
    {
        let bytes = payload.as_ref().map_or(0, Message::encoded_len);
        if bytes > most {
            return Err(Refusal::invalid(format!(
                "user_metadata.{name} exceeds size limit. Length={bytes} Limit={most}"
            )));
        }
    }
    Ok(())
}

fn check_id(frontend: &Frontend, id: &str, run_id: &str) -> Result<(), Refusal> {
    if id.is_empty() {
        return Err(Refusal::invalid("operation_id is required"));
    }
    length("operation_id", id, frontend.id_bytes_max())?;
    if !run_id.is_empty() && RunId::parse(run_id).is_none() {
        return Err(Refusal::invalid("run_id is not a valid UUID"));
    }
    Ok(())
}

fn check_asked(frontend: &Frontend, request_id: &str, identity: &str, reason: &str) -> Result<(), Refusal> {
    let most = frontend.id_bytes_max();
    length("request_id", request_id, most)?;
    length("identity", identity, most)?;
    length("reason", reason, most)
}

fn length(name: &str, text: &str, most: usize) -> Result<(), Refusal> {
    let length = text.len();
    if length <= most {
        return Ok(());
    }
    Err(Refusal::invalid(format!("{name} exceeds length limit. Length={length} Limit={most}")))
}

//! Calls of clients about standalone activities.

use std::sync::Arc;

use longhaul_kernel::{
    activity::{normalise, priority_fault},
    ids::Kind,
    namespace::Namespace,
    visibility::Query,
};
use longhaul_proto::{
    Refusal,
    api::{
        activity::v1::{ActivityExecutionListInfo, ActivityOptions},
        enums::v1::{ActivityIdConflictPolicy, ActivityIdReusePolicy},
        workflowservice::v1::{
            CountActivityExecutionsRequest, CountActivityExecutionsResponse, DeleteActivityExecutionRequest,
            DeleteActivityExecutionResponse, DescribeActivityExecutionRequest,
            DescribeActivityExecutionResponse, ListActivityExecutionsRequest, ListActivityExecutionsResponse,
            PollActivityExecutionRequest, PollActivityExecutionResponse,
            RequestCancelActivityExecutionRequest, RequestCancelActivityExecutionResponse,
            StartActivityExecutionRequest, StartActivityExecutionResponse, TerminateActivityExecutionRequest,
            TerminateActivityExecutionResponse, count_activity_executions_response::AggregationGroup,
        },
    },
};
use longhaul_runtime::peers::PeerError;
use prost::Message;

use crate::{
    Frontend, Settings,
    activity_operator::{Named, check_length},
    asker::Asker,
    check,
    frontend::{Allow, Answered, reading},
    rates::Waits,
    visibility::{check_order, counted, page},
    workflow_start::check_attributes,
};

/// Bytes of a summary, as it is encoded.
const SUMMARY_BYTES_MAX: usize = 400;

/// Bytes of details, as they are encoded.
const DETAILS_BYTES_MAX: usize = 20_000;

/// Answers `StartActivityExecution`.
pub(crate) async fn start(
    frontend: &Frontend,
    asker: Asker,
    mut request: StartActivityExecutionRequest,
) -> Answered<StartActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Registered).await?;
    let settings = frontend.settings(&namespace);
    check_start(frontend, &namespace, &settings, &request)?;
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DescribeActivityExecution`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeActivityExecutionRequest,
) -> Answered<DescribeActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    named(&request.activity_id, &request.run_id).check(frontend)?;
    if !request.long_poll_token.is_empty() && request.run_id.is_empty() {
        return Err(Refusal::invalid("run id is required when long poll token is provided").into());
    }
    let _waiting = (!request.long_poll_token.is_empty())
        .then(|| frontend.wait(&namespace, Waits::History))
        .transpose()?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `PollActivityExecution`.
pub(crate) async fn poll(
    frontend: &Frontend,
    asker: Asker,
    request: PollActivityExecutionRequest,
) -> Answered<PollActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    named(&request.activity_id, &request.run_id).check(frontend)?;
    let _waiting = frontend.wait(&namespace, Waits::History)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `RequestCancelActivityExecution`.
pub(crate) async fn request_cancel(
    frontend: &Frontend,
    asker: Asker,
    mut request: RequestCancelActivityExecutionRequest,
) -> Answered<RequestCancelActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let named = Named {
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &request.request_id,
    };
    named.check(frontend)?;
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `TerminateActivityExecution`.
pub(crate) async fn terminate(
    frontend: &Frontend,
    asker: Asker,
    mut request: TerminateActivityExecutionRequest,
) -> Answered<TerminateActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let named = Named {
        activity_id: &request.activity_id,
        run_id: &request.run_id,
        identity: &request.identity,
        request_id: &request.request_id,
    };
    named.check(frontend)?;
    if request.request_id.is_empty() {
        request.request_id = frontend.draw_uuid();
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DeleteActivityExecution`.
pub(crate) async fn delete(
    frontend: &Frontend,
    asker: Asker,
    request: DeleteActivityExecutionRequest,
) -> Answered<DeleteActivityExecutionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    named(&request.activity_id, &request.run_id).check(frontend)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ListActivityExecutions`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListActivityExecutionsRequest,
) -> Answered<ListActivityExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = query(&request.query, &namespace)?;
    let limit = page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let after = page::cursor(&request.next_page_token, &query)?;
    let query = Arc::new(query);
    let listed = frontend.store.list(namespace.id, Kind::Activity, query.clone(), after, limit);
    let rows = listed.await.map_err(reading)?;
    let next_page_token = match rows.last() {
        Some(last) if rows.len() == limit => page::token(last, &query),
        _ => bytes::Bytes::new(),
    };
    let executions = rows
        .iter()
        .map(|row| {
            ActivityExecutionListInfo::decode(row.info.clone())
                .map_err(|error| PeerError::Corrupt(format!("row of {} can't be read: {error}", row.run)))
        })
        .collect::<Result<_, _>>()?;
    Ok(ListActivityExecutionsResponse { executions, next_page_token })
}

/// Answers `CountActivityExecutions`.
pub(crate) async fn count(
    frontend: &Frontend,
    _: Asker,
    request: CountActivityExecutionsRequest,
) -> Answered<CountActivityExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = query(&request.query, &namespace)?;
    check_order(&query)?;
    let (count, groups) = counted(frontend, &namespace, Kind::Activity, query).await?;
    let groups = groups
        .into_iter()
        .map(|(value, count)| AggregationGroup { group_values: vec![value], count })
        .collect();
    Ok(CountActivityExecutionsResponse { count, groups })
}

fn query(text: &str, namespace: &Namespace) -> Result<Query, Refusal> {
    Query::parse(text, &namespace.attributes().of_activities())
}

/// What a request names that has neither an identity nor an id of its own.
fn named<'r>(activity_id: &'r str, run_id: &'r str) -> Named<'r> {
    Named { activity_id, run_id, identity: "", request_id: "" }
}

/// Refuses a start that can't be, in the reference's order and words.
fn check_start(
    frontend: &Frontend,
    namespace: &Namespace,
    settings: &Settings,
    request: &StartActivityExecutionRequest,
) -> Result<(), Refusal> {
    let limit = frontend.id_bytes_max();
    if request.activity_id.is_empty() {
        return Err(Refusal::invalid("activityId is not set"));
    }
    let kind = request.activity_type.as_ref().map_or("", |kind| &kind.name);
    if kind.is_empty() {
        return Err(Refusal::invalid("activityType is not set"));
    }
    check_length("activityId", &request.activity_id, limit)?;
    check_length("activityType", kind, limit)?;
    check::task_queue(request.task_queue.as_ref(), limit)?;
    let mut timeouts = ActivityOptions {
        schedule_to_close_timeout: request.schedule_to_close_timeout,
        schedule_to_start_timeout: request.schedule_to_start_timeout,
        start_to_close_timeout: request.start_to_close_timeout,
        heartbeat_timeout: request.heartbeat_timeout,
        ..ActivityOptions::default()
    };
    normalise(&mut timeouts, None, &request.activity_id, kind).map_err(Refusal::InvalidArgument)?;
    check::retry_policy(request.retry_policy.as_ref())?;
    if let Some(fault) = check::duration_fault(request.start_delay.as_ref()) {
        return Err(Refusal::invalid(format!("invalid StartDelay: {fault}")));
    }
    if let Some(fault) = request.priority.as_ref().and_then(priority_fault) {
        return Err(Refusal::invalid(format!("invalid priorities: {fault}")));
    }
    check_length("request ID", &request.request_id, limit)?;
    check_length("identity", &request.identity, limit)?;
    check_policies(request)?;
    if request.input.as_ref().is_some_and(|input| input.encoded_len() > settings.limits.blob_bytes_max) {
        return Err(Refusal::invalid("input exceeds length limit"));
    }
    check_attributes(request.search_attributes.as_ref(), namespace, settings)?;
    check_metadata(request)?;
    if !request.completion_callbacks.is_empty() {
        return Err(Refusal::invalid("completion callbacks are not enabled for this namespace"));
    }
    check::links(&request.links, &settings.limits)?;
    let attaches = request.on_conflict_options.as_ref().is_some_and(|options| options.attach_request_id);
    if attaches && request.links.is_empty() {
        return Err(Refusal::invalid(
            "on_conflict_options: attach_request_id requires at least one completion callback or link",
        ));
    }
    Ok(())
}

fn check_policies(request: &StartActivityExecutionRequest) -> Result<(), Refusal> {
    let number = request.id_reuse_policy;
    if ActivityIdReusePolicy::try_from(number).is_err() {
        return Err(Refusal::invalid(format!("unsupported ID reuse policy: {number}")));
    }
    let number = request.id_conflict_policy;
    if ActivityIdConflictPolicy::try_from(number).is_err() {
        return Err(Refusal::invalid(format!("unsupported ID conflict policy: {number}")));
    }
    Ok(())
}

fn check_metadata(request: &StartActivityExecutionRequest) -> Result<(), Refusal> {
    let Some(metadata) = &request.user_metadata else { return Ok(()) };
    for (what, payload, limit) in [
        ("summary", metadata.summary.as_ref(), SUMMARY_BYTES_MAX),
        ("details", metadata.details.as_ref(), DETAILS_BYTES_MAX),
    ] {
        let length = payload.map_or(0, Message::encoded_len);
        if length > limit {
            return Err(Refusal::invalid(format!(
                "user_metadata.{what} exceeds size limit. Length={length} Limit={limit}"
            )));
        }
    }
    Ok(())
}

//! Calls about schedules. Texts are the reference's, whose schedules are workflows of the system: some say so.

use std::sync::Arc;

use longhaul_kernel::{
    calendar,
    ids::Kind,
    namespace::Namespace,
    visibility::{Query, SYSTEM},
};
use longhaul_proto::{
    Refusal,
    api::{
        schedule::v1::{Schedule, ScheduleListEntry, SchedulePatch, schedule_action::Action},
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::{
            CountSchedulesRequest, CountSchedulesResponse, CreateScheduleRequest, CreateScheduleResponse,
            DeleteScheduleRequest, DeleteScheduleResponse, DescribeScheduleRequest, DescribeScheduleResponse,
            ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse, ListSchedulesRequest,
            ListSchedulesResponse, PatchScheduleRequest, PatchScheduleResponse, UpdateScheduleRequest,
            UpdateScheduleResponse, count_schedules_response::AggregationGroup,
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
    visibility::{counted, page},
    workflow_start::{check_attributes, check_sizes},
};

pub mod skipped;

/// What the reference puts before the id of a schedule to name its workflow; counts for the length of an id.
const PREFIX: &str = "temporal-sys-scheduler:";

/// What stands behind the workflow id of an action, for the length of an id.
const SUFFIX: &str = "-2006-01-02T15:04:05Z";

/// Longest note, in bytes.
const NOTES_BYTES_MAX: usize = 2000;

/// Answers `CreateSchedule`.
pub(crate) async fn create(
    frontend: &Frontend,
    asker: Asker,
    request: CreateScheduleRequest,
) -> Answered<CreateScheduleResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let schedule = request.schedule.clone().unwrap_or_default();
    check_spec(&schedule)?;
    check_id_length(frontend, &request.schedule_id)?;
    check_action(&schedule, &namespace, frontend)?;
    check_patch(request.initial_patch.as_ref())?;
    if request.request_id.is_empty() {
        return Err(Refusal::invalid("RequestId is not set on request.").into());
    }
    check::length("RequestId", &request.request_id, frontend.id_bytes_max())?;
    check_id(frontend, &request.schedule_id)?;
    check_attributes(request.search_attributes.as_ref(), &namespace, &frontend.settings(&namespace))?;
    check_sizes(request.memo.as_ref(), &[], &namespace, &frontend.settings(&namespace).limits)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DescribeSchedule`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeScheduleRequest,
) -> Answered<DescribeScheduleResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.schedule_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateSchedule`.
pub(crate) async fn update(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateScheduleRequest,
) -> Answered<UpdateScheduleResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let schedule = request.schedule.clone().unwrap_or_default();
    check_spec(&schedule)?;
    if action(&schedule).is_none() {
        return Err(Refusal::invalid("Only StartWorkflow action is supported for schedules").into());
    }
    check_id(frontend, &request.schedule_id)?;
    check_action(&schedule, &namespace, frontend)?;
    check_attributes(request.search_attributes.as_ref(), &namespace, &frontend.settings(&namespace))?;
    check::length("RequestId", &request.request_id, frontend.id_bytes_max())?;
    if request.memo.is_some() {
        return Err(Refusal::FailedPrecondition(
            "memo updates are not supported on workflow-backed schedules".into(),
        )
        .into());
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `PatchSchedule`.
pub(crate) async fn patch(
    frontend: &Frontend,
    asker: Asker,
    request: PatchScheduleRequest,
) -> Answered<PatchScheduleResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::length("RequestId", &request.request_id, frontend.id_bytes_max())?;
    if request.patch.is_none() {
        return Err(Refusal::invalid("Patch is not set on request.").into());
    }
    check_patch(request.patch.as_ref())?;
    check_id(frontend, &request.schedule_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DeleteSchedule`.
pub(crate) async fn delete(
    frontend: &Frontend,
    asker: Asker,
    request: DeleteScheduleRequest,
) -> Answered<DeleteScheduleResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.schedule_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ListScheduleMatchingTimes`.
pub(crate) async fn matching_times(
    frontend: &Frontend,
    asker: Asker,
    request: ListScheduleMatchingTimesRequest,
) -> Answered<ListScheduleMatchingTimesResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(frontend, &request.schedule_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ListSchedules`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListSchedulesRequest,
) -> Answered<ListSchedulesResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = query(&request.query, &namespace)?;
    let limit = page::size(request.maximum_page_size, frontend.settings(&namespace).page_rows_max);
    let after = page::cursor(&request.next_page_token, &query)?;
    let query = Arc::new(query);
    let listed = frontend.store.list(namespace.id, Kind::Schedule, query.clone(), after, limit);
    let rows = listed.await.map_err(reading)?;
    let next_page_token = match rows.last() {
        Some(last) if rows.len() == limit => page::token(last, &query),
        _ => bytes::Bytes::new(),
    };
    let schedules = rows
        .iter()
        .map(|row| {
            ScheduleListEntry::decode(row.info.clone())
                .map_err(|error| PeerError::Corrupt(format!("row of {} can't be read: {error}", row.run)))
        })
        .collect::<Result<_, _>>()?;
    Ok(ListSchedulesResponse { schedules, next_page_token })
}

/// Answers `CountSchedules`.
pub(crate) async fn count(
    frontend: &Frontend,
    _: Asker,
    request: CountSchedulesRequest,
) -> Answered<CountSchedulesResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = query(&request.query, &namespace)?;
    let (count, groups) = counted(frontend, &namespace, Kind::Schedule, query).await?;
    let groups = groups
        .into_iter()
        .map(|(value, count)| AggregationGroup { group_values: vec![value], count })
        .collect();
    Ok(CountSchedulesResponse { count, groups })
}

/// Reads a query. What only workflows have can't be asked for.
fn query(text: &str, namespace: &Namespace) -> Result<Query, Refusal> {
    let query = Query::parse(text, &namespace.attributes())?;
    let foreign = query.named().find(|(written, name)| {
        let is_system = SYSTEM.iter().any(|(system, ..)| system == name);
        (is_system && !written.ends_with("ScheduleId")) || *name == "TemporalNamespaceDivision"
    });
    match foreign {
        Some((written, _)) => Err(Refusal::invalid(format!(
            "invalid query filter for schedules: cannot filter on \"{written}\""
        ))),
        None => Ok(query),
    }
}

fn check_id(frontend: &Frontend, id: &str) -> Result<(), Refusal> {
    if id.is_empty() {
        return Err(Refusal::invalid("Can't load workflow execution.  WorkflowId not set."));
    }
    check_id_length(frontend, id)
}

fn check_id_length(frontend: &Frontend, id: &str) -> Result<(), Refusal> {
    check::exact_length("WorkflowId", &format!("{PREFIX}{id}"), frontend.id_bytes_max())
}

fn check_spec(schedule: &Schedule) -> Result<(), Refusal> {
    calendar::Spec::parse(&schedule.spec.clone().unwrap_or_default()).map(drop)
}

fn action(schedule: &Schedule) -> Option<&NewWorkflowExecutionInfo> {
    match schedule.action.as_ref()?.action.as_ref()? {
        Action::StartWorkflow(start) => Some(start),
    }
}

/// Refuses an action that could never be taken. What is not checked here, the reference does not check either.
fn check_action(schedule: &Schedule, namespace: &Namespace, frontend: &Frontend) -> Result<(), Refusal> {
    let Some(start) = action(schedule) else { return Ok(()) };
    check::exact_length("WorkflowId", &format!("{}{SUFFIX}", start.workflow_id), frontend.id_bytes_max())?;
    match &start.workflow_type {
        Some(kind) if !kind.name.is_empty() => {
            check::length("WorkflowType", &kind.name, frontend.id_bytes_max())?
        }
        _ => return Err(Refusal::invalid("WorkflowType is not set on request.")),
    }
    check::task_queue(start.task_queue.as_ref(), frontend.id_bytes_max())?;
    check::timeout("WorkflowExecutionTimeout", start.workflow_execution_timeout.as_ref())?;
    check::timeout("WorkflowRunTimeout", start.workflow_run_timeout.as_ref())?;
    check::timeout("WorkflowTaskTimeout", start.workflow_task_timeout.as_ref())?;
    if !start.cron_schedule.is_empty() {
        return Err(Refusal::invalid("Scheduled workflow must not contain CronSchedule"));
    }
    if start.workflow_id_reuse_policy > 1 {
        return Err(Refusal::invalid("Scheduled workflow must not contain WorkflowIDReusePolicy"));
    }
    check_attributes(start.search_attributes.as_ref(), namespace, &frontend.settings(namespace))?;
    check_sizes(start.memo.as_ref(), &[start.input.as_ref()], namespace, &frontend.settings(namespace).limits)
}

fn check_patch(patch: Option<&SchedulePatch>) -> Result<(), Refusal> {
    let Some(patch) = patch else { return Ok(()) };
    if patch.pause.len() > NOTES_BYTES_MAX || patch.unpause.len() > NOTES_BYTES_MAX {
        return Err(Refusal::invalid("Schedule notes exceeds limit."));
    }
    Ok(())
}

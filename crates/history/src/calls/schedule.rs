//! Calls of clients about schedules.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, Kind, NamespaceId},
    schedule::{Input, LeftOut, Reason, Schedule},
    time::Timestamp,
};
use longhaul_proto::api::workflowservice::v1::{
    CreateScheduleRequest, CreateScheduleResponse, DeleteScheduleRequest, DescribeScheduleRequest,
    DescribeScheduleResponse, ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse,
    PatchScheduleRequest, UpdateScheduleRequest,
};
use longhaul_runtime::peers::{LeftOutActions, LeftOutSpan, PeerError, ScheduleLeftOut};

use crate::{
    cell::{Target, Turn},
    history::Room,
    hosted::Cell,
};

type Moment<'a> = Turn<'a, Cell<Schedule>>;

/// Makes a schedule. The same request id finds the same schedule.
///
/// # Errors
/// `WorkflowExecutionAlreadyStarted` if the id is taken.
pub async fn create(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: CreateScheduleRequest,
) -> Result<CreateScheduleResponse, PeerError> {
    let id = request.schedule_id.clone();
    let token = ask(room, namespace, &id, move |turn| {
        if let Some(schedule) = turn.machine() {
            if schedule.create_request_id == request.request_id {
                return Ok(schedule.conflict_token());
            }
            return Err(Refusal::WorkflowExecutionAlreadyStarted {
                message: format!("schedule \"{}\" is already registered", request.schedule_id),
                start_request_id: String::new(),
                run_id: String::new(),
                first_execution_run_id: String::new(),
            });
        }
        let schedule = Schedule::create(request, namespace, turn.context, turn.at, &mut turn.draw)?;
        let token = schedule.conflict_token();
        turn.begin(schedule);
        Ok(token)
    })
    .await?;
    Ok(CreateScheduleResponse { conflict_token: token.to_vec().into() })
}

/// Describes a schedule.
///
/// # Errors
/// `NotFound`.
pub async fn describe(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: DescribeScheduleRequest,
) -> Result<DescribeScheduleResponse, PeerError> {
    ask(room, namespace, &request.schedule_id, |turn| Ok(found(turn)?.describe())).await
}

/// Replaces what a schedule is to do.
///
/// # Errors
/// `NotFound`.
pub async fn update(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: UpdateScheduleRequest,
) -> Result<(), PeerError> {
    let id = request.schedule_id.clone();
    ask(room, namespace, &id, move |turn| {
        found(turn)?;
        let context = turn.context.clone();
        turn.step(Input::Update(Box::new(request), context)).map(|_| ())
    })
    .await
}

/// Asks a schedule for something, or pauses it.
///
/// # Errors
/// `NotFound`.
pub async fn patch(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: PatchScheduleRequest,
) -> Result<(), PeerError> {
    let id = request.schedule_id.clone();
    ask(room, namespace, &id, move |turn| {
        found(turn)?;
        turn.step(Input::Patch(Box::new(request))).map(|_| ())
    })
    .await
}

/// Removes a schedule.
///
/// # Errors
/// `NotFound`.
pub async fn delete(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: DeleteScheduleRequest,
) -> Result<(), PeerError> {
    ask(room, namespace, &request.schedule_id, |turn| {
        found(turn)?;
        turn.step(Input::Delete).map(|_| ())
    })
    .await
}

/// The times of a span at which a schedule would act.
///
/// # Errors
/// `NotFound`, or that the span is not told.
pub async fn matching_times(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: ListScheduleMatchingTimesRequest,
) -> Result<ListScheduleMatchingTimesResponse, PeerError> {
    let span = (request.start_time, request.end_time);
    let start_time = ask(room, namespace, &request.schedule_id, move |turn| {
        let schedule = found(turn)?;
        let (Some(from), Some(to)) = &span else { return Err(no_span()) };
        Ok(schedule.matching(Timestamp::from_proto(from), Timestamp::from_proto(to)))
    })
    .await?;
    Ok(ListScheduleMatchingTimesResponse { start_time })
}

/// What a schedule has left out.
///
/// # Errors
/// `NotFound`.
pub async fn left_out(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: ScheduleLeftOut,
) -> Result<LeftOutActions, PeerError> {
    let spans = ask(room, namespace, &request.schedule_id, |turn| Ok(found(turn)?.left_out().to_vec()));
    Ok(LeftOutActions { spans: spans.await?.into_iter().map(span).collect() })
}

fn span(left_out: LeftOut) -> LeftOutSpan {
    let (reason, details) = match left_out.reason {
        Reason::MissedCatchupWindow => ("MissedCatchupWindow", String::new()),
        Reason::Overlap => ("Overlap", String::new()),
        Reason::BufferFull => ("BufferFull", String::new()),
        Reason::NoActionAllowed => ("NoActionAllowed", String::new()),
        Reason::Replaced => ("Replaced", String::new()),
        Reason::NotStarted(why) => ("NotStarted", why),
    };
    LeftOutSpan {
        first: left_out.nominal.to_proto(),
        last: left_out.last.unwrap_or(left_out.nominal).to_proto(),
        left_out: left_out.at.to_proto(),
        count: left_out.times.unwrap_or(1),
        reason: reason.into(),
        details,
    }
}

/// Asks a schedule.
async fn ask<T: Send + 'static>(
    room: &Arc<Room>,
    namespace: NamespaceId,
    id: &str,
    work: impl FnOnce(&mut Moment<'_>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, PeerError> {
    let key = ExecutionKey { namespace, kind: Kind::Schedule, id: id.into() };
    let shard = room.shard(&key)?;
    shard.schedules.ask(&shard, key, Target::Current, work).await
}

/// The schedule, if there is one.
fn found<'t>(turn: &'t Moment<'_>) -> Result<&'t Schedule, Refusal> {
    turn.machine().ok_or_else(|| {
        // The reference's schedules are workflows, and its text says so.
        Refusal::not_found(format!("workflow not found for ID: temporal-sys-scheduler:{}", turn.key.id))
    })
}

/// The reference answers from a query of its workflow.
fn no_span() -> Refusal {
    let message = "missing or invalid query".to_owned();
    let failure = longhaul_proto::api::failure::v1::Failure {
        message: message.clone(),
        source: "GoSDK".into(),
        failure_info: Some(longhaul_proto::api::failure::v1::failure::FailureInfo::ApplicationFailureInfo(
            Default::default(),
        )),
        ..Default::default()
    };
    Refusal::QueryFailed { message, failure: Some(Box::new(failure)) }
}

//! Activities.

use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    command::v1::{RequestCancelActivityTaskCommandAttributes, ScheduleActivityTaskCommandAttributes},
    enums::v1::{TaskQueueKind, WorkflowTaskFailedCause as Cause},
    history::v1::{
        ActivityTaskCancelRequestedEventAttributes, ActivityTaskCanceledEventAttributes,
        ActivityTaskScheduledEventAttributes, history_event::Attributes,
    },
    sdk::v1::UserMetadata,
};
use prost::Message;

use super::{Completion, Fault, checks};
use crate::{
    activity::normalise,
    context::is_reached,
    retry,
    run::{DutyId, payload, state::Phase, transition::Transition},
    time::positive,
};

const BAD: Cause = Cause::BadScheduleActivityAttributes;

/// Schedules an activity; an eager one is given to the worker that asks for it.
#[allow(deprecated)]
pub fn schedule(
    t: &mut Transition<'_>,
    completion: &mut Completion,
    a: ScheduleActivityTaskCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    check(t, &a)?;
    let mut timeouts = ActivityOptions {
        schedule_to_close_timeout: a.schedule_to_close_timeout,
        schedule_to_start_timeout: a.schedule_to_start_timeout,
        start_to_close_timeout: a.start_to_close_timeout,
        heartbeat_timeout: a.heartbeat_timeout,
        ..ActivityOptions::default()
    };
    let kind = a.activity_type.as_ref().map_or("", |activity_type| &activity_type.name);
    let run = positive(t.run.start.workflow_run_timeout.as_ref());
    normalise(&mut timeouts, run, &a.activity_id, kind).map_err(|detail| Fault::Task(BAD, detail))?;
    let mut queue = a.task_queue.unwrap_or_default();
    if queue.kind == TaskQueueKind::Unspecified as i32 {
        queue.kind = TaskQueueKind::Normal as i32;
    }
    // What goes by the rules or sets of its queue has to go there.
    let stays = a.use_workflow_build_id || !t.run.goes_by_builds();
    let eager = a.request_eager_execution && t.context.limits.eager_activities && stays;
    let scheduled = ActivityTaskScheduledEventAttributes {
        activity_id: a.activity_id,
        activity_type: a.activity_type,
        task_queue: Some(queue),
        header: a.header,
        input: a.input,
        schedule_to_close_timeout: timeouts.schedule_to_close_timeout,
        schedule_to_start_timeout: timeouts.schedule_to_start_timeout,
        start_to_close_timeout: timeouts.start_to_close_timeout,
        heartbeat_timeout: timeouts.heartbeat_timeout,
        workflow_task_completed_event_id: completion.event_id,
        retry_policy: Some(retry::with_defaults(a.retry_policy.as_ref())),
        use_workflow_build_id: a.use_workflow_build_id,
        priority: a.priority,
    };
    let attributes = Attributes::ActivityTaskScheduledEventAttributes(scheduled);
    let event_id = t.event_of(t.at, attributes, metadata, Vec::new());
    if eager {
        completion.eager.push(event_id);
    } else {
        t.duty(DutyId::Activity(event_id));
    }
    Ok(())
}

/// Refuses what can't be right, in the reference's order and words.
fn check(t: &Transition<'_>, a: &ScheduleActivityTaskCommandAttributes) -> Result<(), Fault> {
    let bad = |detail: String| Err(Fault::Task(BAD, detail));
    let limit = t.context.limits.id_bytes_max;
    let too_long = |name: &str, length: usize| {
        (length > limit)
            .then(|| Fault::Task(BAD, format!("{name} exceeds length limit. Length={length} Limit={limit}")))
    };
    if a.activity_id.is_empty() {
        return bad("activityId is not set".into());
    }
    let Some(activity_type) = a.activity_type.as_ref().filter(|activity_type| !activity_type.name.is_empty())
    else {
        return bad("activityType is not set".into());
    };
    if let Some(fault) =
        too_long("activityId", a.activity_id.len()).or(too_long("activityType", activity_type.name.len()))
    {
        return Err(fault);
    }
    match &a.task_queue {
        None => return bad("taskQueue is not set".into()),
        Some(queue) if queue.name.is_empty() => return bad("missing task queue name".into()),
        Some(queue) => checks::queue_name(t, &queue.name).map_err(|why| Fault::Task(BAD, why.into()))?,
    }
    retry::validate(a.retry_policy.as_ref()).map_err(|detail| Fault::Task(BAD, detail))?;
    checks::priority(a.priority.as_ref(), BAD)?;
    let other = a.task_queue.as_ref().is_some_and(|queue| queue.name != t.run.task_queue());
    if a.use_workflow_build_id && other && t.run.is_in_a_set() {
        return bad("Activity with UseCompatibleVersion cannot run on different task queue.".into());
    }
    if t.run.activity_by_id(&a.activity_id).is_some() {
        return Err(Fault::Task(
            Cause::ScheduleActivityDuplicateId,
            format!(
                "invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: {}",
                a.activity_id
            ),
        ));
    }
    let limits = &t.context.limits;
    if is_reached(t.run.activities.len(), limits.pending_activities_max) {
        return Err(Fault::Task(
            Cause::PendingActivitiesLimitExceeded,
            format!(
                "the number of pending activities, {}, has reached the per-workflow limit of {}",
                t.run.activities.len(),
                limits.pending_activities_max
            ),
        ));
    }
    if a.input.as_ref().is_some_and(|input| input.encoded_len() > limits.blob_bytes_max) {
        return Err(Fault::Run(
            BAD,
            "ScheduleActivityTaskCommandAttributes.Input exceeds size limit.".into(),
        ));
    }
    Ok(())
}

/// Asks an activity to cancel: one that no worker has is canceled at once.
pub fn request_cancel(
    t: &mut Transition<'_>,
    completion: &mut Completion,
    a: &RequestCancelActivityTaskCommandAttributes,
) -> Result<(), Fault> {
    let scheduled_event_id = a.scheduled_event_id;
    let bad = |detail: String| Err(Fault::Task(Cause::BadRequestCancelActivityAttributes, detail));
    if scheduled_event_id <= 0 {
        return bad("ScheduledEventId is not set on RequestCancelActivityTaskCommand.".into());
    }
    let requested =
        Attributes::ActivityTaskCancelRequestedEventAttributes(ActivityTaskCancelRequestedEventAttributes {
            scheduled_event_id,
            workflow_task_completed_event_id: completion.event_id,
        });
    let state_fault = || {
        format!(
            "invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: {scheduled_event_id}"
        )
    };
    let Some(activity) = t.run.activities.get(&scheduled_event_id) else {
        // Its end came while the worker had this task: the request is recorded and changes nothing.
        if ended_in_buffer(t, scheduled_event_id) {
            t.event(requested);
            return Ok(());
        }
        return bad(state_fault());
    };
    if activity.cancel_requested.is_some() {
        return bad(state_fault());
    }
    let has_worker = matches!(activity.phase, Phase::Started { .. });
    let request_event_id = t.event(requested);
    if !has_worker {
        let canceled = ActivityTaskCanceledEventAttributes {
            details: Some(payload::json_string("ACTIVITY_ID_NOT_STARTED")),
            latest_cancel_requested_event_id: request_event_id,
            scheduled_event_id,
            identity: completion.identity.clone(),
            ..Default::default()
        };
        t.buffer_event(Attributes::ActivityTaskCanceledEventAttributes(canceled));
        completion.canceled_unstarted += 1;
        t.duty_done(DutyId::Activity(scheduled_event_id));
        t.needs_task = true;
    }
    Ok(())
}

/// Whether the buffer holds the end of this activity.
fn ended_in_buffer(t: &Transition<'_>, scheduled_event_id: i64) -> bool {
    t.run.buffered.iter().any(|event| match &event.attributes {
        Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => {
            a.scheduled_event_id == scheduled_event_id
        }
        Some(Attributes::ActivityTaskFailedEventAttributes(a)) => a.scheduled_event_id == scheduled_event_id,
        Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => {
            a.scheduled_event_id == scheduled_event_id
        }
        Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => {
            a.scheduled_event_id == scheduled_event_id
        }
        _ => false,
    })
}

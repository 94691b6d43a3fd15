//! Transcripts: every event with what matters of it, buffered ones after a `~`, what the run took upon itself after a
//! `+`, what it got rid of after a `-`, and the answer.

use longhaul_proto::{
    Refusal,
    api::history::v1::{HistoryEvent, history_event::Attributes as E},
};

use super::{
    script::BEGIN,
    words::{retry_state, show, show_duration, show_failure, show_seconds},
};
use crate::{
    run::{Change, Duty, DutyId, Effects, Fact, Reply, Run},
    time::Timestamp,
};

/// An instant, told from the beginning of the script.
pub fn time(at: Timestamp) -> String {
    let length = at.since(BEGIN);
    show_seconds(length.as_secs().cast_signed(), length.subsec_nanos().cast_signed())
}

/// Puts names in the place of run ids, and shortens a thousand letters.
pub fn rename(mut text: String, names: &[(String, String)]) -> String {
    for (id, name) in names {
        text = text.replace(id, name);
    }
    text.replace(&"x".repeat(1001), "x*1001")
}

/// What stands in a run, in short.
pub fn state(run: &Run) -> String {
    let task = match &run.workflow_task {
        None => "no task".to_owned(),
        Some(task) => {
            let started = if task.started.is_some() { "started" } else { "scheduled" };
            let timeout = show_seconds(task.timeout.as_secs().cast_signed(), 0);
            format!("{:?} task {started}, attempt {}, timeout {timeout}", task.kind, task.attempt)
        }
    };
    let pending = [
        ("activities", run.activities.len()),
        ("timers", run.timers.len()),
        ("children", run.children.len()),
        ("buffered", run.buffered.len()),
    ];
    let pending: Vec<String> = pending
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!(", {name} {count}"))
        .collect();
    format!("{:?} after {} transitions, {task}{}", run.status(), run.transitions, pending.concat())
}

/// Everything that followed from a step.
pub fn effects(run: &Run, effects: &Effects, at: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &effects.changes {
        match change {
            Change::Event(event) | Change::Flushed(event) => lines.push(shown(event, at)),
            Change::Fact(Fact::Buffered(event)) => lines.push(shown(event, at)),
            Change::Fact(Fact::Unbuffered(_)) => lines.push("~ one event less".into()),
            _ => {}
        }
    }
    let mut duties: Vec<String> =
        effects.duties.iter().map(|duty| format!("+{}", owed(run, *duty))).collect();
    duties.extend(effects.duties_done.iter().map(|duty| format!("-{duty:?}")));
    if !duties.is_empty() {
        lines.push(format!("  {}", duties.join(" ")));
    }
    if effects.expired {
        lines.push("expired".into());
    }
    lines.extend(reply(run, &effects.reply));
    lines
}

/// A duty with what is needed to fulfil it.
pub fn owed(run: &Run, id: DutyId) -> String {
    match run.duty(id) {
        None => format!("{id:?} void"),
        Some(Duty::WorkflowTask(dispatch)) => format!("{id:?} on {}", dispatch.queue.name),
        Some(Duty::Activity(dispatch)) => {
            format!("{id:?} on {} attempt={} stamp={}", dispatch.queue.name, dispatch.attempt, dispatch.stamp)
        }
        Some(Duty::CloseChild(child, policy)) => format!("{id:?} {} by {policy:?}", child.run_id),
        Some(Duty::SettleChild(_, policy)) => format!("{id:?} to be settled by {policy:?}"),
        Some(Duty::ScheduleChild(child)) => format!("{id:?} {}", child.run_id),
        Some(_) => format!("{id:?}"),
    }
}

fn reply(run: &Run, reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Done => Vec::new(),
        Reply::Already => vec!["already".into()],
        Reply::Refused(refusal) => vec![format!("answers: {}", answer(refusal))],
        Reply::Ended(refusal) => vec![format!("ended: {}", answer(refusal))],
        Reply::Stale => vec!["stale".into()],
        Reply::WorkflowTask => {
            let attempt = run.workflow_task.as_ref().map_or(0, |task| task.attempt);
            let transient = run.transient_events();
            let mut lines = vec![format!("task: attempt {attempt}")];
            lines.extend(transient.iter().map(|event| format!("  also {} {}", event.event_id, name(event))));
            lines
        }
        Reply::Options(options) => {
            let key = options.priority.as_ref().map_or(0, |priority| priority.priority_key);
            vec![format!("options: priority={key} override={}", options.versioning_override.is_some())]
        }
        Reply::ActivityOptions(options) => {
            let queue = options.task_queue.as_ref().map_or("", |queue| &queue.name);
            vec![format!("options: on={queue}")]
        }
        Reply::ActivityTask => vec!["activity task".into()],
        Reply::Heartbeat(answer) => {
            let told = format!("cancel_requested={}", answer.cancel_requested);
            let paused = if answer.activity_paused { " paused" } else { "" };
            let reset = if answer.activity_reset { " reset" } else { "" };
            vec![format!("{told}{paused}{reset}")]
        }
        Reply::Completed { eager_activities, new_task, .. } => {
            let mut lines = Vec::new();
            if !eager_activities.is_empty() {
                lines.push(format!("eager activities {eager_activities:?}"));
            }
            if *new_task {
                lines.push("task in the answer".into());
            }
            lines
        }
        other => vec![format!("{other:?}")],
    }
}

/// The text of a refusal, up to its colon: the rest is in the event.
fn answer(refusal: &Refusal) -> String {
    match refusal {
        Refusal::InvalidArgument(text) => {
            text.split_once(':').map_or(text.as_str(), |(name, _)| name).to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// The event's name as the API spells it.
fn name(event: &HistoryEvent) -> String {
    event.attributes.as_ref().map_or_else(String::new, |attributes| {
        let debug = format!("{attributes:?}");
        debug.split("EventAttributes").next().unwrap_or_default().to_owned()
    })
}

fn shown(event: &HistoryEvent, at: Timestamp) -> String {
    let id = match event.event_id {
        0 => "~".to_owned(),
        id => id.to_string(),
    };
    let mut line = format!("{id} {}", name(event));
    if let Some(attributes) = &event.attributes {
        let details = details(attributes).or_else(|| external(attributes)).unwrap_or_default();
        for detail in details.into_iter().filter(|detail| !detail.is_empty() && !detail.ends_with('=')) {
            line.push(' ');
            line.push_str(&detail);
        }
    }
    let then = event.event_time.as_ref().map(Timestamp::from_proto);
    if let Some(then) = then.filter(|then| *then != at) {
        line.push_str(&format!(" at {}", time(then)));
    }
    line
}

/// What matters of the events of the run itself and of its tasks.
fn details(attributes: &E) -> Option<Vec<String>> {
    let set = |name: &str, wire: Option<&prost_types::Duration>| {
        wire.map_or_else(String::new, |_| format!("{name}={}", show_duration(wire)))
    };
    let over = |name: &str, wire: Option<&prost_types::Duration>| match show_duration(wire).as_str() {
        "0s" | "none" => String::new(),
        text => format!("{name}={text}"),
    };
    Some(match attributes {
        E::WorkflowExecutionStartedEventAttributes(a) => vec![
            format!("input={}", show(a.input.as_ref())),
            if a.attempt > 1 { format!("attempt={}", a.attempt) } else { String::new() },
            over("backoff", a.first_workflow_task_backoff.as_ref()),
            set("run_timeout", a.workflow_run_timeout.as_ref()),
            format!("continues={}", a.continued_execution_run_id),
            if a.initiator > 0 { format!("initiator={:?}", a.initiator()) } else { String::new() },
            a.continued_failure.as_ref().map_or_else(String::new, |f| format!("after {}", show_failure(f))),
            format!("last_result={}", show(a.last_completion_result.as_ref())),
            a.memo.as_ref().map_or_else(String::new, |memo| format!("memo={:?}", memo.fields.keys())),
            a.search_attributes
                .as_ref()
                .map_or_else(String::new, |a| format!("attributes={:?}", a.indexed_fields.keys())),
            a.retry_policy.as_ref().map_or_else(String::new, |_| "retry_policy".into()),
            format!("cron={}", a.cron_schedule),
        ],
        E::WorkflowExecutionCompletedEventAttributes(a) => {
            vec![format!("result={}", show(a.result.as_ref())), format!("next={}", a.new_execution_run_id)]
        }
        E::WorkflowExecutionFailedEventAttributes(a) => vec![
            a.failure.as_ref().map_or_else(String::new, show_failure),
            retry_state(a.retry_state),
            format!("next={}", a.new_execution_run_id),
        ],
        E::WorkflowExecutionTimedOutEventAttributes(a) => {
            vec![retry_state(a.retry_state), format!("next={}", a.new_execution_run_id)]
        }
        E::WorkflowExecutionTerminatedEventAttributes(a) => {
            vec![format!("reason={:?}", a.reason), format!("by={}", a.identity)]
        }
        E::WorkflowExecutionCanceledEventAttributes(a) => {
            vec![format!("details={}", show(a.details.as_ref()))]
        }
        E::WorkflowExecutionContinuedAsNewEventAttributes(a) => vec![
            format!("next={}", a.new_execution_run_id),
            set("backoff", a.backoff_start_interval.as_ref()),
            format!("queue={}", a.task_queue.as_ref().map_or("", |queue| &queue.name)),
        ],
        E::WorkflowExecutionSignaledEventAttributes(a) => vec![
            a.signal_name.clone(),
            format!("input={}", show(a.input.as_ref())),
            format!("request={}", a.request_id),
            format!("from={}", a.external_workflow_execution.as_ref().map_or("", |from| &from.workflow_id)),
        ],
        E::WorkflowExecutionOptionsUpdatedEventAttributes(a) => vec![
            format!("request={}", a.attached_request_id),
            over_zero("callbacks", a.attached_completion_callbacks.len()),
            a.priority.as_ref().map_or_else(String::new, |p| format!("priority={}", p.priority_key)),
            a.versioning_override.as_ref().map_or_else(String::new, |_| "override".into()),
            if a.unset_versioning_override { "no-override".into() } else { String::new() },
            format!("by={}", a.identity),
        ],
        E::WorkflowExecutionCancelRequestedEventAttributes(a) => vec![
            format!("cause={}", a.cause),
            format!("from={}", a.external_workflow_execution.as_ref().map_or("", |from| &from.workflow_id)),
        ],
        E::WorkflowTaskScheduledEventAttributes(a) => vec![
            format!("on={}", a.task_queue.as_ref().map_or("", |queue| &queue.name)),
            if a.attempt > 1 { format!("attempt={}", a.attempt) } else { String::new() },
        ],
        E::WorkflowTaskStartedEventAttributes(a) => vec![
            format!("scheduled={}", a.scheduled_event_id),
            if a.suggest_continue_as_new {
                format!("suggest={:?}", a.suggest_continue_as_new_reasons)
            } else {
                String::new()
            },
        ],
        E::WorkflowTaskCompletedEventAttributes(a) => {
            vec![format!("scheduled={} started={}", a.scheduled_event_id, a.started_event_id)]
        }
        E::WorkflowTaskFailedEventAttributes(a) => vec![
            format!("cause={:?}", a.cause()),
            a.failure.as_ref().map_or_else(String::new, show_failure),
            format!("by={}", a.identity),
        ],
        E::WorkflowTaskTimedOutEventAttributes(a) => vec![format!("{:?}", a.timeout_type())],
        E::TimerStartedEventAttributes(a) => {
            vec![a.timer_id.clone(), show_duration(a.start_to_fire_timeout.as_ref())]
        }
        E::TimerFiredEventAttributes(a) => {
            vec![a.timer_id.clone(), format!("started={}", a.started_event_id)]
        }
        E::TimerCanceledEventAttributes(a) => {
            vec![a.timer_id.clone(), format!("started={}", a.started_event_id)]
        }
        E::MarkerRecordedEventAttributes(a) => vec![a.marker_name.clone(), show(a.details.get("d"))],
        E::UpsertWorkflowSearchAttributesEventAttributes(a) => {
            vec![
                a.search_attributes
                    .as_ref()
                    .map_or_else(String::new, |s| format!("{:?}", s.indexed_fields.keys())),
            ]
        }
        E::WorkflowPropertiesModifiedEventAttributes(a) => {
            vec![
                a.upserted_memo.as_ref().map_or_else(String::new, |memo| format!("{:?}", memo.fields.keys())),
            ]
        }
        _ => return activity(attributes),
    })
}

fn over_zero(name: &str, count: usize) -> String {
    if count > 0 { format!("{name}={count}") } else { String::new() }
}

/// What matters of the events of activities.
fn activity(attributes: &E) -> Option<Vec<String>> {
    Some(match attributes {
        E::ActivityTaskScheduledEventAttributes(a) => vec![
            a.activity_id.clone(),
            format!("schedule_to_close={}", show_duration(a.schedule_to_close_timeout.as_ref())),
            format!("schedule_to_start={}", show_duration(a.schedule_to_start_timeout.as_ref())),
            format!("start_to_close={}", show_duration(a.start_to_close_timeout.as_ref())),
            format!("heartbeat={}", show_duration(a.heartbeat_timeout.as_ref())),
        ]
        .into_iter()
        .filter(|detail| !detail.ends_with("=0s"))
        .collect(),
        E::ActivityTaskStartedEventAttributes(a) => vec![
            format!("scheduled={} by={}", a.scheduled_event_id, a.identity),
            if a.attempt > 1 { format!("attempt={}", a.attempt) } else { String::new() },
            a.last_failure.as_ref().map_or_else(String::new, |f| format!("after {}", show_failure(f))),
        ],
        E::ActivityTaskCompletedEventAttributes(a) => vec![
            format!("scheduled={} started={}", a.scheduled_event_id, a.started_event_id),
            format!("result={}", show(a.result.as_ref())),
        ],
        E::ActivityTaskFailedEventAttributes(a) => vec![
            format!("scheduled={} started={}", a.scheduled_event_id, a.started_event_id),
            a.failure.as_ref().map_or_else(String::new, show_failure),
            retry_state(a.retry_state),
        ],
        E::ActivityTaskTimedOutEventAttributes(a) => vec![
            format!("scheduled={} started={}", a.scheduled_event_id, a.started_event_id),
            a.failure.as_ref().map_or_else(String::new, show_failure),
            retry_state(a.retry_state),
        ],
        E::ActivityTaskCancelRequestedEventAttributes(a) => {
            vec![format!("scheduled={}", a.scheduled_event_id)]
        }
        E::ActivityTaskCanceledEventAttributes(a) => vec![
            format!("scheduled={} started={}", a.scheduled_event_id, a.started_event_id),
            format!("requested={}", a.latest_cancel_requested_event_id),
            format!("details={}", show(a.details.as_ref())),
        ],
        _ => return None,
    })
}

/// What matters of the events of children and other executions.
#[allow(deprecated)]
fn external(attributes: &E) -> Option<Vec<String>> {
    let about =
        |initiated: i64, started: i64, run: Option<&longhaul_proto::api::common::v1::WorkflowExecution>| {
            vec![format!("initiated={initiated} started={started} run={}", run.map_or("", |run| &run.run_id))]
        };
    Some(match attributes {
        E::StartChildWorkflowExecutionInitiatedEventAttributes(a) => vec![
            a.workflow_id.clone(),
            format!("on={}", a.task_queue.as_ref().map_or("", |queue| &queue.name)),
            format!("policy={:?}", a.parent_close_policy()),
        ],
        E::StartChildWorkflowExecutionFailedEventAttributes(a) => {
            vec![a.workflow_id.clone(), format!("initiated={} {:?}", a.initiated_event_id, a.cause())]
        }
        E::ChildWorkflowExecutionStartedEventAttributes(a) => {
            vec![format!("initiated={}", a.initiated_event_id)]
        }
        E::ChildWorkflowExecutionCompletedEventAttributes(a) => {
            about(a.initiated_event_id, a.started_event_id, a.workflow_execution.as_ref())
        }
        E::ChildWorkflowExecutionFailedEventAttributes(a) => {
            about(a.initiated_event_id, a.started_event_id, a.workflow_execution.as_ref())
        }
        E::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            about(a.initiated_event_id, a.started_event_id, a.workflow_execution.as_ref())
        }
        E::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            about(a.initiated_event_id, a.started_event_id, a.workflow_execution.as_ref())
        }
        E::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            about(a.initiated_event_id, a.started_event_id, a.workflow_execution.as_ref())
        }
        E::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => vec![a.signal_name.clone()],
        E::SignalExternalWorkflowExecutionFailedEventAttributes(a) => {
            vec![format!("initiated={} {:?} control={}", a.initiated_event_id, a.cause(), a.control)]
        }
        E::ExternalWorkflowExecutionSignaledEventAttributes(a) => {
            vec![format!("initiated={} control={}", a.initiated_event_id, a.control)]
        }
        E::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
            vec![format!("reason={}", a.reason)]
        }
        E::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => {
            vec![format!("initiated={} {:?}", a.initiated_event_id, a.cause())]
        }
        E::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => {
            vec![format!("initiated={}", a.initiated_event_id)]
        }
        _ => return None,
    })
}

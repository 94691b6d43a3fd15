//! The commands of a completed workflow task, as scripts write them.

use longhaul_proto::api::{
    command::v1::{
        CancelTimerCommandAttributes, CancelWorkflowExecutionCommandAttributes, Command,
        CompleteWorkflowExecutionCommandAttributes, ContinueAsNewWorkflowExecutionCommandAttributes,
        FailWorkflowExecutionCommandAttributes, ModifyWorkflowPropertiesCommandAttributes,
        RecordMarkerCommandAttributes, RequestCancelActivityTaskCommandAttributes,
        RequestCancelExternalWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        ScheduleNexusOperationCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes,
        UpsertWorkflowSearchAttributesCommandAttributes, command::Attributes as A,
    },
    common::v1::{
        ActivityType, Memo, Priority, RetryPolicy, SearchAttributes, WorkflowExecution, WorkflowType,
    },
    enums::v1::{CommandType as T, ParentClosePolicy},
    taskqueue::v1::TaskQueue,
};

use super::words::{Words, payload};
use crate::time::to_proto;

/// Reads the commands of a workflow task, which stand between commas.
pub fn parse(text: &str) -> Vec<Command> {
    text.split(',').map(str::trim).filter(|command| !command.is_empty()).map(command).collect()
}

fn command(text: &str) -> Command {
    let w = Words::of(text);
    let (command_type, attributes) = match w.word(0).as_str() {
        "activity" => (T::ScheduleActivityTask, Some(activity(&w))),
        "cancel-activity" => (
            T::RequestCancelActivityTask,
            Some(A::RequestCancelActivityTaskCommandAttributes(RequestCancelActivityTaskCommandAttributes {
                scheduled_event_id: w.number(1),
            })),
        ),
        "timer" => (T::StartTimer, Some(timer(&w))),
        "cancel-timer" => (
            T::CancelTimer,
            Some(A::CancelTimerCommandAttributes(CancelTimerCommandAttributes { timer_id: w.word(1) })),
        ),
        "marker" => (T::RecordMarker, Some(marker(&w))),
        "done" => (
            T::CompleteWorkflowExecution,
            Some(A::CompleteWorkflowExecutionCommandAttributes(CompleteWorkflowExecutionCommandAttributes {
                result: w.payloads(1),
            })),
        ),
        "fail" => (
            T::FailWorkflowExecution,
            Some(A::FailWorkflowExecutionCommandAttributes(FailWorkflowExecutionCommandAttributes {
                failure: (!w.has("without-failure")).then(|| w.failure(1)),
            })),
        ),
        "canceled" => (
            T::CancelWorkflowExecution,
            Some(A::CancelWorkflowExecutionCommandAttributes(CancelWorkflowExecutionCommandAttributes {
                details: w.payloads(1),
            })),
        ),
        "again" => (T::ContinueAsNewWorkflowExecution, Some(continue_as_new(&w))),
        "child" => (T::StartChildWorkflowExecution, Some(child(&w))),
        "signal-external" => (T::SignalExternalWorkflowExecution, Some(signal_external(&w))),
        "cancel-external" => (T::RequestCancelExternalWorkflowExecution, Some(cancel_external(&w))),
        "search-attribute" => (T::UpsertWorkflowSearchAttributes, Some(search_attribute(&w))),
        "memo" => (T::ModifyWorkflowProperties, Some(memo(&w))),
        "nexus" => (
            T::ScheduleNexusOperation,
            Some(A::ScheduleNexusOperationCommandAttributes(
                ScheduleNexusOperationCommandAttributes::default(),
            )),
        ),
        "bare" => (T::StartTimer, None),
        "unknown" => {
            let command_type = i32::try_from(w.number(1)).expect("a small number");
            return Command { command_type, ..Command::default() };
        }
        other => panic!("unknown command {other:?}"),
    };
    Command { command_type: command_type as i32, attributes, ..Command::default() }
}

/// The retry policy that the options describe, if they describe one.
pub fn retry_policy(w: &Words) -> Option<RetryPolicy> {
    let given = ["attempts", "interval", "interval_max", "coefficient", "never"]
        .iter()
        .any(|option| w.option(option).is_some());
    given.then(|| RetryPolicy {
        initial_interval: w.duration("interval"),
        backoff_coefficient: w.option("coefficient").map_or(0.0, |value| value.parse().expect("a number")),
        maximum_interval: w.duration("interval_max"),
        maximum_attempts: w.int("attempts"),
        non_retryable_error_types: w.option("never").into_iter().collect(),
    })
}

fn queue(w: &Words, otherwise: &str) -> Option<TaskQueue> {
    let name = w.option("queue").unwrap_or_else(|| otherwise.to_owned());
    Some(TaskQueue { name, ..TaskQueue::default() })
}

fn priority(w: &Words) -> Option<Priority> {
    w.option("priority")
        .map(|key| Priority { priority_key: key.parse().expect("a number"), ..Priority::default() })
}

fn activity(w: &Words) -> A {
    let timeouts = ["start_to_close", "schedule_to_close"];
    let has_timeout = timeouts.iter().any(|option| w.option(option).is_some()) || w.has("without-timeout");
    let start_to_close = w
        .duration("start_to_close")
        .or_else(|| (!has_timeout).then(|| to_proto(std::time::Duration::from_secs(1000))));
    A::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes {
        activity_id: w.word(1).replace("without-id", ""),
        activity_type: (!w.has("without-type"))
            .then(|| ActivityType { name: w.option("type").unwrap_or_else(|| "act".into()) }),
        task_queue: (!w.has("without-queue")).then(|| queue(w, "q").expect("a queue")),
        input: w.option("input").map(|input| super::words::payloads(&input)),
        schedule_to_close_timeout: w.duration("schedule_to_close"),
        schedule_to_start_timeout: w.duration("schedule_to_start"),
        start_to_close_timeout: start_to_close,
        heartbeat_timeout: w.duration("heartbeat"),
        retry_policy: retry_policy(w),
        request_eager_execution: w.has("eager"),
        priority: priority(w),
        ..Default::default()
    })
}

fn timer(w: &Words) -> A {
    let start_to_fire_timeout = match w.word(2) {
        length if length.is_empty() => None,
        length => Words::of(&format!("length={length}")).duration("length"),
    };
    A::StartTimerCommandAttributes(StartTimerCommandAttributes {
        timer_id: w.word(1).replace("without-id", ""),
        start_to_fire_timeout,
    })
}

fn marker(w: &Words) -> A {
    A::RecordMarkerCommandAttributes(RecordMarkerCommandAttributes {
        marker_name: w.word(1),
        details: w.payloads(2).map(|details| ("d".to_owned(), details)).into_iter().collect(),
        ..Default::default()
    })
}

fn continue_as_new(w: &Words) -> A {
    A::ContinueAsNewWorkflowExecutionCommandAttributes(ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: w.option("type").map(|name| WorkflowType { name }),
        task_queue: w.option("queue").map(|name| TaskQueue { name, ..TaskQueue::default() }),
        input: w.payloads(1),
        workflow_run_timeout: w.duration("run_timeout"),
        workflow_task_timeout: w.duration("task_timeout"),
        backoff_start_interval: w.duration("backoff"),
        retry_policy: retry_policy(w),
        cron_schedule: w.text("cron").replace('_', " "),
        memo: w.option("memo").map(|value| Memo { fields: [("k".to_owned(), payload(&value))].into() }),
        ..Default::default()
    })
}

#[allow(deprecated)]
fn child(w: &Words) -> A {
    let policy = match w.text("policy").as_str() {
        "" => ParentClosePolicy::Unspecified,
        "abandon" => ParentClosePolicy::Abandon,
        "request_cancel" => ParentClosePolicy::RequestCancel,
        "terminate" => ParentClosePolicy::Terminate,
        other => panic!("unknown policy {other:?}"),
    };
    A::StartChildWorkflowExecutionCommandAttributes(StartChildWorkflowExecutionCommandAttributes {
        namespace: w.text("namespace"),
        workflow_id: w.word(1).replace("without-id", ""),
        workflow_type: (!w.has("without-type")).then(|| WorkflowType { name: "child".into() }),
        task_queue: w.option("queue").map(|name| TaskQueue { name, ..TaskQueue::default() }),
        input: w.option("input").map(|input| super::words::payloads(&input)),
        workflow_execution_timeout: w.duration("execution_timeout"),
        workflow_run_timeout: w.duration("run_timeout"),
        parent_close_policy: policy as i32,
        retry_policy: retry_policy(w),
        cron_schedule: w.text("cron").replace('_', " "),
        priority: priority(w),
        ..Default::default()
    })
}

#[allow(deprecated)]
fn signal_external(w: &Words) -> A {
    A::SignalExternalWorkflowExecutionCommandAttributes(SignalExternalWorkflowExecutionCommandAttributes {
        namespace: w.text("namespace"),
        execution: (!w.has("without-execution")).then(|| WorkflowExecution {
            workflow_id: w.word(1).replace("without-id", ""),
            run_id: w.text("run"),
        }),
        signal_name: w.word(2),
        input: w.option("input").map(|input| super::words::payloads(&input)),
        control: "ctl".into(),
        ..Default::default()
    })
}

#[allow(deprecated)]
fn cancel_external(w: &Words) -> A {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        namespace: w.text("namespace"),
        workflow_id: w.word(1).replace("without-id", ""),
        run_id: w.text("run"),
        reason: "because".into(),
        ..Default::default()
    };
    A::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes)
}

fn search_attribute(w: &Words) -> A {
    let fields = w.option("name").map(|name| (name, payload(&w.word(1))));
    A::UpsertWorkflowSearchAttributesCommandAttributes(UpsertWorkflowSearchAttributesCommandAttributes {
        search_attributes: (!w.has("without-attributes"))
            .then(|| SearchAttributes { indexed_fields: fields.into_iter().collect() }),
    })
}

fn memo(w: &Words) -> A {
    let fields = w.option("name").map(|name| (name, payload(&w.word(1))));
    A::ModifyWorkflowPropertiesCommandAttributes(ModifyWorkflowPropertiesCommandAttributes {
        upserted_memo: (!w.has("without-memo")).then(|| Memo { fields: fields.into_iter().collect() }),
    })
}

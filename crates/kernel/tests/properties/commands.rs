//! Random commands of workflow tasks: most of them right, some of them wrong, and times of every length.

use longhaul_proto::api::{
    command::v1::{
        CancelTimerCommandAttributes, CancelWorkflowExecutionCommandAttributes, Command,
        CompleteWorkflowExecutionCommandAttributes, ContinueAsNewWorkflowExecutionCommandAttributes,
        FailWorkflowExecutionCommandAttributes, ModifyWorkflowPropertiesCommandAttributes,
        RecordMarkerCommandAttributes, RequestCancelActivityTaskCommandAttributes,
        RequestCancelExternalWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
        StartTimerCommandAttributes, command::Attributes as A,
    },
    common::v1::{ActivityType, Memo, Payload, RetryPolicy, WorkflowExecution, WorkflowType},
    enums::v1::CommandType as T,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    taskqueue::v1::TaskQueue,
};
use proptest::prelude::*;

/// A command that leaves the run open.
pub fn open_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        5 => activity(),
        1 => (5..10i64).prop_map(cancel_activity),
        4 => (0..8u8, duration()).prop_map(|(id, length)| timer(id, length)),
        1 => (0..4u8).prop_map(cancel_timer),
        1 => Just(marker()),
        3 => (0..3u8, 0..5i32).prop_map(|(id, policy)| child(id, policy)),
        1 => (0..3u8).prop_map(signal_external),
        1 => (0..3u8).prop_map(cancel_external),
        1 => Just(memo()),
    ]
}

/// A command that closes the run.
pub fn closing_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(complete()),
        any::<bool>().prop_map(fail),
        Just(cancel()),
        duration().prop_map(continue_as_new),
    ]
}

/// A command that can't be right.
pub fn wrong_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<i32>().prop_map(|command_type| Command { command_type, ..Command::default() }),
        Just(command(T::StartTimer, A::StartTimerCommandAttributes(Default::default()))),
        Just(command(T::ScheduleActivityTask, A::ScheduleActivityTaskCommandAttributes(Default::default()))),
        Just(command(
            T::FailWorkflowExecution,
            A::FailWorkflowExecutionCommandAttributes(Default::default())
        )),
        Just(cancel_activity(0)),
    ]
}

/// A length of time: none, short, endless, or senseless.
pub fn duration() -> impl Strategy<Value = prost_types::Duration> {
    prop_oneof![
        60 => (1..12i64, 0..1_000_000_000i32),
        3 => Just((0, 0)),
        1 => Just((i64::MAX, i32::MAX)),
        1 => (-5..0i64, -5..0i32),
    ]
    .prop_map(|(seconds, nanos)| prost_types::Duration { seconds, nanos })
}

/// A retry policy, or none.
pub fn retry_policy() -> impl Strategy<Value = Option<RetryPolicy>> {
    let policy = (0..4i64, prop_oneof![Just(0.0), Just(1.0), Just(2.0), Just(1e300)], 0..4i32, any::<bool>())
        .prop_map(|(initial, backoff_coefficient, maximum_attempts, lists)| RetryPolicy {
            initial_interval: Some(prost_types::Duration { seconds: initial, nanos: 0 }),
            backoff_coefficient,
            maximum_attempts,
            maximum_interval: None,
            non_retryable_error_types: if lists {
                vec!["Bad".into(), "TemporalTimeout:Heartbeat".into()]
            } else {
                Vec::new()
            },
        });
    prop::option::of(policy)
}

/// A failure that an application reports.
pub fn failure(non_retryable: bool, next_retry_delay: Option<prost_types::Duration>) -> Failure {
    let info = ApplicationFailureInfo {
        r#type: if non_retryable { "Bad" } else { "Good" }.into(),
        next_retry_delay,
        ..ApplicationFailureInfo::default()
    };
    Failure {
        message: "boom".into(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Failure::default()
    }
}

fn command(command_type: T, attributes: A) -> Command {
    Command { command_type: command_type as i32, attributes: Some(attributes), ..Command::default() }
}

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "q".into(), ..TaskQueue::default() })
}

fn activity() -> impl Strategy<Value = Command> {
    let some = || prop::option::of(duration());
    (0..12u8, (duration(), some(), some(), some()), retry_policy(), any::<bool>()).prop_map(
        |(id, (start_to_close, to_close, to_start, heartbeat), retry_policy, eager)| {
            let attributes = ScheduleActivityTaskCommandAttributes {
                activity_id: format!("a{id}"),
                activity_type: Some(ActivityType { name: "act".into() }),
                task_queue: queue(),
                start_to_close_timeout: Some(start_to_close),
                schedule_to_close_timeout: to_close,
                schedule_to_start_timeout: to_start,
                heartbeat_timeout: heartbeat,
                retry_policy,
                request_eager_execution: eager,
                ..Default::default()
            };
            command(T::ScheduleActivityTask, A::ScheduleActivityTaskCommandAttributes(attributes))
        },
    )
}

fn cancel_activity(scheduled_event_id: i64) -> Command {
    let attributes = RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
    command(T::RequestCancelActivityTask, A::RequestCancelActivityTaskCommandAttributes(attributes))
}

fn timer(id: u8, length: prost_types::Duration) -> Command {
    let attributes =
        StartTimerCommandAttributes { timer_id: format!("t{id}"), start_to_fire_timeout: Some(length) };
    command(T::StartTimer, A::StartTimerCommandAttributes(attributes))
}

fn cancel_timer(id: u8) -> Command {
    let attributes = CancelTimerCommandAttributes { timer_id: format!("t{id}") };
    command(T::CancelTimer, A::CancelTimerCommandAttributes(attributes))
}

fn marker() -> Command {
    let attributes = RecordMarkerCommandAttributes { marker_name: "m".into(), ..Default::default() };
    command(T::RecordMarker, A::RecordMarkerCommandAttributes(attributes))
}

fn child(id: u8, parent_close_policy: i32) -> Command {
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: format!("kid{id}"),
        workflow_type: Some(WorkflowType { name: "kid".into() }),
        parent_close_policy,
        ..Default::default()
    };
    command(T::StartChildWorkflowExecution, A::StartChildWorkflowExecutionCommandAttributes(attributes))
}

fn signal_external(id: u8) -> Command {
    let attributes = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution { workflow_id: format!("kid{id}"), run_id: String::new() }),
        signal_name: "s".into(),
        ..Default::default()
    };
    command(
        T::SignalExternalWorkflowExecution,
        A::SignalExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

fn cancel_external(id: u8) -> Command {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: format!("kid{id}"),
        ..Default::default()
    };
    command(
        T::RequestCancelExternalWorkflowExecution,
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

fn memo() -> Command {
    let memo = Memo { fields: [("k".to_owned(), Payload::default())].into() };
    let attributes = ModifyWorkflowPropertiesCommandAttributes { upserted_memo: Some(memo) };
    command(T::ModifyWorkflowProperties, A::ModifyWorkflowPropertiesCommandAttributes(attributes))
}

fn complete() -> Command {
    let attributes = CompleteWorkflowExecutionCommandAttributes::default();
    command(T::CompleteWorkflowExecution, A::CompleteWorkflowExecutionCommandAttributes(attributes))
}

fn fail(non_retryable: bool) -> Command {
    let attributes = FailWorkflowExecutionCommandAttributes { failure: Some(failure(non_retryable, None)) };
    command(T::FailWorkflowExecution, A::FailWorkflowExecutionCommandAttributes(attributes))
}

fn cancel() -> Command {
    let attributes = CancelWorkflowExecutionCommandAttributes::default();
    command(T::CancelWorkflowExecution, A::CancelWorkflowExecutionCommandAttributes(attributes))
}

fn continue_as_new(backoff: prost_types::Duration) -> Command {
    let attributes = ContinueAsNewWorkflowExecutionCommandAttributes {
        backoff_start_interval: Some(backoff),
        ..Default::default()
    };
    command(T::ContinueAsNewWorkflowExecution, A::ContinueAsNewWorkflowExecutionCommandAttributes(attributes))
}

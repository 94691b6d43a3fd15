//! Plays a program: from the history of a run to the commands that come next. Pure, as a workflow has to be.

mod operations;
mod updates;

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::{
    command::v1::{
        CancelTimerCommandAttributes, CancelWorkflowExecutionCommandAttributes, Command,
        CompleteWorkflowExecutionCommandAttributes, ContinueAsNewWorkflowExecutionCommandAttributes,
        FailWorkflowExecutionCommandAttributes, RecordMarkerCommandAttributes,
        RequestCancelActivityTaskCommandAttributes, RequestCancelExternalWorkflowExecutionCommandAttributes,
        ScheduleActivityTaskCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes, command::Attributes as Do,
    },
    common::v1::{ActivityType, Payload, Payloads, RetryPolicy, WorkflowExecution, WorkflowType},
    enums::v1::CommandType,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::{HistoryEvent, history_event::Attributes as Event},
    protocol::v1::Message as Protocol,
    taskqueue::v1::TaskQueue,
};
use serde::{Deserialize, Serialize};

use crate::{
    script::{ABANDON, Chain, End, Script, Step, Work},
    world::{ACTIVITIES, NAMESPACE_NAME, WORKFLOWS},
};

pub(crate) use updates::REJECTED;

/// What a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begun {
    /// Event that began it.
    event: i64,
    is_done: bool,
}

/// What the history says of steps, by their names.
#[derive(Default)]
pub(crate) struct Seen {
    script: Option<Script>,
    /// The run that names are made of: a reset does not change it, so that what was begun is known again.
    original_run_id: String,
    steps: BTreeMap<String, Begun>,
    by_event: BTreeMap<i64, String>,
    cancel_requested: bool,
    /// Activities that were asked to cancel, by scheduled event.
    given_up: Vec<i64>,
    updates: updates::Updates,
    /// Signals received.
    pub(crate) signals: usize,
}

/// Wraps a value as an input or a result.
pub(crate) fn payloads<T: Serialize>(value: &T) -> Payloads {
    let data = serde_json::to_vec(value).expect("programs and names have a JSON form");
    let metadata = [("encoding".to_owned(), bytes::Bytes::from_static(b"json/plain"))].into_iter().collect();
    Payloads { payloads: vec![Payload { metadata, data: data.into(), ..Default::default() }] }
}

/// Takes a value out of an input or a result.
pub(crate) fn value<T: for<'a> Deserialize<'a>>(payloads: Option<&Payloads>) -> Option<T> {
    serde_json::from_slice(&payloads?.payloads.first()?.data).ok()
}

/// A failure with this text.
pub(crate) fn failure(message: &str, non_retryable: bool) -> Failure {
    let info = ApplicationFailureInfo { r#type: "simulated".into(), non_retryable, ..Default::default() };
    Failure {
        message: message.into(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    }
}

impl Seen {
    /// Reads a history.
    pub(crate) fn of(events: &[HistoryEvent]) -> Self {
        let mut seen = Self::default();
        for event in events {
            if let Some(attributes) = &event.attributes {
                seen.read(event.event_id, attributes);
            }
        }
        seen
    }

    fn begin(&mut self, name: String, event: i64) {
        self.by_event.insert(event, name.clone());
        self.steps.insert(name, Begun { event, is_done: false });
    }

    fn end(&mut self, event: i64) {
        if let Some(step) = self.by_event.get(&event).and_then(|name| self.steps.get_mut(name)) {
            step.is_done = true;
        }
    }

    fn read(&mut self, id: i64, attributes: &Event) {
        match attributes {
            Event::WorkflowExecutionStartedEventAttributes(a) => {
                self.script = value(a.input.as_ref());
                self.original_run_id.clone_from(&a.original_execution_run_id);
            }
            Event::WorkflowExecutionSignaledEventAttributes(_) => self.signals += 1,
            Event::WorkflowExecutionCancelRequestedEventAttributes(_) => self.cancel_requested = true,
            Event::ActivityTaskScheduledEventAttributes(a) => self.begin(a.activity_id.clone(), id),
            Event::ActivityTaskCompletedEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::ActivityTaskFailedEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::ActivityTaskTimedOutEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::ActivityTaskCanceledEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::ActivityTaskCancelRequestedEventAttributes(a) => self.given_up.push(a.scheduled_event_id),
            Event::TimerStartedEventAttributes(a) => self.begin(a.timer_id.clone(), id),
            Event::TimerFiredEventAttributes(a) => self.end(a.started_event_id),
            Event::TimerCanceledEventAttributes(a) => self.end(a.started_event_id),
            Event::MarkerRecordedEventAttributes(a) => {
                self.begin(a.marker_name.clone(), id);
                self.end(id);
            }
            other => self.read_external(id, other),
        }
    }

    fn read_external(&mut self, id: i64, attributes: &Event) {
        match attributes {
            Event::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
                self.begin(a.workflow_id.clone(), id);
            }
            Event::StartChildWorkflowExecutionFailedEventAttributes(a) => self.end(a.initiated_event_id),
            Event::ChildWorkflowExecutionStartedEventAttributes(a) => {
                // An abandoned child is only waited for until it has started; see `is_done`.
                if let Some(name) = self.by_event.get(&a.initiated_event_id).cloned() {
                    self.steps.insert(format!("{name} started"), Begun { event: id, is_done: true });
                }
            }
            Event::ChildWorkflowExecutionCompletedEventAttributes(a) => self.end(a.initiated_event_id),
            Event::ChildWorkflowExecutionFailedEventAttributes(a) => self.end(a.initiated_event_id),
            Event::ChildWorkflowExecutionCanceledEventAttributes(a) => self.end(a.initiated_event_id),
            Event::ChildWorkflowExecutionTimedOutEventAttributes(a) => self.end(a.initiated_event_id),
            Event::ChildWorkflowExecutionTerminatedEventAttributes(a) => self.end(a.initiated_event_id),
            Event::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                self.begin(a.signal_name.clone(), id);
            }
            Event::ExternalWorkflowExecutionSignaledEventAttributes(a) => self.end(a.initiated_event_id),
            Event::SignalExternalWorkflowExecutionFailedEventAttributes(a) => self.end(a.initiated_event_id),
            Event::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                self.begin(a.reason.clone(), id);
            }
            Event::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => {
                self.end(a.initiated_event_id);
            }
            Event::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => {
                self.end(a.initiated_event_id);
            }
            other => self.read_operation(id, other),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.steps.contains_key(name)
    }

    fn done(&self, name: &str) -> bool {
        self.steps.get(name).is_some_and(|step| step.is_done)
    }

    fn is_done(&self, name: &str, step: &Step) -> bool {
        match step {
            Step::Child(_, policy, _) if *policy == ABANDON => {
                self.done(name) || self.has(&format!("{name} started"))
            }
            // Once it is to be canceled it is done with: no event will come that goes on from there.
            Step::CanceledTimer(_) => self.done(&format!("{name} short")),
            Step::Await(count) => self.signals >= *count,
            _ => self.done(name),
        }
    }

    /// The commands that come next for this run, and what is said of updates; `asked` are those that came with the task.
    pub(crate) fn next(
        &self,
        execution: &WorkflowExecution,
        asked: &[Protocol],
    ) -> (Vec<Command>, Vec<Protocol>) {
        let Some(script) = &self.script else {
            return (vec![close_failed("there is no program")], Vec::new());
        };
        let place = format!("{} behind {}", execution.run_id, self.by_event.len());
        let said = self.updates.say(&place, asked, |timer| (self.has(timer), self.done(timer)));
        let mut commands = said.commands;
        if self.cancel_requested && script.heeds_cancel {
            commands.push(command(
                CommandType::CancelWorkflowExecution,
                Do::CancelWorkflowExecutionCommandAttributes(
                    CancelWorkflowExecutionCommandAttributes::default(),
                ),
            ));
            return (commands, said.messages);
        }
        for (number, group) in script.groups.iter().enumerate() {
            let named: Vec<(String, &Step)> = group
                .iter()
                .enumerate()
                .map(|(place, step)| (self.name(execution, number, place, step), step))
                .collect();
            commands.extend(named.iter().flat_map(|(name, step)| self.begin_step(name, step)));
            // A marker is done as soon as it is commanded: no event will come that goes on from there.
            if !named.iter().all(|(name, step)| matches!(step, Step::Marker) || self.is_done(name, step)) {
                return (commands, said.messages);
            }
        }
        if !(script.awaits_updates && said.is_busy) {
            commands.push(end(&script.end, &script.queue));
        }
        (commands, said.messages)
    }

    /// The name of a step, which nothing else has where names have to differ.
    fn name(&self, execution: &WorkflowExecution, group: usize, place: usize, step: &Step) -> String {
        let own = format!("{group}.{place}");
        match step {
            Step::Child(..) | Step::Signal(_) | Step::Cancel(_) => {
                let run = self.original_run_id.get(..8).unwrap_or_default();
                format!("{}/{run}/{own}", execution.workflow_id)
            }
            _ => own,
        }
    }

    /// Commands that a step still needs.
    fn begin_step(&self, name: &str, step: &Step) -> Vec<Command> {
        match step {
            Step::CanceledTimer(length) => {
                let short = format!("{name} short");
                if !self.has(name) {
                    return vec![timer(name, *length), timer(&short, 1 + length / 10)];
                }
                if self.done(&short) && !self.done(name) {
                    return vec![cancel_timer(name)];
                }
            }
            Step::Activity(work) if work.canceled_after > 0 => return self.give_up(name, work),
            Step::Operation(job) => return self.operation(name, job),
            _ if self.has(name) => {}
            Step::Share(share) => return vec![operations::shared(name, share)],
            Step::Activity(work) => return vec![activity(name, work)],
            Step::Timer(length) => return vec![timer(name, *length)],
            Step::Marker => return vec![marker(name)],
            Step::Child(script, policy, chain) => return vec![child(name, script, *policy, chain)],
            Step::Signal(target) => return vec![signal(name, target)],
            Step::Cancel(target) => return vec![cancel(name, target)],
            Step::Await(_) => {}
        }
        Vec::new()
    }

    /// An activity that is asked to cancel once a timer has fired.
    fn give_up(&self, name: &str, work: &Work) -> Vec<Command> {
        let patience = format!("{name} patience");
        match self.steps.get(name) {
            None => vec![activity(name, work), timer(&patience, work.canceled_after)],
            Some(begun)
                if !begun.is_done && self.done(&patience) && !self.given_up.contains(&begun.event) =>
            {
                let attributes =
                    RequestCancelActivityTaskCommandAttributes { scheduled_event_id: begun.event };
                vec![command(
                    CommandType::RequestCancelActivityTask,
                    Do::RequestCancelActivityTaskCommandAttributes(attributes),
                )]
            }
            Some(_) => Vec::new(),
        }
    }
}

fn command(command_type: CommandType, attributes: Do) -> Command {
    Command { command_type: command_type as i32, attributes: Some(attributes), ..Default::default() }
}

fn millis(length: u64) -> Option<prost_types::Duration> {
    (length > 0).then(|| to_proto(Duration::from_millis(length)))
}

fn queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.into(), ..Default::default() })
}

fn activity(name: &str, work: &Work) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: name.into(),
        activity_type: Some(ActivityType { name: "work".into() }),
        task_queue: queue(ACTIVITIES),
        input: Some(payloads(work)),
        start_to_close_timeout: millis(work.start_to_close),
        schedule_to_close_timeout: millis(work.schedule_to_close),
        heartbeat_timeout: millis(work.heartbeat),
        retry_policy: Some(RetryPolicy { maximum_attempts: work.attempts_max, ..Default::default() }),
        ..Default::default()
    };
    command(CommandType::ScheduleActivityTask, Do::ScheduleActivityTaskCommandAttributes(attributes))
}

fn timer(name: &str, length: u64) -> Command {
    let attributes =
        StartTimerCommandAttributes { timer_id: name.into(), start_to_fire_timeout: millis(length) };
    command(CommandType::StartTimer, Do::StartTimerCommandAttributes(attributes))
}

fn cancel_timer(name: &str) -> Command {
    let attributes = CancelTimerCommandAttributes { timer_id: name.into() };
    command(CommandType::CancelTimer, Do::CancelTimerCommandAttributes(attributes))
}

fn marker(name: &str) -> Command {
    let attributes = RecordMarkerCommandAttributes { marker_name: name.into(), ..Default::default() };
    command(CommandType::RecordMarker, Do::RecordMarkerCommandAttributes(attributes))
}

#[allow(deprecated)]
fn child(name: &str, script: &Script, policy: i32, chain: &Chain) -> Command {
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        namespace: NAMESPACE_NAME.into(),
        workflow_id: name.into(),
        workflow_type: Some(WorkflowType { name: "script".into() }),
        task_queue: queue(WORKFLOWS),
        input: Some(payloads(script)),
        parent_close_policy: policy,
        retry_policy: chain.retry_policy(),
        cron_schedule: chain.cron_schedule(),
        workflow_execution_timeout: chain.execution_timeout(),
        ..Default::default()
    };
    command(
        CommandType::StartChildWorkflowExecution,
        Do::StartChildWorkflowExecutionCommandAttributes(attributes),
    )
}

fn target(workflow_id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: workflow_id.into(), run_id: String::new() })
}

#[allow(deprecated)]
fn signal(name: &str, workflow_id: &str) -> Command {
    let attributes = SignalExternalWorkflowExecutionCommandAttributes {
        namespace: NAMESPACE_NAME.into(),
        execution: target(workflow_id),
        signal_name: name.into(),
        ..Default::default()
    };
    command(
        CommandType::SignalExternalWorkflowExecution,
        Do::SignalExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

#[allow(deprecated)]
fn cancel(name: &str, workflow_id: &str) -> Command {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        namespace: NAMESPACE_NAME.into(),
        workflow_id: workflow_id.into(),
        reason: name.into(),
        ..Default::default()
    };
    command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Do::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

fn close_failed(message: &str) -> Command {
    let attributes = FailWorkflowExecutionCommandAttributes { failure: Some(failure(message, false)) };
    command(CommandType::FailWorkflowExecution, Do::FailWorkflowExecutionCommandAttributes(attributes))
}

fn end(end: &End, next: &str) -> Command {
    match end {
        End::Complete => command(
            CommandType::CompleteWorkflowExecution,
            Do::CompleteWorkflowExecutionCommandAttributes(
                CompleteWorkflowExecutionCommandAttributes::default(),
            ),
        ),
        End::Fail => close_failed("as planned"),
        End::ContinueAsNew(script) => {
            let attributes = ContinueAsNewWorkflowExecutionCommandAttributes {
                workflow_type: Some(WorkflowType { name: "script".into() }),
                task_queue: queue(if next.is_empty() { WORKFLOWS } else { next }),
                input: Some(payloads(script)),
                ..Default::default()
            };
            command(
                CommandType::ContinueAsNewWorkflowExecution,
                Do::ContinueAsNewWorkflowExecutionCommandAttributes(attributes),
            )
        }
    }
}

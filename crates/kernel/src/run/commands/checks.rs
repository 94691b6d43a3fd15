//! What commands of several kinds are checked for, in the reference's words.

use longhaul_proto::{
    Refusal,
    api::{
        command::v1::{Command, command::Attributes as A},
        common::v1::Priority,
        enums::v1::{CommandType as Type, TaskQueueKind, WorkflowTaskFailedCause as Cause},
        taskqueue::v1::TaskQueue,
    },
};

use super::Fault;
use crate::run::transition::Transition;

/// Refuses a command whose attributes are not those of its type.
pub fn attributes(command: &Command) -> Result<(), Fault> {
    let kind = command.command_type();
    let is_own = match &command.attributes {
        Some(A::ScheduleActivityTaskCommandAttributes(_)) => kind == Type::ScheduleActivityTask,
        Some(A::StartTimerCommandAttributes(_)) => kind == Type::StartTimer,
        Some(A::CompleteWorkflowExecutionCommandAttributes(_)) => kind == Type::CompleteWorkflowExecution,
        Some(A::FailWorkflowExecutionCommandAttributes(_)) => kind == Type::FailWorkflowExecution,
        Some(A::RequestCancelActivityTaskCommandAttributes(_)) => kind == Type::RequestCancelActivityTask,
        Some(A::CancelTimerCommandAttributes(_)) => kind == Type::CancelTimer,
        Some(A::CancelWorkflowExecutionCommandAttributes(_)) => kind == Type::CancelWorkflowExecution,
        Some(A::RequestCancelExternalWorkflowExecutionCommandAttributes(_)) => {
            kind == Type::RequestCancelExternalWorkflowExecution
        }
        Some(A::RecordMarkerCommandAttributes(_)) => kind == Type::RecordMarker,
        Some(A::ContinueAsNewWorkflowExecutionCommandAttributes(_)) => {
            kind == Type::ContinueAsNewWorkflowExecution
        }
        Some(A::StartChildWorkflowExecutionCommandAttributes(_)) => kind == Type::StartChildWorkflowExecution,
        Some(A::SignalExternalWorkflowExecutionCommandAttributes(_)) => {
            kind == Type::SignalExternalWorkflowExecution
        }
        Some(A::UpsertWorkflowSearchAttributesCommandAttributes(_)) => {
            kind == Type::UpsertWorkflowSearchAttributes
        }
        Some(A::ProtocolMessageCommandAttributes(_)) => kind == Type::ProtocolMessage,
        Some(A::ModifyWorkflowPropertiesCommandAttributes(_)) => kind == Type::ModifyWorkflowProperties,
        Some(A::ScheduleNexusOperationCommandAttributes(_)) => kind == Type::ScheduleNexusOperation,
        Some(A::RequestCancelNexusOperationCommandAttributes(_)) => kind == Type::RequestCancelNexusOperation,
        None => false,
    };
    if is_own { Ok(()) } else { Err(missing(kind)) }
}

/// The fault of a command that says its type and nothing that belongs to it.
fn missing(kind: Type) -> Fault {
    let cause = match kind {
        Type::Unspecified => return Fault::Refused(Refusal::invalid("unknown command type: Unspecified")),
        Type::ScheduleActivityTask => Cause::BadScheduleActivityAttributes,
        Type::RequestCancelActivityTask => Cause::BadRequestCancelActivityAttributes,
        Type::StartTimer => Cause::BadStartTimerAttributes,
        Type::CancelTimer => Cause::BadCancelTimerAttributes,
        Type::CompleteWorkflowExecution => Cause::BadCompleteWorkflowExecutionAttributes,
        Type::FailWorkflowExecution => Cause::BadFailWorkflowExecutionAttributes,
        Type::CancelWorkflowExecution => Cause::BadCancelWorkflowExecutionAttributes,
        Type::RequestCancelExternalWorkflowExecution => {
            Cause::BadRequestCancelExternalWorkflowExecutionAttributes
        }
        Type::RecordMarker => Cause::BadRecordMarkerAttributes,
        Type::ContinueAsNewWorkflowExecution => Cause::BadContinueAsNewAttributes,
        Type::StartChildWorkflowExecution => Cause::BadStartChildExecutionAttributes,
        Type::SignalExternalWorkflowExecution => Cause::BadSignalWorkflowExecutionAttributes,
        Type::UpsertWorkflowSearchAttributes => Cause::BadSearchAttributes,
        Type::ProtocolMessage => Cause::BadUpdateWorkflowExecutionMessage,
        Type::ModifyWorkflowProperties => Cause::BadModifyWorkflowPropertiesAttributes,
        Type::ScheduleNexusOperation => Cause::BadScheduleNexusOperationAttributes,
        Type::RequestCancelNexusOperation => Cause::BadRequestCancelNexusOperationAttributes,
    };
    let detail = match kind {
        Type::ScheduleNexusOperation => "empty ScheduleNexusOperationCommandAttributes".into(),
        Type::RequestCancelNexusOperation => "empty CancelNexusOperationCommandAttributes".into(),
        _ => format!("{kind:?}CommandAttributes is not set on {kind:?}Command."),
    };
    Fault::Task(cause, detail)
}

/// Refuses a namespace other than the run's own.
pub fn own_namespace(t: &Transition<'_>, namespace: &str, cause: Cause) -> Result<(), Fault> {
    if namespace.is_empty() || namespace == t.context.namespace {
        return Ok(());
    }
    if t.context.other_namespaces.iter().any(|other| other == namespace) {
        return Err(Fault::Task(cause, "cross namespace commands are not allowed".into()));
    }
    Err(Fault::Refused(Refusal::NamespaceNotFound(namespace.to_owned())))
}

/// An id or name in a command, with what the reference tells besides when it is too long.
pub struct Named<'a> {
    /// The command.
    pub command: &'a str,
    /// What the text is called.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// Told before it.
    pub before: &'a str,
    /// Told behind it.
    pub behind: &'a str,
}

impl Named<'_> {
    /// Refuses a text that is too long.
    pub fn check_length(&self, t: &Transition<'_>, cause: Cause) -> Result<(), Fault> {
        let limit = t.context.limits.id_bytes_max;
        let Self { command, name, text, before, behind } = self;
        let length = text.len();
        if length <= limit {
            return Ok(());
        }
        Err(Fault::Task(
            cause,
            format!(
                "{name} on {command} exceeds length limit. {before}{name}={text} Length={length} Limit={limit}{behind}"
            ),
        ))
    }
}

/// Says what is wrong with a task queue's name.
pub fn queue_name(t: &Transition<'_>, name: &str) -> Result<(), &'static str> {
    if name.len() > t.context.limits.id_bytes_max {
        return Err("taskQueue length exceeds limit");
    }
    if name.starts_with("/_sys/") {
        return Err("task queue name cannot start with reserved prefix /_sys/");
    }
    Ok(())
}

/// A task queue as the reference prints it.
pub fn queue_text(queue: &TaskQueue) -> String {
    let kind = match queue.kind() {
        TaskQueueKind::Sticky => TaskQueueKind::Sticky,
        _ => TaskQueueKind::Normal,
    };
    format!("name:\"{}\"  kind:{}", queue.name, kind.as_str_name())
}

/// Says what is wrong with a duration.
pub fn duration(duration: Option<&prost_types::Duration>) -> Result<(), &'static str> {
    match duration {
        Some(duration) if duration.seconds < 0 || duration.nanos < 0 => Err("negative duration"),
        _ => Ok(()),
    }
}

/// Refuses a priority that can't be.
pub fn priority(priority: Option<&Priority>, cause: Cause) -> Result<(), Fault> {
    let Some(priority) = priority else { return Ok(()) };
    match crate::activity::priority_fault(priority) {
        Some(wrong) => Err(Fault::Task(cause, format!("invalid priorities: {wrong}"))),
        None => Ok(()),
    }
}

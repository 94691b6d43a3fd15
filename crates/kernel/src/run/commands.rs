//! One file per command of a completed workflow task.

mod activity;
mod checks;
mod child;
mod close;
mod continue_as_new;
mod external;
mod marker;
mod nexus;
mod properties;
mod sequence;
mod timer;

use longhaul_proto::{
    Refusal,
    api::{
        command::v1::{Command, command::Attributes as A},
        enums::v1::WorkflowTaskFailedCause as Cause,
    },
};

use prost::Message;

use super::transition::Transition;

pub(super) use sequence::check as check_sequence;

/// What commands of one workflow task have in common.
pub(super) struct Completion {
    /// The task's completed event.
    pub event_id: i64,
    /// The worker.
    pub identity: String,
    /// Name of the worker's queue, for eager activities.
    pub eager: Vec<i64>,
    /// Activities that these commands have canceled before a worker had them; their ends wait in the buffer.
    pub canceled_unstarted: usize,
}

/// Why a command was not accepted.
#[derive(Debug)]
pub(super) enum Fault {
    /// The workflow task fails with this cause; the detail is for people.
    Task(Cause, String),
    /// The request is refused and nothing changes.
    Refused(Refusal),
    /// The events of the task are too large together, at every attempt.
    TooLarge {
        /// Their bytes.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The workflow task fails and the run is ended with the detail as its reason: the command can never be accepted.
    Run(Cause, String),
}

/// Carries out one command.
pub(super) fn apply(
    t: &mut Transition<'_>,
    completion: &mut Completion,
    command: Command,
) -> Result<(), Fault> {
    checks::attributes(&command)?;
    t.warn_of("command", command.encoded_len(), t.context.limits.blob_bytes_warn);
    let metadata = command.user_metadata;
    t.markers = command.event_group_markers;
    let outcome = match command.attributes {
        Some(A::ScheduleActivityTaskCommandAttributes(a)) => activity::schedule(t, completion, a, metadata),
        Some(A::RequestCancelActivityTaskCommandAttributes(a)) => activity::request_cancel(t, completion, &a),
        Some(A::StartTimerCommandAttributes(a)) => timer::start(t, completion, a, metadata),
        Some(A::CancelTimerCommandAttributes(a)) => timer::cancel(t, completion, a),
        Some(A::RecordMarkerCommandAttributes(a)) => marker::record(t, completion, a, metadata),
        Some(A::CompleteWorkflowExecutionCommandAttributes(a)) => close::complete(t, completion, a, metadata),
        Some(A::FailWorkflowExecutionCommandAttributes(a)) => close::fail(t, completion, a, metadata),
        Some(A::CancelWorkflowExecutionCommandAttributes(a)) => close::cancel(t, completion, a, metadata),
        Some(A::ContinueAsNewWorkflowExecutionCommandAttributes(a)) => {
            continue_as_new::continue_as_new(t, completion, a, metadata)
        }
        Some(A::StartChildWorkflowExecutionCommandAttributes(a)) => child::start(t, completion, a, metadata),
        Some(A::SignalExternalWorkflowExecutionCommandAttributes(a)) => {
            external::signal(t, completion, a, metadata)
        }
        Some(A::RequestCancelExternalWorkflowExecutionCommandAttributes(a)) => {
            external::request_cancel(t, completion, a, metadata)
        }
        Some(A::UpsertWorkflowSearchAttributesCommandAttributes(a)) => {
            properties::upsert_search_attributes(t, completion, a)
        }
        Some(A::ModifyWorkflowPropertiesCommandAttributes(a)) => properties::modify(t, completion, a),
        Some(A::ScheduleNexusOperationCommandAttributes(a)) => nexus::schedule(t, completion, a, metadata),
        Some(A::RequestCancelNexusOperationCommandAttributes(a)) => {
            nexus::request_cancel(t, completion, &a, metadata)
        }
        Some(A::ProtocolMessageCommandAttributes(_)) | None => Ok(()),
    };
    t.markers = Vec::new();
    outcome
}

//! Maps refusals and failures of peers to gRPC statuses. The only place that chooses a status code.
//!
//! The first detail message decides which exception an SDK raises, so it is part of the contract. What is a fault of
//! ours is masked: the caller sees a hash that is also in the log.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::NamespaceState,
        errordetails::v1::{self as details, multi_operation_execution_failure::OperationStatus},
        failure::v1::MultiOperationExecutionAborted,
    },
    google::rpc,
};
use longhaul_runtime::peers::PeerError;
use prost::Message;
use tonic::{Code, Status};

/// Longest text of an error, in bytes.
const MESSAGE_BYTES_MAX: usize = 4000;

/// Prefix of the packages of detail messages.
const DETAILS: &str = "type.googleapis.com/temporal.api.errordetails.v1.";

/// The status that answers a failed call.
pub(crate) fn of(error: &PeerError) -> Status {
    match error {
        PeerError::Refused(refusal) => of_refusal(refusal),
        PeerError::Busy(text) | PeerError::Lost(text) => Told::plain(Code::Unavailable, text).into_status(),
        PeerError::Unknown(text) => {
            Told::plain(Code::Unavailable, &format!("outcome is unknown: {text}")).into_status()
        }
        PeerError::Corrupt(text) => {
            tracing::error!(error = text, "stored data is damaged");
            Told::plain(Code::DataLoss, &masked(text)).into_status()
        }
        PeerError::Quarantined(text) => Told::plain(Code::FailedPrecondition, text).into_status(),
    }
}

/// The status that answers a refused call.
pub(crate) fn of_refusal(refusal: &Refusal) -> Status {
    tell(refusal).into_status()
}

/// A code, a text and at most one detail message.
struct Told {
    code: Code,
    message: String,
    detail: Option<prost_types::Any>,
}

impl Told {
    fn plain(code: Code, message: &str) -> Self {
        Self { code, message: truncated(message), detail: None }
    }

    fn detailed(code: Code, message: &str, name: &str, detail: &impl Message) -> Self {
        let detail = any(&format!("{DETAILS}{name}"), detail);
        Self { detail: Some(detail), ..Self::plain(code, message) }
    }

    fn into_status(self) -> Status {
        let Some(detail) = self.detail else {
            return Status::new(self.code, self.message);
        };
        let whole =
            rpc::Status { code: self.code as i32, message: self.message.clone(), details: vec![detail] };
        Status::with_details(self.code, self.message, whole.encode_to_vec().into())
    }
}

fn any(type_url: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: type_url.into(), value: message.encode_to_vec() }
}

/// Chooses code, text and detail.
fn tell(refusal: &Refusal) -> Told {
    match refusal {
        Refusal::InvalidArgument(text) => Told::plain(Code::InvalidArgument, text),
        Refusal::QueryFailed { message, failure } => {
            let detail = details::QueryFailedFailure { failure: failure.as_deref().cloned() };
            Told::detailed(Code::InvalidArgument, message, "QueryFailedFailure", &detail)
        }
        Refusal::NotFound(text) => {
            Told::detailed(Code::NotFound, text, "NotFoundFailure", &details::NotFoundFailure::default())
        }
        Refusal::NamespaceNotFound(name) => {
            let detail = details::NamespaceNotFoundFailure { namespace: name.clone() };
            let text = format!("Namespace {name} is not found.");
            Told::detailed(Code::NotFound, &text, "NamespaceNotFoundFailure", &detail)
        }
        Refusal::WorkflowExecutionAlreadyStarted {
            message,
            start_request_id,
            run_id,
            first_execution_run_id,
        } => {
            let detail = details::WorkflowExecutionAlreadyStartedFailure {
                start_request_id: start_request_id.clone(),
                run_id: run_id.clone(),
                first_execution_run_id: first_execution_run_id.clone(),
            };
            Told::detailed(Code::AlreadyExists, message, "WorkflowExecutionAlreadyStartedFailure", &detail)
        }
        Refusal::NamespaceAlreadyExists(name) => {
            let text = format!("Namespace {name:?} already exists");
            let detail = details::NamespaceAlreadyExistsFailure {};
            Told::detailed(Code::AlreadyExists, &text, "NamespaceAlreadyExistsFailure", &detail)
        }
        Refusal::AlreadyExists(text) => Told::plain(Code::AlreadyExists, text),
        Refusal::FailedPrecondition(text) => Told::plain(Code::FailedPrecondition, text),
        Refusal::WorkflowNotReady(text) => {
            let detail = details::WorkflowNotReadyFailure {};
            Told::detailed(Code::FailedPrecondition, text, "WorkflowNotReadyFailure", &detail)
        }
        Refusal::NamespaceInvalidState { namespace, state, allowed } => {
            invalid_state(namespace, *state, allowed)
        }
        Refusal::ResourceExhausted { message, cause, scope } => {
            let detail = details::ResourceExhaustedFailure { cause: (*cause).into(), scope: (*scope).into() };
            Told::detailed(Code::ResourceExhausted, message, "ResourceExhaustedFailure", &detail)
        }
        Refusal::PermissionDenied { message, reason } => {
            let detail = details::PermissionDeniedFailure { reason: reason.clone() };
            Told::detailed(Code::PermissionDenied, message, "PermissionDeniedFailure", &detail)
        }
        Refusal::ActivityExecutionAlreadyStarted { .. }
        | Refusal::NexusOperationExecutionAlreadyStarted { .. }
        | Refusal::ClientVersionNotSupported { .. }
        | Refusal::ServerVersionNotSupported { .. }
        | Refusal::NewerBuildExists { .. }
        | Refusal::SystemWorkflow { .. }
        | Refusal::MultiOperation { .. }
        | Refusal::MultiOperationAborted(_)
        | Refusal::WorkflowTaskCompletionBufferLost(_) => tell_rare(refusal),
        Refusal::Unclassified(text) => Told::plain(Code::Unknown, text),
        Refusal::Unimplemented(text) => Told::plain(Code::Unimplemented, text),
        Refusal::Aborted(text) => Told::plain(Code::Aborted, text),
        Refusal::DeadlineExceeded(text) => Told::plain(Code::DeadlineExceeded, text),
        Refusal::Canceled(text) => Told::plain(Code::Cancelled, text),
        Refusal::Unavailable(text) => Told::plain(Code::Unavailable, text),
        Refusal::DataLoss(text) => Told::plain(Code::DataLoss, text),
        Refusal::Internal(text) => Told::plain(Code::Internal, &masked(text)),
    }
}

/// The part of the table that few callers meet.
fn tell_rare(refusal: &Refusal) -> Told {
    match refusal {
        Refusal::ActivityExecutionAlreadyStarted { message, start_request_id, run_id } => {
            let detail = details::ActivityExecutionAlreadyStartedFailure {
                start_request_id: start_request_id.clone(),
                run_id: run_id.clone(),
            };
            Told::detailed(Code::AlreadyExists, message, "ActivityExecutionAlreadyStartedFailure", &detail)
        }
        Refusal::NexusOperationExecutionAlreadyStarted { message, start_request_id, run_id } => {
            let detail = details::NexusOperationExecutionAlreadyStartedFailure {
                start_request_id: start_request_id.clone(),
                run_id: run_id.clone(),
            };
            let name = "NexusOperationExecutionAlreadyStartedFailure";
            Told::detailed(Code::AlreadyExists, message, name, &detail)
        }
        Refusal::ClientVersionNotSupported { client_version, client_name, supported_versions } => {
            let text = format!(
                "Client version {client_version} is not supported. Server supports {client_name} versions: \
                 {supported_versions}"
            );
            let detail = details::ClientVersionNotSupportedFailure {
                client_version: client_version.clone(),
                client_name: client_name.clone(),
                supported_versions: supported_versions.clone(),
            };
            Told::detailed(Code::FailedPrecondition, &text, "ClientVersionNotSupportedFailure", &detail)
        }
        Refusal::ServerVersionNotSupported { server_version, client_supported_server_versions } => {
            let text = format!(
                "Server version {server_version} is not supported. Client supports server versions: \
                 {client_supported_server_versions}"
            );
            let detail = details::ServerVersionNotSupportedFailure {
                server_version: server_version.clone(),
                client_supported_server_versions: client_supported_server_versions.clone(),
            };
            Told::detailed(Code::FailedPrecondition, &text, "ServerVersionNotSupportedFailure", &detail)
        }
        Refusal::NewerBuildExists { message, default_build_id } => {
            let detail = details::NewerBuildExistsFailure { default_build_id: default_build_id.clone() };
            Told::detailed(Code::OutOfRange, message, "NewerBuildExistsFailure", &detail)
        }
        Refusal::SystemWorkflow { message, execution, error } => {
            let detail = details::SystemWorkflowFailure {
                workflow_execution: Some((**execution).clone()),
                workflow_error: error.clone(),
            };
            Told::detailed(Code::Internal, message, "SystemWorkflowFailure", &detail)
        }
        Refusal::MultiOperation { message, statuses } => multi_operation(message, statuses),
        Refusal::MultiOperationAborted(text) => {
            let url = "type.googleapis.com/temporal.api.failure.v1.MultiOperationExecutionAborted";
            let detail = Some(any(url, &MultiOperationExecutionAborted {}));
            Told { detail, ..Told::plain(Code::Aborted, text) }
        }
        Refusal::WorkflowTaskCompletionBufferLost(text) => {
            let detail = details::WorkflowTaskCompletionBufferLostFailure {};
            Told::detailed(Code::Aborted, text, "WorkflowTaskCompletionBufferLostFailure", &detail)
        }
        common => Told::plain(Code::Internal, &masked(&format!("{common:?}"))),
    }
}

fn invalid_state(namespace: &str, state: NamespaceState, allowed: &[NamespaceState]) -> Told {
    let name = |state: NamespaceState| match state {
        NamespaceState::Unspecified => "Unspecified",
        NamespaceState::Registered => "Registered",
        NamespaceState::Deprecated => "Deprecated",
        NamespaceState::Deleted => "Deleted",
    };
    let names: Vec<&str> = allowed.iter().map(|state| name(*state)).collect();
    let text = format!("Namespace has invalid state: {}. Must be {}.", name(state), names.join(" or "));
    let detail = details::NamespaceInvalidStateFailure {
        namespace: namespace.into(),
        state: state.into(),
        allowed_states: allowed.iter().map(|state| (*state).into()).collect(),
    };
    Told::detailed(Code::FailedPrecondition, &text, "NamespaceInvalidStateFailure", &detail)
}

/// Takes the code of the first operation that failed by itself; the others were aborted because of it.
fn multi_operation(message: &str, statuses: &[Option<Refusal>]) -> Told {
    let told: Vec<Option<Told>> = statuses.iter().map(|status| status.as_ref().map(tell)).collect();
    let cause = statuses.iter().zip(&told).find_map(|(refusal, told)| match refusal {
        None | Some(Refusal::MultiOperationAborted(_)) => None,
        Some(_) => told.as_ref().map(|told| told.code),
    });
    let statuses = told
        .into_iter()
        .map(|told| match told {
            None => OperationStatus::default(),
            Some(told) => OperationStatus {
                code: told.code as i32,
                message: told.message,
                details: told.detail.into_iter().collect(),
            },
        })
        .collect();
    let detail = details::MultiOperationExecutionFailure { statuses };
    let code = cause.unwrap_or(Code::Aborted);
    Told::detailed(code, message, "MultiOperationExecutionFailure", &detail)
}

/// Logs a fault of ours and answers the text that callers see instead of it.
fn masked(text: &str) -> String {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    tracing::error!(hash = format!("{hash:08x}"), error = text, "request failed by a fault of the server");
    format!("something went wrong, please retry ({hash:08x})")
}

fn truncated(message: &str) -> String {
    const MARK: &str = "... <truncated>";
    if message.len() <= MESSAGE_BYTES_MAX {
        return message.into();
    }
    let mut end = MESSAGE_BYTES_MAX - MARK.len();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &message[..end])
}

#[cfg(test)]
mod tests;

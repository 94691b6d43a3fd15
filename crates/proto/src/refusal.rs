//! Why a request was refused: the closed list of reasons that a caller of the public API can meet.
//!
//! The kernel, history and matching choose a variant; `frontend/src/status.rs` alone maps each to a gRPC status with
//! its detail message. The texts are what users of the reference see, so they travel with the variant.

use crate::generated::temporal::api::{common::v1::WorkflowExecution, enums::v1, failure::v1::Failure};

/// What ran out; the values of the public enum.
pub type ExhaustedCause = v1::ResourceExhaustedCause;
/// For whom it ran out.
pub type ExhaustedScope = v1::ResourceExhaustedScope;

/// A request that was understood and refused. Nothing changed because of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The request can't be right, whatever the state.
    InvalidArgument(String),
    /// A query handler failed; carries its failure for the caller's SDK.
    QueryFailed {
        /// Text of the failure.
        message: String,
        /// The failure the worker reported, if it reported one.
        failure: Option<Box<Failure>>,
    },
    /// What the request names does not exist or is over.
    NotFound(String),
    /// The namespace does not exist.
    NamespaceNotFound(String),
    /// A run of this workflow id exists, and the id policies do not allow another one.
    WorkflowExecutionAlreadyStarted {
        /// Text with the ids.
        message: String,
        /// Request id of the start that created the existing run.
        start_request_id: String,
        /// The existing run.
        run_id: String,
        /// First run of the existing run's chain.
        first_execution_run_id: String,
    },
    /// A standalone activity of this id exists.
    ActivityExecutionAlreadyStarted {
        /// Text with the ids.
        message: String,
        /// Request id of the existing start.
        start_request_id: String,
        /// The existing run.
        run_id: String,
    },
    /// A standalone Nexus operation of this id exists.
    NexusOperationExecutionAlreadyStarted {
        /// Text with the ids.
        message: String,
        /// Request id of the existing start.
        start_request_id: String,
        /// The existing run.
        run_id: String,
    },
    /// A namespace of this name exists.
    NamespaceAlreadyExists(String),
    /// Something else of this name exists.
    AlreadyExists(String),
    /// The state does not allow the request.
    FailedPrecondition(String),
    /// The run can't answer a query or an update yet.
    WorkflowNotReady(String),
    /// The namespace's state does not allow the request.
    NamespaceInvalidState {
        /// Name of the namespace.
        namespace: String,
        /// Its state.
        state: v1::NamespaceState,
        /// The states that would allow it.
        allowed: Vec<v1::NamespaceState>,
    },
    /// A limit was reached; the caller may try again later.
    ResourceExhausted {
        /// Text for people.
        message: String,
        /// What ran out.
        cause: ExhaustedCause,
        /// For whom.
        scope: ExhaustedScope,
    },
    /// The caller may not do this.
    PermissionDenied {
        /// Text for people.
        message: String,
        /// Why, if it may be told.
        reason: String,
    },
    /// The client's version is outside of the supported range.
    ClientVersionNotSupported {
        /// The version the client sent.
        client_version: String,
        /// The name the client sent.
        client_name: String,
        /// The range supported.
        supported_versions: String,
    },
    /// The call is known and not built.
    Unimplemented(String),
    /// The caller should try again, against the state as it is then.
    Aborted(String),
    /// One operation of a multi-operation was not tried because another one failed.
    MultiOperationAborted(String),
    /// At least one operation of a multi-operation failed; `None` marks one that succeeded.
    MultiOperation {
        /// Text for people.
        message: String,
        /// One entry per operation, in order.
        statuses: Vec<Option<Refusal>>,
    },
    /// The request's time ran out.
    DeadlineExceeded(String),
    /// The caller went away.
    Canceled(String),
    /// Try again: nothing is known to be wrong with the request.
    Unavailable(String),
    /// This server is none of those the client says it works with.
    ServerVersionNotSupported {
        /// Version of this server.
        server_version: String,
        /// The range the client gave.
        client_supported_server_versions: String,
    },
    /// The reference answers this without a code of its own.
    Unclassified(String),
    /// A newer build than the poller's exists.
    NewerBuildExists {
        /// Text for people.
        message: String,
        /// The build to use.
        default_build_id: String,
    },
    /// A system workflow failed.
    SystemWorkflow {
        /// Text for people.
        message: String,
        /// The system workflow.
        execution: Box<WorkflowExecution>,
        /// What it said.
        error: String,
    },
    /// The pages of a workflow task completion were lost; the worker sends them again from the first.
    WorkflowTaskCompletionBufferLost(String),
    /// Stored data can't be read; an operator has to look.
    DataLoss(String),
    /// A bug of ours; the text is for the log, the caller sees a hash.
    Internal(String),
}

impl Refusal {
    /// Refuses a request that can't be right.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument(message.into())
    }

    /// Refuses because something does not exist or is over.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(message.into())
    }
}

//! What is said: the public Temporal API, generated at build time, and the refusals that answer it.
//!
//! `PollWorkflowTaskQueueResponse`, `GetWorkflowExecutionHistoryResponse` and its reverse carry their `history` as
//! the encoded bytes of a `temporal.api.history.v1.History`; see `build.rs`.

pub mod codec;
mod refusal;

#[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

pub use generated::{google, grpc, temporal};
pub use refusal::{ExhaustedCause, ExhaustedScope, Refusal};

/// Short names for the packages of the public API.
pub mod api {
    pub use super::generated::temporal::api::*;
}

/// The descriptor set of the public API, unchanged, for reflection and JSON.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

//! Failures of Nexus: those that wrap what went wrong with an operation, and the form that goes over the wire.

use longhaul_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::NexusHandlerErrorRetryBehavior as Retry,
    failure::v1::{
        ApplicationFailureInfo, Failure, NexusHandlerFailureInfo, NexusOperationFailureInfo,
        failure::FailureInfo,
    },
    nexus::v1 as wire,
};
use serde_json::{Value, json};

use super::json::object;

/// Types of failures of a handler that will not pass.
const LASTING: [&str; 6] =
    ["BAD_REQUEST", "UNAUTHENTICATED", "UNAUTHORIZED", "NOT_FOUND", "CONFLICT", "NOT_IMPLEMENTED"];

/// Type of an application failure that came in the form of Nexus.
const NEXUS_TYPE: &str = "NexusFailure";

/// A failure of a handler, told by this server.
pub fn handler(kind: &str, message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
            r#type: kind.to_owned(),
            retry_behavior: Retry::Unspecified as i32,
        })),
        ..Failure::default()
    }
}

/// A failure of a handler that came in the form of Nexus.
pub fn handler_error(error: wire::HandlerError) -> Failure {
    Failure {
        cause: error.failure.map(|failure| Box::new(from_wire(failure))),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
            r#type: error.error_type,
            retry_behavior: error.retry_behavior,
        })),
        ..Failure::default()
    }
}

/// Whether a call that failed so may succeed another time.
pub fn is_retryable(failure: &Failure) -> bool {
    let Some(FailureInfo::NexusHandlerFailureInfo(info)) = &failure.failure_info else { return true };
    match info.retry_behavior() {
        Retry::Retryable => true,
        Retry::NonRetryable => false,
        Retry::Unspecified => !LASTING.contains(&info.r#type.as_str()),
    }
}

/// What the caller of an operation is told of its failure.
pub fn unsuccessful(cause: Failure, info: NexusOperationFailureInfo) -> Failure {
    Failure {
        message: "nexus operation completed unsuccessfully".to_owned(),
        cause: Some(Box::new(cause)),
        failure_info: Some(FailureInfo::NexusOperationExecutionFailureInfo(info)),
        ..Failure::default()
    }
}

/// A failure that came in the form of Nexus. What has no place in ours is kept as a detail.
pub fn from_wire(failure: wire::Failure) -> Failure {
    let metadata: Vec<_> =
        failure.metadata.iter().map(|(key, value)| (key.as_str(), Some(json!(value).to_string()))).collect();
    let details = (!failure.details.is_empty()).then(|| {
        let text = String::from_utf8_lossy(&failure.details).into_owned();
        if serde_json::from_str::<Value>(&text).is_ok() { text } else { json!(text).to_string() }
    });
    let has_more = !metadata.is_empty() || details.is_some();
    let said =
        object(&[("metadata", (!metadata.is_empty()).then(|| object(&metadata))), ("details", details)]);
    let info = has_more.then(|| {
        let payload = Payload {
            metadata: [("encoding".to_owned(), "json/plain".into())].into(),
            data: said.into(),
            ..Payload::default()
        };
        FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: NEXUS_TYPE.to_owned(),
            details: Some(Payloads { payloads: vec![payload] }),
            ..ApplicationFailureInfo::default()
        })
    });
    Failure {
        message: failure.message,
        stack_trace: failure.stack_trace,
        cause: failure.cause.map(|cause| Box::new(from_wire(*cause))),
        failure_info: info,
        ..Failure::default()
    }
}

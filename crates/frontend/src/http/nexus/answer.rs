//! Answers in the form of Nexus: results as their bytes, failures as JSON with a code that tells their kind.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use longhaul_kernel::nexus::{failure_to_json, handler_to_json, operation_to_json, wire_to_json};
use longhaul_proto::api::{
    enums::v1::NexusHandlerErrorRetryBehavior as Retry,
    failure::v1::{Failure, NexusHandlerFailureInfo, failure::FailureInfo},
    nexus::v1 as wire,
};
use longhaul_runtime::peers::PeerError;

use crate::http::answer::Answer;

/// Header by which a caller says that it knows failures that wrap others.
pub(super) const FAILURE_SUPPORT: &str = "temporal-nexus-failure-support";

/// Header that tells how an operation stands.
pub(super) const STATE: &str = "nexus-operation-state";

/// Why a request is not answered as it would like.
#[derive(Debug)]
pub(super) struct Fault {
    info: NexusHandlerFailureInfo,
    body: String,
}

impl Fault {
    /// A fault that this server tells.
    pub fn new(kind: &str, message: &str) -> Self {
        Self::of(kind, message, Retry::Unspecified)
    }

    /// A fault that will not pass, whatever its kind.
    pub fn lasting(kind: &str, message: &str) -> Self {
        Self::of(kind, message, Retry::NonRetryable)
    }

    fn of(kind: &str, message: &str, retry: Retry) -> Self {
        let info = NexusHandlerFailureInfo { r#type: kind.to_owned(), retry_behavior: retry as i32 };
        let body = handler_to_json(message, &info, None);
        Self { info, body }
    }

    /// A worker's failure to answer.
    pub fn failure(failure: &Failure, headers: &HeaderMap) -> Self {
        let info = match &failure.failure_info {
            Some(FailureInfo::NexusHandlerFailureInfo(info)) => info.clone(),
            _ => NexusHandlerFailureInfo { r#type: "INTERNAL".into(), ..Default::default() },
        };
        let cause = failure.cause.as_ref().map(|cause| failure_to_json(cause));
        let body = match cause {
            // A caller that does not know failures that wrap others gets what is wrapped.
            Some(cause) if !knows_wrapped(headers) => cause,
            cause => handler_to_json(&failure.message, &info, cause),
        };
        Self { info, body }
    }

    /// The same, from a worker that knows the form of Nexus alone.
    pub fn error(error: &wire::HandlerError) -> Self {
        let info = NexusHandlerFailureInfo {
            r#type: error.error_type.clone(),
            retry_behavior: error.retry_behavior,
        };
        let body = error.failure.as_ref().map_or_else(|| handler_to_json("", &info, None), wire_to_json);
        Self { info, body }
    }

    /// What another room says of a request.
    pub fn peer(error: &PeerError) -> Self {
        let status = crate::status::of(error);
        let kind = match status.code() {
            tonic::Code::InvalidArgument => "BAD_REQUEST",
            tonic::Code::NotFound => "NOT_FOUND",
            tonic::Code::FailedPrecondition => "CONFLICT",
            tonic::Code::PermissionDenied => "UNAUTHORIZED",
            tonic::Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            tonic::Code::Unimplemented => "NOT_IMPLEMENTED",
            tonic::Code::DeadlineExceeded => "REQUEST_TIMEOUT",
            tonic::Code::Unavailable => "UNAVAILABLE",
            _ => "INTERNAL",
        };
        Self::new(kind, status.message())
    }

    /// The answer.
    pub fn answer(self) -> Answer {
        let code = match self.info.r#type.as_str() {
            "BAD_REQUEST" => 400,
            "UNAUTHENTICATED" => 401,
            "UNAUTHORIZED" => 403,
            "NOT_FOUND" => 404,
            "REQUEST_TIMEOUT" => 408,
            "CONFLICT" => 409,
            "RESOURCE_EXHAUSTED" => 429,
            "NOT_IMPLEMENTED" => 501,
            "UNAVAILABLE" => 503,
            "UPSTREAM_TIMEOUT" => 520,
            _ => 500,
        };
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = json(code, self.body);
        let retryable = match self.info.retry_behavior() {
            Retry::Unspecified => return answer,
            Retry::Retryable => "true",
            Retry::NonRetryable => "false",
        };
        let name = HeaderName::from_static("nexus-request-retryable");
        answer.headers_mut().insert(name, HeaderValue::from_static(retryable));
        answer
    }
}

/// An operation that did not succeed, told by a worker that knows our failures.
pub(super) fn unsuccessful(failure: &Failure, headers: &HeaderMap) -> Answer {
    let is_canceled = matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_)));
    let state = if is_canceled { "canceled" } else { "failed" };
    let told = failure_to_json(failure);
    let body = if knows_wrapped(headers) { operation_to_json(state, told) } else { told };
    with_state(json(StatusCode::FAILED_DEPENDENCY, body), state)
}

/// The same, told by a worker that knows the form of Nexus alone.
pub(super) fn operation_error(error: &wire::UnsuccessfulOperationError) -> Answer {
    let state = if error.operation_state == "canceled" { "canceled" } else { "failed" };
    let body = wire_to_json(&error.failure.clone().unwrap_or_default());
    with_state(json(StatusCode::FAILED_DEPENDENCY, body), state)
}

/// Bytes of a type.
pub(super) fn content(code: StatusCode, kind: Option<String>, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body).boxed_unsync());
    *answer.status_mut() = code;
    if let Some(kind) = kind.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    answer
}

/// A JSON text.
pub(super) fn json(code: StatusCode, text: String) -> Answer {
    content(code, Some("application/json".to_owned()), text.into())
}

/// Says how an operation stands.
pub(super) fn with_state(mut answer: Answer, state: &'static str) -> Answer {
    answer.headers_mut().insert(HeaderName::from_static(STATE), HeaderValue::from_static(state));
    answer
}

/// Whether a caller knows failures that wrap others.
pub(super) fn knows_wrapped(headers: &HeaderMap) -> bool {
    headers.get(FAILURE_SUPPORT).is_some_and(|value| value == "true")
}

//! Failures that the server itself reports.

use longhaul_proto::api::{
    common::v1::Payloads,
    enums::v1::TimeoutType,
    failure::v1::{Failure, ServerFailureInfo, TimeoutFailureInfo, failure::FailureInfo},
};
use prost::Message;

/// An activity or workflow has used up its time.
pub fn timeout(
    message: &str,
    timeout_type: TimeoutType,
    details: Option<Payloads>,
    cause: Option<Failure>,
) -> Failure {
    Failure {
        message: message.to_owned(),
        source: "Server".to_owned(),
        cause: cause.map(Box::new),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: timeout_type as i32,
            last_heartbeat_details: details,
        })),
        ..Failure::default()
    }
}

/// The server could not accept something.
pub fn server(message: &str, non_retryable: bool) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable })),
        ..Failure::default()
    }
}

/// Longest failure kept as the cause of the one that replaces it.
const REPLACED_BYTES_MAX: usize = 512 << 10;

/// The failure, or if it is larger than `bytes_max` one that says so in its place; and whether it was replaced.
pub fn fitted(failure: Failure, bytes_max: usize) -> (Failure, bool) {
    if failure.encoded_len() <= bytes_max {
        return (failure, false);
    }
    let cause = truncated(&failure, REPLACED_BYTES_MAX.min(bytes_max));
    (Failure { cause: Some(Box::new(cause)), ..server("Failure exceeds size limit.", true) }, true)
}

/// Shortens a failure to `bytes_max`: message and stack trace are cut, details and causes are dropped.
pub fn truncated(failure: &Failure, bytes_max: usize) -> Failure {
    if failure.encoded_len() <= bytes_max {
        return failure.clone();
    }
    let mut short = Failure {
        message: cut(&failure.message, bytes_max / 2),
        source: cut(&failure.source, 200),
        ..Failure::default()
    };
    let left = bytes_max.saturating_sub(short.encoded_len() + 64);
    short.stack_trace = cut(&failure.stack_trace, left);
    short.failure_info = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            let mut info = info.clone();
            info.details = None;
            info.r#type = cut(&info.r#type, 200);
            Some(FailureInfo::ApplicationFailureInfo(info))
        }
        _ => Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable: false })),
    };
    short
}

/// The longest prefix of whole characters within `bytes_max`.
fn cut(text: &str, bytes_max: usize) -> String {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

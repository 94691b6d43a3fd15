//! Failures that the server itself reports.

use longhaul_proto::api::{
    common::v1::Payloads,
    enums::v1::TimeoutType,
    failure::v1::{
        ApplicationFailureInfo, Failure, ServerFailureInfo, TimeoutFailureInfo, failure::FailureInfo,
    },
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

/// How many failures, each the cause of the one before, are kept of one that was shortened.
const CAUSES_MAX: u32 = 21;

/// What a text, a cause or a kind of failure counts beside its own bytes.
const FIELD_BYTES: usize = 4;

/// The failure, or if it is larger than `bytes_max` one that says so in its place; and whether it was replaced.
/// `cause_bytes_max` is how much of the failure itself is kept then.
pub fn fitted(failure: Failure, bytes_max: usize, cause_bytes_max: usize) -> (Failure, bool) {
    if failure.encoded_len() <= bytes_max {
        return (failure, false);
    }
    (replaced(&failure, cause_bytes_max, true), true)
}

/// The failure as an activity remembers it between its attempts.
pub fn remembered(failure: &Failure, bytes_max: usize) -> Failure {
    if failure.encoded_len() <= bytes_max { failure.clone() } else { replaced(failure, bytes_max, false) }
}

fn replaced(failure: &Failure, cause_bytes_max: usize, non_retryable: bool) -> Failure {
    let mut left = cause_bytes_max;
    let cause = shortened(failure, &mut left, CAUSES_MAX);
    Failure { cause: Some(Box::new(cause)), ..server("Failure exceeds size limit.", non_retryable) }
}

/// Shortens a failure to the bytes that are left. They are given out in the order in which the fields follow here; of
/// its kind only what decides about retries is kept.
fn shortened(failure: &Failure, left: &mut usize, causes_max: u32) -> Failure {
    let failure_info = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            let kept = ApplicationFailureInfo {
                r#type: cut(&info.r#type, left),
                non_retryable: info.non_retryable,
                ..Default::default()
            };
            *left = left.saturating_sub(2 * FIELD_BYTES);
            Some(FailureInfo::ApplicationFailureInfo(kept))
        }
        Some(FailureInfo::ServerFailureInfo(info)) => {
            *left = left.saturating_sub(FIELD_BYTES);
            Some(FailureInfo::ServerFailureInfo(*info))
        }
        _ => None,
    };
    let mut short = Failure {
        source: cut(&failure.source, left),
        message: cut(&failure.message, left),
        stack_trace: cut(&failure.stack_trace, left),
        failure_info,
        ..Failure::default()
    };
    if let Some(cause) = failure.cause.as_ref().filter(|_| causes_max > 1 && *left > FIELD_BYTES) {
        *left -= FIELD_BYTES;
        short.cause = Some(Box::new(shortened(cause, left, causes_max - 1)));
    }
    short
}

/// The longest prefix of whole characters within what is left, which it is taken from.
fn cut(text: &str, left: &mut usize) -> String {
    let mut end = (*left).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end > 0 {
        *left = left.saturating_sub(end + FIELD_BYTES);
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(message: &str, kind: &str) -> Failure {
        let info = ApplicationFailureInfo { r#type: kind.into(), ..Default::default() };
        Failure {
            message: message.into(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            ..Default::default()
        }
    }

    #[test]
    fn a_failure_that_fits_is_kept_as_it_is() {
        let failure = application("m", "T");
        assert_eq!(remembered(&failure, 100), failure);
        assert_eq!(fitted(failure.clone(), 100, 50), (failure, false));
    }

    #[test]
    fn bytes_go_to_type_source_message_stack_trace_and_cause_in_this_order() {
        let failure = Failure {
            stack_trace: "t".repeat(300),
            cause: Some(Box::new(application("n", "U"))),
            ..application(&"m".repeat(20), "T")
        };
        let kept = *remembered(&failure, 100).cause.expect("it was too large");
        // 100 bytes: 1 + 4 for the type, 8 for the kind, 20 + 4 for the message, and the rest for the stack trace.
        assert_eq!((kept.message.len(), kept.stack_trace.len()), (20, 63));
        assert_eq!(kept.cause, None, "nothing is left for it");
    }

    #[test]
    fn causes_go_only_so_deep_and_no_character_is_cut_in_two() {
        let deep = (0..60).fold(application(&"ä".repeat(50_000), ""), |inner, _| Failure {
            cause: Some(Box::new(inner)),
            ..application("m", "")
        });
        let (kept, replaced) = fitted(deep, 1000, 10_001);
        assert!(replaced);
        let depth = std::iter::successors(kept.cause.as_deref(), |failure| failure.cause.as_deref()).count();
        assert_eq!(depth, CAUSES_MAX as usize);
        let flat = remembered(&application(&"ä".repeat(50), ""), 31).cause.expect("it was too large");
        assert_eq!(flat.message, "ä".repeat(11), "of 23 bytes that are left behind the kind");
    }
}

//! What the answers of servers outside mean. What is no answer in the form of Nexus is told in the words of the reference.

use longhaul_kernel::nexus::{
    DeliveryOutcome, Ending, StartOutcome, failure_from_json, from_content, is_retryable, link_from_wire,
    links_from_header,
};
use longhaul_proto::api::{
    common::v1::Link,
    enums::v1::NexusHandlerErrorRetryBehavior as Retry,
    failure::v1::{
        ApplicationFailureInfo, CanceledFailureInfo, Failure, NexusHandlerFailureInfo, failure::FailureInfo,
    },
};
use longhaul_runtime::{OutboundError, Reply};
use serde_json::Value;

use super::super::call::{CALL_ERROR, failed_cancel, failed_start};

/// Codes of HTTP and the kinds of failures they stand for.
const KINDS: [(u16, &str); 11] = [
    (400, "BAD_REQUEST"),
    (401, "UNAUTHENTICATED"),
    (403, "UNAUTHORIZED"),
    (404, "NOT_FOUND"),
    (408, "REQUEST_TIMEOUT"),
    (409, "CONFLICT"),
    (429, "RESOURCE_EXHAUSTED"),
    (500, "INTERNAL"),
    (501, "NOT_IMPLEMENTED"),
    (503, "UNAVAILABLE"),
    (520, "UPSTREAM_TIMEOUT"),
];

/// How the request to start an operation went.
pub(super) fn start(asked: Result<Reply, OutboundError>) -> StartOutcome {
    let reply = match asked {
        Ok(reply) => reply,
        Err(error) => return failed_start(call_error(&error.to_string())),
    };
    let ended = match reply.status {
        200 => {
            let kind = reply.headers.get("content-type").map(String::as_str);
            Ok(StartOutcome::Ended(Ending::Succeeded(from_content(kind, reply.body.clone())), links(&reply)))
        }
        201 => token(&reply).map(|token| StartOutcome::Started { token, links: links(&reply) }),
        424 => unsuccessful(&reply).map(|ending| StartOutcome::Ended(ending, Vec::new())),
        _ => return failed_start(refused(&reply)),
    };
    ended.unwrap_or_else(|text| failed_start(call_error(&text)))
}

/// How the request to cancel an operation went.
pub(super) fn cancel(asked: Result<Reply, OutboundError>) -> DeliveryOutcome {
    match asked {
        Ok(reply) if (200..300).contains(&reply.status) => DeliveryOutcome::Delivered,
        Ok(reply) => failed_cancel(refused(&reply)),
        Err(error) => failed_cancel(call_error(&error.to_string())),
    }
}

/// How telling the callback at an address went.
pub(super) fn tell(url: &str, asked: Result<Reply, OutboundError>) -> DeliveryOutcome {
    let (message, retryable) = match asked {
        Ok(reply) if (200..300).contains(&reply.status) => return DeliveryOutcome::Delivered,
        Ok(reply) => match kind(&reply) {
            Some(kind) => (format!("handler error ({kind})"), is_retryable(&refused(&reply))),
            None => (unexpected(&reply), true),
        },
        Err(OutboundError::TimedOut) => (format!("Post \"{url}\": context deadline exceeded"), true),
        Err(error @ (OutboundError::Address(_) | OutboundError::Unreachable(_))) => (error.to_string(), true),
    };
    let info = ApplicationFailureInfo { non_retryable: !retryable, ..ApplicationFailureInfo::default() };
    DeliveryOutcome::Failed { retryable, failure: Box::new(application(message, info)) }
}

fn links(reply: &Reply) -> Vec<Link> {
    let header = reply.headers.get("nexus-link");
    let links = header.map_or_else(Vec::new, |header| links_from_header(header));
    links.iter().filter_map(link_from_wire).collect()
}

/// The token of an operation that has started.
fn token(reply: &Reply) -> Result<String, String> {
    expect_json(reply)?;
    let told: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("state"), text("token")) {
        ("running", "") => Err("empty operation token in response".into()),
        ("running", token) => Ok(token.to_owned()),
        (state, _) => Err(format!("invalid operation state in response info: \"{state}\"")),
    }
}

/// How an operation ended that did not succeed.
fn unsuccessful(reply: &Reply) -> Result<Ending, String> {
    expect_json(reply)?;
    let told: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let failure = failure_from_json(&reply.body).ok_or_else(|| format!("{told} is no failure"))?;
    let state = reply.headers.get("nexus-operation-state").map_or("", String::as_str);
    let is_canceled = match state {
        "canceled" => true,
        "failed" => false,
        other => return Err(format!("invalid operation state header: \"{other}\": {}", failure.message)),
    };
    if !is_canceled {
        return Ok(Ending::Failed(Box::new(failure)));
    }
    let info = match failure.failure_info {
        info @ Some(FailureInfo::CanceledFailureInfo(_)) => info,
        _ => Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default())),
    };
    Ok(Ending::Canceled(Box::new(Failure { failure_info: info, ..failure })))
}

fn is_json(reply: &Reply) -> bool {
    let kind = reply.headers.get("content-type").map_or("", String::as_str);
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn expect_json(reply: &Reply) -> Result<(), String> {
    let kind = reply.headers.get("content-type").map_or("", String::as_str);
    if is_json(reply) { Ok(()) } else { Err(format!("invalid response content type: \"{kind}\"")) }
}

/// The kind of failure that the status of an answer stands for, if it stands for one.
fn kind(reply: &Reply) -> Option<&'static str> {
    KINDS.iter().find(|(status, _)| *status == reply.status).map(|(_, kind)| *kind)
}

fn unexpected(reply: &Reply) -> String {
    format!("unexpected response status: \"{} {}\"", reply.status, reply.reason)
}

/// A handler's failure as its answer tells it.
fn refused(reply: &Reply) -> Failure {
    let Some(kind) = kind(reply) else { return call_error(&unexpected(reply)) };
    let said = Some(reply).filter(|reply| is_json(reply)).and_then(|reply| failure_from_json(&reply.body));
    if let Some(failure) = &said
        && matches!(failure.failure_info, Some(FailureInfo::NexusHandlerFailureInfo(_)))
    {
        return failure.clone();
    }
    let retry = match reply.headers.get("nexus-request-retryable").map(String::as_str) {
        Some("true") => Retry::Retryable,
        Some("false") => Retry::NonRetryable,
        _ => Retry::Unspecified,
    };
    let info = NexusHandlerFailureInfo { r#type: kind.to_owned(), retry_behavior: retry as i32 };
    Failure {
        cause: said.map(Box::new),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(info)),
        ..Failure::default()
    }
}

/// The failure of a call that brought no answer, or one that says nothing.
fn call_error(text: &str) -> Failure {
    let info = ApplicationFailureInfo { r#type: CALL_ERROR.into(), ..ApplicationFailureInfo::default() };
    application(text.to_owned(), info)
}

fn application(message: String, info: ApplicationFailureInfo) -> Failure {
    Failure { message, failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const JSON: (&str, &str) = ("content-type", "application/json");

    fn reply(status: u16, headers: &[(&str, &str)], body: &'static str) -> Result<Reply, OutboundError> {
        let headers: BTreeMap<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(Reply { status, reason: "Reason".into(), headers, body: body.into() })
    }

    #[test]
    fn an_answer_is_read_by_its_status() {
        let ended = start(reply(200, &[JSON], "1"));
        assert!(matches!(ended, StartOutcome::Ended(Ending::Succeeded(Some(_)), _)));
        let started = start(reply(201, &[JSON], "{\"token\":\"t\",\"state\":\"running\"}"));
        assert!(matches!(started, StartOutcome::Started { token, .. } if token == "t"));
        let canceled =
            start(reply(424, &[JSON, ("nexus-operation-state", "canceled")], "{\"message\":\"m\"}"));
        assert!(matches!(canceled, StartOutcome::Ended(Ending::Canceled(_), _)));
        let failed = start(reply(424, &[JSON, ("nexus-operation-state", "failed")], "{\"message\":\"m\"}"));
        assert!(matches!(failed, StartOutcome::Ended(Ending::Failed(_), _)));
    }

    #[test]
    fn what_is_no_answer_is_tried_again() {
        for (asked, said) in [
            (reply(201, &[JSON], "{}"), "invalid operation state in response info: \"\""),
            (reply(201, &[JSON], "{\"state\":\"running\"}"), "empty operation token in response"),
            (reply(201, &[], "{}"), "invalid response content type: \"\""),
            (reply(418, &[], ""), "unexpected response status: \"418 Reason\""),
            (Err(OutboundError::TimedOut), "request timed out"),
        ] {
            let StartOutcome::Failed { retryable: true, failure } = start(asked) else { panic!("{said}") };
            assert_eq!(failure.message, said);
        }
    }

    #[test]
    fn a_refusal_lasts_or_passes_by_its_status_and_its_header() {
        let retryable = |status: u16, headers: &[(&str, &str)]| {
            let told = matches!(
                tell("", reply(status, headers, "")),
                DeliveryOutcome::Failed { retryable: true, .. }
            );
            let started =
                matches!(start(reply(status, headers, "")), StartOutcome::Failed { retryable: true, .. });
            assert_eq!(told, started, "{status}");
            told
        };
        assert!(!retryable(400, &[]) && !retryable(404, &[]) && !retryable(409, &[]));
        assert!(retryable(408, &[]) && retryable(418, &[]) && retryable(429, &[]) && retryable(500, &[]));
        assert!(retryable(404, &[("nexus-request-retryable", "true")]));
        assert!(!retryable(500, &[("nexus-request-retryable", "false")]));
    }
}

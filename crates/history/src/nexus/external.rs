//! Handlers and callbacks outside of the cluster: the request goes to them over HTTP, in the form of Nexus.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    nexus::{
        DeliveryOutcome, Ending, StartOutcome, failure_from_json, failure_to_json, from_content, handler,
        link_from_wire, link_to_wire, links_from_header, links_to_header, to_content,
    },
    time::Timestamp,
    visibility::format_datetime,
};
use longhaul_proto::api::{
    common::v1::Link,
    enums::v1::NexusHandlerErrorRetryBehavior as Retry,
    failure::v1::{CanceledFailureInfo, Failure, NexusHandlerFailureInfo, failure::FailureInfo},
    nexus::v1 as wire,
};
use longhaul_runtime::{OutboundError, Post, Reply};
use serde_json::Value;

use super::{
    call::{Call, TOKEN_HEADER, failed_cancel, failed_start},
    callback::Told,
    complete::write_token,
};
use crate::history::Room;

/// Prefix of headers that a handler gives back with the callback.
const CALLBACK_PREFIX: &str = "nexus-callback-";

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

/// Starts an operation of a server outside.
pub(super) async fn start(
    room: &Arc<Room>,
    base: &str,
    call: &Call,
    namespace: &str,
    header: Vec<(String, String)>,
    until: Timestamp,
) -> StartOutcome {
    let Some(callback) = callback_url(room, namespace) else {
        return failed_start(handler("BAD_REQUEST", "this cluster has no address for callbacks"));
    };
    let url = format!("{}?callback={}", address(base, call), escaped(&callback));
    let mut headers = header;
    if let Some(token) = &call.callback {
        headers.push((format!("{CALLBACK_PREFIX}{TOKEN_HEADER}"), write_token(token)));
    }
    let (kind, body) = to_content(call.input.as_ref());
    headers.extend(kind.map(|kind| ("content-type".to_owned(), kind)));
    let now = Timestamp(room.host.clock.now());
    let wait = until.since(now);
    headers.push(("request-timeout".into(), format!("{}ms", wait.as_millis())));
    let asked = room.host.outbound.post(&room.host.clock, Post { url, headers, body }, wait).await;
    match asked {
        Ok(reply) => start_outcome(&reply),
        Err(error) => failed_start(unanswered(&error)),
    }
}

/// Delivers the request to cancel an operation of a server outside.
pub(super) async fn cancel(
    room: &Arc<Room>,
    base: &str,
    call: &Call,
    header: Vec<(String, String)>,
    wait: Duration,
) -> DeliveryOutcome {
    let mut headers = header;
    headers.push(("nexus-operation-token".into(), call.token.clone()));
    headers.push(("request-timeout".into(), format!("{}ms", wait.as_millis())));
    let post = Post { url: format!("{}/cancel", address(base, call)), headers, ..Post::default() };
    match room.host.outbound.post(&room.host.clock, post, wait).await {
        Ok(reply) if (200..300).contains(&reply.status) => DeliveryOutcome::Delivered,
        Ok(reply) => failed_cancel(refused(&reply)),
        Err(error) => failed_cancel(unanswered(&error)),
    }
}

/// Tells a callback outside that something is over.
pub(super) async fn tell(room: &Arc<Room>, told: &Told) -> DeliveryOutcome {
    let mut headers: Vec<(String, String)> =
        told.header.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    headers.push(("nexus-operation-start-time".into(), format_datetime(told.started_at)));
    headers.push(("nexus-operation-close-time".into(), format_datetime(told.closed_at)));
    let links: Vec<wire::Link> = told.links.iter().filter_map(link_to_wire).collect();
    if !links.is_empty() {
        headers.push(("nexus-link".into(), links_to_header(&links)));
    }
    let (state, kind, body) = match &told.ending {
        Ending::Succeeded(result) => {
            let (kind, body) = to_content(result.as_ref());
            ("succeeded", kind, body)
        }
        Ending::Failed(failure) => ("failed", Some("application/json".into()), json(failure)),
        Ending::Canceled(failure) => ("canceled", Some("application/json".into()), json(failure)),
    };
    headers.push(("nexus-operation-state".into(), state.into()));
    headers.extend(kind.map(|kind| ("content-type".to_owned(), kind)));
    let post = Post { url: told.url.clone(), headers, body };
    match room.host.outbound.post(&room.host.clock, post, room.request_timeout()).await {
        Ok(reply) if (200..300).contains(&reply.status) => DeliveryOutcome::Delivered,
        Ok(reply) => failed_cancel(refused(&reply)),
        Err(error) => failed_cancel(unanswered(&error)),
    }
}

fn json(failure: &Failure) -> bytes::Bytes {
    failure_to_json(failure).into()
}

/// Where a handler tells of the end of an operation.
fn callback_url(room: &Room, namespace: &str) -> Option<String> {
    let namespace = escaped(namespace);
    let set = &room.live.general().nexus_callback_url;
    if !set.is_empty() {
        return Some(set.replace("{{.NamespaceName}}", &namespace));
    }
    let home = room.host.outbound.home()?;
    Some(format!("{home}/namespaces/{namespace}/nexus/callback"))
}

/// Where an operation is.
fn address(base: &str, call: &Call) -> String {
    let base = base.trim_end_matches('/');
    format!("{base}/{}/{}", escaped(&call.service), escaped(&call.operation))
}

fn start_outcome(reply: &Reply) -> StartOutcome {
    let links: Vec<Link> = reply
        .headers
        .get("nexus-link")
        .map_or_else(Vec::new, |header| links_from_header(header))
        .iter()
        .filter_map(link_from_wire)
        .collect();
    match reply.status {
        200 => {
            let kind = reply.headers.get("content-type").map(String::as_str);
            StartOutcome::Ended(Ending::Succeeded(from_content(kind, reply.body.clone())), links)
        }
        201 => {
            let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let token = ["token", "id"].iter().find_map(|name| told.get(name)?.as_str());
            match token {
                Some(token) if !token.is_empty() => StartOutcome::Started { token: token.to_owned(), links },
                _ => failed_start(handler("INTERNAL", "the answer names no operation")),
            }
        }
        424 => {
            let failure = failure_from_json(&reply.body).unwrap_or_default();
            let canceled =
                reply.headers.get("nexus-operation-state").is_some_and(|state| state == "canceled");
            let ending = if canceled {
                let info = FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default());
                let info = match failure.failure_info {
                    info @ Some(FailureInfo::CanceledFailureInfo(_)) => info,
                    _ => Some(info),
                };
                Ending::Canceled(Box::new(Failure { failure_info: info, ..failure }))
            } else {
                Ending::Failed(Box::new(failure))
            };
            StartOutcome::Ended(ending, Vec::new())
        }
        _ => failed_start(refused(reply)),
    }
}

/// A handler's failure as its answer tells it.
fn refused(reply: &Reply) -> Failure {
    let said = failure_from_json(&reply.body);
    if let Some(failure) = &said
        && matches!(failure.failure_info, Some(FailureInfo::NexusHandlerFailureInfo(_)))
    {
        return failure.clone();
    }
    let known = KINDS.iter().find(|(status, _)| *status == reply.status);
    let kind = match known {
        Some((_, kind)) => kind,
        None if (400..500).contains(&reply.status) => "BAD_REQUEST",
        None => "INTERNAL",
    };
    let retry = match reply.headers.get("nexus-request-retryable").map(String::as_str) {
        Some("true") => Retry::Retryable,
        Some("false") => Retry::NonRetryable,
        _ => Retry::Unspecified,
    };
    let info = NexusHandlerFailureInfo { r#type: kind.to_owned(), retry_behavior: retry as i32 };
    Failure {
        message: format!("handler answered with the status {}", reply.status),
        cause: said.map(Box::new),
        failure_info: Some(FailureInfo::NexusHandlerFailureInfo(info)),
        ..Failure::default()
    }
}

/// The failure of a handler that did not answer.
fn unanswered(error: &OutboundError) -> Failure {
    let kind = match error {
        OutboundError::Address(_) => "BAD_REQUEST",
        OutboundError::Unreachable(_) => "UNAVAILABLE",
        OutboundError::TimedOut => "REQUEST_TIMEOUT",
    };
    handler(kind, &error.to_string())
}

/// A text as a segment of a path or a value of a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn reply(status: u16, headers: &[(&str, &str)], body: &'static str) -> Reply {
        let headers: BTreeMap<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status, headers, body: body.into() }
    }

    #[test]
    fn an_answer_is_read_by_its_status() {
        let ended = start_outcome(&reply(200, &[("content-type", "application/json")], "1"));
        assert!(matches!(ended, StartOutcome::Ended(Ending::Succeeded(Some(_)), _)));
        let started = start_outcome(&reply(201, &[], "{\"token\":\"t\",\"state\":\"running\"}"));
        assert!(matches!(started, StartOutcome::Started { token, .. } if token == "t"));
        let nameless = start_outcome(&reply(201, &[], "{}"));
        assert!(matches!(nameless, StartOutcome::Failed { retryable: true, .. }));
        let canceled =
            start_outcome(&reply(424, &[("nexus-operation-state", "canceled")], "{\"message\":\"m\"}"));
        assert!(matches!(canceled, StartOutcome::Ended(Ending::Canceled(_), _)));
        let failed = start_outcome(&reply(424, &[], "{\"message\":\"m\"}"));
        assert!(matches!(failed, StartOutcome::Ended(Ending::Failed(_), _)));
    }

    #[test]
    fn a_refusal_lasts_or_passes_by_its_status_and_its_header() {
        let retryable = |status: u16, headers: &[(&str, &str)]| {
            matches!(start_outcome(&reply(status, headers, "")), StartOutcome::Failed { retryable: true, .. })
        };
        assert!(!retryable(400, &[]) && !retryable(404, &[]) && !retryable(418, &[]));
        assert!(retryable(429, &[]) && retryable(500, &[]) && retryable(503, &[]) && retryable(599, &[]));
        assert!(retryable(404, &[("nexus-request-retryable", "true")]));
        assert!(!retryable(500, &[("nexus-request-retryable", "false")]));
    }
}

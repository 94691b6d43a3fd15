//! Handlers and callbacks outside of the cluster: the request goes to them over HTTP or HTTPS, in the form of
//! Nexus.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    nexus::{
        DeliveryOutcome, Ending, StartOutcome, failure_to_json, handler, link_to_wire, links_to_header,
        to_content,
    },
    time::Timestamp,
    visibility::format_datetime,
};
use longhaul_proto::api::{failure::v1::Failure, nexus::v1 as wire};
use longhaul_runtime::Post;

use super::{
    call::{Call, TOKEN_HEADER, failed_start},
    callback::Told,
    complete::write_token,
};
use crate::history::Room;

mod answer;

/// Prefix of headers that a handler gives back with the callback.
const CALLBACK_PREFIX: &str = "nexus-callback-";

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
    answer::start(room.host.outbound.post(&room.host.clock, Post { url, headers, body }, wait).await)
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
    answer::cancel(room.host.outbound.post(&room.host.clock, post, wait).await)
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
    let wait = room.live.general().callback_request_timeout;
    answer::tell(&told.url, room.host.outbound.post(&room.host.clock, post, wait).await)
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

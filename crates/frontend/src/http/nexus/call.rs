//! Callers from outside: a request becomes a task of a worker, whose answer becomes the answer.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use longhaul_kernel::{
    nexus::{Target, from_content, links_from_header, links_to_header, to_content},
    time::Timestamp,
};
use longhaul_proto::api::nexus::v1 as wire;
use longhaul_runtime::peers::{Caller, DispatchNexus};
use serde_json::json;

use super::answer::{self, Fault};
use crate::{
    frontend::Allow,
    http::{answer::Answer, api::Api, url},
};

/// Largest input, in bytes.
const INPUT_BYTES_MAX: usize = 2 << 20;

/// How long a caller waits that does not say.
const WAIT: Duration = Duration::from_secs(10);

/// Headers whose names begin with this are given back with the callback.
const CALLBACK_PREFIX: &str = "nexus-callback-";

/// Headers that say something of the connection and nothing of the call.
const HOP_HEADERS: [&str; 5] =
    ["host", "accept-encoding", "connection", "transfer-encoding", "request-timeout"];

/// What a caller wants.
struct Asked {
    service: String,
    operation: String,
    is_cancel: bool,
}

impl Asked {
    /// Reads the rest of a path; `None` if it names no operation.
    fn of(rest: &[String]) -> Option<Self> {
        let (service, operation, is_cancel) = match rest {
            [service, operation] => (service, operation, false),
            [service, operation, cancel] if cancel == "cancel" => (service, operation, true),
            _ => return None,
        };
        let is_name = |name: &str| !name.is_empty() && !name.contains('/');
        (is_name(service) && is_name(operation)).then(|| Self {
            service: service.clone(),
            operation: operation.clone(),
            is_cancel,
        })
    }
}

/// Where a call goes.
struct Place {
    namespace: String,
    task_queue: String,
    endpoint: String,
}

/// Brings a call to the workers of a task queue.
pub(super) async fn to_queue(
    api: &Api,
    namespace: &str,
    task_queue: String,
    rest: &[String],
    request: Request<Incoming>,
) -> Result<Answer, Fault> {
    let place = Place { namespace: namespace.to_owned(), task_queue, endpoint: String::new() };
    call(api, place, rest, request).await
}

/// Brings a call to the workers that an endpoint leads to.
pub(super) async fn to_endpoint(
    api: &Api,
    id: &str,
    rest: &[String],
    request: Request<Incoming>,
) -> Result<Answer, Fault> {
    if longhaul_kernel::ids::RunId::parse(id).is_none() {
        return Err(Fault::new("INTERNAL", "internal error"));
    }
    let all = api.frontend.directory.endpoints.all().await;
    let all = all.map_err(|_| Fault::new("UNAVAILABLE", "endpoints can't be read"))?;
    let Some(endpoint) = all.get(id) else {
        return Err(Fault::lasting("NOT_FOUND", "nexus endpoint not found"));
    };
    let Some(Target::Worker { namespace, task_queue }) = endpoint.target() else {
        return Err(Fault::new("BAD_REQUEST", "invalid endpoint target"));
    };
    let place = Place {
        namespace: namespace.to_owned(),
        task_queue: task_queue.to_owned(),
        endpoint: endpoint.name().to_owned(),
    };
    call(api, place, rest, request).await
}

async fn call(api: &Api, place: Place, rest: &[String], request: Request<Incoming>) -> Result<Answer, Fault> {
    let frontend = &api.frontend;
    let namespace = frontend.namespace(&place.namespace, Allow::Open).await.map_err(|error| match error {
        longhaul_runtime::peers::PeerError::Refused(refusal)
            if matches!(*refusal, longhaul_proto::Refusal::NamespaceNotFound(_)) =>
        {
            Fault::new("NOT_FOUND", &format!("namespace not found: \"{}\"", place.namespace))
        }
        error => Fault::peer(&error),
    })?;
    let asked = Asked::of(rest).ok_or_else(|| Fault::new("NOT_FOUND", "not found"))?;
    if request.method() != Method::POST {
        let text = format!("invalid request method: expected POST, got \"{}\"", request.method());
        return Err(Fault::new("BAD_REQUEST", &text));
    }
    let now = Timestamp(frontend.host.clock.now());
    let wait = timeout(request.headers())?;
    let (parts, body) = request.into_parts();
    let query = url::parameters(parts.uri.query().unwrap_or_default());
    let variant = if asked.is_cancel {
        cancel(&asked, &parts.headers, &query)?
    } else {
        start(&asked, &parts.headers, &query, whole(body).await?)
    };
    let caller = Caller {
        namespace_id: *namespace.id.as_bytes(),
        namespace: namespace.name.clone(),
        deadline: Some((now + wait).0),
        client_name: String::new(),
        client_version: String::new(),
    };
    let task = wire::Request {
        header: task_header(&parts.headers, asked.is_cancel),
        scheduled_time: Some(now.to_proto()),
        endpoint: place.endpoint,
        capabilities: Some(wire::request::Capabilities {
            temporal_failure_responses: answer::knows_wrapped(&parts.headers),
        }),
        variant: Some(variant),
    };
    let dispatch = DispatchNexus { task_queue: place.task_queue, request: task };
    let outcome = frontend.matching.ask(caller, dispatch).await.map_err(|error| Fault::peer(&error))?;
    if let Some(failure) = &outcome.failure {
        return Err(Fault::failure(failure, &parts.headers));
    }
    if let Some(error) = &outcome.error {
        return Err(Fault::error(error));
    }
    let Some(response) = outcome.response else {
        return Err(Fault::new("UPSTREAM_TIMEOUT", "upstream timeout"));
    };
    if asked.is_cancel {
        return Ok(answer::content(StatusCode::ACCEPTED, None, Bytes::new()));
    }
    started(response, &parts.headers)
}

fn start(
    asked: &Asked,
    headers: &HeaderMap,
    query: &[(String, String)],
    body: Bytes,
) -> wire::request::Variant {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok());
    let callback_header = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(CALLBACK_PREFIX)?;
        Some((name.to_owned(), value.to_str().ok()?.to_owned()))
    });
    let links: Vec<wire::Link> = headers
        .get_all("nexus-link")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(links_from_header)
        .collect();
    wire::request::Variant::StartOperation(wire::StartOperationRequest {
        service: asked.service.clone(),
        operation: asked.operation.clone(),
        request_id: header("nexus-request-id").to_owned(),
        callback: parameter(query, "callback"),
        payload: from_content(kind, body),
        callback_header: callback_header.collect(),
        links,
    })
}

fn cancel(
    asked: &Asked,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Result<wire::request::Variant, Fault> {
    let told = headers.get("nexus-operation-token").and_then(|value| value.to_str().ok());
    let token = told.map_or_else(|| parameter(query, "token"), str::to_owned);
    if token.is_empty() {
        return Err(Fault::new("BAD_REQUEST", "missing operation token"));
    }
    #[allow(deprecated)]
    Ok(wire::request::Variant::CancelOperation(wire::CancelOperationRequest {
        service: asked.service.clone(),
        operation: asked.operation.clone(),
        operation_id: token.clone(),
        operation_token: token,
    }))
}

/// What a worker is told of the headers. Those of the content are in the payload of a start.
fn task_header(headers: &HeaderMap, is_cancel: bool) -> BTreeMap<String, String> {
    let told = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        let is_ours = HOP_HEADERS.contains(&name)
            || name == answer::FAILURE_SUPPORT
            || name.starts_with(CALLBACK_PREFIX)
            || (is_cancel && name == "nexus-operation-token");
        let is_content = !is_cancel && name.starts_with("content-");
        !is_ours && !is_content
    });
    told.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// The answer to a start.
#[allow(deprecated)]
fn started(response: wire::Response, headers: &HeaderMap) -> Result<Answer, Fault> {
    use wire::{response::Variant, start_operation_response::Variant as Started};
    let empty = || Fault::new("INTERNAL", "empty outcome");
    let Some(Variant::StartOperation(started)) = response.variant else { return Err(empty()) };
    Ok(match started.variant {
        Some(Started::SyncSuccess(success)) => {
            let (kind, body) = to_content(success.payload.as_ref());
            let answer = answer::content(StatusCode::OK, kind, body);
            answer::with_state(with_links(answer, &success.links), "succeeded")
        }
        Some(Started::AsyncSuccess(success)) => {
            let token = match success.operation_token {
                token if token.is_empty() => success.operation_id,
                token => token,
            };
            let body = format!("{{\"token\":{},\"state\":\"running\"}}", json!(token));
            with_links(answer::json(StatusCode::CREATED, body), &success.links)
        }
        Some(Started::OperationError(error)) => answer::operation_error(&error),
        Some(Started::Failure(failure)) => answer::unsuccessful(&failure, headers),
        None => return Err(empty()),
    })
}

fn with_links(mut answer: Answer, links: &[wire::Link]) -> Answer {
    if !links.is_empty()
        && let Ok(value) = HeaderValue::from_str(&links_to_header(links))
    {
        answer.headers_mut().insert(HeaderName::from_static("nexus-link"), value);
    }
    answer
}

/// How long the caller waits.
fn timeout(headers: &HeaderMap) -> Result<Duration, Fault> {
    let Some(told) = headers.get("request-timeout") else { return Ok(WAIT) };
    told.to_str()
        .ok()
        .and_then(duration)
        .ok_or_else(|| Fault::new("BAD_REQUEST", "invalid request timeout header"))
}

/// Reads `1.5s`, `500ms` or `2m`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].parse().ok()?;
    let scale = match &text[unit..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * scale).ok()
}

fn parameter(query: &[(String, String)], name: &str) -> String {
    query.iter().find(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.clone())
}

/// The whole body, if it is not too large.
pub(super) async fn whole(body: Incoming) -> Result<Bytes, Fault> {
    match Limited::new(body, INPUT_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(_) => Err(Fault::new("BAD_REQUEST", "invalid input")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_have_a_unit() {
        for (text, millis) in [
            ("2s", Some(2000)),
            ("1.5s", Some(1500)),
            ("500ms", Some(500)),
            ("1m", Some(60_000)),
            ("-1s", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(duration(text).map(|read| read.as_millis()), millis, "{text}");
        }
    }

    #[test]
    fn a_path_names_a_service_and_an_operation() {
        let asked =
            |rest: &[&str]| Asked::of(&rest.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert!(asked(&["s", "o"]).is_some_and(|asked| !asked.is_cancel));
        assert!(asked(&["s", "o", "cancel"]).is_some_and(|asked| asked.is_cancel));
        assert!(asked(&["s"]).is_none() && asked(&["s", "o", "x"]).is_none() && asked(&["/", "o"]).is_none());
    }
}

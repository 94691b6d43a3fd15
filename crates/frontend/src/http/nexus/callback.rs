//! Handlers from outside who tell how an operation ended. The token that came with the operation's start names whoever
//! waits, so the namespace in the path is of no account.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use longhaul_kernel::nexus::{failure_from_json, from_content, link_from_wire, links_from_header};
use longhaul_proto::api::failure::v1::{CanceledFailureInfo, Failure, failure::FailureInfo};
use longhaul_runtime::peers::{Caller, NexusCompleted};

use super::answer::{self, Fault, STATE};
use crate::http::{answer::Answer, api::Api};

/// Takes news of an operation.
pub(super) async fn respond(api: &Api, request: Request<Incoming>) -> Result<Answer, Fault> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let state = text(headers, STATE);
    if !["succeeded", "failed", "canceled"].contains(&state) {
        return Err(Fault::new("BAD_REQUEST", &format!("invalid request operation state: \"{state}\"")));
    }
    let token = text(headers, "temporal-callback-token");
    if token.is_empty() {
        return Err(Fault::new("BAD_REQUEST", "invalid callback token"));
    }
    let body = super::call::whole(body).await?;
    let links = links_from_header(text(headers, "nexus-link"));
    let mut news = NexusCompleted {
        token: token.to_owned(),
        operation_token: text(headers, "nexus-operation-token").to_owned(),
        links: links.iter().filter_map(link_from_wire).collect(),
        is_canceled: state == "canceled",
        ..NexusCompleted::default()
    };
    if state == "succeeded" {
        let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
        news.result = from_content(kind, body);
    } else {
        news.failure = Some(failure(&body, news.is_canceled)?);
    }
    let caller = Caller {
        namespace_id: [0; 16],
        namespace: String::new(),
        deadline: None,
        client_name: String::new(),
        client_version: String::new(),
    };
    api.frontend.history.ask(caller, news).await.map_err(|error| Fault::peer(&error))?;
    Ok(answer::content(StatusCode::OK, None, Bytes::new()))
}

/// The failure that a body holds; one that says nothing of its kind was a cancellation if the operation was canceled.
fn failure(body: &[u8], is_canceled: bool) -> Result<Failure, Fault> {
    let mut failure = failure_from_json(body)
        .ok_or_else(|| Fault::new("BAD_REQUEST", "failed to decode Failure from request body"))?;
    if is_canceled && !matches!(failure.failure_info, Some(FailureInfo::CanceledFailureInfo(_))) {
        failure.failure_info = Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default()));
    }
    Ok(failure)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

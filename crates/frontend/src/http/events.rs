//! A run's history as it happens, as server-sent events.
//!
//! The first answer is the history so far; then each event as soon as it is committed; the stream ends with the run.
//! A listener holds one page in memory: the next one is read when the client has taken what was there. It goes on
//! where it stopped, by the id of the last event it saw.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use longhaul_proto::api::{
    common::v1::WorkflowExecution,
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
    },
};
use prost_reflect::{DynamicMessage, Value};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

use super::{
    answer::{Answer, told},
    api::{self, Api},
    json::{self, Style},
};

/// How often a quiet stream shows that it is alive, so that nothing between client and server closes it.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

/// Most events that are read at a time.
const PAGE_EVENTS: i32 = 100;

/// Header by which a client says what it saw last.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";

/// Opens the stream of a workflow's current run, or of the run that the query or the last event names.
pub(super) async fn answer<B>(
    api: &Arc<Api>,
    request: &Request<B>,
    namespace: &str,
    workflow_id: &str,
    parameters: &[(String, String)],
    style: Style,
) -> Result<Answer, Status> {
    let permit = api.listen()?;
    let seen = request.headers().get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let resumed = seen.filter(|seen| !seen.is_empty()).map(split_id).transpose()?;
    let (resumed_run, last) = resumed.unwrap_or_default();
    let asked = parameters.iter().find_map(|(key, value)| (key == "runId").then(|| value.clone()));
    let run_id = Some(resumed_run).filter(|run| !run.is_empty()).or(asked).unwrap_or_default();
    let execution = WorkflowExecution { workflow_id: workflow_id.into(), run_id };
    let describe =
        DescribeWorkflowExecutionRequest { namespace: namespace.into(), execution: Some(execution) };
    let described: DescribeWorkflowExecutionResponse =
        api.ask("DescribeWorkflowExecution", &describe, request.headers()).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    if info.close_time.is_some() && last >= info.history_length {
        // Tells the client that there is nothing to come back for.
        let mut answer = Response::new(Full::new(Bytes::new()).boxed_unsync());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        return Ok(answer);
    }
    let follow = Follow {
        api: api.clone(),
        headers: request.headers().clone(),
        style,
        namespace: namespace.into(),
        execution: info.execution.unwrap_or_default(),
        last,
        token: Bytes::new(),
        ready: VecDeque::new(),
        asking: None,
        ended: false,
        _permit: permit,
    };
    Ok(live(stream::unfold(follow, |mut follow| async move { Some((follow.next().await?, follow)) })))
}

/// An answer whose body is a stream of events.
pub(super) fn live(chunks: impl stream::Stream<Item = Bytes> + Send + 'static) -> Answer {
    let frames = chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
    let mut answer = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects answers would hold the events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    answer
}

/// One event in the form of the protocol.
pub(super) fn event(name: &str, id: &str, data: &str) -> Bytes {
    let mut out = format!("event: {name}\n");
    if !id.is_empty() {
        out.push_str(&format!("id: {id}\n"));
    }
    for line in data.lines() {
        out.push_str(&format!("data: {line}\n"));
    }
    out.push('\n');
    out.into()
}

/// A run and the number of an event in it.
fn split_id(seen: &str) -> Result<(String, i64), Status> {
    let parts = seen.rsplit_once('/').and_then(|(run, event)| Some((run.to_owned(), event.parse().ok()?)));
    parts.ok_or_else(|| Status::invalid_argument(format!("Last-Event-ID {seen:?} is not RUN/EVENT")))
}

/// A listener to one run.
struct Follow {
    api: Arc<Api>,
    headers: HeaderMap,
    style: Style,
    namespace: String,
    execution: WorkflowExecution,
    /// The last event that the client has.
    last: i64,
    token: Bytes,
    ready: VecDeque<Bytes>,
    asking: Option<BoxFuture<'static, Result<GetWorkflowExecutionHistoryResponse, Status>>>,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

impl Follow {
    /// The next piece of the stream; nothing at its end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            if self.ended {
                return None;
            }
            let asking = match self.asking.take() {
                Some(asking) => asking,
                None => self.ask(),
            };
            let mut draining = self.api.frontend.draining.clone();
            let asking = self.asking.insert(asking);
            tokio::select! {
                answered = asking => {
                    self.asking = None;
                    self.take(answered);
                }
                () = self.api.frontend.host.clock.sleep(HEARTBEAT) => {
                    return Some(Bytes::from_static(b": waiting\n\n"));
                }
                // The client comes back to whoever is there next.
                _ = draining.wait_for(|draining| *draining) => return None,
            }
        }
    }

    fn ask(&self) -> BoxFuture<'static, Result<GetWorkflowExecutionHistoryResponse, Status>> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace.clone(),
            execution: Some(self.execution.clone()),
            maximum_page_size: PAGE_EVENTS,
            next_page_token: self.token.clone(),
            wait_new_event: true,
            ..Default::default()
        };
        let (api, headers) = (self.api.clone(), self.headers.clone());
        async move { api.ask("GetWorkflowExecutionHistory", &request, &headers).await }.boxed()
    }

    /// Puts what was answered in line.
    fn take(&mut self, answered: Result<GetWorkflowExecutionHistoryResponse, Status>) {
        let page = match answered {
            Ok(page) => page,
            Err(status) => {
                self.ready.push_back(event("error", "", &told(&self.api, &status, self.style)));
                self.ended = true;
                return;
            }
        };
        let descriptor = api::pool().get_message_by_name("temporal.api.history.v1.History");
        let history = descriptor
            .and_then(|descriptor| DynamicMessage::decode(descriptor, page.history.unwrap_or_default()).ok());
        let events = history.as_ref().and_then(|history| history.get_field_by_name("events"));
        let events = events.as_deref().and_then(Value::as_list).unwrap_or_default();
        for each in events.iter().filter_map(Value::as_message) {
            self.tell(each);
        }
        self.token = page.next_page_token;
        if self.token.is_empty() {
            let style = Style { pretty: false, ..self.style };
            let last = events.last().and_then(Value::as_message);
            let data = last.and_then(|last| json::write(last, style).ok()).unwrap_or_else(|| "{}".into());
            self.ready.push_back(event("end", &self.id(), &data));
            self.ended = true;
        }
    }

    fn tell(&mut self, each: &DynamicMessage) {
        let number = each.get_field_by_name("event_id").and_then(|id| id.as_i64()).unwrap_or_default();
        if number <= self.last {
            return;
        }
        self.last = number;
        let style = Style { pretty: false, ..self.style };
        let chunk = match json::write(each, style) {
            Ok(data) => event("history", &self.id(), &data),
            Err(text) => event("error", &self.id(), &told(&self.api, &Status::unknown(text), style)),
        };
        self.ready.push_back(chunk);
    }

    fn id(&self) -> String {
        format!("{}/{}", self.execution.run_id, self.last)
    }
}

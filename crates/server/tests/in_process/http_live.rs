//! Live events over HTTP: a run as it happens, resumed, to its end; a list and what changes in it.

use std::net::SocketAddr;

use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};
use serde_json::Value as Json;

use super::{
    client::{Fixture, start},
    http::{request, send},
};

/// A stream of events that is being read.
struct Stream {
    body: Incoming,
    text: String,
}

/// One event.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Json,
}

impl Stream {
    async fn open(address: SocketAddr, path: &str, last: &str) -> Self {
        let mut asked = request("GET", path, "");
        if !last.is_empty() {
            asked.headers_mut().insert("last-event-id", last.parse().unwrap());
        }
        let answer = send(address, asked).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body(), text: String::new() }
    }

    /// The next event; nothing at the end. Comments are skipped.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
                };
                if !block.starts_with(':') {
                    let data = serde_json::from_str(&field("data: ")).unwrap();
                    return Some(Event { name: field("event: "), id: field("id: "), data });
                }
            }
            let frame = self.body.frame().await?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }
}

async fn start_workflow(fixture: &mut Fixture, id: &str) -> String {
    let start = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: Some(TaskQueue { name: "orders".into(), ..TaskQueue::default() }),
        ..StartWorkflowExecutionRequest::default()
    };
    fixture.workflow.start_workflow_execution(start).await.unwrap().into_inner().run_id
}

fn execution(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: id.into(), run_id: String::new() })
}

async fn signal(fixture: &mut Fixture, id: &str, name: &str) {
    let signal = SignalWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: execution(id),
        signal_name: name.into(),
        ..SignalWorkflowExecutionRequest::default()
    };
    fixture.workflow.signal_workflow_execution(signal).await.unwrap();
}

async fn terminate(fixture: &mut Fixture, id: &str) {
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_execution: execution(id),
        ..TerminateWorkflowExecutionRequest::default()
    };
    fixture.workflow.terminate_workflow_execution(terminate).await.unwrap();
}

#[tokio::test]
async fn a_run_is_followed_to_its_end_and_resumed() {
    let mut fixture = start().await;
    let address = fixture.server.http_address;
    let run = start_workflow(&mut fixture, "w").await;
    let path = "/longhaul/v1/namespaces/default/workflows/w/events";
    let mut stream = Stream::open(address, path, "").await;
    for expected in ["EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED"] {
        let event = stream.next().await.unwrap();
        assert_eq!((event.name.as_str(), &event.data["eventType"]), ("history", &Json::from(expected)));
    }
    signal(&mut fixture, "w", "one").await;
    let third = stream.next().await.unwrap();
    assert_eq!(third.id, format!("{run}/3"));
    assert_eq!(third.data["workflowExecutionSignaledEventAttributes"]["signalName"], "one");
    drop(stream);
    signal(&mut fixture, "w", "two").await;
    let mut stream = Stream::open(address, path, &third.id).await;
    let fourth = stream.next().await.unwrap();
    assert_eq!(fourth.data["workflowExecutionSignaledEventAttributes"]["signalName"], "two");
    terminate(&mut fixture, "w").await;
    let fifth = stream.next().await.unwrap();
    let end = stream.next().await.unwrap();
    assert_eq!((end.name.as_str(), &end.id, &end.data), ("end", &fifth.id, &fifth.data));
    assert_eq!(end.data["eventType"], "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED");
    assert!(stream.next().await.is_none());
    // A client that saw the end is told not to come back.
    let mut asked = request("GET", path, "");
    asked.headers_mut().insert("last-event-id", end.id.parse().unwrap());
    assert_eq!(send(address, asked).await.status(), StatusCode::NO_CONTENT);
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_list_tells_what_changes() {
    let mut fixture = start().await;
    let address = fixture.server.http_address;
    start_workflow(&mut fixture, "a").await;
    let path = "/longhaul/v1/namespaces/default/workflows?query=ExecutionStatus%3D%22Running%22";
    let mut stream = Stream::open(address, path, "").await;
    let list = stream.next().await.unwrap();
    assert_eq!(list.name, "list");
    assert_eq!(list.data["executions"][0]["execution"]["workflowId"], "a");
    start_workflow(&mut fixture, "b").await;
    let change = stream.next().await.unwrap();
    assert_eq!((change.name.as_str(), &change.data["execution"]["workflowId"]), ("upsert", &Json::from("b")));
    terminate(&mut fixture, "a").await;
    let change = stream.next().await.unwrap();
    assert_eq!((change.name.as_str(), &change.data["workflowId"]), ("remove", &Json::from("a")));
    drop(stream);
    // A client that has seen this list is told of changes alone.
    let mut stream = Stream::open(address, path, &change.id).await;
    start_workflow(&mut fixture, "c").await;
    assert_eq!(stream.next().await.unwrap().name, "upsert");
    fixture.server.stop().await;
}

#[tokio::test]
async fn what_can_not_be_followed_is_refused_at_once() {
    let fixture = start().await;
    let cases = [
        ("GET", "/longhaul/v1/namespaces/default/workflows/nope/events", "", 404),
        ("GET", "/longhaul/v1/namespaces/nope/workflows/w/events", "", 404),
        ("GET", "/longhaul/v1/namespaces/default/workflows/w/events", "x", 400),
        ("GET", "/longhaul/v1/namespaces/default/workflows?query=a+b", "", 400),
        ("GET", "/longhaul/v1/namespaces/default/workflows?pageSize=0", "", 400),
        ("POST", "/longhaul/v1/namespaces/default/workflows", "", 501),
        ("GET", "/longhaul/v1/elsewhere", "", 404),
    ];
    for (verb, path, last, expected) in cases {
        let mut asked = request(verb, path, "");
        asked.headers_mut().insert("last-event-id", last.parse().unwrap());
        assert_eq!(send(fixture.server.http_address, asked).await.status(), expected, "{verb} {path}");
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_the_streams() {
    let mut fixture = start().await;
    start_workflow(&mut fixture, "w").await;
    let path = "/longhaul/v1/namespaces/default/workflows/w/events";
    let mut stream = Stream::open(fixture.server.http_address, path, "").await;
    stream.next().await.unwrap();
    stream.next().await.unwrap();
    let (_, next) = tokio::join!(fixture.server.stop(), stream.next());
    assert!(next.is_none());
}

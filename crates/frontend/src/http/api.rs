//! Calls of the API in this process: a dynamic message in, a dynamic message out, the service of gRPC in between.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use longhaul_proto::{
    DESCRIPTORS,
    api::{
        operatorservice::v1::operator_service_server::OperatorServiceServer,
        workflowservice::v1::workflow_service_server::WorkflowServiceServer,
    },
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Status, body::Body, codegen::BoxFuture};
use tower::Service;

use super::route::{Room, Route, Routes};
use crate::{Frontend, asker, cluster::COMPATIBLE_VERSION};

/// Name of the client for requests that name none.
const CLIENT_NAME: &str = "temporal-server-http";

/// Headers that are passed on as they are.
const FORWARDED: [&str; 9] = [
    "authorization",
    "authorization-extras",
    "client-name",
    "client-version",
    "supported-server-versions",
    "supported-features",
    "caller-name",
    "caller-type",
    "x-request-id",
];

/// Headers that begin with this are passed on without it.
const PREFIX: &str = "grpc-metadata-";

/// Most listeners to live events at a time.
const LISTENERS_MAX: usize = 1000;

/// A message of gRPC begins with a flag and its length.
const FRAME_HEAD_BYTES: usize = 5;

/// The services of the frontend, and what the descriptors say about them.
pub(super) struct Api {
    /// For settings, clock and draining.
    pub frontend: Frontend,
    /// Every binding.
    pub routes: Routes,
    /// The type of errors.
    pub status: MessageDescriptor,
    listeners: Arc<Semaphore>,
    workflow: WorkflowServiceServer<Frontend>,
    operator: OperatorServiceServer<Frontend>,
}

impl Api {
    /// The services of `frontend`.
    pub fn new(frontend: Frontend) -> Self {
        let pool = pool();
        let status = pool.get_message_by_name("google.rpc.Status");
        Self {
            routes: Routes::of(pool),
            status: status.expect("the descriptors that were built in have the type of errors"),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
            // What a body may weigh was checked when it was read.
            workflow: WorkflowServiceServer::new(frontend.clone()).max_decoding_message_size(usize::MAX),
            operator: OperatorServiceServer::new(frontend.clone()).max_decoding_message_size(usize::MAX),
            frontend,
        }
    }

    /// A place among those who listen to live events.
    pub fn listen(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.listeners.clone().try_acquire_owned().map_err(|_| {
            Status::resource_exhausted(format!("there are {LISTENERS_MAX} listeners to live events already"))
        })
    }

    /// Makes the call of a route with the headers of a request.
    pub async fn call(
        &self,
        route: &Route,
        message: &DynamicMessage,
        headers: &HeaderMap,
    ) -> Result<DynamicMessage, Status> {
        let answer = self.send(route.room, &route.grpc_path, message, headers).await?;
        DynamicMessage::decode(route.output.clone(), answer)
            .map_err(|error| Status::internal(format!("the answer can't be read: {error}")))
    }

    /// Makes a call of the workflow service.
    pub async fn ask<A: Message + Default>(
        &self,
        call: &str,
        message: &impl Message,
        headers: &HeaderMap,
    ) -> Result<A, Status> {
        let path = format!("/temporal.api.workflowservice.v1.WorkflowService/{call}");
        let answer = self.send(Room::Workflow, &path, message, headers).await?;
        A::decode(answer).map_err(|error| Status::internal(format!("the answer can't be read: {error}")))
    }

    /// Not asynchronous, so that what is compiled for each call is compiled in this crate, and once.
    fn answer(&self, room: Room, request: Request<Body>) -> BoxFuture<http::Response<Body>, Infallible> {
        match room {
            Room::Workflow => self.workflow.clone().call(request),
            Room::Operator => self.operator.clone().call(request),
        }
    }

    async fn send(
        &self,
        room: Room,
        path: &str,
        message: &impl Message,
        headers: &HeaderMap,
    ) -> Result<Bytes, Status> {
        let timeout = timeout(headers)?;
        let mut frame = BytesMut::with_capacity(FRAME_HEAD_BYTES + message.encoded_len());
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.encoded_len()).unwrap_or(u32::MAX));
        message.encode(&mut frame).map_err(|error| Status::internal(error.to_string()))?;
        let mut request = Request::new(Body::new(Full::new(frame.freeze())));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = path.parse().map_err(|_| Status::internal("the path of a call is malformed"))?;
        *request.headers_mut() = forwarded(headers);
        let answering = async {
            let Ok(answer) = self.answer(room, request).await;
            received(answer).await
        };
        let Some(timeout) = timeout else { return answering.await };
        tokio::select! {
            biased;
            answered = answering => answered,
            () = self.frontend.host.clock.sleep(timeout) => {
                Err(Status::deadline_exceeded("context deadline exceeded"))
            }
        }
    }
}

/// The descriptors of the API, parsed once in a process.
pub(super) fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        DescriptorPool::decode(DESCRIPTORS).expect("the descriptors that were built in are complete")
    })
}

/// Takes the message out of an answer of gRPC, or the error.
async fn received(answer: http::Response<Body>) -> Result<Bytes, Status> {
    let (parts, body) = answer.into_parts();
    let collected = body.collect().await?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    for headers in [&parts.headers, &trailers] {
        match Status::from_header_map(headers) {
            Some(status) if status.code() != tonic::Code::Ok => return Err(status),
            _ => {}
        }
    }
    let mut bytes = collected.to_bytes();
    if bytes.len() < FRAME_HEAD_BYTES {
        return Err(Status::internal("the answer has no message"));
    }
    Ok(bytes.split_off(FRAME_HEAD_BYTES))
}

/// How long the client waits, if it says so.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    match asker::timeout_nanos(text) {
        Some(nanos) => Ok(Some(Duration::from_nanos(nanos.unsigned_abs()))),
        None => Err(Status::invalid_argument(format!("invalid grpc-timeout: {text}"))),
    }
}

/// The headers that go with a call.
fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::new();
    out.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    out.insert(http::header::TE, HeaderValue::from_static("trailers"));
    for (name, value) in headers {
        let name = name.as_str();
        let passed = match name.strip_prefix(PREFIX) {
            Some(rest) => Some(rest),
            None => (FORWARDED.contains(&name) || name == "grpc-timeout").then_some(name),
        };
        if let Some(name) = passed.and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok()) {
            out.append(name, value.clone());
        }
    }
    if !out.contains_key("client-name") {
        out.insert("client-name", HeaderValue::from_static(CLIENT_NAME));
        out.insert("client-version", HeaderValue::from_static(COMPATIBLE_VERSION));
    }
    out
}

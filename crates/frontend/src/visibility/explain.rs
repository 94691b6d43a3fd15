//! How a list is answered: a call of ours beside the public API, and its client for the command line. It answers the
//! first page and tells which index it read, how much of it, and how long that took; of the rows it tells nothing.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::{BoxFuture, FutureExt};
use http::{Request, Response, uri::PathAndQuery};
use longhaul_kernel::{ids::Kind, visibility::Query};
use longhaul_store::Explained;
use prost::Message;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
    transport::Endpoint,
};
use tonic_prost::ProstCodec;
use tower::Service;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, reading},
};

const PATH: &str = "/longhaul.operator.v1.Visibility/Explain";

/// Asks how a list would be answered.
#[derive(Clone, PartialEq, Message)]
pub struct ExplainRequest {
    /// Namespace to list in.
    #[prost(string, tag = "1")]
    pub namespace: String,
    /// The query.
    #[prost(string, tag = "2")]
    pub query: String,
    /// Rows of the page; zero means as many as a list gives.
    #[prost(int32, tag = "3")]
    pub page_size: i32,
}

/// Tells how a list was answered.
#[derive(Clone, PartialEq, Message)]
pub struct ExplainResponse {
    /// The filter as it was understood.
    #[prost(string, tag = "1")]
    pub filter: String,
    /// The order as it was understood.
    #[prost(string, tag = "2")]
    pub order: String,
    /// What was read, in words.
    #[prost(string, tag = "3")]
    pub plan: String,
    /// Entries that the plan was expected to walk over.
    #[prost(uint64, tag = "4")]
    pub estimated: u64,
    /// Whether there may be more of them.
    #[prost(bool, tag = "5")]
    pub at_least: bool,
    /// Index entries read.
    #[prost(uint64, tag = "6")]
    pub entries_read: u64,
    /// Rows read and tested.
    #[prost(uint64, tag = "7")]
    pub rows_read: u64,
    /// Rows of the page.
    #[prost(uint64, tag = "8")]
    pub rows_found: u64,
    /// How long it took, in nanoseconds.
    #[prost(uint64, tag = "9")]
    pub nanos: u64,
}

async fn explain(frontend: &Frontend, _: Asker, request: ExplainRequest) -> Answered<ExplainResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let limit = super::page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let query = Arc::new(Query::parse(&request.query, &namespace.attributes())?);
    let order: Vec<String> = query
        .order()
        .iter()
        .map(|key| format!("`{}` {}", key.attribute.name, if key.descending { "DESC" } else { "ASC" }))
        .collect();
    let begun = frontend.host.clock.now();
    let explained =
        frontend.store.explain(namespace.id, Kind::Workflow, query.clone(), limit).await.map_err(reading)?;
    let nanos = frontend.host.clock.now() - begun;
    let Explained { plan, estimated, at_least, entries_read, rows_read, rows_found } = explained;
    Ok(ExplainResponse {
        filter: query.filter_text(),
        order: order.join(", "),
        plan,
        estimated,
        at_least,
        entries_read,
        rows_read,
        rows_found,
        nanos: u64::try_from(nanos).unwrap_or(u64::MAX),
    })
}

/// Asks the server at `address` (host and port).
///
/// # Errors
/// When it can't be reached, or refuses.
pub async fn ask(address: &str, request: ExplainRequest) -> Result<ExplainResponse, Status> {
    let away = |error: tonic::transport::Error| {
        Status::unavailable(format!("the server at {address} can't be reached: {error}"))
    };
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(away)?;
    let mut client = tonic::client::Grpc::new(endpoint.connect().await.map_err(away)?);
    client.ready().await.map_err(away)?;
    let codec = ProstCodec::<ExplainRequest, ExplainResponse>::default();
    let path = PathAndQuery::from_static(PATH);
    client.unary(tonic::Request::new(request), path, codec).await.map(tonic::Response::into_inner)
}

/// The service, for the listener.
#[derive(Clone)]
pub(crate) struct ExplainServer(pub(crate) Frontend);

impl NamedService for ExplainServer {
    const NAME: &'static str = "longhaul.operator.v1.Visibility";
}

impl UnaryService<ExplainRequest> for ExplainServer {
    type Response = ExplainResponse;
    type Future = BoxFuture<'static, Result<tonic::Response<ExplainResponse>, Status>>;

    fn call(&mut self, request: tonic::Request<ExplainRequest>) -> Self::Future {
        let frontend = self.0.clone();
        async move {
            let answer = async |asker, request| explain(&frontend, asker, request).await;
            frontend.answer("ExplainVisibility", request, answer).await
        }
        .boxed()
    }
}

impl Service<Request<Body>> for ExplainServer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        async move {
            if request.uri().path() != PATH {
                return Ok(Status::unimplemented("the service has one call: Explain").into_http());
            }
            let codec = ProstCodec::<ExplainResponse, ExplainRequest>::default();
            Ok(Grpc::new(codec).unary(service, request).await)
        }
        .boxed()
    }
}

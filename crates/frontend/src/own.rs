//! Calls of ours beside the public API: for operators and for our own command line, under a service name of our own, so
//! that no client of the reference meets them. Each has a request, an answer and a function; the rest is said here once.

use std::{
    convert::Infallible,
    marker::PhantomData,
    task::{Context, Poll},
};

use futures_util::future::{BoxFuture, FutureExt};
use http::{Request, Response, uri::PathAndQuery};
use prost::Message;
use tonic::{
    Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
    transport::Endpoint,
};
use tonic_prost::ProstCodec;
use tower::Service;

use crate::{Frontend, asker::Asker, frontend::Answered};

/// A call of ours: the one of its service.
pub(crate) trait OwnCall: Send + Sync + 'static {
    /// Name of the service.
    const SERVICE: &'static str;
    /// Path of the call.
    const PATH: &'static str;
    /// Name for figures.
    const NAME: &'static str;
    /// What is asked.
    type Request: Message + Default + Send + 'static;
    /// What is answered.
    type Answer: Message + Default + Send + 'static;

    /// Answers it.
    fn answer(
        frontend: &Frontend,
        asker: Asker,
        request: Self::Request,
    ) -> impl Future<Output = Answered<Self::Answer>> + Send;
}

/// Asks the server at `address` (host and port).
///
/// # Errors
/// When it can't be reached, or refuses.
pub(crate) async fn ask<C: OwnCall>(address: &str, request: C::Request) -> Result<C::Answer, Status> {
    let away = |error: tonic::transport::Error| {
        Status::unavailable(format!("the server at {address} can't be reached: {error}"))
    };
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(away)?;
    let mut client = tonic::client::Grpc::new(endpoint.connect().await.map_err(away)?);
    client.ready().await.map_err(away)?;
    let codec = ProstCodec::<C::Request, C::Answer>::default();
    let path = PathAndQuery::from_static(C::PATH);
    client.unary(tonic::Request::new(request), path, codec).await.map(tonic::Response::into_inner)
}

/// The service of a call, for the listener.
pub(crate) struct OwnServer<C>(Frontend, PhantomData<C>);

impl<C> OwnServer<C> {
    /// The service, answered by `frontend`.
    pub(crate) fn new(frontend: &Frontend) -> Self {
        Self(frontend.clone(), PhantomData)
    }
}

impl<C> Clone for OwnServer<C> {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl<C: OwnCall> NamedService for OwnServer<C> {
    const NAME: &'static str = C::SERVICE;
}

impl<C: OwnCall> UnaryService<C::Request> for OwnServer<C> {
    type Response = C::Answer;
    type Future = BoxFuture<'static, Result<tonic::Response<C::Answer>, Status>>;

    fn call(&mut self, request: tonic::Request<C::Request>) -> Self::Future {
        let frontend = self.0.clone();
        async move {
            let answer = async |asker, request| C::answer(&frontend, asker, request).await;
            frontend.answer(C::NAME, request, answer).await
        }
        .boxed()
    }
}

impl<C: OwnCall> Service<Request<Body>> for OwnServer<C> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        async move {
            if request.uri().path() != C::PATH {
                return Ok(
                    Status::unimplemented(format!("the service has one call: {}", C::PATH)).into_http()
                );
            }
            let codec = ProstCodec::<C::Answer, C::Request>::default();
            Ok(Grpc::new(codec).unary(service, request).await)
        }
        .boxed()
    }
}

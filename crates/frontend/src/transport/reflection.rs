//! Reflection, made when somebody asks for it for the first time: decoding the descriptors takes longer than the rest
//! of the start, and most servers are never asked.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use futures_util::future::{BoxFuture, FutureExt};
use http::{Request, Response};
use longhaul_proto::DESCRIPTORS;
use tonic::{Status, body::Body, codec::CompressionEncoding, server::NamedService};
use tonic_reflection::server::{Builder, Error, v1, v1alpha};
use tower::Service;

/// A service that is made at its first call.
pub(super) struct Lazy<S> {
    made: Arc<OnceLock<Option<S>>>,
    make: fn() -> Result<S, Error>,
}

impl<S> Clone for Lazy<S> {
    fn clone(&self) -> Self {
        Self { made: self.made.clone(), make: self.make }
    }
}

impl<S> Lazy<S> {
    /// A service that `make` makes.
    pub(super) fn new(make: fn() -> Result<S, Error>) -> Self {
        Self { made: Arc::default(), make }
    }

    fn service(&self) -> Option<&S> {
        let made = self.made.get_or_init(|| {
            (self.make)().inspect_err(|error| tracing::warn!(%error, "descriptors can't be reflected")).ok()
        });
        made.as_ref()
    }
}

/// The protocol in its current version.
pub(super) fn current() -> Result<v1::ServerReflectionServer<impl v1::ServerReflection>, Error> {
    Builder::configure().register_encoded_file_descriptor_set(DESCRIPTORS).build_v1().map(|service| {
        service.accept_compressed(CompressionEncoding::Gzip).send_compressed(CompressionEncoding::Gzip)
    })
}

/// The protocol as old tools speak it.
pub(super) fn alpha() -> Result<v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>, Error> {
    Builder::configure().register_encoded_file_descriptor_set(DESCRIPTORS).build_v1alpha().map(|service| {
        service.accept_compressed(CompressionEncoding::Gzip).send_compressed(CompressionEncoding::Gzip)
    })
}

impl<S: NamedService> NamedService for Lazy<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Lazy<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.service() {
            Some(service) => service.clone().call(request).boxed(),
            None => {
                let refusal = Status::unimplemented("reflection is off");
                std::future::ready(Ok(refusal.into_http())).boxed()
            }
        }
    }
}

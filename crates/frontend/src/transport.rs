//! The gRPC listener: services, limits, compression, keep-alive.

use std::future::Future;

use longhaul_proto::api::{
    operatorservice::v1::operator_service_server::OperatorServiceServer,
    testservice::v1::test_service_server::TestServiceServer,
    workflowservice::v1::workflow_service_server::WorkflowServiceServer,
};
use tokio::net::TcpListener;
use tonic::{
    codec::CompressionEncoding,
    service::{Routes, RoutesBuilder},
    transport::{Error, Server, server::TcpIncoming},
};

use self::reflection::Lazy;
use crate::{
    Frontend, own::OwnServer, runs::Runs, schedules::skipped::Skipped, test_service::TestService,
    visibility::explain::Explain,
};

mod reflection;
mod too_large;

/// Services that the health check knows besides the empty name.
const HEALTH: [&str; 3] = [
    "temporal.api.workflowservice.v1.WorkflowService",
    "temporal.api.operatorservice.v1.OperatorService",
    "temporal.server.api.adminservice.v1.AdminService",
];

/// Window of one call, so that a large history needs few round trips.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;

/// Window of a connection, shared by its calls.
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// Serves the public API on `listener` until `stop` resolves and the calls in flight have ended.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    frontend: Frontend,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    // A listener keeps what it was opened with.
    let settings = frontend.settings.general();
    let mut server = Server::builder()
        .layer(too_large::Layer)
        // Without a grace: with one the library cuts the connection, calls and all, and never says that it is going to.
        // Every call ends by itself, long polls after a minute.
        .max_connection_age(settings.connection_age_max)
        .http2_keepalive_interval(Some(settings.ping_interval))
        .http2_keepalive_timeout(Some(settings.ping_timeout))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (reporter, health) = tonic_health::server::health_reporter();
    for service in HEALTH {
        reporter.set_service_status(service, tonic_health::ServingStatus::Serving).await;
    }
    let health =
        health.accept_compressed(CompressionEncoding::Gzip).send_compressed(CompressionEncoding::Gzip);
    let router = server.add_routes(routes(frontend).add_service(health));
    router.serve_with_incoming_shutdown(incoming, stop).await
}

/// Every service but that of health. Neither generic nor asynchronous, so that what is compiled for each call is compiled
/// in this crate, once, and shared with the HTTP listener.
fn routes(frontend: Frontend) -> Routes {
    let bytes_max = frontend.settings.general().message_bytes_max;
    let workflow = WorkflowServiceServer::new(frontend.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(bytes_max)
        .max_encoding_message_size(usize::MAX);
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(workflow)
        .add_service(OwnServer::<Explain>::new(&frontend))
        .add_service(OwnServer::<Skipped>::new(&frontend))
        .add_service(OwnServer::<Runs>::new(&frontend))
        .add_service(Lazy::new(reflection::current))
        .add_service(Lazy::new(reflection::alpha));
    if let Some(test) = TestService::of(&frontend) {
        let test = TestServiceServer::new(test)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
        routes.add_service(test);
    }
    let operator = OperatorServiceServer::new(frontend)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(bytes_max);
    routes.add_service(operator);
    routes.routes()
}

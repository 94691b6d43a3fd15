//! The metrics listener.

use std::{convert::Infallible, sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use longhaul_runtime::Host;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often what was measured is folded together.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bounds of the buckets of latencies, in seconds.
const LATENCY_SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// An answer of the listener.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Serves `answer` on `listener` for ever.
pub(crate) async fn serve<F>(host: Host, listener: TcpListener, answer: F)
where
    F: Fn(&str) -> Answer + Clone + Send + Sync + 'static,
{
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "connection can't be accepted");
                host.clock.sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answered = answer(request.uri().path());
            async move { Ok::<_, Infallible>(answered) }
        });
        host.tasks.spawn("http connection", async move {
            // A client that goes away in the middle is no event.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}

/// What is measured in this process.
#[derive(Clone)]
pub(crate) struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Begins to measure. There is one recorder per process: several servers (in tests) share it.
    pub(crate) fn install() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let recorder = match builder.set_buckets(&LATENCY_SECONDS) {
                Ok(builder) => builder.build_recorder(),
                // Only an empty list of buckets is refused.
                Err(_) => PrometheusBuilder::new().build_recorder(),
            };
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("something else in this process measures already");
            }
            handle
        });
        Self { handle: handle.clone() }
    }

    /// Folds what was measured together from time to time, so that it does not grow.
    pub(crate) async fn upkeep(self, host: Host) {
        loop {
            host.clock.sleep(UPKEEP_INTERVAL).await;
            self.handle.run_upkeep();
        }
    }

    /// Answers a scrape.
    pub(crate) fn answer(&self, path: &str) -> Answer {
        match path {
            "/metrics" => with_type(StatusCode::OK, "text/plain; version=0.0.4", self.handle.render().into()),
            _ => with_type(StatusCode::NOT_FOUND, "text/plain", Bytes::from_static(b"see /metrics\n")),
        }
    }
}

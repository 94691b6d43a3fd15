//! The metrics listener.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;
use longhaul_runtime::Host;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// How often what was measured is folded together.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bounds of the buckets of latencies, in seconds.
const LATENCY_SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// An answer of the listener.
pub(crate) type Answer = Response<Full<Bytes>>;

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

//! What the frontend counts. Names and labels are those that dashboards of the reference query.

use tonic::Status;

/// A call that is being answered; when it is dropped, the caller went away.
pub(crate) struct Pending {
    operation: &'static str,
    since: i64,
}

/// Counts a call that came in: `service_requests` and the gauge `service_pending_requests`, by `operation`.
pub(crate) fn started(operation: &'static str, now: i64) -> Pending {
    metrics::counter!("service_requests", "operation" => operation, "service_name" => "frontend")
        .increment(1);
    metrics::gauge!("service_pending_requests", "operation" => operation, "service_name" => "frontend")
        .increment(1.0);
    Pending { operation, since: now }
}

impl Pending {
    /// Counts its end: `service_latency` in seconds, and `service_error_with_type` by `error_type` if it failed.
    pub(crate) fn ended(self, now: i64, failed: Option<&Status>) {
        let seconds = std::time::Duration::from_nanos((now - self.since).max(0).unsigned_abs()).as_secs_f64();
        metrics::histogram!("service_latency", "operation" => self.operation, "service_name" => "frontend")
            .record(seconds);
        if let Some(status) = failed {
            metrics::counter!(
                "service_error_with_type",
                "operation" => self.operation,
                "service_name" => "frontend",
                "error_type" => format!("{:?}", status.code()),
            )
            .increment(1);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        metrics::gauge!("service_pending_requests", "operation" => self.operation, "service_name" => "frontend")
            .decrement(1.0);
    }
}

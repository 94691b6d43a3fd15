//! What the frontend counts. Names and labels are those that dashboards of the reference query.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use metrics::{Counter, Gauge, Histogram};
use tonic::Status;

/// The measures of one operation. They are looked up once by each thread: a look-up makes and hashes every label.
struct Measures {
    requests: Counter,
    pending: Gauge,
    latency: Histogram,
}

impl Measures {
    fn new(operation: &'static str) -> Self {
        let of = [("operation", operation), ("service_name", "frontend")];
        Self {
            requests: metrics::counter!("service_requests", &of),
            pending: metrics::gauge!("service_pending_requests", &of),
            latency: metrics::histogram!("service_latency", &of),
        }
    }

    /// Those of an operation.
    fn of(operation: &'static str) -> Rc<Self> {
        thread_local! {
            // Bounded by the number of operations.
            static KNOWN: RefCell<BTreeMap<&'static str, Rc<Measures>>> = const { RefCell::new(BTreeMap::new()) };
        }
        let known = |known: &RefCell<BTreeMap<_, Rc<Self>>>| {
            known.borrow_mut().entry(operation).or_insert_with(|| Rc::new(Self::new(operation))).clone()
        };
        // A thread that ends has no table any more when the calls that it leaves are dropped.
        KNOWN.try_with(known).unwrap_or_else(|_| Rc::new(Self::new(operation)))
    }
}

/// A call that is being answered; when it is dropped, the caller went away.
pub(crate) struct Pending {
    operation: &'static str,
    since: i64,
}

/// Counts a call that came in: `service_requests` and the gauge `service_pending_requests`, by `operation`.
pub(crate) fn started(operation: &'static str, now: i64) -> Pending {
    let measures = Measures::of(operation);
    measures.requests.increment(1);
    measures.pending.increment(1.0);
    Pending { operation, since: now }
}

impl Pending {
    /// Counts its end: `service_latency` in seconds, and `service_error_with_type` by `error_type` if it failed.
    pub(crate) fn ended(self, now: i64, failed: Option<&Status>) {
        let seconds = std::time::Duration::from_nanos((now - self.since).max(0).unsigned_abs()).as_secs_f64();
        Measures::of(self.operation).latency.record(seconds);
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
        Measures::of(self.operation).pending.decrement(1.0);
    }
}

//! Latencies and their percentiles, by nearest rank, in milliseconds.

use std::time::Duration;

use serde_json::{Value, json};

/// Latencies of one kind.
#[derive(Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// How many were recorded.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Percentiles as JSON; `null` if nothing was recorded.
    pub fn summary(mut self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        self.0.sort_unstable();
        json!({
            "p50": self.percentile(0.50),
            "p90": self.percentile(0.90),
            "p99": self.percentile(0.99),
            "max": self.percentile(1.0),
        })
    }

    fn percentile(&self, part: f64) -> f64 {
        let rank = (self.0.len() as f64 * part).ceil() as usize;
        let latency = self.0[rank.clamp(1, self.0.len()) - 1];
        (latency.as_secs_f64() * 1e6).round() / 1e3
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Latencies;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|ms| latencies.record(Duration::from_millis(ms)));
        let summary = latencies.summary();
        assert_eq!(summary["p50"], 100.0);
        assert_eq!(summary["p99"], 198.0);
        assert_eq!(summary["max"], 200.0);
        assert!(Latencies::default().summary().is_null());
    }
}

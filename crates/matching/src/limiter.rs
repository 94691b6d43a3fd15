//! How fast a queue may hand out tasks: the last worker's `max_tasks_per_second` under the operator's maximum.

use longhaul_kernel::time::Timestamp;

/// A token bucket that holds one second's worth, at least one task.
#[derive(Debug)]
pub(crate) struct Limiter {
    ceiling: f64,
    worker: Option<f64>,
    tokens: f64,
    filled_at: Timestamp,
}

impl Limiter {
    /// A full bucket.
    pub(crate) fn new(ceiling: f64, now: Timestamp) -> Self {
        Self { ceiling, worker: None, tokens: ceiling.max(1.0), filled_at: now }
    }

    /// Tasks per second at most.
    pub(crate) fn rate(&self) -> f64 {
        self.worker.map_or(self.ceiling, |worker| worker.min(self.ceiling))
    }

    /// Whether the rate is what a worker asked for.
    pub(crate) fn is_of_worker(&self) -> bool {
        self.worker.is_some_and(|worker| worker < self.ceiling)
    }

    /// Takes over what a worker asks for.
    pub(crate) fn ask(&mut self, rate: f64, now: Timestamp) {
        if !rate.is_finite() || self.worker == Some(rate) {
            return;
        }
        self.fill(now);
        self.worker = Some(rate.max(0.0));
        self.tokens = self.tokens.min(self.burst());
    }

    /// Takes over another maximum.
    pub(crate) fn limit(&mut self, ceiling: f64, now: Timestamp) {
        if self.ceiling != ceiling {
            self.fill(now);
            self.ceiling = ceiling;
            self.tokens = self.tokens.min(self.burst());
        }
    }

    /// Whether a task may go now; else when one may, or `None` if never.
    pub(crate) fn ready(&mut self, now: Timestamp) -> Result<(), Option<Timestamp>> {
        self.fill(now);
        if self.rate() <= 0.0 {
            return Err(None);
        }
        if self.tokens >= 1.0 {
            return Ok(());
        }
        let nanos = (1.0 - self.tokens) / self.rate() * 1e9;
        Err(Some(Timestamp(now.0.saturating_add(nanos.ceil() as i64))))
    }

    /// Pays for a task that goes.
    pub(crate) fn pay(&mut self) {
        self.tokens -= 1.0;
    }

    /// Takes the payment back: the task did not go after all.
    pub(crate) fn refund(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.burst());
    }

    fn burst(&self) -> f64 {
        self.rate().max(1.0)
    }

    fn fill(&mut self, now: Timestamp) {
        let earned = now.since(self.filled_at).as_secs_f64() * self.rate();
        self.tokens = (self.tokens + earned).min(self.burst());
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_goes_at_once_and_then_one_by_one() {
        let start = Timestamp::from_secs(10);
        let mut limiter = Limiter::new(1e5, start);
        limiter.ask(2.0, start);
        for _ in 0..2 {
            assert_eq!(limiter.ready(start), Ok(()));
            limiter.pay();
        }
        let next = Timestamp(start.0 + 500_000_000);
        assert_eq!(limiter.ready(start), Err(Some(next)));
        assert_eq!(limiter.ready(next), Ok(()));
        limiter.ask(0.0, next);
        assert_eq!(limiter.ready(Timestamp::from_secs(99)), Err(None));
    }
}

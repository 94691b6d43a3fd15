//! How fast a queue may hand out tasks: the configured rate or else the last worker's `max_tasks_per_second`, under
//! the operator's maximum; and each fairness key by the configured rate of keys times its weight. The workers of all
//! versions of a queue draw on the same rates.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::time::Timestamp;
use parking_lot::Mutex;

/// Fairness keys whose rate is counted at a time; further ones share one count.
const KEYS_MAX: usize = 10_000;

/// What the queues behind one name draw on, each for the workers of a version. Locked after the queue, never before.
pub(crate) type Shared = Arc<Mutex<Rates>>;

/// The rates of a queue and of its fairness keys.
#[derive(Debug)]
pub(crate) struct Rates {
    /// Of the queue.
    pub(crate) queue: Limiter,
    /// Of its keys.
    pub(crate) keys: KeyRates,
}

impl Rates {
    /// Rates of which nothing is used.
    pub(crate) fn new(ceiling: f64, configured: Option<f64>, now: Timestamp) -> Shared {
        let queue = Limiter::new(ceiling, configured, now);
        Arc::new(Mutex::new(Self { queue, keys: KeyRates::default() }))
    }

    /// Pays for a task of the key that goes.
    pub(crate) fn pay(&mut self, key: &Arc<str>) {
        self.queue.pay();
        self.keys.pay(key);
    }

    /// Takes the payment back: the task did not go after all.
    pub(crate) fn refund(&mut self, key: &Arc<str>) {
        self.queue.refund();
        self.keys.refund(key);
    }
}

/// Where a rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateSource {
    /// The operator's maximum.
    System,
    /// The queue's configuration.
    Config,
    /// A worker.
    Worker,
}

/// The rate of a whole queue: a token bucket that holds one second's worth, at least one task.
#[derive(Debug)]
pub(crate) struct Limiter {
    ceiling: f64,
    configured: Option<f64>,
    worker: Option<f64>,
    bucket: Bucket,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl Bucket {
    fn full(rate: f64, now: Timestamp) -> Self {
        Self { tokens: rate.max(1.0), filled_at: now }
    }

    fn fill(&mut self, rate: f64, now: Timestamp) {
        let earned = now.since(self.filled_at).as_secs_f64() * rate;
        self.tokens = (self.tokens + earned).min(rate.max(1.0));
        self.filled_at = self.filled_at.max(now);
    }

    /// Whether a task may go now; else when one may, or `None` if never.
    fn ready(&mut self, rate: f64, now: Timestamp) -> Result<(), Option<Timestamp>> {
        self.fill(rate, now);
        if rate <= 0.0 {
            return Err(None);
        }
        if self.tokens >= 1.0 {
            return Ok(());
        }
        let nanos = (1.0 - self.tokens) / rate * 1e9;
        Err(Some(Timestamp(now.0.saturating_add(nanos.ceil() as i64))))
    }

    fn refund(&mut self, rate: f64) {
        self.tokens = (self.tokens + 1.0).min(rate.max(1.0));
    }
}

impl Limiter {
    /// A full bucket.
    pub(crate) fn new(ceiling: f64, configured: Option<f64>, now: Timestamp) -> Self {
        let rate = configured.map_or(ceiling, |rate| rate.min(ceiling));
        Self { ceiling, configured, worker: None, bucket: Bucket::full(rate, now) }
    }

    /// Tasks per second at most.
    pub(crate) fn rate(&self) -> f64 {
        self.configured.or(self.worker).map_or(self.ceiling, |rate| rate.min(self.ceiling))
    }

    /// Where that comes from.
    pub(crate) fn source(&self) -> RateSource {
        let is_below = |rate: f64| rate < self.ceiling;
        match (self.configured, self.worker) {
            (Some(rate), _) if is_below(rate) => RateSource::Config,
            (None, Some(rate)) if is_below(rate) => RateSource::Worker,
            _ => RateSource::System,
        }
    }

    /// Takes over what a worker asks for.
    pub(crate) fn ask(&mut self, rate: f64, now: Timestamp) {
        if rate.is_finite() && self.worker != Some(rate.max(0.0)) {
            self.change(now, |limiter| limiter.worker = Some(rate.max(0.0)));
        }
    }

    /// Takes over another maximum and another configuration.
    pub(crate) fn limit(&mut self, ceiling: f64, configured: Option<f64>, now: Timestamp) {
        if self.ceiling != ceiling || self.configured != configured {
            self.change(now, |limiter| (limiter.ceiling, limiter.configured) = (ceiling, configured));
        }
    }

    /// Whether a task may go now; else when one may, or `None` if never.
    pub(crate) fn ready(&mut self, now: Timestamp) -> Result<(), Option<Timestamp>> {
        self.bucket.ready(self.rate(), now)
    }

    fn pay(&mut self) {
        self.bucket.tokens -= 1.0;
    }

    fn refund(&mut self) {
        self.bucket.refund(self.rate());
    }

    fn change(&mut self, now: Timestamp, change: impl FnOnce(&mut Self)) {
        self.bucket.fill(self.rate(), now);
        change(self);
        self.bucket.tokens = self.bucket.tokens.min(self.rate().max(1.0));
    }
}

/// The rates of fairness keys. A key that has not used its second's worth is as good as forgotten.
#[derive(Debug, Default)]
pub(crate) struct KeyRates {
    rate: Option<f64>,
    buckets: BTreeMap<Arc<str>, (f64, Bucket)>,
}

impl KeyRates {
    /// Takes over the rate of a key of weight one.
    pub(crate) fn limit(&mut self, rate: Option<f64>) {
        if self.rate != rate {
            self.rate = rate;
            self.buckets.clear();
        }
    }

    /// Whether a task of the key may go now; else when one may, or `None` if never.
    pub(crate) fn ready(
        &mut self,
        key: &Arc<str>,
        weight: f32,
        now: Timestamp,
    ) -> Result<(), Option<Timestamp>> {
        let Some(rate) = self.rate.map(|rate| rate * f64::from(weight)) else { return Ok(()) };
        let (_, bucket) = self.bucket(key, rate, now);
        bucket.ready(rate, now)
    }

    fn pay(&mut self, key: &Arc<str>) {
        if let Some((_, bucket)) = self.buckets.get_mut(key) {
            bucket.tokens -= 1.0;
        }
    }

    fn refund(&mut self, key: &Arc<str>) {
        if let Some((rate, bucket)) = self.buckets.get_mut(key) {
            bucket.refund(*rate);
        }
    }

    fn bucket(&mut self, key: &Arc<str>, rate: f64, now: Timestamp) -> &mut (f64, Bucket) {
        if self.buckets.len() >= KEYS_MAX && !self.buckets.contains_key(key) {
            self.buckets.retain(|_, (rate, bucket)| {
                bucket.fill(*rate, now);
                bucket.tokens < rate.max(1.0)
            });
        }
        let is_full = self.buckets.len() >= KEYS_MAX && !self.buckets.contains_key(key);
        let key = if is_full { Arc::default() } else { key.clone() };
        let entry = self.buckets.entry(key).or_insert_with(|| (rate, Bucket::full(rate, now)));
        entry.0 = rate;
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_goes_at_once_and_then_one_by_one() {
        let start = Timestamp::from_secs(10);
        let mut limiter = Limiter::new(1e5, None, start);
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

    #[test]
    fn the_configuration_goes_before_a_worker_and_both_are_under_the_maximum() {
        let mut limiter = Limiter::new(10.0, None, Timestamp::from_secs(1));
        let mut check = |worker: Option<f64>, configured: Option<f64>, expected: (f64, RateSource)| {
            worker.into_iter().for_each(|rate| limiter.ask(rate, Timestamp::from_secs(1)));
            limiter.limit(10.0, configured, Timestamp::from_secs(1));
            assert_eq!((limiter.rate(), limiter.source()), expected, "{worker:?} {configured:?}");
        };
        check(None, None, (10.0, RateSource::System));
        check(Some(5.0), None, (5.0, RateSource::Worker));
        check(None, Some(7.0), (7.0, RateSource::Config));
        check(None, Some(f64::INFINITY), (10.0, RateSource::System));
        check(Some(50.0), None, (10.0, RateSource::System));
    }

    #[test]
    fn a_key_has_a_rate_of_its_own_times_its_weight() {
        let start = Timestamp::from_secs(10);
        let mut keys = KeyRates::default();
        let [light, heavy]: [Arc<str>; 2] = ["light".into(), "heavy".into()];
        assert_eq!(keys.ready(&light, 1.0, start), Ok(()));
        keys.limit(Some(1.0));
        for (key, weight, count) in [(&light, 1.0, 1), (&heavy, 3.0, 3)] {
            for _ in 0..count {
                assert_eq!(keys.ready(key, weight, start), Ok(()));
                keys.pay(key);
            }
            assert!(keys.ready(key, weight, start).is_err());
        }
        keys.refund(&heavy);
        assert_eq!(keys.ready(&heavy, 3.0, start), Ok(()));
    }
}

//! How many tasks came and went of late, by priority.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::time::Timestamp;

use crate::task::Priority;

/// Length of one bucket.
const BUCKET: Duration = Duration::from_secs(5);
/// Buckets looked at: half a minute.
const BUCKETS: usize = 6;

/// Tasks added and dispatched per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Flow {
    pub(crate) added: f32,
    pub(crate) dispatched: f32,
}

/// Counts what comes and goes, over the last half minute.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    by_priority: BTreeMap<Priority, Track>,
}

#[derive(Debug)]
struct Track {
    start: Timestamp,
    /// Number of the newest bucket since `start`.
    newest: u64,
    added: [u32; BUCKETS],
    dispatched: [u32; BUCKETS],
}

impl Rates {
    /// Counts a task that came.
    pub(crate) fn added(&mut self, priority: Priority, now: Timestamp) {
        let track = self.track(priority, now);
        track.added[track.slot()] += 1;
    }

    /// Counts a task that was handed to a worker.
    pub(crate) fn dispatched(&mut self, priority: Priority, now: Timestamp) {
        let track = self.track(priority, now);
        track.dispatched[track.slot()] += 1;
    }

    /// Rates of each priority seen since the queue was loaded.
    pub(crate) fn by_priority(&mut self, now: Timestamp) -> impl Iterator<Item = (Priority, Flow)> {
        self.by_priority.iter_mut().map(move |(priority, track)| (*priority, track.flow(now)))
    }

    /// Rates of all priorities together.
    pub(crate) fn total(&mut self, now: Timestamp) -> Flow {
        self.by_priority(now).fold(Flow::default(), |sum, (_, flow)| Flow {
            added: sum.added + flow.added,
            dispatched: sum.dispatched + flow.dispatched,
        })
    }

    fn track(&mut self, priority: Priority, now: Timestamp) -> &mut Track {
        let track = self.by_priority.entry(priority).or_insert_with(|| Track::new(now));
        track.advance(now);
        track
    }
}

impl Track {
    const fn new(start: Timestamp) -> Self {
        Self { start, newest: 0, added: [0; BUCKETS], dispatched: [0; BUCKETS] }
    }

    const fn slot(&self) -> usize {
        (self.newest % BUCKETS as u64) as usize
    }

    /// Empties the buckets between the newest one and that of `now`.
    fn advance(&mut self, now: Timestamp) {
        let current = now.since(self.start).as_secs() / BUCKET.as_secs();
        let stale = current.saturating_sub(self.newest).min(BUCKETS as u64);
        self.newest = self.newest.max(current);
        for back in 0..stale {
            let slot = ((self.newest - back) % BUCKETS as u64) as usize;
            self.added[slot] = 0;
            self.dispatched[slot] = 0;
        }
    }

    fn flow(&mut self, now: Timestamp) -> Flow {
        self.advance(now);
        let window = now.since(self.start).min(BUCKET * BUCKETS as u32).as_secs_f32();
        if window <= 0.0 {
            return Flow::default();
        }
        let per_second = |counts: &[u32; BUCKETS]| counts.iter().sum::<u32>() as f32 / window;
        Flow { added: per_second(&self.added), dispatched: per_second(&self.dispatched) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp((seconds * 1e9) as i64)
    }

    #[test]
    fn rates_are_taken_over_the_time_seen_and_forgotten_after_half_a_minute() {
        let mut rates = Rates::default();
        for _ in 0..4 {
            rates.added(Priority::DEFAULT, at(100.0));
        }
        rates.dispatched(Priority::DEFAULT, at(101.0));
        assert_eq!(rates.total(at(102.0)), Flow { added: 2.0, dispatched: 0.5 });
        assert_eq!(rates.total(at(129.0)), Flow { added: 4.0 / 29.0, dispatched: 1.0 / 29.0 });
        assert_eq!(rates.total(at(131.0)), Flow::default());
        rates.added(Priority::DEFAULT, at(400.0));
        assert_eq!(rates.total(at(401.0)), Flow { added: 1.0 / 30.0, dispatched: 0.0 });
    }
}

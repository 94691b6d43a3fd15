//! A limit on how often something may happen: one atomic number, no lock.

use std::sync::atomic::{AtomicI64, Ordering};

const SECOND_NANOS: f64 = 1e9;

/// Counts events against a rate and a burst that are given with each of them, so that both may change at any time.
///
/// What is kept is the time at which the events so far would all have happened if they had come evenly. An event is
/// let in when that time is not further ahead than the burst allows.
#[derive(Debug, Default)]
pub struct Rate(AtomicI64);

impl Rate {
    /// Whether one more event at `now` (in nanoseconds) stays within `per_second` and `burst`. It counts if it does.
    pub fn admits(&self, now: i64, per_second: f64, burst: f64) -> bool {
        let Some((step, ahead)) = terms(per_second, burst) else { return false };
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |even| {
                let next = even.max(now - ahead).saturating_add(step);
                (next <= now).then_some(next)
            })
            .is_ok()
    }

    /// Counts an event that something else let in: later ones wait for it too.
    pub fn count(&self, now: i64, per_second: f64, burst: f64) {
        let Some((step, ahead)) = terms(per_second, burst) else { return };
        let add = |even: i64| Some(even.max(now - ahead).saturating_add(step));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

/// Nanoseconds between two events, and how many of them may lie ahead; `None` if nothing may happen.
fn terms(per_second: f64, burst: f64) -> Option<(i64, i64)> {
    if per_second <= 0.0 || burst < 1.0 {
        return None;
    }
    let step = SECOND_NANOS / per_second;
    // The casts saturate.
    Some((step as i64, (step * burst) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: i64 = 1_000_000;

    #[test]
    fn a_burst_goes_at_once_and_then_one_by_one() {
        let (rate, start) = (Rate::default(), 5_000 * MILLI);
        let admitted = |now| (0..10).filter(|_| rate.admits(now, 2.0, 3.0)).count();
        assert_eq!(admitted(start), 3);
        assert_eq!(admitted(start + 499 * MILLI), 0);
        assert_eq!(admitted(start + 500 * MILLI), 1);
        assert_eq!(admitted(start + 1_500 * MILLI), 2);
        assert_eq!(admitted(start + 60_000 * MILLI), 3, "no more than the burst is saved up");
    }

    #[test]
    fn what_was_counted_delays_what_asks() {
        let rate = Rate::default();
        (0..5).for_each(|_| rate.count(10_000 * MILLI, 1.0, 1.0));
        assert!(!rate.admits(14_000 * MILLI, 1.0, 1.0));
        assert!(rate.admits(15_000 * MILLI, 1.0, 1.0));
    }

    #[test]
    fn nothing_is_let_in_at_rate_zero() {
        assert!(!Rate::default().admits(0, 0.0, 10.0));
    }
}

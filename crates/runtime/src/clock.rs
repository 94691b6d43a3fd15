//! The time of day and waiting for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::Skipper;

/// Tells the time. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Source);

#[derive(Clone, Copy, Debug)]
enum Source {
    /// The system clock.
    System,
    /// Instant and nanoseconds since the epoch it stands for.
    Simulated(Instant, i64),
    /// The system clock, set forward.
    Skipping(&'static Skipper),
}

impl Clock {
    /// Reads the system clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Starts at `nanos` after the epoch and follows tokio's (paused) time. For the simulator and tests.
    pub fn simulated(nanos: i64) -> Self {
        Self(Source::Simulated(Instant::now(), nanos))
    }

    /// Begins as the system clock and may be set forward by its [`Skipper`]; `locks` hold it at first. What it needs
    /// is never given back: a process has one such clock.
    pub fn skipping(locks: u32) -> Self {
        Self(Source::Skipping(Box::leak(Box::new(Skipper::new(locks)))))
    }

    /// What sets this clock forward, if it is one that can be.
    pub const fn skipper(&self) -> Option<&'static Skipper> {
        match self.0 {
            Source::Skipping(skipper) => Some(skipper),
            Source::System | Source::Simulated(..) => None,
        }
    }

    /// Nanoseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        match self.0 {
            Source::Simulated(start, nanos) => {
                nanos
                    + i64::try_from(start.elapsed().as_nanos())
                        .expect("a simulation is shorter than centuries")
            }
            Source::System => system_now(),
            Source::Skipping(skipper) => system_now().saturating_add(skipper.ahead()),
        }
    }

    /// Waits until `now` has reached `nanos` after the epoch; returns at once if it has. Cancel by dropping.
    pub async fn sleep_until(&self, nanos: i64) {
        let mut jumps = self.skipper().map(Skipper::jumps);
        loop {
            let left = nanos - self.now();
            if left <= 0 {
                return;
            }
            // A long wait is cut, so that a change of the system clock is noticed within a minute.
            let left = Duration::from_nanos(left.unsigned_abs()).min(Duration::from_secs(60));
            match &mut jumps {
                None => tokio::time::sleep(left).await,
                Some(jumps) => tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = jumps.changed() => {}
                },
            }
        }
    }

    /// Waits for a caller's sake until `nanos` after the epoch, as it looks now: callers do not live faster when the
    /// clock is set forward. Cancel by dropping.
    pub async fn wait_until(&self, nanos: i64) {
        match self.0 {
            Source::System | Source::Simulated(..) => self.sleep_until(nanos).await,
            Source::Skipping(_) => {
                let left = nanos.saturating_sub(self.now()).max(0);
                self.sleep(Duration::from_nanos(left.unsigned_abs())).await;
            }
        }
    }

    /// Waits for `length`. Cancel by dropping.
    pub async fn sleep(&self, length: Duration) {
        // Centuries are as good as ever, and more is more than the timer can count.
        tokio::time::sleep(length.min(Duration::from_secs(60 * 60 * 24 * 365))).await;
    }
}

fn system_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000_000;

    #[tokio::test]
    async fn a_sleeper_wakes_at_a_jump_and_a_caller_does_not_live_faster() {
        let clock = Clock::skipping(1);
        let skipper = clock.skipper().expect("it skips");
        let (began, until) = (clock.now(), clock.now() + DAY);
        assert!(!skipper.jump(DAY), "it is held");
        skipper.unlock();
        skipper.unlock();
        skipper.lock();
        skipper.unlocked().await;
        let caller = clock.wait_until(until);
        let jump = async { skipper.jump(DAY) };
        tokio::pin!(caller);
        tokio::select! {
            biased;
            () = &mut caller => panic!("a caller waits in real time"),
            ((), jumped) = async { tokio::join!(clock.sleep_until(until), jump) } => assert!(jumped),
        }
        assert!(clock.now() - began >= DAY);
    }

    #[test]
    fn who_sleeps_is_known_until_it_wakes() {
        let skipper = Skipper::new(0);
        let late = skipper.await_until(9);
        let [early, same] = [skipper.await_until(5), skipper.await_until(5)];
        drop(early);
        assert_eq!(skipper.awaited(), Some(5));
        drop(same);
        assert_eq!(skipper.awaited(), Some(9));
        drop(late);
        assert_eq!(skipper.awaited(), None);
    }
}

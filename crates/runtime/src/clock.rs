//! The time of day and waiting for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Tells the time. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Instant and nanoseconds since the epoch it stands for; `None` reads the system clock.
    simulated: Option<(Instant, i64)>,
}

impl Clock {
    /// Reads the system clock.
    pub const fn system() -> Self {
        Self { simulated: None }
    }

    /// Starts at `nanos` after the epoch and follows tokio's (paused) time. For the simulator and tests.
    pub fn simulated(nanos: i64) -> Self {
        Self { simulated: Some((Instant::now(), nanos)) }
    }

    /// Nanoseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        match self.simulated {
            Some((start, nanos)) => {
                nanos
                    + i64::try_from(start.elapsed().as_nanos())
                        .expect("a simulation is shorter than centuries")
            }
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        }
    }

    /// Waits until `now` has reached `nanos` after the epoch; returns at once if it has. Cancel by dropping.
    pub async fn sleep_until(&self, nanos: i64) {
        loop {
            let left = nanos - self.now();
            if left <= 0 {
                return;
            }
            // A long wait is cut, so that a change of the system clock is noticed within a minute.
            let left = Duration::from_nanos(left.unsigned_abs()).min(Duration::from_secs(60));
            tokio::time::sleep(left).await;
        }
    }

    /// Waits for `length`. Cancel by dropping.
    pub async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

//! Pauses between the tries of what has to succeed in the end: each about twice as long as the one before it, up to a
//! bound, and none quite the same, so that those who failed together do not come back together.

use std::time::Duration;

use longhaul_runtime::{Clock, Entropy, Host};

/// The first pause is at most this long.
const FIRST: Duration = Duration::from_millis(100);

/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(5);

/// No pause is longer in a loop that waits for something outside, which may be away for days.
const LONGEST_OUTSIDE: Duration = Duration::from_secs(300);

/// The pauses of one loop.
pub struct Patience<'a> {
    clock: Clock,
    entropy: &'a Entropy,
    next: Duration,
    longest: Duration,
}

impl<'a> Patience<'a> {
    /// The pauses of a loop that has not failed yet.
    pub fn new(host: &'a Host) -> Self {
        Self { clock: host.clock, entropy: &host.entropy, next: FIRST, longest: LONGEST }
    }

    /// The pauses of a loop that waits for something outside.
    pub fn long(host: &'a Host) -> Self {
        Self { longest: LONGEST_OUTSIDE, ..Self::new(host) }
    }

    /// Waits before the next try. Cancel by dropping.
    pub async fn pause(&mut self) {
        let length = self.length();
        self.clock.sleep(length).await;
    }

    /// A try went well: the next failure is a first one again.
    pub fn renew(&mut self) {
        self.next = FIRST;
    }

    /// The next pause: from half of its length to the whole.
    fn length(&mut self) -> Duration {
        let half = self.next / 2;
        self.next = (self.next * 2).min(self.longest);
        let spread = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        half + Duration::from_nanos(self.entropy.below(spread.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_differ() {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(
            async {
                let host = Host::simulated(7, 0);
                let mut patience = Patience::new(&host);
                let mut bound = FIRST;
                let mut seen = Vec::new();
                for _ in 0..20 {
                    let length = patience.length();
                    assert!(length >= bound / 2 && length <= bound, "{length:?} of {bound:?}");
                    bound = (bound * 2).min(LONGEST);
                    seen.push(length);
                }
                assert!(seen[10..].windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
                patience.renew();
                assert!(patience.length() <= FIRST);
            },
        );
    }
}

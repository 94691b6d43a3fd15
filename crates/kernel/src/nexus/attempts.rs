//! Attempts at something that is tried until it succeeds or can't.

use std::time::Duration;

use longhaul_proto::api::failure::v1::Failure;
use minicbor::{Decode, Encode};

use crate::{codec::Pb, time::Timestamp};

/// Wait after the first failed attempt; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// Longest wait.
const LONGEST: Duration = Duration::from_secs(3600);

/// How often something was tried, and how the last attempt went.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Attempts {
    /// Attempts that ended.
    #[n(0)]
    pub count: i32,
    /// When the last one ended.
    #[n(1)]
    pub last_at: Option<Timestamp>,
    /// Why it failed, if it did.
    #[n(2)]
    pub last_failure: Option<Pb<Failure>>,
    /// When the next one is due, while it is waited for.
    #[n(3)]
    pub due: Option<Timestamp>,
}

impl Attempts {
    /// Notes the end of an attempt.
    pub fn ended(&mut self, at: Timestamp, failure: Option<Pb<Failure>>, due: Option<Timestamp>) {
        self.count += 1;
        self.last_at = Some(at);
        self.last_failure = failure;
        self.due = due;
    }
}

/// How long to wait after this many attempts.
pub fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(16);
    (FIRST * 2_u32.pow(doublings)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let seconds = |attempts| backoff(attempts).as_secs();
        assert_eq!(
            [seconds(0), seconds(1), seconds(2), seconds(12), seconds(13), seconds(i32::MAX)],
            [1, 1, 2, 2048, 3600, 3600]
        );
    }
}

//! Circuit breakers: a destination that fails several times in a row is left in peace for a while, then tried by one
//! call alone. Calls wait meanwhile; they are neither failed nor counted as attempts.
//!
//! What breakers know is in memory: after a restart a destination is tried anew.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::{ids::NamespaceId, time::Timestamp};
use longhaul_proto::api::failure::v1::{Failure, failure::FailureInfo};
use longhaul_runtime::Host;
use parking_lot::Mutex;

use super::call::CALL_ERROR;

/// What is told of a call that waits.
pub const REASON: &str = "The circuit breaker is open.";

/// Failures in a row that open a breaker.
const FAILURES: u32 = 5;

/// How long it stays open.
const OPEN: Duration = Duration::from_secs(60);

/// How long a call waits before it looks again.
const LOOK: Duration = Duration::from_secs(1);

/// Breakers remembered; beyond that number all are forgotten, which lets calls through.
const BREAKERS_MAX: usize = 10_000;

/// A destination: the caller's namespace and what it calls.
type Key = (NamespaceId, String);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    failures: u32,
    /// Until when nobody may pass, if it is open.
    until: Option<Timestamp>,
}

/// The breakers of this process.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<BTreeMap<Key, State>>);

impl Breakers {
    /// Waits until a call may be made.
    pub async fn pass(&self, host: &Host, namespace: NamespaceId, destination: &str) {
        while !self.admits(namespace, destination, Timestamp(host.clock.now())) {
            host.clock.sleep(LOOK).await;
        }
    }

    /// Whether calls wait now.
    pub fn is_open(&self, namespace: NamespaceId, destination: &str) -> bool {
        let held = self.0.lock();
        held.get(&(namespace, destination.to_owned())).is_some_and(|state| state.until.is_some())
    }

    /// Notes how a call went: the failure of its destination, if it failed so.
    pub fn note(&self, namespace: NamespaceId, destination: &str, failure: Option<&Failure>, now: Timestamp) {
        let key = (namespace, destination.to_owned());
        let mut held = self.0.lock();
        if !failure.is_some_and(is_down) {
            held.remove(&key);
            return;
        }
        if held.len() >= BREAKERS_MAX && !held.contains_key(&key) {
            held.clear();
        }
        let state = held.entry(key).or_default();
        state.failures += 1;
        if state.failures >= FAILURES {
            state.until = Some(now + OPEN);
        }
    }

    /// Lets a call pass a closed breaker, and one call alone an open one whose time is over.
    fn admits(&self, namespace: NamespaceId, destination: &str, now: Timestamp) -> bool {
        let mut held = self.0.lock();
        match held.get_mut(&(namespace, destination.to_owned())) {
            Some(State { until: Some(until), .. }) if *until > now => false,
            Some(State { until: Some(until), .. }) => {
                // Others wait for how this one goes.
                *until = now + OPEN;
                true
            }
            _ => true,
        }
    }
}

/// Whether a failure is that of a destination that does not answer, rather than of what it was asked.
fn is_down(failure: &Failure) -> bool {
    match &failure.failure_info {
        Some(FailureInfo::NexusHandlerFailureInfo(info)) => {
            matches!(
                info.r#type.as_str(),
                "UNAVAILABLE" | "UPSTREAM_TIMEOUT" | "REQUEST_TIMEOUT" | "INTERNAL"
            )
        }
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.r#type == CALL_ERROR,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use longhaul_kernel::nexus::handler;

    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_call_try() {
        let (breakers, namespace) = (Breakers::default(), NamespaceId::default());
        let down = handler("UNAVAILABLE", "text");
        let at = Timestamp::from_secs(100);
        for _ in 1..FAILURES {
            breakers.note(namespace, "d", Some(&down), at);
        }
        breakers.note(namespace, "d", None, at);
        for _ in 0..FAILURES {
            assert!(breakers.admits(namespace, "d", at));
            breakers.note(namespace, "d", Some(&down), at);
        }
        assert!(breakers.is_open(namespace, "d") && !breakers.is_open(namespace, "other"));
        assert!(!breakers.admits(namespace, "d", at + Duration::from_secs(59)));
        let later = at + OPEN;
        assert!(breakers.admits(namespace, "d", later));
        assert!(!breakers.admits(namespace, "d", later), "one tries, the others wait");
        breakers.note(namespace, "d", None, later);
        assert!(breakers.admits(namespace, "d", later) && !breakers.is_open(namespace, "d"));
    }

    #[test]
    fn a_request_that_is_wrong_says_nothing_of_its_destination() {
        let (breakers, namespace) = (Breakers::default(), NamespaceId::default());
        for _ in 0..2 * FAILURES {
            breakers.note(namespace, "d", Some(&handler("BAD_REQUEST", "text")), Timestamp::from_secs(1));
        }
        assert!(!breakers.is_open(namespace, "d"));
    }
}

//! What operators have done to an activity of a run, and what follows for whoever has it or waits for it.

use longhaul_proto::api::history::v1::ActivityTaskScheduledEventAttributes;
use minicbor::{Decode, Encode};

use super::Activity;
use crate::{activity::Paused, codec::Pb};

/// What operators have done to an activity.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Control {
    /// Set while it is paused.
    #[n(0)]
    pub paused: Option<Paused>,
    /// The number that the attempt had which a worker has and under which it was reset.
    #[n(1)]
    pub reset_attempt: Option<i32>,
    /// Whether the next attempt is to know nothing of earlier heartbeats.
    #[n(2)]
    pub resets_heartbeat: bool,
    /// How it was scheduled, if its options were changed since.
    #[n(3)]
    pub original: Option<Box<Pb<ActivityTaskScheduledEventAttributes>>>,
    /// Whether the worker that has it is to be told that it was reset.
    #[n(4)]
    pub is_reset: bool,
}

impl Activity {
    /// Whether an operator keeps it from going on.
    pub fn is_paused(&self) -> bool {
        self.control.paused.is_some()
    }

    /// The number that the attempt has for the worker that has it: a reset counts anew, but its task goes on.
    pub fn token_attempt(&self) -> i32 {
        self.control.reset_attempt.unwrap_or(self.attempt)
    }
}

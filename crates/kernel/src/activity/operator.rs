//! What an operator may do to an activity, in the words of the API.

use std::time::Duration;

use longhaul_proto::api::activity::v1::ActivityOptions;
use minicbor::{Decode, Encode};

use super::Dialect;
use crate::{machine::Draw, time::Timestamp};

/// What an operator does to an activity.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Keeps it from being dispatched; an attempt that a worker has goes on, and no other follows.
    Pause(Paused),
    /// Lets it go on.
    Unpause {
        /// Whether its attempts are counted anew.
        reset_attempts: bool,
        /// Whether its heartbeat is forgotten.
        reset_heartbeat: bool,
        /// It goes on within this time.
        jitter: Duration,
    },
    /// Counts its attempts anew, and dispatches it if no worker has it.
    Reset {
        /// Whether a paused one stays so.
        keep_paused: bool,
        /// Whether its heartbeat is forgotten, for the next attempt.
        reset_heartbeat: bool,
        /// Whether it gets the options back that it was scheduled with.
        restore: bool,
        /// It is dispatched within this time.
        jitter: Duration,
    },
    /// Changes its options.
    Change {
        /// The options that are wanted.
        wanted: Box<ActivityOptions>,
        /// Which of them are meant.
        mask: Vec<String>,
        /// How they are read.
        dialect: Dialect,
    },
    /// Gives it the options back that it was scheduled with.
    Restore,
}

/// How an activity was paused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Paused {
    /// When.
    #[n(0)]
    pub at: Timestamp,
    /// Who did it.
    #[n(1)]
    pub identity: String,
    /// Why.
    #[n(2)]
    pub reason: String,
    /// Makes a repeated request harmless.
    #[n(3)]
    pub request_id: String,
    /// The rule that did it, if it was not a person.
    #[n(4)]
    #[cbor(default)]
    pub rule_id: String,
}

/// An instant within `jitter` from `at`.
pub fn jittered(at: Timestamp, jitter: Duration, draw: &mut Draw) -> Timestamp {
    let nanos = u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX);
    match nanos {
        0 => at,
        nanos => at + Duration::from_nanos(draw.number() % nanos),
    }
}

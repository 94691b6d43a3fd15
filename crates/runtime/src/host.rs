//! Everything a room takes from the host, in one handle.

use std::sync::Arc;

use crate::{Clock, Entropy, Outbound, Tasks};

/// Clock, entropy, tasks and the way out. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Host {
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Arc<Entropy>,
    /// Background tasks.
    pub tasks: Tasks,
    /// The way to servers outside.
    pub outbound: Outbound,
}

impl Host {
    /// The real machine.
    pub fn system() -> Self {
        Self {
            clock: Clock::system(),
            entropy: Arc::new(Entropy::system()),
            tasks: Tasks::default(),
            outbound: Outbound::network(),
        }
    }

    /// A machine whose time is tokio's and whose entropy comes from `seed`.
    pub fn simulated(seed: u64, nanos: i64) -> Self {
        Self {
            clock: Clock::simulated(nanos),
            entropy: Arc::new(Entropy::seeded(seed)),
            tasks: Tasks::default(),
            outbound: Outbound::nowhere(),
        }
    }
}

//! What the host gives: a clock, entropy, supervised tasks, and calls to peers. The only room that names the system
//! clock, the random source or `tokio::spawn`; everything above takes them from a [`Host`], so that the simulator can
//! give its own.
#![allow(clippy::disallowed_methods)]

pub mod peers;

mod clock;
mod entropy;
mod host;
mod live;
mod outbound;
mod rate;
mod skipper;
mod tasks;

pub use clock::Clock;
pub use entropy::Entropy;
pub use host::Host;
pub use live::{Live, Place, Scope, Values};
pub use outbound::{AuthoritiesError, Outbound, OutboundError, Post, Reply};
pub use rate::Rate;
pub use skipper::{Awaited, Skipper};
pub use tasks::Tasks;

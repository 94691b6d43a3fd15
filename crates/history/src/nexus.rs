//! Nexus operations on their way: calling the handlers that endpoints lead to, and hearing of the ends of operations.
//!
//! A call is one attempt: it is not tried again here. The run that wants it decides what an outcome means, and when the
//! next attempt is due. A call that was made before a crash is made again after it; handlers tell a repetition by its
//! request id.

mod breaker;
mod call;
mod callback;
mod complete;
mod external;
mod worker;

pub use breaker::{Breakers, REASON as BREAKER_IS_OPEN};
pub use call::{Call, cancel, start};
pub use callback::{Told, tell};
pub use complete::completed;

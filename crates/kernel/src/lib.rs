//! What is decided: pure state machines. No I/O, no clock, no randomness, no async, no logging; time and entropy are
//! arguments, so that the same input gives the same bytes.

pub mod codec;
pub mod ids;
pub mod time;
pub mod visibility;

pub use longhaul_proto::Refusal;

//! What is decided about task queues: their configuration, and whose turn it is.

mod config;
pub mod turns;

pub use config::{Config, Rate, check};
pub use turns::{Turns, Weight};

//! What is decided: pure state machines. No I/O, no clock, no randomness, no async, no logging; time and entropy are
//! arguments, so that the same input gives the same bytes.

pub mod activity;
pub mod base64;
pub mod batch;
pub mod calendar;
pub mod codec;
pub mod context;
pub mod cron;
pub mod deployment;
mod failure;
pub mod hosted;
pub mod ids;
pub mod machine;
pub mod namespace;
pub mod nexus;
pub mod operation;
mod retry;
pub mod run;
pub mod schedule;
pub mod task_queue;
pub mod time;
pub mod visibility;
pub mod workers;
pub mod workflow_rule;

pub use longhaul_proto::Refusal;

//! Owns task queues: brings tasks and polls together.
//!
//! A task is a reference to what a run has scheduled; the run is its only durable source. So everything here lives in
//! memory (and in a spill that is empty after a restart), and `history` adds again what was not dispatched. A task is
//! handed to one poll at a time and `history` is asked to record the start; until it has answered, dropping the poll
//! puts the task back.
//!
//! There is one logical queue per namespace, name, kind and stickiness, with no partitions: priority, fairness and
//! rates hold for the whole queue.

mod backlog;
mod budget;
mod builds;
mod configs;
mod departed;
mod describe;
mod lease;
mod limiter;
mod matching;
mod metrics;
mod nexus;
mod poll;
mod pollers;
mod query;
mod queue;
mod queues;
mod rates;
mod running;
mod scaling;
mod settings;
mod start;
mod sticky;
mod task;
mod versioning;
mod versions;
mod workers;

pub use configs::Configs;
pub use matching::Matching;
pub use settings::Settings;

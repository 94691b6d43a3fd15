//! Owns shards: loads runs, asks the kernel what an input means, makes the answer durable, and only then tells anybody.
//!
//! Every execution (workflow id, schedule id) has a mailbox, [`execution::Execution`]. The jobs that wait in it are
//! decided one after the other on the [`cell::Cell`] (for machines other than runs [`hosted::Cell`]) and committed as one
//! write. Nothing leaves the process before the commit.

mod activities;
mod archive;
mod batches;
mod calls;
mod cell;
mod contexts;
mod deployments;
mod duties;
mod events;
mod execution;
mod executions;
mod history;
mod hosted;
mod loaded;
mod machines;
mod metrics;
mod nexus;
mod operations;
mod pages;
mod patience;
mod pending;
mod poll_answer;
mod quarantine;
mod queries;
mod reclaim;
mod remains;
mod reserve;
mod routes;
mod schedules;
mod settings;
mod shard;
mod skip;
mod token;
mod wakes;

pub use history::History;
pub use settings::Settings;

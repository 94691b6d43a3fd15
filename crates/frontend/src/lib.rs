//! Speaks the public API to the world: decodes, checks the shape of requests, finds the namespace, asks the room that
//! owns the answer, and maps refusals to statuses. Holds no durable state.

mod activities;
mod activity_operator;
mod activity_task;
mod archived;
mod asker;
mod batches;
mod callbacks;
mod calls;
mod check;
mod cluster;
mod deployments;
mod frontend;
mod history_reads;
mod http;
pub mod listener;
mod metrics;
mod namespaces;
mod nexus;
mod own;
mod rates;
mod refused;
mod schedules;
mod search_attributes;
mod settings;
mod status;
mod task_queue;
mod test_service;
mod time_skipping;
mod transport;
mod versions;
mod visibility;
mod workers;
mod workflow_control;
mod workflow_start;
mod workflow_task;

pub use callbacks::{Address, Addresses};
pub use calls::{Call, OPERATOR_CALLS, State, WORKFLOW_CALLS};
pub use cluster::COMPATIBLE_VERSION;
pub use frontend::{ClusterIdentity, Frontend, Parts};
pub use http::serve as serve_http;
pub use schedules::skipped::{SkippedRequest, ask as skipped};
pub use settings::Settings;
pub use transport::serve;
pub use visibility::explain::{ExplainRequest, ExplainResponse, ask as explain};

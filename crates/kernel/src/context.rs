//! What a machine has to know of its surroundings: its namespace and the limits in force.

use std::{sync::Arc, time::Duration};

use longhaul_proto::{Refusal, api::common::v1::SearchAttributes};

use crate::visibility::{self, Attributes};

/// Surroundings of a run, as they are at one input.
#[derive(Clone, Debug)]
pub struct Context {
    /// Name of the namespace.
    pub namespace: String,
    /// Names of the other namespaces; its own may be among them.
    pub other_namespaces: Arc<Vec<String>>,
    /// How long a closed run is kept.
    pub retention: Duration,
    /// Limits in force.
    pub limits: Arc<Limits>,
    /// Search attributes of the namespace.
    pub attributes: Arc<Attributes>,
}

/// Limits on what a run may hold, with the reference's defaults.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a payload or a set of payloads; default 2 MiB.
    pub blob_bytes_max: usize,
    /// Bytes of a memo; default 2 MiB.
    pub memo_bytes_max: usize,
    /// Bytes of any id or name; default 1000.
    pub id_bytes_max: usize,
    /// Pending activities; default 2000.
    pub pending_activities_max: usize,
    /// Pending children; default 2000.
    pub pending_children_max: usize,
    /// Signals on their way out; default 2000.
    pub pending_signals_max: usize,
    /// Cancel requests on their way out; default 2000.
    pub pending_cancels_max: usize,
    /// Signals a run may receive; default 10,000.
    pub signals_max: i64,
    /// Buffered events; default 100.
    pub buffered_events_max: usize,
    /// Events at which continue-as-new is suggested; default 4096.
    pub suggest_events: i64,
    /// History bytes at which continue-as-new is suggested; default 4 MiB.
    pub suggest_bytes: u64,
    /// Bytes of an activity's failure kept in state; default 4 KiB.
    pub failure_bytes_max: usize,
    /// Longest workflow task timeout; default 120 s.
    pub workflow_task_timeout_max: Duration,
    /// Longest timeout that a failing workflow task grows to, on top of its own; default 10 min.
    pub workflow_task_backoff_max: Duration,
    /// Updates of a run that are neither completed nor rejected; default 10.
    pub updates_in_flight_max: usize,
    /// Updates that a run may have in all; default 2000.
    pub updates_max: usize,
    /// How long a workflow task that is only for updates waits for a worker; default 5 s.
    pub speculative_wait: Duration,
    /// Callbacks that a run may have; default 2000.
    pub callbacks_max: usize,
    /// How long a row of heartbeating workflow tasks may last; default 30 min.
    pub workflow_task_heartbeat_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes_max: 2 << 20,
            memo_bytes_max: 2 << 20,
            id_bytes_max: 1000,
            pending_activities_max: 2000,
            pending_children_max: 2000,
            pending_signals_max: 2000,
            pending_cancels_max: 2000,
            signals_max: 10_000,
            buffered_events_max: 100,
            suggest_events: 4096,
            suggest_bytes: 4 << 20,
            failure_bytes_max: 4 << 10,
            workflow_task_timeout_max: Duration::from_secs(120),
            workflow_task_backoff_max: Duration::from_secs(600),
            updates_in_flight_max: 10,
            updates_max: 2000,
            speculative_wait: Duration::from_secs(5),
            callbacks_max: 2000,
            workflow_task_heartbeat_max: Duration::from_secs(1800),
        }
    }
}

impl Context {
    /// Refuses search attributes that the namespace does not have, and values that are not of their type.
    ///
    /// # Errors
    /// The refusal, with the reference's text.
    pub fn check_search_attributes(&self, attributes: &SearchAttributes) -> Result<(), Refusal> {
        visibility::validate(attributes, &self.attributes, &visibility::Limits::default()).map(|_| ())
    }
}

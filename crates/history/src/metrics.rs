//! Figures of the room, under the names that dashboards of the reference ask for.

use longhaul_proto::api::enums::v1::WorkflowExecutionStatus as Status;

/// Counts a transition; `total` is the run's count so far.
pub fn transition(total: u64) {
    metrics::histogram!("state_transition_count").record(total as f64);
}

/// Counts a run that closed.
pub fn closed(status: Status) {
    let name = match status {
        Status::Completed => "workflow_success",
        Status::Failed => "workflow_failed",
        Status::Canceled => "workflow_cancel",
        Status::Terminated => "workflow_terminate",
        Status::TimedOut => "workflow_timeout",
        Status::ContinuedAsNew => "workflow_continued_as_new",
        Status::Unspecified | Status::Running | Status::Paused => return,
    };
    metrics::counter!(name).increment(1);
}

/// Makes the figures visible before anything is counted.
pub fn register() {
    metrics::counter!("longhaul_store_commits").increment(0);
    metrics::counter!("longhaul_broken_invariants").increment(0);
    metrics::counter!("longhaul_reclaimed_runs").increment(0);
    metrics::counter!("longhaul_quarantined_runs").increment(0);
    metrics::counter!("longhaul_archived_runs").increment(0);
    metrics::counter!("longhaul_archive_failures").increment(0);
    metrics::gauge!("longhaul_archive_waiting").increment(0.0);
}

/// Counts a request that met a broken invariant of its execution.
pub fn broken() {
    metrics::counter!("longhaul_broken_invariants").increment(1);
}

/// Counts a run that is kept from going on.
pub fn quarantined() {
    metrics::counter!("longhaul_quarantined_runs").increment(1);
}

/// Counts a run that was removed with its namespace.
pub fn reclaimed() {
    metrics::counter!("longhaul_reclaimed_runs").increment(1);
}

/// Counts a commit that the store was asked for. Commits of many executions may share one durable act.
pub fn commit() {
    metrics::counter!("longhaul_store_commits").increment(1);
}

/// Counts a closed run that went into the archive, or did not yet.
pub fn archived(is_done: bool) {
    let name = if is_done { "longhaul_archived_runs" } else { "longhaul_archive_failures" };
    metrics::counter!(name).increment(1);
}

/// A closed run that waits for the archive, counted for as long as this is kept.
pub struct ArchiveWaits;

impl ArchiveWaits {
    /// Counts it.
    pub fn new() -> Self {
        metrics::gauge!("longhaul_archive_waiting").increment(1.0);
        Self
    }
}

impl Drop for ArchiveWaits {
    fn drop(&mut self) {
        metrics::gauge!("longhaul_archive_waiting").decrement(1.0);
    }
}

//! Limits on what a run and a request may hold.

use std::time::Duration;

use crate::visibility;

/// Limits, with the reference's defaults. None of them stands in the way of terminating a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a payload or a set of payloads; default 2 MiB.
    pub blob_bytes_max: usize,
    /// Bytes of a payload or a set of payloads from which on a warning is logged; default 512 KiB.
    pub blob_bytes_warn: usize,
    /// Bytes of a memo; default 2 MiB.
    pub memo_bytes_max: usize,
    /// Bytes of a memo from which on a warning is logged; default 2 KiB.
    pub memo_bytes_warn: usize,
    /// Bytes of the summary that is given with a standalone execution; default 400.
    pub summary_bytes_max: usize,
    /// Bytes of the details that are given with a standalone execution; default 20,000.
    pub details_bytes_max: usize,
    /// Bytes of the id of a worker's build; default 255.
    pub build_id_bytes_max: usize,
    /// Bytes of any id or name; default 1000.
    pub id_bytes_max: usize,
    /// Search attributes of a run; default 100.
    pub search_attribute_keys_max: usize,
    /// Bytes of one search attribute; default 2 KiB.
    pub search_attribute_bytes_max: usize,
    /// Bytes of all search attributes of a run with their names; default 40 KiB.
    pub search_attributes_bytes_max: usize,
    /// Links of a request; default 10.
    pub links_max: usize,
    /// Bytes of a link; default 4000.
    pub link_bytes_max: usize,
    /// Callbacks of a run; default 2000.
    pub callbacks_max: usize,
    /// Bytes of a callback's address; default 1000.
    pub callback_url_bytes_max: usize,
    /// Bytes of a callback's headers; default 8 KiB.
    pub callback_header_bytes_max: usize,
    /// Pending activities; zero is no limit. Default 2000.
    pub pending_activities_max: usize,
    /// Pending children; zero is no limit. Default 2000.
    pub pending_children_max: usize,
    /// Signals on their way out; zero is no limit. Default 2000.
    pub pending_signals_max: usize,
    /// Cancel requests on their way out; zero is no limit. Default 2000.
    pub pending_cancels_max: usize,
    /// Pending Nexus operations; zero is no limit. Default 2000.
    pub pending_nexus_operations_max: usize,
    /// Bytes of the name of a Nexus service or operation; default 1000.
    pub nexus_name_bytes_max: usize,
    /// Bytes of the headers of a Nexus operation; default 8 KiB.
    pub nexus_header_bytes_max: usize,
    /// Signals a run may receive; zero is no limit. Default 10,000.
    pub signals_max: i64,
    /// Buffered events; default 100.
    pub buffered_events_max: usize,
    /// Bytes of buffered events; default 2 MiB.
    pub buffered_bytes_max: usize,
    /// Events at which continue-as-new is suggested; default 4096.
    pub suggest_events: i64,
    /// History bytes at which continue-as-new is suggested; default 4 MiB.
    pub suggest_bytes: u64,
    /// Events of a run; one that would have more is terminated. Default 51,200.
    pub history_events_max: i64,
    /// Events of a run from which on a warning is logged; default 10,240.
    pub history_events_warn: i64,
    /// History bytes of a run; one that has more is terminated. Default 50 MiB.
    pub history_bytes_max: u64,
    /// History bytes of a run from which on a warning is logged; default 10 MiB.
    pub history_bytes_warn: u64,
    /// Bytes that a run holds beside its history; one that has more is terminated. Default 8 MiB.
    pub state_bytes_max: u64,
    /// Bytes that a run holds beside its history from which on a warning is logged; default 1 MiB.
    pub state_bytes_warn: u64,
    /// Bytes of the events of one step; default 4 MiB.
    pub transaction_bytes_max: u64,
    /// Bytes of an activity's failure kept in state; default 4 KiB.
    pub failure_bytes_max: usize,
    /// Bytes of an activity's failure from which on a warning is logged; default 2 KiB.
    pub failure_bytes_warn: usize,
    /// Points to reset to that a run remembers; default 20.
    pub reset_points_max: usize,
    /// Timeout of workflow tasks when a start names none; default 10 s.
    pub workflow_task_timeout_default: Duration,
    /// Longest workflow task timeout; default 120 s.
    pub workflow_task_timeout_max: Duration,
    /// Longest timeout that a failing workflow task grows to, on top of its own; default 10 min.
    pub workflow_task_backoff_max: Duration,
    /// How long a row of heartbeating workflow tasks may last; default 30 min.
    pub workflow_task_heartbeat_max: Duration,
    /// Updates of a run that are neither completed nor rejected; zero is no limit. Default 10.
    pub updates_in_flight_max: usize,
    /// Bytes of the updates that are neither completed nor rejected; zero is no limit. Default 20 MiB.
    pub update_bytes_in_flight_max: usize,
    /// Updates that a run may have in all; zero is no limit. Default 2000.
    pub updates_max: usize,
    /// Share of these from which on continue-as-new is suggested; default 0.9.
    pub suggest_updates: f64,
    /// How long a workflow task that is only for updates waits for a worker; default 5 s.
    pub speculative_wait: Duration,
    /// Events that may have been told with a workflow task that is undone; default 10.
    pub told_events_max: i64,
    /// Whether a worker may complete a workflow task in pages; default false.
    pub completion_pages: bool,
    /// Bytes of the pages of one completion, without the last; one that has more ends the run. Default 40 MiB.
    pub completion_bytes_max: usize,
    /// Workflow tasks in a row that were not completed from which on a search attribute says so; zero is never. Default 5.
    pub reported_problems_min: u16,
    /// Whether a worker may be given activities with the answer that scheduled them; default true.
    pub eager_activities: bool,
    /// Worker deployments of a namespace; default 100.
    pub deployments_max: usize,
    /// Versions of a worker deployment; default 100.
    pub deployment_versions_max: usize,
    /// Task queues of a version; default 100.
    pub version_queues_max: usize,
    /// How long the runs of a version that was let go are left alone before they are looked for; default 3 min.
    pub drainage_grace: Duration,
    /// How often they are looked for then; default 3 min.
    pub drainage_refresh: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes_max: 2 << 20,
            blob_bytes_warn: 512 << 10,
            memo_bytes_max: 2 << 20,
            memo_bytes_warn: 2 << 10,
            summary_bytes_max: 400,
            details_bytes_max: 20_000,
            build_id_bytes_max: 255,
            id_bytes_max: 1000,
            search_attribute_keys_max: 100,
            search_attribute_bytes_max: 2 << 10,
            search_attributes_bytes_max: 40 << 10,
            links_max: 10,
            link_bytes_max: 4000,
            callbacks_max: 2000,
            callback_url_bytes_max: 1000,
            callback_header_bytes_max: 8 << 10,
            pending_activities_max: 2000,
            pending_children_max: 2000,
            pending_signals_max: 2000,
            pending_cancels_max: 2000,
            pending_nexus_operations_max: 2000,
            nexus_name_bytes_max: 1000,
            nexus_header_bytes_max: 8 << 10,
            signals_max: 10_000,
            buffered_events_max: 100,
            buffered_bytes_max: 2 << 20,
            suggest_events: 4096,
            suggest_bytes: 4 << 20,
            history_events_max: 51_200,
            history_events_warn: 10_240,
            history_bytes_max: 50 << 20,
            history_bytes_warn: 10 << 20,
            state_bytes_max: 8 << 20,
            state_bytes_warn: 1 << 20,
            transaction_bytes_max: 4 << 20,
            failure_bytes_max: 4 << 10,
            failure_bytes_warn: 2 << 10,
            reset_points_max: 20,
            workflow_task_timeout_default: Duration::from_secs(10),
            workflow_task_timeout_max: Duration::from_secs(120),
            workflow_task_backoff_max: Duration::from_secs(600),
            workflow_task_heartbeat_max: Duration::from_secs(1800),
            updates_in_flight_max: 10,
            update_bytes_in_flight_max: 20 << 20,
            updates_max: 2000,
            suggest_updates: 0.9,
            speculative_wait: Duration::from_secs(5),
            told_events_max: 10,
            completion_pages: false,
            completion_bytes_max: 40 << 20,
            reported_problems_min: 5,
            eager_activities: true,
            deployments_max: 100,
            deployment_versions_max: 100,
            version_queues_max: 100,
            drainage_grace: Duration::from_secs(180),
            drainage_refresh: Duration::from_secs(180),
        }
    }
}

/// Whether a limit on a number of things is reached; a limit of zero is none.
pub fn is_reached(count: usize, limit: usize) -> bool {
    limit > 0 && count >= limit
}

impl Limits {
    /// Those of search attributes.
    pub fn search_attributes(&self) -> visibility::Limits {
        visibility::Limits {
            keys_max: self.search_attribute_keys_max,
            value_bytes_max: self.search_attribute_bytes_max,
            total_bytes_max: self.search_attributes_bytes_max,
        }
    }
}

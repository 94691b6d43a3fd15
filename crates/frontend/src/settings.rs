//! Limits and switches of the frontend.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::context::Limits;

use crate::callbacks::Addresses;

/// What an operator may change about the frontend. A rate of infinity is no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Limits on what a request may hold.
    pub limits: Arc<Limits>,
    /// Largest message a client may send, in bytes.
    pub message_bytes_max: usize,
    /// Most rows in a page of a list.
    pub page_rows_max: usize,
    /// Whether a started workflow's first task may come with the answer.
    pub eager_workflow_start: bool,
    /// Whether the clock of a single run may be set forward.
    pub time_skipping: bool,
    /// Jumps of a run's clock, if a request does not say.
    pub time_skipping_jumps: usize,
    /// Whether workers may send heartbeats.
    pub worker_heartbeats: bool,
    /// Hosts that HTTP requests may name, with or without a port; a star stands for any text.
    pub http_allowed_hosts: Vec<String>,
    /// Addresses outside of the cluster that callbacks may lead to. Default none.
    pub callback_addresses: Addresses,
    /// Whether workflows can be updated.
    pub updates: bool,
    /// Whether an update's caller may wait for no more than its acceptance.
    pub updates_accepted: bool,
    /// Whether a start and an update can be one call.
    pub multi_operations: bool,
    /// Whether the polls of a worker end when it says that it shuts down.
    pub polls_end_with_worker: bool,
    /// Whether workflows can be paused.
    pub workflow_pause: bool,
    /// Whether workflow rules can be made.
    pub workflow_rules: bool,
    /// Most rules of a namespace.
    pub workflow_rules_max: usize,
    /// Whether version sets, the first form of worker versioning, are kept.
    pub version_sets: bool,
    /// Version sets of a task queue.
    pub version_sets_max: usize,
    /// Build ids of a task queue's version sets.
    pub version_set_builds_max: usize,
    /// Build ids whose reachability may be asked for at a time.
    pub reachability_builds_max: usize,
    /// Task queues that one question for reachability looks at.
    pub reachability_queues_max: usize,
    /// Whether versioning rules, the second form of worker versioning, are kept.
    pub versioning_rules: bool,
    /// Whether workers may say that they go by version sets or rules.
    pub builds_of_workers: bool,
    /// Assignment rules of a task queue.
    pub assignment_rules_max: usize,
    /// Redirect rules of a task queue.
    pub redirect_rules_max: usize,
    /// Build ids that may lead to one by redirect rules.
    pub redirect_upstream_max: usize,
    /// Whether queries are refused.
    pub queries_refused: bool,
    /// Calls per second to this process.
    pub rps: f64,
    /// Calls per second to all processes together; zero if only those of each count.
    pub rps_cluster: f64,
    /// Calls per second that change namespaces, to this process.
    pub changes_rps: f64,
    /// Calls per second to a namespace.
    pub namespace_rps: f64,
    /// The same for all processes together; zero if only those of each count.
    pub namespace_rps_cluster: f64,
    /// How many seconds' worth of those calls may come at once.
    pub namespace_burst: f64,
    /// Lists and counts per second of a namespace.
    pub namespace_visibility_rps: f64,
    /// The same for all processes together; zero if only those of each count.
    pub namespace_visibility_rps_cluster: f64,
    /// How many seconds' worth of those calls may come at once.
    pub namespace_visibility_burst: f64,
    /// Calls per second that change one namespace.
    pub namespace_changes_rps: f64,
    /// The same for all processes together; zero if only those of each count.
    pub namespace_changes_rps_cluster: f64,
    /// How many seconds' worth of those calls may come at once.
    pub namespace_changes_burst: f64,
    /// Batch operations that run in a namespace at a time.
    pub batches_max: usize,
    /// Calls of one kind that wait in a namespace at a time.
    pub waiting_max: usize,
    /// Shortest retention that a namespace may ask for.
    pub retention_min: Duration,
    /// Binaries that a namespace can mark as bad.
    pub bad_binaries_max: usize,
    /// Namespaces that can't be deleted.
    pub protected_namespaces: Vec<String>,
    /// Age at which a connection is closed gently, so that clients spread over processes that came later.
    pub connection_age_max: Duration,
    /// How often an idle client is asked whether it is there.
    pub ping_interval: Duration,
    /// How long it has to answer.
    pub ping_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Arc::default(),
            message_bytes_max: 4 << 20,
            page_rows_max: 1000,
            eager_workflow_start: true,
            time_skipping: false,
            time_skipping_jumps: 200,
            worker_heartbeats: true,
            callback_addresses: Addresses::default(),
            http_allowed_hosts: vec!["*".into()],
            updates: true,
            updates_accepted: true,
            multi_operations: true,
            polls_end_with_worker: false,
            workflow_pause: false,
            workflow_rules: false,
            workflow_rules_max: 10,
            version_sets: false,
            version_sets_max: 10,
            version_set_builds_max: 100,
            reachability_builds_max: 5,
            reachability_queues_max: 20,
            versioning_rules: false,
            builds_of_workers: true,
            assignment_rules_max: 100,
            redirect_rules_max: 500,
            redirect_upstream_max: 50,
            queries_refused: false,
            rps: f64::INFINITY,
            rps_cluster: 0.0,
            changes_rps: f64::INFINITY,
            namespace_rps: f64::INFINITY,
            namespace_rps_cluster: 0.0,
            namespace_burst: 2.0,
            namespace_visibility_rps: f64::INFINITY,
            namespace_visibility_rps_cluster: 0.0,
            namespace_visibility_burst: 1.0,
            namespace_changes_rps: f64::INFINITY,
            namespace_changes_rps_cluster: 0.0,
            namespace_changes_burst: 10.0,
            batches_max: usize::MAX,
            waiting_max: usize::MAX,
            retention_min: Duration::from_secs(3600),
            bad_binaries_max: 10,
            protected_namespaces: Vec::new(),
            connection_age_max: Duration::from_secs(5 * 60),
            ping_interval: Duration::from_secs(60),
            ping_timeout: Duration::from_secs(10),
        }
    }
}

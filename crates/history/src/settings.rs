//! Settings of the room.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::context::Limits;

/// What can be tuned.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Shards of this process; each is a range of slots with a lock of its own. Default 16, from 1 to 16,384; more of
    /// them cost nothing but do not help beyond the number of cores.
    pub shards: u16,
    /// Executions kept in memory, over all shards. Default 50,000; those in use are kept in any case.
    pub executions_max: usize,
    /// Executions kept in memory whose runs are all closed, over all shards. Default 256: right after its end a run is
    /// often asked for once more.
    pub executions_over_max: usize,
    /// Bytes that executions kept in memory may take, over all shards, roughly. Default 192 MiB; those in use are kept in
    /// any case.
    pub executions_bytes_max: usize,
    /// Bytes of history events kept in memory per run; older ones are read from the store. Default 256 KiB.
    pub events_bytes_max: usize,
    /// How far ahead wakes are held in memory, in seconds. Default 600.
    pub wakes_ahead_secs: u64,
    /// Transitions between two snapshots of a run's state. Default 20: more make writes smaller and loading slower.
    pub snapshot_every: u64,
    /// Batches of events on a page of history. Default 256, as on the reference.
    pub page_batches_max: usize,
    /// How long a wait for new events or for an update lasts before it is answered empty. Default 20 s.
    pub history_wait: Duration,
    /// Queries a run may hold for its next workflow task. Default 1, as on the reference.
    pub buffered_queries_max: usize,
    /// Workflows a second that a batch operation may do, at most; taken when it starts. Default: no limit.
    pub batch_rps: f64,
    /// Workflows that a batch operation works on at a time. Default 100.
    pub batch_concurrency: usize,
    /// Bytes of the pages of workflow task completions that wait for their last page, over all shards. Default 1 GiB.
    pub pages_bytes_max: usize,
    /// Share of these that one namespace may take. Default 0.5.
    pub pages_namespace_share: f64,
    /// How long the handler of a Nexus operation is waited for at an attempt. Default 10 s.
    pub nexus_request_timeout: Duration,
    /// Where handlers outside find this cluster; `{{.NamespaceName}}` stands for the caller's namespace. Empty for the
    /// HTTP listener of this process.
    pub nexus_callback_url: String,
    /// How much of an operation's time has to be left for another attempt. Default 1.5 s.
    pub nexus_request_timeout_min: Duration,
    /// How long a callback outside is waited for at an attempt. Default 10 s.
    pub callback_request_timeout: Duration,
    /// A file of certificates, in the form of PEM, of authorities that vouch for servers outside besides those that the
    /// machine knows. Empty for none.
    pub nexus_authorities_file: String,
    /// Limits on what a run may hold.
    pub limits: Arc<Limits>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shards: 16,
            executions_max: 50_000,
            executions_over_max: 256,
            executions_bytes_max: 192 << 20,
            events_bytes_max: 256 << 10,
            wakes_ahead_secs: 600,
            snapshot_every: 20,
            page_batches_max: 256,
            history_wait: Duration::from_secs(20),
            buffered_queries_max: 1,
            batch_rps: f64::INFINITY,
            batch_concurrency: 100,
            pages_bytes_max: 1 << 30,
            pages_namespace_share: 0.5,
            nexus_request_timeout: Duration::from_secs(10),
            nexus_callback_url: String::new(),
            nexus_request_timeout_min: Duration::from_millis(1500),
            callback_request_timeout: Duration::from_secs(10),
            nexus_authorities_file: String::new(),
            limits: Arc::default(),
        }
    }
}

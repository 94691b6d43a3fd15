//! What an operator may set of the matching room.

use std::time::Duration;

/// Settings of the matching room.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a poll waits if its caller does not say (or says longer).
    pub poll_wait: Duration,
    /// How long before its caller's deadline a poll returns empty, so that the answer arrives in time.
    pub poll_margin: Duration,
    /// How long a query waits for a worker if its caller does not say.
    pub query_wait: Duration,
    /// A sticky queue without a poll for this long counts as abandoned.
    pub sticky_window: Duration,
    /// A queue without tasks and polls for this long is unloaded.
    pub idle_unload: Duration,
    /// How often idle queues are looked for.
    pub sweep_interval: Duration,
    /// How long a poller is listed after its last poll.
    pub poller_window: Duration,
    /// Pollers listed per queue; the one seen longest ago goes first.
    pub pollers_max: usize,
    /// Queues loaded at once; more are refused until idle ones are unloaded.
    pub queues_max: usize,
    /// Queries waiting for a worker or its answer at once.
    pub queries_max: usize,
    /// Tasks held in memory over all backlogs; more are spilled.
    pub backlog_entries_max: usize,
    /// Bytes held in memory over all backlogs; more are spilled.
    pub backlog_bytes_max: usize,
    /// Tasks a queue hands out per second at most, whatever its workers ask for.
    pub dispatch_rate_max: f64,
    /// Calls per second to this process; infinity is no limit.
    pub rps: f64,
    /// Task queues that get a label of their own in metrics; further ones share `__omitted__`.
    pub labelled_queues_max: usize,
    /// What `ListTaskQueuePartitions` names as the owner.
    pub owner_host_name: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll_wait: Duration::from_secs(60),
            poll_margin: Duration::from_secs(1),
            query_wait: Duration::from_secs(10),
            sticky_window: Duration::from_secs(10),
            idle_unload: Duration::from_secs(300),
            sweep_interval: Duration::from_secs(10),
            poller_window: Duration::from_secs(300),
            pollers_max: 1_000,
            queues_max: 100_000,
            queries_max: 10_000,
            backlog_entries_max: 200_000,
            backlog_bytes_max: 64 << 20,
            dispatch_rate_max: 100_000.0,
            rps: f64::INFINITY,
            labelled_queues_max: 500,
            owner_host_name: "127.0.0.1:7233".into(),
        }
    }
}

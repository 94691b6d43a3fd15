//! What an operator may set of the matching room.

use std::time::Duration;

use longhaul_kernel::workers;

use crate::running::Most;

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
    /// Whether tasks are handed out in proportion to the weights of their fairness keys.
    pub fairness: bool,
    /// Tasks of a queue that workers may have at a time.
    pub running_max: usize,
    /// Tasks of one of its fairness keys that workers may have at a time.
    pub key_running_max: usize,
    /// Calls per second to this process; infinity is no limit.
    pub rps: f64,
    /// Task queues that get a label of their own in metrics; further ones share `__omitted__`.
    pub labelled_queues_max: usize,
    /// How long a worker is listed after its last heartbeat.
    pub worker_lifetime: Duration,
    /// Workers listed at most; the one heard of longest ago goes first.
    pub workers_max: usize,
    /// Bytes of their heartbeats at most.
    pub workers_bytes_max: usize,
    /// What `ListTaskQueuePartitions` names as the owner.
    pub owner_host_name: String,
}

impl Settings {
    /// How many tasks workers may have.
    pub(crate) const fn most_running(&self) -> Most {
        Most { queue: self.running_max, key: self.key_running_max }
    }

    /// Limits of what is known of workers.
    pub(crate) const fn workers(&self) -> workers::Limits {
        workers::Limits {
            lifetime: self.worker_lifetime,
            entries_max: self.workers_max,
            bytes_max: self.workers_bytes_max,
        }
    }
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
            fairness: true,
            running_max: usize::MAX,
            key_running_max: usize::MAX,
            rps: f64::INFINITY,
            labelled_queues_max: 500,
            worker_lifetime: Duration::from_secs(300),
            workers_max: 1_000_000,
            workers_bytes_max: 256 << 20,
            owner_host_name: "127.0.0.1:7233".into(),
        }
    }
}

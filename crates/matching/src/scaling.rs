//! Advice to workers on how many polls to keep: fewer after an idle wait, more before a backlog.

use std::time::Duration;

use longhaul_kernel::time::Timestamp;
use longhaul_proto::api::taskqueue::v1::PollerScalingDecision;

use crate::rates::Flow;

/// A poll that waited this long was one too many.
const IDLE_WAIT: Duration = Duration::from_secs(1);
/// A backlog this old wants more polls.
const BACKLOG_AGE: Duration = Duration::from_millis(200);
/// So does a queue to which this many times more tasks come than go.
const INFLOW_RATIO: f32 = 1.2;
/// Advice per second and poller at most, so that workers do not overshoot.
const ADVICE_RATE: f64 = 10.0;

/// What the advice depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How long the poll waited for its task.
    pub(crate) waited: Duration,
    /// Age of the oldest task that still waits.
    pub(crate) backlog_age: Option<Duration>,
    pub(crate) flow: Flow,
    pub(crate) pollers: usize,
}

/// Gives advice, but not too often.
#[derive(Debug, Default)]
pub(crate) struct Scaling {
    next: Timestamp,
}

impl Scaling {
    /// What the worker of a poll that got its task should do; `None`: nothing.
    pub(crate) fn advise(&mut self, load: Load, now: Timestamp) -> Option<PollerScalingDecision> {
        if load.waited >= IDLE_WAIT {
            return Some(PollerScalingDecision { poll_request_delta_suggestion: -1 });
        }
        let is_behind = load.backlog_age.is_some_and(|age| age > BACKLOG_AGE)
            || load.flow.added > load.flow.dispatched * INFLOW_RATIO;
        if !is_behind || now < self.next {
            return None;
        }
        let pause = Duration::from_secs_f64(1.0 / (ADVICE_RATE * load.pollers.max(1) as f64));
        self.next = now + pause;
        Some(PollerScalingDecision { poll_request_delta_suggestion: 1 })
    }
}

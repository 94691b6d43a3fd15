//! What can be told of a queue from outside.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::time::Timestamp;
use longhaul_proto::api::taskqueue::v1::PollerInfo;

use super::Queue;
use crate::{limiter::RateSource, rates::Flow, task::Priority};

/// How long a queue counts as limited after a rate held up a task.
const LIMITED: Duration = Duration::from_secs(30);

/// State of a queue at one moment.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) pollers: Vec<PollerInfo>,
    pub(crate) by_priority: BTreeMap<Priority, Load>,
    /// Tasks per second at most.
    pub(crate) rate: f64,
    /// Where that rate comes from.
    pub(crate) rate_source: RateSource,
    /// Whether tasks had to wait for a rate of late.
    pub(crate) is_rate_limited: bool,
    /// Tasks ever added.
    pub(crate) added: u64,
}

/// The tasks of one priority, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load {
    pub(crate) count: usize,
    pub(crate) age: Duration,
    pub(crate) flow: Flow,
}

impl View {
    /// What a queue looks like that is not loaded.
    pub(crate) fn empty(rate: f64, rate_source: RateSource) -> Self {
        Self {
            pollers: Vec::new(),
            by_priority: BTreeMap::from([(Priority::DEFAULT, Load::default())]),
            rate,
            rate_source,
            is_rate_limited: false,
            added: 0,
        }
    }

    /// This queue together with another one, which serves workers of another version.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.pollers.extend(other.pollers);
        self.pollers.sort_by_key(|poller| {
            std::cmp::Reverse(poller.last_access_time.map(|at| (at.seconds, at.nanos)))
        });
        for (priority, load) in other.by_priority {
            let own = self.by_priority.entry(priority).or_default();
            *own = own.with(load);
        }
        Self {
            is_rate_limited: self.is_rate_limited || other.is_rate_limited,
            added: self.added + other.added,
            rate: self.rate.min(other.rate),
            ..self
        }
    }

    /// All priorities together.
    pub(crate) fn total(&self) -> Load {
        self.by_priority.values().fold(Load::default(), |sum, load| sum.with(*load))
    }
}

impl Load {
    fn with(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            age: self.age.max(other.age),
            flow: Flow {
                added: self.flow.added + other.flow.added,
                dispatched: self.flow.dispatched + other.flow.dispatched,
            },
        }
    }
}

impl Queue {
    /// Looks at the queue.
    pub(crate) fn view(&self) -> View {
        let now = self.now();
        let mut state = self.state.lock();
        let state = &mut *state;
        let (rate, rate_source) = {
            let limits = state.limits.lock();
            (limits.queue.rate(), limits.queue.source())
        };
        let mut view = View {
            pollers: state.pollers.list(now),
            rate,
            rate_source,
            is_rate_limited: state.limited_at.is_some_and(|at| now.since(at) < LIMITED),
            added: state.added,
            ..View::empty(0.0, RateSource::System)
        };
        for (priority, count, oldest) in state.backlog.by_priority() {
            let load = view.by_priority.entry(priority).or_default();
            load.count = count;
            load.age = oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
        }
        for (priority, flow) in state.rates.by_priority(now) {
            view.by_priority.entry(priority).or_default().flow = flow;
        }
        view
    }

    /// Drops the tasks that wait.
    pub(crate) fn clear(&self) {
        self.state.lock().backlog.clear();
    }

    /// Whether nothing would be lost if the queue were dropped: nothing waits, and nobody came since `before`. Tasks in
    /// a sticky queue do not count: their runs have long sent them elsewhere.
    pub(crate) fn is_idle(&self, before: Timestamp) -> bool {
        let state = self.state.lock();
        state.active == 0
            && state.polls.is_empty()
            && state.queries.is_empty()
            && (self.is_sticky || state.backlog.is_empty())
            && state.last_used < before
    }
}

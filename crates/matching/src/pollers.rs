//! Who polls a queue, for `DescribeTaskQueue` and for judging whether a sticky queue is still served.
// Deprecated fields are still what clients in use read and send.
#![allow(deprecated)]

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::time::Timestamp;
use longhaul_proto::api::{
    common::v1::WorkerVersionCapabilities, deployment::v1::WorkerDeploymentOptions, taskqueue::v1::PollerInfo,
};

/// What a poll tells of its worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Poller {
    pub(crate) identity: String,
    /// Key of the worker's process, for taking its polls back when it shuts down.
    pub(crate) worker_instance_key: String,
    /// Tasks per second it wants at most.
    pub(crate) rate_per_second: Option<f64>,
    pub(crate) capabilities: Option<WorkerVersionCapabilities>,
    pub(crate) deployment: Option<WorkerDeploymentOptions>,
}

/// Rate listed for a poller that does not say.
const RATE_UNSAID: f64 = 100_000.0;

/// Pollers seen of late.
#[derive(Debug)]
pub(crate) struct Pollers {
    seen: BTreeMap<String, (Timestamp, PollerInfo)>,
    last: Option<Timestamp>,
    window: Duration,
    max: usize,
}

impl Pollers {
    pub(crate) const fn new(window: Duration, max: usize) -> Self {
        Self { seen: BTreeMap::new(), last: None, window, max }
    }

    /// Notes a poll. One without identity is not listed.
    pub(crate) fn note(&mut self, poller: &Poller, now: Timestamp) {
        self.last = self.last.max(Some(now));
        if poller.identity.is_empty() {
            return;
        }
        if !self.seen.contains_key(&poller.identity) && self.seen.len() >= self.max {
            self.evict(now);
        }
        let info = PollerInfo {
            last_access_time: Some(now.to_proto()),
            identity: poller.identity.clone(),
            rate_per_second: poller.rate_per_second.unwrap_or(RATE_UNSAID),
            worker_version_capabilities: poller.capabilities.clone(),
            deployment_options: poller.deployment.clone(),
        };
        self.seen.insert(poller.identity.clone(), (now, info));
    }

    /// Notes that a poller listed still is there.
    pub(crate) fn touch(&mut self, identity: &str, now: Timestamp) {
        self.last = self.last.max(Some(now));
        if let Some((at, info)) = self.seen.get_mut(identity) {
            *at = now;
            info.last_access_time = Some(now.to_proto());
        }
    }

    /// Whether anybody polled within `window`.
    pub(crate) fn is_recent(&self, window: Duration, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now.since(last) < window)
    }

    /// Pollers seen within the window, latest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<PollerInfo> {
        let mut recent: Vec<_> = self.seen.values().filter(|(at, _)| now.since(*at) < self.window).collect();
        recent.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        recent.into_iter().map(|(_, info)| info.clone()).collect()
    }

    /// Number of pollers listed, some of them perhaps gone.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.seen.clear();
        self.last = None;
    }

    /// Makes room: drops those out of the window, or else the one seen longest ago.
    fn evict(&mut self, now: Timestamp) {
        self.seen.retain(|_, (at, _)| now.since(*at) < self.window);
        if self.seen.len() < self.max {
            return;
        }
        let oldest = self.seen.iter().min_by_key(|(_, (at, _))| *at).map(|(identity, _)| identity.clone());
        if let Some(oldest) = oldest {
            self.seen.remove(&oldest);
        }
    }
}

//! What a deployment remembers, and how that is folded.

use std::time::Duration;

use longhaul_proto::api::{common::v1::Payload, compute::v1::ComputeConfig};
use minicbor::{Decode, Encode};

use super::{
    Deployment,
    routing::{QueueName, Ramping},
    version::Version,
};
use crate::{codec::Pb, time::Timestamp};

/// A change.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Change {
    /// A version came to be: by a poll, or because a request named it.
    #[n(0)]
    VersionMade {
        /// The build.
        #[n(0)]
        build: String,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// The request, if it was one that makes versions.
        #[n(2)]
        request_id: String,
        /// Who asked.
        #[n(3)]
        by: String,
        /// Whether no worker of it has polled.
        #[n(4)]
        is_announced: bool,
        /// What starts its workers.
        #[n(5)]
        compute: Option<Pb<ComputeConfig>>,
    },
    /// Workers of a version poll a queue for the first time.
    #[n(1)]
    QueueSeen(#[n(0)] String, #[n(1)] QueueName),
    /// Another version became the current one.
    #[n(2)]
    CurrentSet {
        /// The build; `None` is the workers without a version.
        #[n(0)]
        build: Option<String>,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// Who asked.
        #[n(2)]
        by: String,
        /// How long the runs of the old one are left alone.
        #[n(3)]
        grace: Duration,
    },
    /// Another ramp holds.
    #[n(3)]
    RampSet {
        /// The ramp; `None` if none holds any more.
        #[n(0)]
        ramping: Option<Ramping>,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// Who asked.
        #[n(2)]
        by: String,
        /// How long the runs of the old version are left alone.
        #[n(3)]
        grace: Duration,
    },
    /// Somebody took over, or let go.
    #[n(4)]
    ManagerSet {
        /// Who may make changes; empty is everybody.
        #[n(0)]
        manager: String,
        /// Who asked.
        #[n(1)]
        by: String,
    },
    /// Notes on a version changed.
    #[n(5)]
    MetadataSet {
        /// The build.
        #[n(0)]
        build: String,
        /// Notes that were made.
        #[n(1)]
        upserted: Vec<(String, Pb<Payload>)>,
        /// Notes that were taken away.
        #[n(2)]
        removed: Vec<String>,
        /// Who asked.
        #[n(3)]
        by: String,
    },
    /// A version is no more.
    #[n(6)]
    VersionGone(#[n(0)] String, #[n(1)] String),
    /// The runs of a version are being looked for.
    #[n(7)]
    LookBegun(#[n(0)] String),
    /// The look has ended.
    #[n(8)]
    LookEnded {
        /// The build.
        #[n(0)]
        build: String,
        /// Whether no run is left.
        #[n(1)]
        is_done: bool,
        /// When.
        #[n(2)]
        at: Timestamp,
        /// When to look again.
        #[n(3)]
        due: Option<Timestamp>,
    },
    /// A run was bound to a version that nothing was expected of.
    #[n(9)]
    Revived {
        /// The build.
        #[n(0)]
        build: String,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// When to look for runs.
        #[n(2)]
        grace: Duration,
    },
    /// What starts the workers of a version changed.
    #[n(10)]
    ComputeSet {
        /// The build.
        #[n(0)]
        build: String,
        /// What does now.
        #[n(1)]
        compute: Option<Pb<ComputeConfig>>,
        /// Who asked.
        #[n(2)]
        by: String,
    },
    /// The deployment is no more.
    #[n(11)]
    Gone,
}

impl Deployment {
    pub(super) fn fold(&mut self, change: &Change) {
        match change {
            Change::VersionMade { build, at, request_id, by, is_announced, compute } => {
                self.made += 1;
                let version = Version {
                    number: self.made,
                    created: *at,
                    request_id: request_id.clone(),
                    last_modifier: by.clone(),
                    is_announced: *is_announced,
                    compute: compute.clone(),
                    ..Version::default()
                };
                self.versions.insert(build.clone(), version);
                if !by.is_empty() {
                    self.last_modifier.clone_from(by);
                }
            }
            Change::QueueSeen(build, queue) => self.of(build, |version| {
                version.is_announced = false;
                version.queues.push(queue.clone());
            }),
            Change::CurrentSet { build, at, by, grace } => {
                self.fold_current(build.as_deref(), *at, by, *grace)
            }
            Change::RampSet { ramping, at, by, grace } => {
                self.fold_ramp(ramping.clone(), *at, *grace);
                self.routing.revision += 1;
                self.token += 1;
                self.last_modifier.clone_from(by);
            }
            Change::ManagerSet { manager, by } => {
                self.manager.clone_from(manager);
                self.last_modifier.clone_from(by);
                self.token += 1;
            }
            Change::MetadataSet { build, upserted, removed, by } => self.of(build, |version| {
                version.metadata.extend(upserted.iter().cloned());
                version.metadata.retain(|name, _| !removed.contains(name));
                version.last_modifier.clone_from(by);
            }),
            Change::VersionGone(build, by) => {
                self.versions.remove(build);
                if !by.is_empty() {
                    self.last_modifier.clone_from(by);
                }
            }
            Change::ComputeSet { build, compute, by } => self.of(build, |version| {
                version.compute.clone_from(compute);
                version.last_modifier.clone_from(by);
            }),
            Change::Gone => self.gone = true,
            Change::LookBegun(_) | Change::LookEnded { .. } | Change::Revived { .. } => {
                self.fold_look(change)
            }
        }
    }

    fn fold_look(&mut self, change: &Change) {
        match change {
            Change::LookBegun(build) => {
                self.looks += 1;
                let number = self.looks;
                self.of(build, |version| {
                    if let Some(drainage) = &mut version.drainage {
                        (drainage.looking, drainage.due) = (Some(number), None);
                    }
                });
            }
            Change::LookEnded { build, is_done, at, due } => self.of(build, |version| {
                if let Some(drainage) = &mut version.drainage {
                    if drainage.is_done != *is_done {
                        (drainage.is_done, drainage.changed) = (*is_done, *at);
                    }
                    (drainage.checked, drainage.due, drainage.looking) = (*at, *due, None);
                }
            }),
            Change::Revived { build, at, grace } => self.of(build, |version| version.drain(*at, *grace)),
            _ => {}
        }
    }

    fn of(&mut self, build: &str, change: impl FnOnce(&mut Version)) {
        if let Some(version) = self.versions.get_mut(build) {
            change(version);
        }
    }

    fn fold_current(&mut self, build: Option<&str>, at: Timestamp, by: &str, grace: Duration) {
        let ramps = self.routing.ramping.as_ref().is_some_and(|ramping| ramping.build.as_deref() == build);
        if ramps {
            self.fold_ramp(None, at, grace);
        }
        if let Some(old) = self.routing.current.take() {
            self.of(&old, |version| {
                version.current_since = None;
                version.last_current = Some(at);
                version.routing_changed = Some(at);
                version.let_go(at, grace);
            });
        }
        if let Some(build) = build {
            self.of(build, |version| {
                version.activate(at);
                version.current_since = Some(at);
                version.last_current = Some(at);
                version.last_deactivated = None;
                version.routing_changed = Some(at);
            });
        }
        self.routing.current = build.map(str::to_owned);
        self.routing.current_changed = Some(at);
        self.routing.revision += 1;
        self.token += 1;
        self.last_modifier = by.to_owned();
    }

    fn fold_ramp(&mut self, ramping: Option<Ramping>, at: Timestamp, grace: Duration) {
        let old = self.routing.ramping.take();
        let same = |one: &Option<Ramping>, other: &Option<Ramping>| {
            one.as_ref().map(|ramping| &ramping.build) == other.as_ref().map(|ramping| &ramping.build)
        };
        if !same(&old, &ramping) {
            self.routing.ramping_changed = Some(at);
            if let Some(build) = old.as_ref().and_then(|old| old.build.as_ref()) {
                self.of(build, |version| {
                    version.ramping_since = None;
                    version.routing_changed = Some(at);
                    version.let_go(at, grace);
                });
            }
        }
        if let Some(build) = ramping.as_ref().and_then(|ramping| ramping.build.as_ref()) {
            self.of(build, |version| {
                version.activate(at);
                version.ramping_since.get_or_insert(at);
                version.last_deactivated = None;
                version.routing_changed = Some(at);
            });
        }
        self.routing.percentage_changed = Some(at);
        self.routing.ramping = ramping;
    }
}

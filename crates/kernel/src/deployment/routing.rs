//! Where the tasks of a queue go, as the deployments of a namespace have it: plain values that are made when a
//! deployment changes, and that runs and task queues look things up in.

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use longhaul_proto::api::{deployment::v1::WorkerDeploymentVersion, taskqueue::v1::TaskQueueVersioningInfo};
use minicbor::{Decode, Encode};

use super::name::{VersionName, old_form};
use crate::time::Timestamp;

/// A task queue, as far as versions are concerned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct QueueName {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Number of the public `TaskQueueType`.
    #[n(1)]
    pub kind: i32,
}

/// Which workers new work of a deployment goes to.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Routing {
    /// The current build; `None` is the workers without a version.
    #[n(0)]
    pub current: Option<String>,
    /// The build that work is being moved to.
    #[n(1)]
    pub ramping: Option<Ramping>,
    /// When the current build changed last.
    #[n(2)]
    pub current_changed: Option<Timestamp>,
    /// When the ramping build changed last.
    #[n(3)]
    pub ramping_changed: Option<Timestamp>,
    /// When the percentage changed last.
    #[n(4)]
    pub percentage_changed: Option<Timestamp>,
    /// Grows with each change.
    #[n(5)]
    pub revision: i64,
}

/// A ramp.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Ramping {
    /// The build; `None` is the workers without a version.
    #[n(0)]
    pub build: Option<String>,
    /// Share of the work, from 0 to 100.
    #[n(1)]
    pub percentage: f32,
}

/// What a deployment tells task queues and runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    /// Its routing.
    pub routing: Routing,
    /// Its builds, with their queues.
    pub builds: BTreeMap<String, BTreeSet<QueueName>>,
}

/// The version that a task goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goal {
    /// The version; `None` is the workers without one.
    pub version: Option<VersionName>,
    /// Revision of the routing that says so; zero if none does.
    pub revision: i64,
}

/// Where the tasks of one queue go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueRoute {
    /// Most of them.
    pub current: Goal,
    /// A share of them, with its percentage.
    pub ramping: Option<(Goal, f32)>,
    /// When that changed last.
    pub changed: Option<Timestamp>,
    /// The versions whose workers have polled the queue.
    pub versions: BTreeSet<VersionName>,
}

impl QueueRoute {
    /// Where a task goes that is not bound to a version: the same for all tasks of a workflow id. `ramps` sends it to
    /// the ramping version, if there is one, whatever the percentage.
    pub fn goal(&self, workflow_id: &str, ramps: bool) -> &Goal {
        match &self.ramping {
            Some((goal, percentage)) if ramps || place(workflow_id) < *percentage => goal,
            _ => &self.current,
        }
    }

    /// Reads what [`Self::info`] tells; revisions are not told.
    #[allow(deprecated)]
    pub fn read(info: &TaskQueueVersioningInfo, versions: &[WorkerDeploymentVersion]) -> Self {
        let goal = |version: &Option<WorkerDeploymentVersion>| Goal {
            version: version.as_ref().map(VersionName::of),
            revision: 0,
        };
        let ramps = !info.ramping_version.is_empty();
        Self {
            current: goal(&info.current_deployment_version),
            ramping: ramps.then(|| (goal(&info.ramping_deployment_version), info.ramping_version_percentage)),
            changed: info.update_time.as_ref().map(Timestamp::from_proto),
            versions: versions.iter().map(VersionName::of).collect(),
        }
    }

    /// As the description of a queue tells it.
    #[allow(deprecated)]
    pub fn info(&self) -> TaskQueueVersioningInfo {
        let version = |goal: &Goal| goal.version.as_ref().map(VersionName::to_proto);
        let ramping = self.ramping.as_ref();
        TaskQueueVersioningInfo {
            current_deployment_version: version(&self.current),
            current_version: old_form(self.current.version.as_ref()),
            ramping_deployment_version: ramping.and_then(|(goal, _)| version(goal)),
            ramping_version: ramping.map_or_else(String::new, |(goal, _)| old_form(goal.version.as_ref())),
            ramping_version_percentage: ramping.map_or(0.0, |(_, percentage)| *percentage),
            update_time: self.changed.map(Timestamp::to_proto),
        }
    }
}

/// The place of an id between 0 and 100, the same for ever, and evenly spread.
pub(crate) fn place(id: &str) -> f32 {
    // FNV-1a and the finish of MurmurHash3: fixed by this code rather than by a dependency's version.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in id.as_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    ((hash ^ (hash >> 33)) % 100_000) as f32 / 1000.0
}

/// The routes of a namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routes {
    deployments: BTreeMap<String, Arc<Published>>,
    queues: BTreeMap<QueueName, Arc<QueueRoute>>,
}

impl Routes {
    /// Takes in what a deployment tells, or that it is gone, and answers the queues whose routes are others now.
    pub fn publish(&mut self, deployment: &str, told: Option<Published>) -> BTreeSet<QueueName> {
        let old = match told {
            Some(told) => self.deployments.insert(deployment.to_owned(), Arc::new(told)),
            None => self.deployments.remove(deployment),
        };
        let new = self.deployments.get(deployment).cloned();
        let touched: BTreeSet<QueueName> =
            old.iter().chain(&new).flat_map(|told| told.builds.values().flatten()).cloned().collect();
        touched.into_iter().filter(|queue| self.renew(queue)).collect()
    }

    /// The route of a queue, if any deployment knows it.
    pub fn of(&self, queue: &QueueName) -> Option<&Arc<QueueRoute>> {
        self.queues.get(queue)
    }

    /// Whether there are no deployments.
    pub fn is_empty(&self) -> bool {
        self.deployments.is_empty()
    }

    /// How many deployments there are.
    pub fn deployments(&self) -> usize {
        self.deployments.len()
    }

    /// Whether a deployment is known.
    pub fn knows(&self, deployment: &str) -> bool {
        self.deployments.contains_key(deployment)
    }

    /// Makes the route of a queue anew; whether it is another one.
    fn renew(&mut self, queue: &QueueName) -> bool {
        let mut route = QueueRoute::default();
        let (mut current_since, mut ramping_since) = (None, None);
        for (name, told) in &self.deployments {
            let holds = |build: &Option<String>| {
                build
                    .as_ref()
                    .is_none_or(|build| told.builds.get(build).is_some_and(|queues| queues.contains(queue)))
            };
            let own: Vec<&String> = told
                .builds
                .iter()
                .filter(|(_, queues)| queues.contains(queue))
                .map(|(build, _)| build)
                .collect();
            if own.is_empty() {
                continue;
            }
            route.versions.extend(own.iter().map(|build| VersionName::new(name, build)));
            let routing = &told.routing;
            let goal = |build: &Option<String>| Goal {
                version: build.as_ref().map(|build| VersionName::new(name, build)),
                revision: if build.is_some() { routing.revision } else { 0 },
            };
            route.changed = route.changed.max(routing.current_changed).max(routing.percentage_changed);
            // Several deployments may share a queue: the one that was changed last has it.
            if routing.current.is_some() && holds(&routing.current) && routing.current_changed > current_since
            {
                current_since = routing.current_changed;
                route.current = goal(&routing.current);
            }
            if let Some(ramping) = &routing.ramping
                && holds(&ramping.build)
                && routing.ramping_changed > ramping_since
            {
                ramping_since = routing.ramping_changed;
                route.ramping = Some((goal(&ramping.build), ramping.percentage));
            }
        }
        if route.versions.is_empty() {
            return self.queues.remove(queue).is_some();
        }
        if self.queues.get(queue).is_some_and(|known| **known == route) {
            return false;
        }
        self.queues.insert(queue.clone(), Arc::new(route));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> QueueName {
        QueueName { name: "q".into(), kind: 1 }
    }

    fn published(current: Option<&str>, ramping: Option<(&str, f32)>) -> Published {
        let at = Some(Timestamp::from_secs(1_767_225_600));
        let ramping = ramping.map(|(build, percentage)| Ramping { build: Some(build.into()), percentage });
        Published {
            routing: Routing {
                current: current.map(str::to_owned),
                ramping_changed: at.filter(|_| ramping.is_some()),
                ramping,
                current_changed: at,
                percentage_changed: None,
                revision: 1,
            },
            builds: ["1", "2"].map(|build| (build.to_owned(), BTreeSet::from([queue()]))).into(),
        }
    }

    #[test]
    fn a_fifth_of_the_ids_goes_to_a_version_that_ramps_at_twenty() {
        let mut routes = Routes::default();
        routes.publish("d", Some(published(Some("1"), Some(("2", 20.0)))));
        let route = routes.of(&queue()).expect("it was published").clone();
        let ramps = |number: usize| {
            let goal = route.goal(&format!("order-{number}"), false);
            goal.version.as_ref().is_some_and(|version| version.build == "2")
        };
        let first: Vec<bool> = (0..10_000).map(ramps).collect();
        let share = first.iter().filter(|ramps| **ramps).count();
        println!("a ramp of 20 % takes {share} of 10,000 ids");
        assert!((1800..=2200).contains(&share), "{share} of 10,000");
        assert_eq!(first, (0..10_000).map(ramps).collect::<Vec<_>>(), "an id stays where it is");
        routes.publish("d", Some(published(Some("1"), Some(("2", 40.0)))));
        let wider = routes.of(&queue()).expect("it was published").clone();
        for (number, _) in first.iter().enumerate().filter(|(_, ramps)| **ramps) {
            let goal = wider.goal(&format!("order-{number}"), false);
            assert_eq!(
                goal.version.as_ref().map(|version| &*version.build),
                Some("2"),
                "a wider ramp keeps its ids"
            );
        }
    }

    #[test]
    fn a_queue_that_the_current_version_does_not_have_keeps_workers_without_a_version() {
        let mut routes = Routes::default();
        let mut told = published(Some("1"), None);
        told.builds.insert("1".into(), BTreeSet::new());
        assert_eq!(routes.publish("d", Some(told)), BTreeSet::from([queue()]));
        assert_eq!(routes.of(&queue()).expect("version 2 has it").current, Goal::default());
        assert_eq!(routes.publish("d", None), BTreeSet::from([queue()]));
        assert!(routes.of(&queue()).is_none());
    }
}

//! What a deployment decides on each input. Texts are the reference's, whose deployments are workflows.

use std::time::Duration;

use longhaul_proto::{ExhaustedCause, ExhaustedScope, Refusal, api::compute::v1::ComputeConfig};

use super::{
    Change, Deployment, Effects, Input, Reply, SetCurrent, SetRamping, name::UNVERSIONED, routing::QueueName,
};
use crate::{codec::Pb, time::Timestamp};

impl Deployment {
    pub(super) fn decide(&self, input: Input, at: Timestamp) -> Result<Effects, Refusal> {
        match input {
            Input::Seen { build, queue, versions_max, queues_max, idle } => {
                self.seen(build, queue, at, (versions_max, queues_max), &idle)
            }
            Input::CreateVersion { build, request_id, by, compute, versions_max, idle } => {
                self.create_version(build, request_id, by, compute, at, versions_max, &idle)
            }
            Input::SetCurrent(wish) => self.set_current(*wish, at),
            Input::SetRamping(wish) => self.set_ramping(*wish, at),
            Input::SetManager { manager, by, token } => {
                if !by.is_empty() && manager == self.manager && by == self.last_modifier {
                    return Ok(replied(Reply::Manager(self.manager.clone())));
                }
                self.check_token(&token)?;
                let reply = Reply::Manager(self.manager.clone());
                Ok(Effects { changes: vec![Change::ManagerSet { manager, by }], reply })
            }
            Input::UpdateMetadata { build, upserted, removed, by } => {
                let Some(version) = self.versions.get(&build) else { return Err(version_not_found()) };
                let mut after: std::collections::BTreeMap<_, _> =
                    version.metadata.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
                after.extend(upserted.clone());
                after.retain(|name, _| !removed.contains(name));
                let upserted = upserted.into_iter().map(|(name, value)| (name, Pb(value))).collect();
                let changes = vec![Change::MetadataSet { build, upserted, removed, by }];
                Ok(Effects { changes, reply: Reply::Metadata(after) })
            }
            Input::SetCompute { build, compute, by } => {
                if !self.versions.contains_key(&build) {
                    return Err(self.no_build(&build));
                }
                let compute = compute.filter(|compute| !compute.scaling_groups.is_empty()).map(Pb);
                Ok(changed(vec![Change::ComputeSet { build, compute, by }]))
            }
            Input::DeleteVersion { build, skip_drainage, has_pollers, by } => {
                self.delete_version(build, skip_drainage, has_pollers, by)
            }
            Input::Delete => {
                if !self.versions.is_empty() {
                    let text = "deployment has versions, can't be deleted";
                    return Err(Refusal::FailedPrecondition(text.into()));
                }
                Ok(changed(vec![Change::Gone]))
            }
            Input::Bound { build, grace } => Ok(changed(self.bound(build, at, grace))),
            Input::Looked { build, are_left, refresh } => {
                let due = are_left.then(|| at + refresh);
                Ok(changed(vec![Change::LookEnded { build, is_done: !are_left, at, due }]))
            }
            Input::Tick => {
                let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= at);
                let due = self.versions.iter().filter(|(_, version)| {
                    version.drainage.as_ref().is_some_and(|drainage| is_due(drainage.due))
                });
                Ok(changed(due.map(|(build, _)| Change::LookBegun(build.clone())).collect()))
            }
        }
    }

    fn seen(
        &self,
        build: String,
        queue: QueueName,
        at: Timestamp,
        (versions_max, queues_max): (usize, usize),
        idle: &[String],
    ) -> Result<Effects, Refusal> {
        let mut changes = Vec::new();
        match self.versions.get(&build) {
            Some(version) if version.queues.contains(&queue) => return Ok(Effects::default()),
            Some(version) if version.queues.len() >= queues_max => {
                return Err(exhausted(format!(
                    "cannot add task queue {} since maximum number of task queues ({queues_max}) have been \
                     registered in deployment",
                    queue.name
                )));
            }
            Some(_) => {}
            None => {
                changes.extend(self.make_room(&build, versions_max, idle)?);
                changes.push(made(&build, at, String::new(), String::new(), false, None));
            }
        }
        changes.push(Change::QueueSeen(build, queue));
        Ok(changed(changes))
    }

    #[allow(clippy::too_many_arguments)]
    fn create_version(
        &self,
        build: String,
        request_id: String,
        by: String,
        compute: Option<ComputeConfig>,
        at: Timestamp,
        versions_max: usize,
        idle: &[String],
    ) -> Result<Effects, Refusal> {
        if let Some(version) = self.versions.get(&build) {
            if !request_id.is_empty() && version.request_id == request_id {
                return Ok(Effects::default());
            }
            let name = self.version_name(&build).old_form();
            return Err(Refusal::AlreadyExists(format!(
                "Worker Deployment Version \"{name}\" already exists"
            )));
        }
        let mut changes = self.make_room(&build, versions_max, idle)?;
        let compute = compute.filter(|compute| !compute.scaling_groups.is_empty());
        changes.push(made(&build, at, request_id, by, true, compute));
        Ok(changed(changes))
    }

    /// The oldest version that nobody needs makes way for a new one.
    fn make_room(&self, new: &str, versions_max: usize, idle: &[String]) -> Result<Vec<Change>, Refusal> {
        if self.versions.len() < versions_max {
            return Ok(Vec::new());
        }
        let unneeded = self.versions.iter().filter(|(build, version)| {
            idle.contains(build)
                && !version.is_active()
                && version.drainage.as_ref().is_none_or(|drainage| drainage.is_done)
        });
        match unneeded.min_by_key(|(_, version)| version.number) {
            Some((build, _)) => Ok(vec![Change::VersionGone(build.clone(), String::new())]),
            None => Err(exhausted(format!(
                "cannot add version {} since maximum number of versions ({versions_max}) have been registered in \
                 the deployment",
                self.version_name(new).old_form()
            ))),
        }
    }

    fn set_current(&self, wish: SetCurrent, at: Timestamp) -> Result<Effects, Refusal> {
        self.check_manager(&wish.by)?;
        let before = self.routing.current.clone();
        if before == wish.build && self.last_modifier == wish.by {
            return Ok(replied(Reply::Current(before)));
        }
        let mut changes = self.make_if_wished(wish.build.as_deref(), wish.makes, at)?;
        self.check_token(&wish.token)?;
        self.check_queues(wish.build.as_deref(), &wish.busy, "current")?;
        changes.push(Change::CurrentSet { build: wish.build, at, by: wish.by, grace: wish.grace });
        Ok(Effects { changes, reply: Reply::Current(before) })
    }

    fn set_ramping(&self, wish: SetRamping, at: Timestamp) -> Result<Effects, Refusal> {
        self.check_manager(&wish.by)?;
        let before = self.routing.ramping.clone();
        if before == wish.ramping && self.last_modifier == wish.by {
            return Ok(replied(Reply::Ramping(before)));
        }
        let mut changes = Vec::new();
        if let Some(ramping) = &wish.ramping {
            if ramping.build == self.routing.current {
                let name = ramping.build.as_deref().map(|build| self.version_name(build).old_form());
                return Err(Refusal::FailedPrecondition(format!(
                    "requested ramping version {} is already current",
                    name.as_deref().unwrap_or(UNVERSIONED)
                )));
            }
            changes = self.make_if_wished(ramping.build.as_deref(), wish.makes, at)?;
        }
        self.check_token(&wish.token)?;
        let build = wish.ramping.as_ref().and_then(|ramping| ramping.build.as_deref());
        self.check_queues(build, &wish.busy, "ramping")?;
        changes.push(Change::RampSet { ramping: wish.ramping, at, by: wish.by, grace: wish.grace });
        Ok(Effects { changes, reply: Reply::Ramping(before) })
    }

    /// A version that nobody knows is refused, or made if that is wished.
    fn make_if_wished(
        &self,
        build: Option<&str>,
        makes: bool,
        at: Timestamp,
    ) -> Result<Vec<Change>, Refusal> {
        match build {
            Some(build) if !self.versions.contains_key(build) => {
                if !makes {
                    return Err(self.no_build(build));
                }
                Ok(vec![made(build, at, String::new(), String::new(), true, None)])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn delete_version(
        &self,
        build: String,
        skip_drainage: bool,
        has_pollers: bool,
        by: String,
    ) -> Result<Effects, Refusal> {
        self.check_manager(&by)?;
        let Some(version) = self.versions.get(&build) else { return Ok(Effects::default()) };
        let name = self.version_name(&build);
        let refuse = |why: &str| {
            Err(Refusal::FailedPrecondition(format!("version '{name}' cannot be deleted since it {why}")))
        };
        if version.is_active() {
            return refuse("is current or ramping");
        }
        if has_pollers {
            return refuse("has active pollers");
        }
        if !skip_drainage && version.drainage.as_ref().is_some_and(|drainage| !drainage.is_done) {
            return refuse("is draining");
        }
        Ok(changed(vec![Change::VersionGone(build, by)]))
    }

    /// A run that is bound to a version from outside has to be looked for, before the version may go.
    fn bound(&self, build: String, at: Timestamp, grace: Duration) -> Vec<Change> {
        let Some(version) = self.versions.get(&build) else { return Vec::new() };
        let sleeps = version.drainage.as_ref().is_none_or(|drainage| drainage.is_done);
        if version.is_active() || !sleeps {
            return Vec::new();
        }
        vec![Change::Revived { build, at, grace }]
    }

    fn check_manager(&self, by: &str) -> Result<(), Refusal> {
        if self.manager.is_empty() || self.manager == by {
            return Ok(());
        }
        Err(Refusal::FailedPrecondition(format!(
            "ManagerIdentity '{}' is set and does not match user identity '{by}'; to proceed, set your own \
             identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do so",
            self.manager
        )))
    }

    fn check_token(&self, token: &[u8]) -> Result<(), Refusal> {
        if token.is_empty() || token == self.conflict_token() {
            return Ok(());
        }
        Err(Refusal::FailedPrecondition("conflict token mismatch".into()))
    }

    /// Refuses a version that lacks a queue on which there is work.
    fn check_queues(&self, build: Option<&str>, busy: &[QueueName], place: &str) -> Result<(), Refusal> {
        let Some(build) = build else { return Ok(()) };
        let own = self.versions.get(build).map_or(&[][..], |version| &version.queues);
        if busy.iter().all(|queue| own.contains(queue)) {
            return Ok(());
        }
        Err(Refusal::FailedPrecondition(format!(
            "proposed {place} version '{}' is missing active task queues from the current version; these would \
             become unversioned if it is set as the {place} version",
            self.version_name(build)
        )))
    }

    /// What a client shows to prove that it knows the latest routing.
    pub fn conflict_token(&self) -> Vec<u8> {
        // As long as the reference's, which is a point in time.
        let mut token = vec![1, 0, 0, 0, 0, 0, 0];
        token.extend_from_slice(&self.token.to_be_bytes());
        token
    }

    fn no_build(&self, build: &str) -> Refusal {
        Refusal::not_found(format!("build ID '{build}' not found in Worker Deployment '{}'", self.name))
    }
}

fn made(
    build: &str,
    at: Timestamp,
    request_id: String,
    by: String,
    is_announced: bool,
    compute: Option<ComputeConfig>,
) -> Change {
    Change::VersionMade {
        build: build.to_owned(),
        at,
        request_id,
        by,
        is_announced,
        compute: compute.map(Pb),
    }
}

fn changed(changes: Vec<Change>) -> Effects {
    Effects { changes, reply: Reply::Done }
}

const fn replied(reply: Reply) -> Effects {
    Effects { changes: Vec::new(), reply }
}

/// What calls about a version answer that does not exist.
pub(super) fn version_not_found() -> Refusal {
    Refusal::not_found("Worker Deployment Version not found")
}

/// A limit of deployments was reached.
fn exhausted(message: String) -> Refusal {
    Refusal::ResourceExhausted {
        message,
        cause: ExhaustedCause::WorkerDeploymentLimits,
        scope: ExhaustedScope::Namespace,
    }
}

//! Versions of the workers of a run: which version it is on, how it moves to another one, which workers may have its
//! tasks, and what searches and descriptions tell of all that.
//!
//! A pinned run stays on its version. Every other run is led by the routing of its queue: its next workflow task goes
//! to the version of the day, and from the start of that task to its completion the run is moving and its activities
//! wait.

use longhaul_proto::{
    Refusal,
    api::{
        deployment::v1::WorkerDeploymentVersion,
        enums::v1::VersioningBehavior as Behavior,
        history::v1::WorkflowTaskCompletedEventAttributes,
        workflow::v1::{
            DeploymentVersionTransition, VersioningOverride, WorkflowExecutionVersioningInfo,
            versioning_override::Override,
        },
    },
};
use minicbor::{Decode, Encode};

use super::{
    DutyId, Fact, Run,
    builds::{Builds, WantedBuild},
    state::{Phase, TaskKind},
    transition::Transition,
    versioning,
};
use crate::{
    codec::Pb,
    context::Context,
    deployment::{Goal, QueueName, QueueRoute, VersionName, name::old_form},
    visibility::{Value, encode},
};

/// Number of the public task queue type of workflow tasks.
const WORKFLOW_QUEUE: i32 = 1;

/// Number of the public task queue type of activity tasks.
const ACTIVITY_QUEUE: i32 = 2;

/// Where a run stands among the versions of its workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Versions {
    /// Number of the public `VersioningBehavior` of the last completed workflow task, or what was inherited.
    #[n(0)]
    pub behavior: i32,
    /// The version that the run is on; `None` if its workers have none.
    #[n(1)]
    pub version: Option<VersionName>,
    /// Revision of the routing that led it there.
    #[n(2)]
    pub revision: i64,
    /// Set while it moves to other workers.
    #[n(3)]
    pub moving: Option<Moving>,
    /// The newest version that its worker was told of while it stayed on another one.
    #[n(4)]
    pub told: Option<Told>,
    /// Whether it ever had to do with versions.
    #[n(5)]
    pub is_known: bool,
    /// Where it stands among builds, in the older forms of versioning.
    #[n(6)]
    #[cbor(default)]
    pub builds: Builds,
}

/// A move to other workers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Moving {
    /// Their version; `None` if they have none.
    #[n(0)]
    pub to: Option<VersionName>,
}

/// A version that a worker was told of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Told {
    /// The version; `None` is the workers without one.
    #[n(0)]
    pub version: Option<VersionName>,
    /// Revision of the routing that said so.
    #[n(1)]
    pub revision: i64,
}

/// How a run is led, when everything that has a say in it is taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Whether it stays, follows, or has nothing to do with versions.
    pub behavior: Behavior,
    /// The version.
    pub version: Option<VersionName>,
}

/// The workers that a task is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Those of this version alone.
    pub pinned: Option<VersionName>,
    /// Those of the ramping version rather than of the current one.
    pub ramps: bool,
    /// Those of this build, where deployments have no say.
    pub build: WantedBuild,
}

impl Bound {
    /// Whether tasks that wait may be for other workers than before. New work goes by its queue either way, and a first
    /// task that waits there is let be.
    pub(super) fn leads_elsewhere(&self, before: &Self) -> bool {
        let names_build = |bound: &Self| matches!(bound.build, WantedBuild::Of(_));
        let is_led = (&self.pinned, self.ramps) != (&before.pinned, before.ramps);
        is_led || self.build != before.build && (names_build(self) || names_build(before))
    }
}

/// What becomes of an activity task that a worker wants to have.
enum Verdict {
    /// The worker has it.
    Given,
    /// It waits until the run has moved.
    Waits,
    /// The run moves to the worker's version first.
    Moves,
    /// It is for others.
    ForOthers,
}

impl Run {
    /// How the run is led.
    pub fn effective(&self) -> Effective {
        let own = &self.versions;
        let pinned = |version: &Option<WorkerDeploymentVersion>| Effective {
            behavior: Behavior::Pinned,
            version: version.as_ref().map(VersionName::of),
        };
        match self.chosen() {
            Some(Override::Pinned(chosen)) => pinned(&chosen.version),
            Some(Override::OneTime(chosen)) => pinned(&chosen.target_deployment_version),
            Some(Override::AutoUpgrade(_)) => {
                Effective { behavior: Behavior::AutoUpgrade, version: own.version.clone() }
            }
            None => Effective {
                behavior: Behavior::try_from(own.behavior).unwrap_or_default(),
                version: own.version.clone(),
            },
        }
    }

    fn chosen(&self) -> Option<&Override> {
        self.attached.versioning_override.as_ref()?.r#override.as_ref()
    }

    /// The workers that its tasks are for.
    pub fn bound(&self) -> Bound {
        let first = self.last_completed_event_id == 0;
        let effective = self.effective();
        match effective.behavior {
            Behavior::Pinned => Bound { pinned: effective.version, ramps: false, build: WantedBuild::None },
            Behavior::AutoUpgrade => {
                Bound { pinned: None, ramps: first && self.wishes_ramp(), build: WantedBuild::None }
            }
            Behavior::Unspecified => {
                Bound { pinned: None, ramps: first && self.wishes_ramp(), build: self.wanted_build() }
            }
        }
    }

    /// The workers that the tasks of an activity are for.
    pub(super) fn bound_activity(&self, scheduled_event_id: i64) -> Bound {
        let bound = Bound { ramps: false, ..self.bound() };
        match self.effective().behavior {
            Behavior::Unspecified => Bound { build: self.wanted_activity_build(scheduled_event_id), ..bound },
            Behavior::Pinned | Behavior::AutoUpgrade => bound,
        }
    }

    /// Whether the run before wanted this one to begin on the ramping version.
    fn wishes_ramp(&self) -> bool {
        let inherited = self.start.inherited_auto_upgrade_info.as_ref();
        inherited.is_some_and(|info| {
            info.continue_as_new_initial_versioning_behavior
                == longhaul_proto::api::enums::v1::ContinueAsNewVersioningBehavior::UseRampingVersion as i32
        })
    }

    /// An operator who pins the run without saying where means the version that it is pinned to already.
    pub(super) fn name_pinned(&self, wanted: Option<&mut VersioningOverride>) -> Result<(), Refusal> {
        let Some(Override::Pinned(pinned)) = wanted.and_then(|wanted| wanted.r#override.as_mut()) else {
            return Ok(());
        };
        if pinned.version.is_some() || pinned.behavior == 0 {
            return Ok(());
        }
        let Effective { behavior, version } = self.effective();
        if behavior != Behavior::Pinned {
            return Err(Refusal::FailedPrecondition(format!(
                "must specify a specific pinned override version because workflow with id {} has behavior \
                 {behavior:?} and is not yet pinned to any version",
                self.workflow_id
            )));
        }
        pinned.version = version.as_ref().map(VersionName::to_proto);
        Ok(())
    }

    /// Where the routing of its queue leads it.
    pub fn goal(&self, context: &Context) -> Goal {
        let route = route(context, self.task_queue(), WORKFLOW_QUEUE);
        let ramps = self.last_completed_event_id == 0 && self.wishes_ramp();
        route.map_or_else(Goal::default, |route| route.goal(&self.workflow_id, ramps).clone())
    }

    /// Whether the worker that has the run in its cache is not the one that its next task is for.
    pub fn leaves_sticky(&self, context: &Context) -> bool {
        if !context.routes.is_empty() || self.versions.is_known {
            let effective = self.effective();
            return match effective.behavior {
                Behavior::Pinned => effective.version != self.versions.version,
                _ => self.goal(context).version != self.versions.version,
            };
        }
        false
    }

    /// Whether a worker may have the pending workflow task. One that has the run in its cache may go on with it.
    pub(super) fn is_for(&self, worker: Option<&VersionName>, is_sticky: bool, context: &Context) -> bool {
        let effective = self.effective();
        if effective.behavior == Behavior::Pinned {
            return effective.version.as_ref() == worker;
        }
        is_sticky && self.versions.version.as_ref() == worker || self.goal(context).version.as_ref() == worker
    }

    /// Whether a worker has to be told that the run could go on with another version, if it were not pinned.
    pub(super) fn could_move(&self, goal: &Goal) -> bool {
        let own = &self.versions;
        let declined = self.start.declined_target_version_upgrade.as_ref();
        self.chosen().is_none()
            && own.behavior == Behavior::Pinned as i32
            && goal.version != own.version
            && declined.is_none_or(|declined| {
                declined.deployment_version.as_ref().map(VersionName::of) != goal.version
            })
    }

    fn verdict(&self, scheduled_event_id: i64, worker: Option<&VersionName>, context: &Context) -> Verdict {
        if self.versions.moving.is_some() {
            return Verdict::Waits;
        }
        let queue = self
            .activities
            .get(&scheduled_event_id)
            .and_then(|activity| activity.scheduled.task_queue.as_ref());
        let route = route(context, queue.map_or("", |queue| &queue.name), ACTIVITY_QUEUE);
        let own_goal =
            route.map(|route| route.goal(&self.workflow_id, false).version.as_ref()).unwrap_or_default();
        let effective = self.effective();
        let version = effective.version.as_ref();
        if effective.behavior == Behavior::Pinned {
            let has_queue =
                version.is_some_and(|version| route.is_some_and(|route| route.versions.contains(version)));
            let for_it = if has_queue { version } else { own_goal };
            return if for_it == worker { Verdict::Given } else { Verdict::ForOthers };
        }
        if version == worker {
            return Verdict::Given;
        }
        if self.goal(context).version.as_ref() == worker && !self.workflow_task_started() {
            return Verdict::Moves;
        }
        if own_goal == worker || self.workflow_task_started() { Verdict::Given } else { Verdict::ForOthers }
    }

    /// Folds what the completion of a workflow task says of its worker.
    pub(super) fn fold_versions(&mut self, a: &WorkflowTaskCompletedEventAttributes) {
        let version = a.deployment_version.as_ref().map(VersionName::of);
        if let Some(Override::OneTime(chosen)) = self.chosen()
            && chosen.target_deployment_version.as_ref().map(VersionName::of) == version
        {
            self.attached.versioning_override = None;
        }
        if let Some(version) = &version {
            self.list_build("TemporalUsedWorkerDeploymentVersions", &version.to_string());
            self.versions.is_known = true;
        }
        self.versions.behavior = a.versioning_behavior;
        self.versions.version = version.filter(|_| a.versioning_behavior != 0);
        self.versions.moving = None;
        self.deployment_name.clone_from(&a.worker_deployment_name);
        self.renew_version_attributes();
    }

    /// Folds what a run inherits at its start.
    pub(super) fn fold_inherited(&mut self) {
        if let Some(version) = &self.start.inherited_pinned_version {
            self.versions.behavior = Behavior::Pinned as i32;
            self.versions.version = Some(VersionName::of(version));
        } else if let Some(info) = &self.start.inherited_auto_upgrade_info {
            self.versions.behavior = Behavior::AutoUpgrade as i32;
            self.versions.version = info.source_deployment_version.as_ref().map(VersionName::of);
            self.versions.revision = info.source_deployment_revision_number;
        } else {
            return;
        }
        self.versions.is_known = true;
        self.deployment_name =
            self.versions.version.as_ref().map_or_else(String::new, |own| own.deployment.clone());
        self.renew_version_attributes();
    }

    /// Brings what searches find a run by up to date.
    pub(super) fn renew_version_attributes(&mut self) {
        let Effective { behavior, version } = self.effective();
        let told = match behavior {
            Behavior::Pinned => "Pinned",
            Behavior::AutoUpgrade => "AutoUpgrade",
            Behavior::Unspecified => "",
        };
        self.tell("TemporalWorkflowVersioningBehavior", told.to_owned());
        let deployment =
            version.as_ref().map_or_else(|| self.deployment_name.clone(), |own| own.deployment.clone());
        self.tell("TemporalWorkerDeployment", deployment);
        self.tell(
            "TemporalWorkerDeploymentVersion",
            version.as_ref().map_or_else(String::new, VersionName::to_string),
        );
        let build = match (behavior, &version) {
            (Behavior::Pinned, Some(version)) => Some(format!("pinned:{version}")),
            (Behavior::Pinned | Behavior::AutoUpgrade, _) => None,
            (Behavior::Unspecified, _) => self.told_build(),
        };
        self.relist_build(build.as_deref());
    }

    fn tell(&mut self, attribute: &str, text: String) {
        if text.is_empty() {
            self.search_attributes.remove(attribute);
        } else {
            self.search_attributes.insert(attribute.to_owned(), Pb(encode(&Value::Keyword(text))));
        }
    }

    /// The name of the deployment whose workers the run has or is to have.
    pub(super) fn told_deployment(&self) -> String {
        match self.chosen() {
            Some(Override::Pinned(_) | Override::OneTime(_)) => {
                self.effective().version.map_or_else(String::new, |version| version.deployment)
            }
            _ => self.deployment_name.clone(),
        }
    }

    /// What a description tells of versions; an answer without content tells that there was something.
    #[allow(deprecated)]
    pub(super) fn versioning_info(&self) -> Option<WorkflowExecutionVersioningInfo> {
        let own = &self.versions;
        if !self.attached.was_overridden && !own.is_known && own.moving.is_none() {
            return None;
        }
        let chosen = self.attached.versioning_override.as_ref();
        let inherited = self.start.inherited_auto_upgrade_info.as_ref();
        Some(WorkflowExecutionVersioningInfo {
            behavior: own.behavior,
            version: own.version.as_ref().map_or_else(String::new, VersionName::old_form),
            deployment_version: own.version.as_ref().map(VersionName::to_proto),
            versioning_override: chosen.map(|chosen| versioning::in_both_forms(chosen.0.clone())),
            version_transition: own.moving.as_ref().map(|moving| DeploymentVersionTransition {
                version: old_form(moving.to.as_ref()),
                deployment_version: moving.to.as_ref().map(VersionName::to_proto),
            }),
            revision_number: own.revision,
            continue_as_new_initial_versioning_behavior: inherited
                .map_or(0, |info| info.continue_as_new_initial_versioning_behavior),
            ..WorkflowExecutionVersioningInfo::default()
        })
    }

    /// Activities that wait for a worker.
    fn waiting_activities(&self) -> Vec<i64> {
        let waits = self.activities.iter().filter(|(_, activity)| activity.phase == Phase::Scheduled);
        waits.map(|(event, _)| *event).collect()
    }
}

impl Transition<'_> {
    /// Gets the run ready for a worker that takes its workflow task, and says whether the worker has to be told of a
    /// version that the run could move to.
    pub fn meet(&mut self, worker: Option<&VersionName>) -> bool {
        let own = &self.run.versions;
        if self.context.routes.is_empty() && !own.is_known && worker.is_none() && own.moving.is_none() {
            return false;
        }
        let goal = self.run.goal(self.context);
        if self.run.effective().behavior == Behavior::Pinned {
            return self.run.could_move(&goal);
        }
        // What is in memory alone stays there: it is known where the run is when the task completes.
        let is_stored =
            self.run.workflow_task.as_ref().is_some_and(|task| task.kind != TaskKind::Speculative);
        if is_stored {
            self.move_with(worker, &goal);
        }
        false
    }

    /// Begins a move to the worker's version, or ends one that leads elsewhere.
    fn move_with(&mut self, worker: Option<&VersionName>, goal: &Goal) {
        let own = &self.run.versions;
        let moving = (own.version.as_ref() != worker).then(|| Moving { to: worker.cloned() });
        let is_led = goal.version.as_ref() == worker;
        let revision = if is_led { goal.revision } else { own.revision };
        if moving == own.moving && revision == own.revision {
            return;
        }
        let stops = own.moving.is_some() && moving.is_none();
        self.fact(Fact::Moving(moving, revision));
        if stops {
            self.redispatch_activities();
        }
    }

    /// Remembers the revision of the routing that led the run to the worker that has just completed its task, if that
    /// is not known from the task's start.
    pub fn arrive(&mut self, before: Option<&VersionName>) {
        let goal = self.run.goal(self.context);
        let own = &self.run.versions;
        let came = own.version.as_ref() != before && own.version == goal.version;
        if came && own.version.is_some() && self.run.effective().behavior != Behavior::Pinned {
            self.fact(Fact::Moving(None, goal.revision));
        }
    }

    /// Remembers the version that a worker is told of.
    pub fn tell_goal(&mut self) {
        let goal = self.run.goal(self.context);
        let told = Told { version: goal.version, revision: goal.revision };
        if self.run.versions.told.as_ref() != Some(&told) {
            self.fact(Fact::GoalTold(told));
        }
    }

    /// Has the tasks that wait for a worker dispatched again, because they may be for others now.
    pub fn redispatch(&mut self) {
        if self.run.workflow_task.as_ref().is_some_and(|task| task.started.is_none()) {
            self.redispatch_workflow_task();
        }
        self.redispatch_activities();
    }

    /// Has the workflow task that waits for a worker dispatched again.
    pub fn redispatch_workflow_task(&mut self) {
        if self.run.duties.contains(&DutyId::WorkflowTask) {
            self.duty(DutyId::WorkflowTask);
        } else if !self.effects.duties.contains(&DutyId::WorkflowTask) {
            // A task that is in memory alone is dispatched from there.
            self.effects.duties.push(DutyId::WorkflowTask);
        }
    }

    /// Has the activity tasks that wait for a worker dispatched again.
    pub fn redispatch_activities(&mut self) {
        for event in self.run.waiting_activities() {
            self.duty(DutyId::Activity(event));
        }
    }

    /// Whether a worker may have an activity task. One that may not have it yet brings the run along.
    pub fn admits(&mut self, scheduled_event_id: i64, worker: Option<&VersionName>) -> bool {
        let own = &self.run.versions;
        if self.context.routes.is_empty() && !own.is_known && worker.is_none() {
            return true;
        }
        match self.run.verdict(scheduled_event_id, worker, self.context) {
            Verdict::Given => true,
            Verdict::Waits => false,
            Verdict::ForOthers => {
                self.duty(DutyId::Activity(scheduled_event_id));
                false
            }
            Verdict::Moves => {
                let revision = self.run.goal(self.context).revision;
                self.fact(Fact::Moving(Some(Moving { to: worker.cloned() }), revision));
                self.needs_task |= self.run.workflow_task.is_none();
                false
            }
        }
    }
}

/// The route of a queue.
fn route<'c>(context: &'c Context, queue: &str, kind: i32) -> Option<&'c QueueRoute> {
    if context.routes.is_empty() {
        return None;
    }
    context.routes.of(&QueueName { name: queue.to_owned(), kind }).map(|route| &**route)
}

/// Whether workers of a version poll a queue for workflow tasks.
pub(super) fn has_queue(context: &Context, queue: &str, version: &VersionName) -> bool {
    route(context, queue, WORKFLOW_QUEUE).is_some_and(|route| route.versions.contains(version))
}

/// The choice of workers in an override, if it names them.
pub(super) fn named(chosen: &VersioningOverride) -> Option<VersionName> {
    match chosen.r#override.as_ref()? {
        Override::Pinned(chosen) => chosen.version.as_ref().map(VersionName::of),
        Override::OneTime(chosen) => chosen.target_deployment_version.as_ref().map(VersionName::of),
        Override::AutoUpgrade(_) => None,
    }
}

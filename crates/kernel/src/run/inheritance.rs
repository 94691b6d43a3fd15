//! What a run hands on of its version: to its children, and to the runs that follow it.

use longhaul_proto::api::{
    common::v1::WorkerVersionStamp,
    deployment::v1::InheritedAutoUpgradeInfo,
    enums::v1::{
        ContinueAsNewInitiator as Initiator, ContinueAsNewVersioningBehavior as Wish,
        VersioningBehavior as Behavior,
    },
    history::v1::{DeclinedTargetVersionUpgrade, WorkflowExecutionStartedEventAttributes},
    workflow::v1::{VersioningOverride, versioning_override::Override},
};

use super::{DutyId, Run, versions::has_queue};
use crate::{context::Context, deployment::VersionName};

/// What a run hands on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inheritance {
    /// An operator's choice that binds to a version.
    pub chosen: Option<VersioningOverride>,
    /// The version that it is pinned to.
    pub pinned: Option<VersionName>,
    /// The version that it is on while it follows the routing, and the routing's revision.
    pub followed: Option<(VersionName, i64)>,
    /// The build that it is assigned to, if it hands that on.
    pub build: Option<String>,
    /// The build of its last worker, if it goes by version sets and hands that on.
    pub stamp: Option<WorkerVersionStamp>,
}

impl Inheritance {
    /// Writes it into the start of a run, as far as that run's queue belongs to the version.
    pub(super) fn write(self, next: &mut WorkflowExecutionStartedEventAttributes, context: &Context) {
        let queue = next.task_queue.as_ref().map_or("", |queue| &queue.name).to_owned();
        let present = |version: &VersionName| has_queue(context, &queue, version);
        if let Some(version) = self.pinned.filter(present) {
            next.versioning_override = self.chosen;
            next.inherited_pinned_version = Some(version.to_proto());
        } else if let Some((version, revision)) = self.followed.filter(|(version, _)| present(version)) {
            next.inherited_auto_upgrade_info = Some(InheritedAutoUpgradeInfo {
                source_deployment_version: Some(version.to_proto()),
                source_deployment_revision_number: revision,
                ..InheritedAutoUpgradeInfo::default()
            });
        }
        #[allow(deprecated)]
        {
            next.inherited_build_id = self.build.unwrap_or_default();
            next.source_version_stamp = self.stamp;
        }
    }
}

impl Run {
    /// What it hands on.
    pub fn inheritance(&self) -> Inheritance {
        let own = &self.versions;
        let chosen = self.attached.versioning_override.as_ref().map(|chosen| &chosen.0);
        if let Some(VersioningOverride { r#override: Some(Override::Pinned(_)), .. }) = chosen {
            let pinned = self.effective().version;
            return Inheritance { chosen: chosen.cloned(), pinned, ..Inheritance::default() };
        }
        let follows =
            matches!(chosen, Some(VersioningOverride { r#override: Some(Override::AutoUpgrade(_)), .. }));
        match (Behavior::try_from(own.behavior).unwrap_or_default(), &own.version) {
            (Behavior::Pinned, Some(version)) if !follows => {
                Inheritance { pinned: Some(version.clone()), ..Inheritance::default() }
            }
            (Behavior::Pinned | Behavior::AutoUpgrade, Some(version)) => {
                Inheritance { followed: Some((version.clone(), own.revision)), ..Inheritance::default() }
            }
            _ => Inheritance::default(),
        }
    }

    /// What it hands on to a child, or to the run that continues it, if the command wishes its build too.
    pub fn inheritance_with_build(&self, inherits_build: bool) -> Inheritance {
        let inheritance = self.inheritance();
        if !inherits_build || self.effective().behavior != Behavior::Unspecified {
            return inheritance;
        }
        let stamp = self.worker_stamp.as_ref().filter(|_| self.is_in_a_set()).map(|stamp| stamp.0.clone());
        Inheritance { build: self.versions.builds.assigned.clone(), stamp, ..inheritance }
    }

    /// What it hands on to whom a duty is about.
    pub fn inheritance_by(&self, duty: DutyId) -> Inheritance {
        let child = match duty {
            DutyId::StartChild(event) => self.children.get(&event),
            _ => None,
        };
        #[allow(deprecated)]
        self.inheritance_with_build(child.is_some_and(|child| child.initiated.inherit_build_id))
    }

    /// Writes into the start of the run that follows what it has of this one's version, unless that run continues as
    /// new: a retry keeps what this one had inherited, the next tick begins anew.
    pub(super) fn bequeath(&self, next: &mut WorkflowExecutionStartedEventAttributes, initiator: Initiator) {
        let stays = initiator == Initiator::Retry && self.effective().behavior == Behavior::Pinned;
        if !stays {
            next.inherited_pinned_version = None;
        }
        if initiator != Initiator::Retry {
            next.inherited_auto_upgrade_info = None;
            next.declined_target_version_upgrade = None;
        }
    }

    /// Writes into the start of the run that continues this one what it has of its version. `wish` is a number of the
    /// public enum.
    pub(super) fn bequeath_continued(
        &self,
        next: &mut WorkflowExecutionStartedEventAttributes,
        (wish, inherits_build): (i32, bool),
        context: &Context,
    ) {
        next.versioning_override = None;
        let mut inheritance = self.inheritance_with_build(inherits_build);
        let upgrades = wish == Wish::AutoUpgrade as i32 || wish == Wish::UseRampingVersion as i32;
        if let Some(chosen) = inheritance.chosen.clone().filter(|_| upgrades) {
            // The choice holds, but nothing of what it stands in the way of is handed on.
            let queue = next.task_queue.as_ref().map_or("", |queue| &queue.name).to_owned();
            let present = inheritance.pinned.is_some_and(|version| has_queue(context, &queue, &version));
            next.versioning_override = Some(chosen).filter(|_| present);
            return;
        }
        if upgrades {
            let pinned = inheritance.pinned.take().map(|version| (version, self.versions.revision));
            inheritance.followed = inheritance.followed.or(pinned);
        }
        inheritance.write(next, context);
        if let Some(info) = &mut next.inherited_auto_upgrade_info {
            info.continue_as_new_initial_versioning_behavior = wish;
        }
        if next.inherited_pinned_version.is_some() {
            let told = self.versions.told.as_ref().map(|told| DeclinedTargetVersionUpgrade {
                deployment_version: told.version.as_ref().map(VersionName::to_proto),
                revision_number: told.revision,
            });
            next.declined_target_version_upgrade =
                told.or_else(|| self.start.declined_target_version_upgrade.clone());
        }
    }
}

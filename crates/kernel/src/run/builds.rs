//! Builds of a run's workers, in the two older forms of worker versioning.
//!
//! With version sets a run belongs to the set of the build that completed its last workflow task, which its stamp tells.
//! With versioning rules it is assigned to a build from the start of its first workflow task on, and moves to another
//! one when a rule redirects it. Which of them a queue has is not known here: whoever dispatches a task reads what it
//! is for and follows the sets and rules of its queue.
// Deprecated fields are still what clients in use read and send.
#![allow(deprecated)]

use longhaul_proto::{
    Refusal,
    api::{common::v1::WorkerVersionStamp, workflow::v1::pending_activity_info::AssignedBuildId},
};
use minicbor::{Decode, Encode};

use super::{Fact, Run, state::Activity, transition::Transition};
use crate::codec::Pb;

/// Where a run stands among the builds that versioning rules speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Builds {
    /// The build that it is assigned to.
    #[n(0)]
    pub assigned: Option<String>,
    /// How often it was assigned to another one.
    #[n(1)]
    pub redirects: i64,
}

/// The build whose workers a task is for, before the sets and rules of its queue have had their say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedBuild {
    /// Workers without versioning.
    #[default]
    None,
    /// What the queue has for new work.
    New,
    /// This build, or one that goes on with its work.
    Of(String),
}

impl WantedBuild {
    /// The build that is meant, as the wire has it: empty if none is.
    pub fn named(&self) -> String {
        match self {
            Self::Of(build) => build.clone(),
            Self::None | Self::New => String::new(),
        }
    }
}

/// The build of a worker that goes by version sets or rules.
fn versioned(stamp: Option<&WorkerVersionStamp>) -> Option<&str> {
    let stamp = stamp.filter(|stamp| stamp.use_versioning && !stamp.build_id.is_empty())?;
    Some(&stamp.build_id)
}

impl Run {
    /// The build that its workflow tasks are for.
    pub(super) fn wanted_build(&self) -> WantedBuild {
        let is_first = self.last_completed_event_id == 0 && self.start.inherited_build_id.is_empty();
        match self.own_build() {
            Some(build) if !is_first || self.builds().assigned.is_none() => WantedBuild::Of(build.to_owned()),
            _ if is_first => WantedBuild::New,
            _ => WantedBuild::None,
        }
    }

    /// The build that the tasks of an activity are for: that of the run if its command said so, else what its queue has
    /// for new work.
    pub(super) fn wanted_activity_build(&self, scheduled_event_id: i64) -> WantedBuild {
        let activity = self.activities.get(&scheduled_event_id);
        if !activity.is_some_and(|activity| activity.scheduled.use_workflow_build_id) {
            return WantedBuild::New;
        }
        self.own_build().map_or(WantedBuild::None, |build| WantedBuild::Of(build.to_owned()))
    }

    fn builds(&self) -> &Builds {
        &self.versions.builds
    }

    /// The build that the run is assigned to, or else that of its last worker.
    fn own_build(&self) -> Option<&str> {
        let stamped = || versioned(self.worker_stamp.as_ref().map(|stamp| &stamp.0));
        self.builds().assigned.as_deref().or_else(stamped)
    }

    /// Whether the run goes by version sets or rules.
    pub(super) fn goes_by_builds(&self) -> bool {
        self.own_build().is_some()
    }

    /// Whether the run goes by version sets.
    pub(super) fn is_in_a_set(&self) -> bool {
        self.builds().assigned.is_none() && self.own_build().is_some()
    }

    /// Whether the run is assigned to another build than this one.
    pub(super) fn leaves_for(&self, build: &str) -> bool {
        self.builds().assigned.as_deref().is_some_and(|assigned| assigned != build)
    }

    /// How often the run was redirected, once a worker of this build has a task of it. Whose first task is still to be
    /// completed is assigned anew, as after a reset to its beginning, and not redirected.
    pub(super) fn redirects_with(&self, build: &str) -> i64 {
        let is_redirect = self.leaves_for(build) && self.wanted_build() != WantedBuild::New;
        self.builds().redirects + i64::from(is_redirect)
    }

    /// Folds the start of a task by a worker that versioning rules have chosen.
    pub(super) fn fold_assigned(&mut self, stamp: Option<&WorkerVersionStamp>, redirects: i64) {
        if let Some(build) = versioned(stamp) {
            self.assign(build, redirects);
        }
    }

    /// Folds what a run inherits of builds at its start.
    pub(super) fn fold_inherited_build(&mut self) {
        let stamp = self.start.source_version_stamp.clone();
        if let Some(stamp) = &stamp {
            self.list_build("BuildIds", &format!("versioned:{}", stamp.build_id));
        }
        self.worker_stamp = stamp.map(Pb);
        if !self.start.inherited_build_id.is_empty() {
            let build = self.start.inherited_build_id.clone();
            self.assign(&build, 0);
        }
    }

    pub(super) fn assign(&mut self, build: &str, redirects: i64) {
        self.versions.builds.redirects = redirects;
        if self.builds().assigned.as_deref() == Some(build) {
            return;
        }
        self.versions.builds.assigned = Some(build.to_owned());
        self.relist_build(Some(&format!("assigned:{build}")));
        self.list_build("BuildIds", &format!("versioned:{build}"));
    }

    /// What a description tells of the build of an activity.
    pub(super) fn build_of_activity(&self, activity: &Activity) -> Option<AssignedBuildId> {
        if activity.scheduled.use_workflow_build_id {
            return self.builds().assigned.is_some().then_some(AssignedBuildId::UseWorkflowBuildId(()));
        }
        let stamp =
            activity.last_build.as_ref().filter(|stamp| stamp.use_versioning && !self.is_in_a_set())?;
        Some(AssignedBuildId::LastIndependentlyAssignedBuildId(stamp.build_id.clone()))
    }

    /// What stands in searches for the builds of a run that deployments have nothing to do with.
    pub(super) fn told_build(&self) -> Option<String> {
        if self.worker_stamp.as_ref().is_some_and(|stamp| !stamp.use_versioning) {
            return Some("unversioned".to_owned());
        }
        match (&self.builds().assigned, &self.worker_stamp) {
            (Some(build), _) => Some(format!("assigned:{build}")),
            (None, Some(_)) => None,
            (None, None) => Some("unversioned".to_owned()),
        }
    }

    /// Refuses the completion of a workflow task by a worker of another build than it was given to. Who has the run in
    /// its cache is known by its queue.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) fn ensure_build(&self, stamp: Option<&WorkerVersionStamp>) -> Result<(), Refusal> {
        if self.builds().assigned.is_none() || self.sticky.is_some() {
            return Ok(());
        }
        let given = self.workflow_task.as_ref().and_then(|task| task.started.as_ref()?.build.as_ref());
        let given = given.map_or("", |build| &build.build_id);
        let told = stamp.map_or("", |stamp| &stamp.build_id);
        if given == told {
            return Ok(());
        }
        Err(Refusal::not_found(format!("this workflow task was dispatched to Build ID {given}, not {told}")))
    }
}

impl Transition<'_> {
    /// Moves the run along with an activity that goes by its build and that a worker of another build has been given.
    pub(super) fn follow_activity(&mut self, scheduled_event_id: i64, stamp: Option<&WorkerVersionStamp>) {
        let Some(build) = versioned(stamp) else { return };
        let activity = self.run.activities.get(&scheduled_event_id);
        let goes_by_run = activity.is_some_and(|activity| activity.scheduled.use_workflow_build_id);
        if goes_by_run && self.run.leaves_for(build) {
            let redirects = self.run.redirects_with(build);
            self.fact(Fact::Assigned(build.to_owned(), redirects));
        }
    }
}

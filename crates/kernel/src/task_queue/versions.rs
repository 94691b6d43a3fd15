//! What is said of the versions of workers on a task queue, in the two older forms of worker versioning, and where it
//! leads tasks and polls.
//!
//! Rules go before sets for what is new; what belongs to a build of a set stays in that set, and only what doesn't
//! follows the redirect rules.

mod rules;
mod sets;

pub use rules::{RuleLimits, VersioningRules, check_versioning_rules};
pub use sets::{SetLimits, VersionSets, check_version_sets};

use longhaul_proto::api::{
    taskqueue::v1::{BuildIdAssignmentRule, CompatibleBuildIdRedirectRule},
    workflowservice::v1::{
        UpdateWorkerVersioningRulesRequest, update_worker_versioning_rules_request::Operation,
    },
};
use minicbor::{Decode, Encode};

use crate::Refusal;

/// What was said of the versions of one queue.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Versions {
    /// The first form.
    #[n(0)]
    pub sets: VersionSets,
    /// The second form.
    #[n(1)]
    pub rules: VersioningRules,
}

/// The workers that a task or a poll is led to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Led {
    /// Those of a version set, by a name that it keeps whatever becomes of it.
    Set(String),
    /// Those of a build.
    Build(String),
}

impl Versions {
    /// Refuses rules for builds of which version sets decide.
    ///
    /// # Errors
    /// `FailedPrecondition`.
    pub fn check_members(&self, request: &UpdateWorkerVersioningRulesRequest) -> Result<(), Refusal> {
        let (source, target) = match &request.operation {
            Some(Operation::InsertAssignmentRule(insert)) => (None, assigned(insert.rule.as_ref())),
            Some(Operation::ReplaceAssignmentRule(replace)) => (None, assigned(replace.rule.as_ref())),
            Some(Operation::AddCompatibleRedirectRule(add)) => redirected(add.rule.as_ref()),
            Some(Operation::ReplaceCompatibleRedirectRule(replace)) => redirected(replace.rule.as_ref()),
            Some(Operation::CommitBuildId(commit)) => (None, Some(&commit.target_build_id)),
            Some(Operation::DeleteAssignmentRule(_) | Operation::DeleteCompatibleRedirectRule(_)) | None => {
                (None, None)
            }
        };
        for (which, build) in [("source", source), ("target", target)] {
            if build.is_some_and(|build| self.sets.knows(build)) {
                return Err(Refusal::FailedPrecondition(format!(
                    "update breaks requirement, {which} build ID is already a member of a version set"
                )));
            }
        }
        Ok(())
    }

    /// Where new work of a run goes; `None` is to workers without a version.
    pub fn lead_new(&self, run_id: &str) -> Option<Led> {
        match self.rules.assigned(run_id) {
            Some(build) => Some(Led::Build(self.rules.redirected(build).to_owned())),
            None => self.sets.default_set().map(|set| Led::Set(set.to_owned())),
        }
    }

    /// Where work goes that belongs to a build.
    pub fn lead(&self, build: &str) -> Led {
        match self.sets.set_of(build) {
            Some(set) => Led::Set(set.to_owned()),
            None => Led::Build(self.rules.redirected(build).to_owned()),
        }
    }

    /// What the poll of a worker of this build may get.
    ///
    /// # Errors
    /// `NewerBuildExists` if another build goes on with its work.
    pub fn lead_poll(&self, build: &str) -> Result<Led, Refusal> {
        match self.newer(build) {
            Some(newer) => Err(Refusal::NewerBuildExists {
                message: format!("Task queue has a newer compatible build: {newer:?}"),
                default_build_id: newer.to_owned(),
            }),
            None => Ok(self.lead(build)),
        }
    }

    /// The build that goes on with the work of this one, if it is another.
    pub fn newer<'s>(&'s self, build: &'s str) -> Option<&'s str> {
        let newest = self.sets.newest(build).unwrap_or_else(|| self.rules.redirected(build));
        (newest != build).then_some(newest)
    }
}

fn assigned(rule: Option<&BuildIdAssignmentRule>) -> Option<&String> {
    rule.map(|rule| &rule.target_build_id)
}

fn redirected(rule: Option<&CompatibleBuildIdRedirectRule>) -> (Option<&String>, Option<&String>) {
    (rule.map(|rule| &rule.source_build_id), rule.map(|rule| &rule.target_build_id))
}

#[cfg(test)]
mod tests;

//! Where sets and rules lead.

use longhaul_proto::api::{
    taskqueue::v1::{
        BuildIdAssignmentRule, CompatibleBuildIdRedirectRule, RampByPercentage,
        build_id_assignment_rule::Ramp,
    },
    workflowservice::v1::{
        UpdateWorkerBuildIdCompatibilityRequest,
        update_worker_build_id_compatibility_request::{
            AddNewCompatibleVersion, MergeSets, Operation as OfSets,
        },
        update_worker_versioning_rules_request::{
            AddCompatibleBuildIdRedirectRule, InsertBuildIdAssignmentRule, Operation as OfRules,
        },
    },
};

use super::*;
use crate::time::Timestamp;

impl Versions {
    fn with_set(mut self, operation: OfSets) -> Self {
        let request = UpdateWorkerBuildIdCompatibilityRequest {
            operation: Some(operation),
            ..UpdateWorkerBuildIdCompatibilityRequest::default()
        };
        let limits = SetLimits { sets_max: 10, builds_max: 100 };
        self.sets = self.sets.updated(&request, limits, Timestamp(5)).expect("the update is right");
        self
    }

    fn with_rule(mut self, operation: OfRules) -> Self {
        let request = UpdateWorkerVersioningRulesRequest {
            conflict_token: self.rules.token().into(),
            operation: Some(operation),
            ..UpdateWorkerVersioningRulesRequest::default()
        };
        let limits = RuleLimits { assignments_max: 9, redirects_max: 9, upstream_max: 9 };
        let updated = self.rules.updated(&request, limits, Timestamp(5), |_| false);
        self.rules = updated.expect("the update is right");
        self
    }

    fn default(self, build: &str) -> Self {
        self.with_set(OfSets::AddNewBuildIdInNewDefaultSet(build.into()))
    }

    fn compatible(self, new: &str, existing: &str) -> Self {
        self.with_set(OfSets::AddNewCompatibleBuildId(AddNewCompatibleVersion {
            new_build_id: new.into(),
            existing_compatible_build_id: existing.into(),
            make_set_default: false,
        }))
    }

    fn assigns(self, build: &str, share: f32) -> Self {
        let ramp = Some(Ramp::PercentageRamp(RampByPercentage { ramp_percentage: share }));
        let rule = Some(BuildIdAssignmentRule { target_build_id: build.into(), ramp });
        self.with_rule(OfRules::InsertAssignmentRule(InsertBuildIdAssignmentRule { rule_index: 0, rule }))
    }

    fn redirects(self, source: &str, target: &str) -> Self {
        let rule =
            CompatibleBuildIdRedirectRule { source_build_id: source.into(), target_build_id: target.into() };
        let rule = AddCompatibleBuildIdRedirectRule { rule: Some(rule) };
        self.with_rule(OfRules::AddCompatibleRedirectRule(rule))
    }
}

fn none() -> Versions {
    <Versions as Default>::default()
}

fn set(name: &str) -> Led {
    Led::Set(name.into())
}

fn build(name: &str) -> Led {
    Led::Build(name.into())
}

#[test]
fn what_is_new_goes_by_the_first_rule_and_else_to_the_default_set() {
    assert_eq!(none().lead_new("r"), None);
    assert_eq!(none().default("1").default("2").lead_new("r"), Some(set("2")));
    assert_eq!(none().default("1").assigns("9", 100.0).lead_new("r"), Some(build("9")));
    assert_eq!(none().default("1").assigns("9", 0.0).lead_new("r"), Some(set("1")));
    assert_eq!(none().assigns("9", 0.0).lead_new("r"), None);
    assert_eq!(none().assigns("8", 100.0).redirects("8", "9").lead_new("r"), Some(build("9")));
}

#[test]
fn a_ramp_takes_its_share_and_the_same_runs_again() {
    let versions = none().assigns("1", 100.0).assigns("2", 20.0);
    let ramped = || (0..10_000).filter(|n| versions.lead_new(&format!("run-{n}")) == Some(build("2")));
    assert!((1_800..2_200).contains(&ramped().count()), "{}", ramped().count());
    assert_eq!(ramped().collect::<Vec<_>>(), ramped().collect::<Vec<_>>());
}

#[test]
fn work_of_a_build_stays_in_its_set_and_follows_redirects_else() {
    let versions =
        none().default("1").compatible("1.1", "1").default("2").redirects("7", "8").redirects("8", "9");
    assert_eq!(versions.lead("1"), set("1"));
    assert_eq!(versions.lead("1.1"), set("1"));
    assert_eq!(versions.lead("7"), build("9"));
    assert_eq!(versions.lead("x"), build("x"));
}

#[test]
fn a_set_keeps_its_name_while_builds_and_sets_join_it() {
    let merged =
        none().default("1").compatible("1.1", "1").default("2").with_set(OfSets::MergeSets(MergeSets {
            primary_set_build_id: "1".into(),
            secondary_set_build_id: "2".into(),
        }));
    assert_eq!((merged.lead("1"), merged.lead("2")), (set("1"), set("1")));
    let turned = merged.with_set(OfSets::PromoteBuildIdWithinSet("1".into()));
    assert_eq!(turned.lead("2"), set("1"));
    assert_eq!(turned.lead_poll("1"), Ok(set("1")));
}

#[test]
fn a_worker_whose_work_another_build_goes_on_with_is_told_so() {
    let versions = none().default("1").compatible("1.1", "1").redirects("7", "8");
    let newer = |build: &str| match versions.lead_poll(build) {
        Err(Refusal::NewerBuildExists { default_build_id, .. }) => default_build_id,
        other => format!("{other:?}"),
    };
    assert_eq!((newer("1").as_str(), newer("7").as_str()), ("1.1", "8"));
    assert_eq!(versions.lead_poll("1.1"), Ok(set("1")));
    assert_eq!(versions.lead_poll("x"), Ok(build("x")));
}

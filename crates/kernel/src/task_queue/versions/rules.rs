//! Versioning rules, the second form of worker versioning: assignment rules say which build id new workflows of a queue
//! get, in order, some of them for a share; redirect rules say which build id goes on with the workflows of another.
//!
//! Each update carries a token of the rules that it was made for, so that nobody changes what he has not seen. The
//! functions here decide; texts are those of the reference.

use std::collections::BTreeSet;

use longhaul_proto::api::{
    taskqueue::v1::{
        BuildIdAssignmentRule, CompatibleBuildIdRedirectRule, RampByPercentage,
        TimestampedBuildIdAssignmentRule, TimestampedCompatibleBuildIdRedirectRule,
        build_id_assignment_rule::Ramp,
    },
    workflowservice::v1::{
        UpdateWorkerVersioningRulesRequest as Update, update_worker_versioning_rules_request::Operation,
    },
};
use minicbor::{Decode, Encode};

use crate::{Refusal, deployment::place, time::Timestamp};

/// The rules of one queue.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct VersioningRules {
    #[n(0)]
    assignment: Vec<Assignment>,
    #[n(1)]
    redirect: Vec<Redirect>,
    /// When they were changed, in milliseconds; none if never.
    #[n(2)]
    changed: Option<u64>,
    /// Tells changes of one millisecond apart.
    #[n(3)]
    turn: u64,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Assignment {
    #[n(0)]
    build: String,
    /// The share of new workflows, in percent.
    #[n(1)]
    share: f32,
    #[n(2)]
    made: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Redirect {
    #[n(0)]
    source: String,
    #[n(1)]
    target: String,
    #[n(2)]
    made: Timestamp,
}

/// How much one queue may have.
#[derive(Clone, Copy, Debug)]
pub struct RuleLimits {
    /// Assignment rules.
    pub assignments_max: usize,
    /// Redirect rules.
    pub redirects_max: usize,
    /// Build ids that lead to one, over one or more redirects.
    pub upstream_max: usize,
}

/// How long ago a worker may have polled that a build id is committed to, as the reference says it.
const SEEN_TEXT: &str = "1m10s";

/// The whole of new workflows, in percent.
const ALL: f32 = 100.0;

/// Refuses a rule that can't be.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_versioning_rules(request: &Update, build_bytes_max: usize) -> Result<(), Refusal> {
    let length = |build: &str| {
        if build.len() <= build_bytes_max {
            return Ok(());
        }
        let length = build.len();
        Err(Refusal::invalid(format!("BuildId must be <= {build_bytes_max} characters, was {length}")))
    };
    let assigns = |rule: &Option<BuildIdAssignmentRule>| {
        // The reference fails inside over a rule that is not there.
        let rule = rule.as_ref().ok_or_else(|| Refusal::invalid("rule is not set on request"))?;
        length(&rule.target_build_id)?;
        if !(0.0..=ALL).contains(&share(rule)) {
            return Err(Refusal::invalid("ramp percentage must be in range [0, 100]"));
        }
        Ok(())
    };
    let redirects = |rule: &Option<CompatibleBuildIdRedirectRule>, has_new_source: bool| {
        let rule = rule.clone().unwrap_or_default();
        if rule.target_build_id.is_empty() {
            return Err(Refusal::invalid("the unversioned build ID cannot be the target of a redirect rule"));
        }
        if has_new_source {
            length(&rule.source_build_id)?;
        }
        length(&rule.target_build_id)
    };
    match &request.operation {
        Some(Operation::InsertAssignmentRule(insert)) => assigns(&insert.rule),
        Some(Operation::ReplaceAssignmentRule(replace)) => assigns(&replace.rule),
        Some(Operation::AddCompatibleRedirectRule(add)) => redirects(&add.rule, true),
        Some(Operation::ReplaceCompatibleRedirectRule(replace)) => redirects(&replace.rule, false),
        Some(Operation::CommitBuildId(commit)) => length(&commit.target_build_id),
        Some(Operation::DeleteAssignmentRule(_) | Operation::DeleteCompatibleRedirectRule(_)) | None => {
            Ok(())
        }
    }
}

impl VersioningRules {
    /// What an update makes of them. `is_served` says whether workers of a build id have polled of late.
    ///
    /// # Errors
    /// `FailedPrecondition` for a stale token, and for rules that don't go together; `InvalidArgument` for an index that
    /// is none, `NotFound` and `AlreadyExists` for redirects.
    pub fn updated(
        &self,
        request: &Update,
        limits: RuleLimits,
        at: Timestamp,
        is_served: impl FnOnce(&str) -> bool,
    ) -> Result<Self, Refusal> {
        let token = self.token();
        if request.conflict_token != token {
            return Err(Refusal::FailedPrecondition(format!(
                "provided conflict token '{}' does not match existing one '{}'",
                listed(&request.conflict_token),
                listed(&token)
            )));
        }
        let mut changed = self.clone();
        if let Some(operation) = &request.operation {
            changed.carry_out(operation, at, is_served)?;
        }
        changed.check_against(self, request, limits)?;
        changed.change_token(at);
        Ok(changed)
    }

    /// Tells these rules from those before and after them.
    pub fn token(&self) -> Vec<u8> {
        // A clock of three numbers, as the reference writes it: milliseconds, turn, and the cluster.
        let mut token = Vec::new();
        for (tag, number) in [(8, self.changed.unwrap_or(0)), (16, self.turn), (24, 1)] {
            if number == 0 {
                continue;
            }
            token.push(tag);
            prost::encoding::encode_varint(number, &mut token);
        }
        token
    }

    /// The wire form of the assignment rules.
    pub fn assignment_rules(&self) -> Vec<TimestampedBuildIdAssignmentRule> {
        let wire = |rule: &Assignment| TimestampedBuildIdAssignmentRule {
            rule: Some(BuildIdAssignmentRule {
                target_build_id: rule.build.clone(),
                ramp: Some(Ramp::PercentageRamp(RampByPercentage { ramp_percentage: rule.share })),
            }),
            create_time: Some(rule.made.to_proto()),
        };
        self.assignment.iter().map(wire).collect()
    }

    /// The wire form of the redirect rules.
    pub fn redirect_rules(&self) -> Vec<TimestampedCompatibleBuildIdRedirectRule> {
        let wire = |rule: &Redirect| TimestampedCompatibleBuildIdRedirectRule {
            rule: Some(CompatibleBuildIdRedirectRule {
                source_build_id: rule.source.clone(),
                target_build_id: rule.target.clone(),
            }),
            create_time: Some(rule.made.to_proto()),
        };
        self.redirect.iter().map(wire).collect()
    }

    /// The build that a run is assigned to, before redirects: that of the first rule that takes it. A share is of all
    /// runs, and always of the same.
    pub fn assigned(&self, run_id: &str) -> Option<&str> {
        let mut own_place = None;
        let mut takes = |rule: &&Assignment| {
            rule.is_for_all() || *own_place.get_or_insert_with(|| place(run_id)) < rule.share
        };
        self.assignment.iter().find(|rule| takes(rule)).map(|rule| rule.build.as_str())
    }

    /// The build that goes on with the work of this one in the end; itself if no rule says so.
    pub fn redirected<'s>(&'s self, build: &'s str) -> &'s str {
        let mut build = build;
        // Rules go round in no circle; should they ever, the walk still ends.
        for _ in &self.redirect {
            match self.redirect.iter().find(|rule| rule.source == build) {
                Some(rule) => build = &rule.target,
                None => break,
            }
        }
        build
    }

    /// Takes note that something else was said of the queue's versions, so that what was read before is stale.
    pub fn touch(&mut self, at: Timestamp) {
        self.change_token(at);
    }

    fn carry_out(
        &mut self,
        operation: &Operation,
        at: Timestamp,
        is_served: impl FnOnce(&str) -> bool,
    ) -> Result<(), Refusal> {
        match operation {
            Operation::InsertAssignmentRule(insert) => {
                let Ok(index) = usize::try_from(insert.rule_index) else {
                    return Err(Refusal::invalid("rule index cannot be negative"));
                };
                let rule = Assignment::of(insert.rule.clone().unwrap_or_default(), at);
                let index = index.min(self.assignment.len());
                self.assignment.insert(index, rule);
            }
            Operation::ReplaceAssignmentRule(replace) => {
                let index = self.index(replace.rule_index)?;
                self.assignment[index] = Assignment::of(replace.rule.clone().unwrap_or_default(), at);
            }
            Operation::DeleteAssignmentRule(delete) => {
                let index = self.index(delete.rule_index)?;
                self.assignment.remove(index);
            }
            Operation::AddCompatibleRedirectRule(add) => {
                let rule = add.rule.clone().unwrap_or_default();
                self.add_redirect(rule, at)?;
            }
            Operation::ReplaceCompatibleRedirectRule(replace) => {
                let rule = replace.rule.clone().unwrap_or_default();
                self.remove_redirect(&rule.source_build_id)?;
                self.add_redirect(rule, at)?;
            }
            Operation::DeleteCompatibleRedirectRule(delete) => {
                self.remove_redirect(&delete.source_build_id)?;
            }
            Operation::CommitBuildId(commit) => {
                let build = &commit.target_build_id;
                if !commit.force && !is_served(build) {
                    return Err(Refusal::FailedPrecondition(format!(
                        "no versioned poller with build ID '{build}' seen within the last {SEEN_TEXT}, use \
                         force=true to commit anyways"
                    )));
                }
                self.commit(build, at);
            }
        }
        Ok(())
    }

    fn index(&self, index: i32) -> Result<usize, Refusal> {
        let length = self.assignment.len();
        usize::try_from(index).ok().filter(|index| *index < length).ok_or_else(|| {
            Refusal::invalid(format!(
                "rule index {index} is out of bounds for assignment rule list of length {length}"
            ))
        })
    }

    fn add_redirect(&mut self, rule: CompatibleBuildIdRedirectRule, at: Timestamp) -> Result<(), Refusal> {
        let (source, target) = (rule.source_build_id, rule.target_build_id);
        if let Some(known) = self.redirect.iter().find(|known| known.source == source) {
            let known = &known.target;
            return Err(Refusal::AlreadyExists(format!(
                "source {source} already redirects to target {known}"
            )));
        }
        if self.assignment.iter().any(|rule| rule.build == source && !rule.is_for_all()) {
            return Err(Refusal::FailedPrecondition(
                "redirect rule source build ID cannot be the target of any partially-ramped assignment rule"
                    .into(),
            ));
        }
        self.redirect.insert(0, Redirect { source, target, made: at });
        Ok(())
    }

    fn remove_redirect(&mut self, source: &str) -> Result<(), Refusal> {
        let place = self.redirect.iter().position(|rule| rule.source == source);
        let absent = || Refusal::not_found(format!("no redirect rule found with source ID {source}"));
        self.redirect.remove(place.ok_or_else(absent)?);
        Ok(())
    }

    /// Gives a build id all that is new from the last rule on, in place of its own rules and of all for everything.
    fn commit(&mut self, build: &str, at: Timestamp) {
        self.assignment.retain(|rule| rule.build != build && !rule.is_for_all());
        self.assignment.push(Assignment { build: build.to_owned(), share: ALL, made: at });
    }

    /// Refuses rules that don't go together, or are too many.
    fn check_against(&self, before: &Self, request: &Update, limits: RuleLimits) -> Result<(), Refusal> {
        let refused = |text: &str| Err(Refusal::FailedPrecondition(text.into()));
        let exceeds = |what: &str, count: usize, most: usize| {
            refused(&format!("update exceeds number of {what} permitted in namespace ({count}/{most})"))
        };
        let is_source = |build: &str| self.redirect.iter().any(|rule| rule.source == build);
        if self.assignment.iter().any(|rule| !rule.is_for_all() && is_source(&rule.build)) {
            return refused(
                "update breaks requirement, this build ID cannot be the target of a partially-ramped assignment \
                 rule because it is the source of a redirect rule",
            );
        }
        let (assignments, redirects) = (self.assignment.len(), self.redirect.len());
        if assignments > before.assignment.len() && assignments > limits.assignments_max {
            return exceeds("assignment rules", assignments, limits.assignments_max);
        }
        let is_forced = match &request.operation {
            Some(Operation::ReplaceAssignmentRule(replace)) => replace.force,
            Some(Operation::DeleteAssignmentRule(delete)) => delete.force,
            Some(_) | None => false,
        };
        let has_one_for_all = |rules: &Self| rules.assignment.iter().any(Assignment::is_for_all);
        if has_one_for_all(before) && !has_one_for_all(self) && !is_forced {
            return refused(
                "at least one fully-ramped assignment rule must exist (use force=true to bypass this requirement \
                 and set the unversioned queue as the default)",
            );
        }
        if redirects > before.redirect.len() && redirects > limits.redirects_max {
            return exceeds("redirect rules", redirects, limits.redirects_max);
        }
        if self.redirect == before.redirect {
            return Ok(());
        }
        if self.redirect.iter().any(|rule| self.upstream(&rule.source).contains(&*rule.source)) {
            return refused("update would break acyclic requirement");
        }
        let upstream = self.redirect.iter().map(|rule| self.upstream(&rule.target).len()).max();
        match upstream.filter(|count| *count > limits.upstream_max) {
            Some(count) => exceeds("upstream build ids", count, limits.upstream_max),
            None => Ok(()),
        }
    }

    /// The build ids that lead to one.
    fn upstream(&self, target: &str) -> BTreeSet<&str> {
        let (mut known, mut left) = (BTreeSet::new(), vec![target]);
        while let Some(build) = left.pop() {
            for rule in self.redirect.iter().filter(|rule| rule.target == build) {
                if known.insert(rule.source.as_str()) {
                    left.push(&rule.source);
                }
            }
        }
        known
    }

    fn change_token(&mut self, at: Timestamp) {
        let now = u64::try_from(at.0 / 1_000_000).unwrap_or(0);
        match self.changed {
            Some(before) if before >= now => self.turn += 1,
            Some(_) | None => (self.changed, self.turn) = (Some(now), 0),
        }
    }
}

impl Assignment {
    fn of(rule: BuildIdAssignmentRule, made: Timestamp) -> Self {
        Self { share: share(&rule), build: rule.target_build_id, made }
    }

    fn is_for_all(&self) -> bool {
        self.share >= ALL
    }
}

/// The share that a rule speaks of, in percent.
fn share(rule: &BuildIdAssignmentRule) -> f32 {
    match &rule.ramp {
        Some(Ramp::PercentageRamp(ramp)) => ramp.ramp_percentage,
        None => ALL,
    }
}

/// Bytes as the reference lists them.
fn listed(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
    format!("[{}]", bytes.join(" "))
}

#[cfg(test)]
mod tests {
    use longhaul_proto::api::workflowservice::v1::update_worker_versioning_rules_request::{
        AddCompatibleBuildIdRedirectRule, CommitBuildId, DeleteBuildIdAssignmentRule,
        InsertBuildIdAssignmentRule,
    };

    use super::*;

    const LIMITS: RuleLimits = RuleLimits { assignments_max: 3, redirects_max: 4, upstream_max: 3 };

    fn insert(build: &str, share: f32) -> Operation {
        let ramp = Some(Ramp::PercentageRamp(RampByPercentage { ramp_percentage: share }));
        let rule = Some(BuildIdAssignmentRule { target_build_id: build.into(), ramp });
        Operation::InsertAssignmentRule(InsertBuildIdAssignmentRule { rule_index: 0, rule })
    }

    fn redirect(source: &str, target: &str) -> Operation {
        let rule =
            CompatibleBuildIdRedirectRule { source_build_id: source.into(), target_build_id: target.into() };
        Operation::AddCompatibleRedirectRule(AddCompatibleBuildIdRedirectRule { rule: Some(rule) })
    }

    fn commit(build: &str) -> Operation {
        Operation::CommitBuildId(CommitBuildId { target_build_id: build.into(), force: true })
    }

    fn apply(rules: &VersioningRules, operation: Operation) -> Result<VersioningRules, Refusal> {
        let request =
            Update { conflict_token: rules.token().into(), operation: Some(operation), ..Update::default() };
        rules.updated(&request, LIMITS, Timestamp(7_000_000), |_| false)
    }

    fn built(operations: Vec<Operation>) -> VersioningRules {
        let apply = |rules, operation| apply(&rules, operation).expect("each of these is right");
        operations.into_iter().fold(VersioningRules::default(), apply)
    }

    fn check(before: Vec<Operation>, operation: Operation, wanted: &str) {
        let told = apply(&built(before), operation).err().map_or_else(String::new, |it| format!("{it:?}"));
        assert!(told.contains(wanted) && told.is_empty() == wanted.is_empty(), "{told} instead of {wanted}");
    }

    #[test]
    fn a_commit_takes_the_place_of_all_that_is_for_everything() {
        let rules = built(vec![insert("0", 100.0), insert("1", 10.0), insert("2", 10.0), commit("1")]);
        let shares: Vec<_> = rules.assignment.iter().map(|rule| (&*rule.build, rule.share)).collect();
        assert_eq!(shares, [("2", 10.0), ("1", 100.0)]);
    }

    #[test]
    fn rules_that_do_not_go_together_are_refused() {
        check(vec![redirect("1", "2")], redirect("2", "1"), "acyclic");
        check(vec![redirect("1", "2")], redirect("1", "3"), "source 1 already redirects to target 2");
        check(vec![redirect("1", "2")], insert("1", 10.0), "source of a redirect rule");
        check(vec![insert("1", 10.0)], redirect("1", "2"), "partially-ramped");
        check(vec![redirect("1", "2"), redirect("2", "3"), redirect("3", "4")], redirect("4", "5"), "(4/3)");
        let all = || vec![insert("1", 100.0), insert("2", 100.0), insert("3", 100.0)];
        check(all(), insert("4", 5.0), "(4/3)");
        check(all(), commit("4"), "");
        let delete = Operation::DeleteAssignmentRule(DeleteBuildIdAssignmentRule::default());
        check(vec![insert("1", 100.0)], delete, "force=true");
    }

    #[test]
    fn every_change_has_a_token_of_its_own() {
        let first = built(vec![insert("1", 100.0)]);
        let second = apply(&first, insert("2", 5.0)).expect("the token is fresh");
        let tokens = [VersioningRules::default().token(), first.token(), second.token()];
        assert_eq!(tokens, [vec![24, 1], vec![8, 7, 24, 1], vec![8, 7, 16, 1, 24, 1]]);
        let stale = Update { conflict_token: first.token().into(), ..Update::default() };
        assert!(second.updated(&stale, LIMITS, Timestamp(0), |_| false).is_err());
    }
}

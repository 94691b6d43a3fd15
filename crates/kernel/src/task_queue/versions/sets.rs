//! Version sets, the first form of worker versioning: sets of build ids of a task queue that can go on with each other's
//! workflows. The last set is the queue's default, the last build id of a set is the set's.
//!
//! The functions here decide; texts are those of the reference.

use longhaul_proto::api::{
    taskqueue::v1::CompatibleVersionSet,
    workflowservice::v1::{
        UpdateWorkerBuildIdCompatibilityRequest as Update,
        update_worker_build_id_compatibility_request::{AddNewCompatibleVersion, MergeSets, Operation},
    },
};
use minicbor::{Decode, Encode};

use crate::{Refusal, time::Timestamp};

/// The version sets of one queue.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct VersionSets {
    #[n(0)]
    sets: Vec<VersionSet>,
    /// When the first set was made; until then workers without a version took what was new.
    #[n(1)]
    first_made: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct VersionSet {
    #[n(0)]
    builds: Vec<String>,
    /// When another set became the default in its place.
    #[n(1)]
    default_until: Option<Timestamp>,
    /// The build that it was made with, which names it.
    #[n(2)]
    #[cbor(default)]
    first: String,
}

/// How much one queue may have.
#[derive(Clone, Copy, Debug)]
pub struct SetLimits {
    /// Sets.
    pub sets_max: usize,
    /// Build ids, over all sets.
    pub builds_max: usize,
}

/// Refuses what can't be meant.
///
/// # Errors
/// `InvalidArgument`, which tells all that is missing.
pub fn check_version_sets(request: &Update, build_bytes_max: usize) -> Result<(), Refusal> {
    let mut missing = Vec::new();
    if request.task_queue.is_empty() {
        missing.push("`task_queue` to be set".to_owned());
    }
    let mut need = |build: &str, name: &str| {
        if build.is_empty() {
            missing.push(format!("`{name}` to be set"));
        }
        build.len() > build_bytes_max
    };
    let too_long = match &request.operation {
        None => {
            missing.push("an operation to be specified".into());
            false
        }
        Some(Operation::AddNewBuildIdInNewDefaultSet(build)) => {
            need(build, "add_new_version_id_in_new_default_set")
        }
        Some(Operation::AddNewCompatibleBuildId(add)) => {
            need(&add.new_build_id, "add_new_compatible_version")
                | need(&add.existing_compatible_build_id, "existing_compatible_version")
        }
        Some(Operation::PromoteSetByBuildId(build)) => need(build, "promote_set_by_version_id"),
        Some(Operation::PromoteBuildIdWithinSet(build)) => need(build, "promote_version_id_within_set"),
        // The reference looks for the sets, and finds none.
        Some(Operation::MergeSets(_)) => false,
    };
    if too_long {
        missing.push(format!(" Worker build IDs to be no larger than {build_bytes_max} characters"));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(Refusal::invalid(format!("request to update worker build ID compatability requires: , {missing}")))
}

impl VersionSets {
    /// What an update makes of them.
    ///
    /// # Errors
    /// `NotFound` and `InvalidArgument` for build ids that are not where the update has them, `FailedPrecondition` for
    /// too many.
    pub fn updated(&self, request: &Update, limits: SetLimits, at: Timestamp) -> Result<Self, Refusal> {
        let mut changed = self.clone();
        match &request.operation {
            Some(Operation::AddNewBuildIdInNewDefaultSet(build)) => changed.add_default(build, at)?,
            Some(Operation::AddNewCompatibleBuildId(add)) => changed.add_compatible(add, at)?,
            Some(Operation::PromoteSetByBuildId(build)) => {
                let set = changed.place(build, "version")?.0;
                changed.promote(set, at);
            }
            Some(Operation::PromoteBuildIdWithinSet(build)) => {
                let (set, place) = changed.place(build, "version")?;
                let builds = &mut changed.sets[set].builds;
                builds[place..].rotate_left(1);
            }
            Some(Operation::MergeSets(merge)) => changed.merge(merge, at)?,
            None => {}
        }
        let builds = changed.sets.iter().map(|set| set.builds.len()).sum::<usize>();
        let exceeds = |what: &str, count: usize, most: usize| {
            Refusal::FailedPrecondition(format!(
                "update would exceed number of {what} permitted in namespace dynamic config ({count}/{most})"
            ))
        };
        if changed.sets.len() > limits.sets_max {
            return Err(exceeds("compatible version sets", changed.sets.len(), limits.sets_max));
        }
        if builds > limits.builds_max {
            return Err(exceeds("build IDs", builds, limits.builds_max));
        }
        Ok(changed)
    }

    /// The wire form of the last sets; of all, if `most` is not positive.
    pub fn to_proto(&self, most: i32) -> Vec<CompatibleVersionSet> {
        let most = usize::try_from(most).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        let left_out = self.sets.len().saturating_sub(most);
        let sets = self.sets.iter().skip(left_out);
        sets.map(|set| CompatibleVersionSet { build_ids: set.builds.clone() }).collect()
    }

    /// Whether a set has a build id.
    pub fn knows(&self, build: &str) -> bool {
        self.find(build).is_some()
    }

    /// Whether new workflows may come to workers of a build id, or to those without one: they may if it is the default,
    /// or was it until `since`.
    pub fn takes_new(&self, build: &str, since: Timestamp) -> bool {
        if build.is_empty() {
            return self.first_made.is_none_or(|made| made > since);
        }
        let Some((set, place)) = self.find(build) else { return false };
        let set = &self.sets[set];
        let is_default = set.default_until.is_none_or(|until| until > since);
        is_default && place + 1 == set.builds.len()
    }

    /// The name of the set that has a build id: the build that the set was made with.
    pub fn set_of(&self, build: &str) -> Option<&str> {
        self.find(build).map(|(set, _)| self.sets[set].name())
    }

    /// The name of the set that new work goes to.
    pub fn default_set(&self) -> Option<&str> {
        self.sets.last().map(VersionSet::name)
    }

    /// The build that goes on with the work of this one, which is in a set.
    pub fn newest(&self, build: &str) -> Option<&str> {
        self.find(build).and_then(|(set, _)| self.sets[set].builds.last()).map(String::as_str)
    }

    fn find(&self, build: &str) -> Option<(usize, usize)> {
        let mut places = self.sets.iter().enumerate().filter_map(|(number, set)| {
            let place = set.builds.iter().position(|known| known == build)?;
            Some((number, place))
        });
        places.next()
    }

    fn place(&self, build: &str, what: &str) -> Result<(usize, usize), Refusal> {
        self.find(build).ok_or_else(|| Refusal::not_found(format!("targeted {what} {build} not found")))
    }

    fn add_default(&mut self, build: &str, at: Timestamp) -> Result<(), Refusal> {
        if let Some((set, _)) = self.find(build) {
            let is_alone = set + 1 == self.sets.len() && self.sets[set].builds.len() == 1;
            let taken = || Refusal::invalid(format!("version {build} already exists"));
            return is_alone.then_some(()).ok_or_else(taken);
        }
        self.first_made.get_or_insert(at);
        self.sets.push(VersionSet {
            builds: vec![build.to_owned()],
            default_until: None,
            first: build.to_owned(),
        });
        self.depose(at);
        Ok(())
    }

    fn add_compatible(&mut self, add: &AddNewCompatibleVersion, at: Timestamp) -> Result<(), Refusal> {
        let (new, existing) = (&add.new_build_id, &add.existing_compatible_build_id);
        let (set, _) = self.place(existing, "compatible_version")?;
        if let Some((own, place)) = self.find(new) {
            let fault = if own != set {
                format!(
                    "{new} requested to be made compatible with {existing} but both versions exist and are \
                     incompatible"
                )
            } else if add.make_set_default && set + 1 != self.sets.len() {
                format!("version {new} already exists and is not default for queue")
            } else if place + 1 != self.sets[set].builds.len() {
                format!("version {new} already exists and is not default in set")
            } else {
                return Ok(());
            };
            return Err(Refusal::invalid(fault));
        }
        self.sets[set].builds.push(new.clone());
        if add.make_set_default {
            self.promote(set, at);
        }
        Ok(())
    }

    fn merge(&mut self, merge: &MergeSets, at: Timestamp) -> Result<(), Refusal> {
        let (primary, _) = self.place(&merge.primary_set_build_id, "primary version")?;
        let (secondary, _) = self.place(&merge.secondary_set_build_id, "secondary version")?;
        if primary == secondary {
            return Ok(());
        }
        let was_default = secondary + 1 == self.sets.len();
        let joining = std::mem::take(&mut self.sets[secondary].builds);
        let builds = &mut self.sets[primary].builds;
        // The primary set's default stays that of the whole.
        let before_last = builds.len().saturating_sub(1);
        builds.splice(before_last..before_last, joining);
        if was_default {
            self.promote(primary, at);
        }
        self.sets.retain(|set| !set.builds.is_empty());
        Ok(())
    }

    /// Makes a set the default.
    fn promote(&mut self, set: usize, at: Timestamp) {
        if set + 1 < self.sets.len() {
            self.sets[set..].rotate_left(1);
            self.depose(at);
        }
    }

    /// Notes that the last set is the default, and the one before it no more.
    fn depose(&mut self, at: Timestamp) {
        let last = self.sets.len().saturating_sub(1);
        for (number, set) in self.sets.iter_mut().enumerate() {
            if number == last {
                set.default_until = None;
            } else {
                set.default_until.get_or_insert(at);
            }
        }
    }
}

impl VersionSet {
    /// One that was made before sets had names goes by its oldest build.
    fn name(&self) -> &str {
        if self.first.is_empty() { self.builds.first().map_or("", |build| build) } else { &self.first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(sets: &VersionSets, operation: Operation) -> Result<VersionSets, Refusal> {
        let request = Update { operation: Some(operation), ..Update::default() };
        sets.updated(&request, SetLimits { sets_max: 10, builds_max: 100 }, Timestamp(5))
    }

    fn built(operations: Vec<Operation>) -> Vec<Vec<String>> {
        let mut sets = VersionSets::default();
        for operation in operations {
            sets = apply(&sets, operation).expect("each of these is right");
        }
        sets.to_proto(0).into_iter().map(|set| set.build_ids).collect()
    }

    fn compatible(new: &str, existing: &str, make_set_default: bool) -> Operation {
        Operation::AddNewCompatibleBuildId(AddNewCompatibleVersion {
            new_build_id: new.into(),
            existing_compatible_build_id: existing.into(),
            make_set_default,
        })
    }

    fn merge(primary: &str, secondary: &str) -> Operation {
        Operation::MergeSets(MergeSets {
            primary_set_build_id: primary.into(),
            secondary_set_build_id: secondary.into(),
        })
    }

    #[test]
    fn sets_are_ordered_by_their_promotion() {
        let default = |build: &str| Operation::AddNewBuildIdInNewDefaultSet(build.into());
        let base = || vec![default("1"), compatible("1.1", "1", false), default("2")];
        assert_eq!(built(base()), [vec!["1", "1.1"], vec!["2"]]);
        let with = |more: Vec<Operation>| built(base().into_iter().chain(more).collect());
        assert_eq!(with(vec![compatible("1.2", "1.1", true)]), [vec!["2"], vec!["1", "1.1", "1.2"]]);
        assert_eq!(with(vec![Operation::PromoteSetByBuildId("1".into())]), [vec!["2"], vec!["1", "1.1"]]);
        assert_eq!(with(vec![Operation::PromoteBuildIdWithinSet("1".into())]), [vec!["1.1", "1"], vec!["2"]]);
        assert_eq!(with(vec![merge("1", "2")]), [vec!["1", "2", "1.1"]]);
        assert_eq!(with(vec![merge("2", "1")]), [vec!["1", "1.1", "2"]]);
        assert_eq!(with(vec![default("3"), merge("1", "3")]), [vec!["2"], vec!["1", "3", "1.1"]]);
    }

    #[test]
    fn an_update_twice_is_as_once() {
        let first = apply(&VersionSets::default(), Operation::AddNewBuildIdInNewDefaultSet("1".into()));
        let first = first.expect("nothing is in its way");
        for operation in [
            Operation::AddNewBuildIdInNewDefaultSet("1".into()),
            compatible("1", "1", true),
            Operation::PromoteSetByBuildId("1".into()),
            Operation::PromoteBuildIdWithinSet("1".into()),
            merge("1", "1"),
        ] {
            assert_eq!(apply(&first, operation), Ok(first.clone()));
        }
    }
}

//! What a compute configuration of a version may say: groups of servers that a provider starts for the version's queues.
//!
//! No provider is there, as on a reference that was given no account of one: what is right in itself is refused in the
//! end, so that no version has a configuration.

use std::collections::BTreeSet;

use longhaul_proto::{
    Refusal,
    api::{
        compute::v1::{ComputeConfigScalingGroup, ComputeConfigScalingGroupUpdate},
        enums::v1::TaskQueueType,
    },
};

/// Providers that the reference knows.
const PROVIDERS: [&str; 3] = ["aws-lambda", "gcp-cloud-run", "subprocess"];

/// Ways to scale that the reference knows.
const SCALERS: [&str; 2] = ["no-sync", "rate-based"];

/// Refuses groups that can't be, and then, for want of a provider, all others.
///
/// # Errors
/// `InvalidArgument`, with the reference's texts.
pub fn check_compute<'g>(
    groups: impl IntoIterator<Item = (&'g str, &'g ComputeConfigScalingGroup)>,
) -> Result<(), Refusal> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(name, _)| *name);
    let mut taken = Taken::default();
    for (name, group) in &groups {
        if name.is_empty() {
            return Err(Refusal::invalid("scaling groups without an ID are not supported"));
        }
        taken
            .check(group)
            .and_then(|()| check_kinds(group))
            .map_err(|fault| Refusal::invalid(format!("entry {name}: {fault}")))?;
    }
    match groups.first() {
        None => Ok(()),
        Some((name, group)) => {
            let provider = provider(group);
            Err(Refusal::invalid(format!(
                "{name}: Could not instantiate compute provider with type '{provider}'"
            )))
        }
    }
}

/// The groups that a request would change, but for those that it removes at once.
pub fn changed_groups<'r>(
    updates: impl IntoIterator<Item = (&'r String, &'r ComputeConfigScalingGroupUpdate)>,
    removed: &[String],
) -> Vec<(&'r str, ComputeConfigScalingGroup)> {
    updates
        .into_iter()
        .filter(|(name, _)| !removed.contains(name))
        .map(|(name, update)| (name.as_str(), update.scaling_group.clone().unwrap_or_default()))
        .collect()
}

/// Kinds of queues that groups before have named.
#[derive(Default)]
struct Taken {
    kinds: BTreeSet<i32>,
    /// Whether one named none, and so means all that are left.
    others: bool,
}

impl Taken {
    fn check(&mut self, group: &ComputeConfigScalingGroup) -> Result<(), String> {
        if group.task_queue_types.is_empty() && std::mem::replace(&mut self.others, true) {
            return Err("only one scaling group can have no task types defined".into());
        }
        for kind in &group.task_queue_types {
            let name = match TaskQueueType::try_from(*kind) {
                Ok(TaskQueueType::Unspecified) => {
                    return Err("task type undefined not allowed in compute spec".into());
                }
                Ok(TaskQueueType::Workflow) => "Workflow".to_owned(),
                Ok(TaskQueueType::Activity) => "Activity".to_owned(),
                Ok(TaskQueueType::Nexus) => "Nexus".to_owned(),
                Err(_) => kind.to_string(),
            };
            if !self.kinds.insert(*kind) {
                return Err(format!("task type {name} appears in more than one entry"));
            }
        }
        Ok(())
    }
}

fn check_kinds(group: &ComputeConfigScalingGroup) -> Result<(), String> {
    let provider = provider(group);
    if !PROVIDERS.contains(&provider) {
        return Err(format!("invalid compute provider type '{provider}'"));
    }
    match &group.scaler {
        Some(scaler) if !SCALERS.contains(&scaler.r#type.as_str()) => {
            Err(format!("invalid scaling algorithm type '{}'", scaler.r#type))
        }
        Some(_) | None => Ok(()),
    }
}

fn provider(group: &ComputeConfigScalingGroup) -> &str {
    group.provider.as_ref().map_or("", |provider| &provider.r#type)
}

#[cfg(test)]
mod tests {
    use longhaul_proto::api::compute::v1::{ComputeProvider, ComputeScaler};

    use super::*;

    fn group(provider: &str, scaler: Option<&str>, kinds: &[TaskQueueType]) -> ComputeConfigScalingGroup {
        ComputeConfigScalingGroup {
            task_queue_types: kinds.iter().map(|kind| *kind as i32).collect(),
            provider: Some(ComputeProvider { r#type: provider.into(), ..ComputeProvider::default() }),
            scaler: scaler.map(|name| ComputeScaler { r#type: name.into(), ..ComputeScaler::default() }),
        }
    }

    fn check(groups: &[(&str, ComputeConfigScalingGroup)], wanted: &str) {
        let groups = groups.iter().map(|(name, group)| (*name, group));
        let told = check_compute(groups).err().map_or_else(String::new, |refusal| format!("{refusal:?}"));
        assert!(told.contains(wanted) && told.is_empty() == wanted.is_empty(), "{told} instead of {wanted}");
    }

    #[test]
    fn groups_are_checked_against_each_other() {
        use TaskQueueType::{Activity, Nexus, Workflow};
        check(&[], "");
        let lambda = |kinds: &[TaskQueueType]| group("aws-lambda", Some("no-sync"), kinds);
        check(
            &[("a", lambda(&[Workflow, Nexus])), ("b", lambda(&[Activity])), ("c", lambda(&[]))],
            "a: Could not instantiate compute provider with type 'aws-lambda'",
        );
        check(
            &[("a", lambda(&[Workflow, Nexus])), ("b", lambda(&[Nexus]))],
            "entry b: task type Nexus appears in more than one entry",
        );
        check(
            &[("a", lambda(&[])), ("b", lambda(&[]))],
            "entry b: only one scaling group can have no task types defined",
        );
        check(
            &[("a", lambda(&[])), ("b", group("x", None, &[Workflow]))],
            "entry b: invalid compute provider type 'x'",
        );
    }
}

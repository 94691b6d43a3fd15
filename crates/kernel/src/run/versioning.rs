//! Choices of the workers that a run is for: whether one can be meant, and the forms in which it is told. The old form
//! is deprecated in the API, and still sent and read.

use longhaul_proto::{
    Refusal,
    api::{
        deployment::v1::WorkerDeploymentVersion,
        enums::v1::VersioningBehavior as Behavior,
        workflow::v1::{
            VersioningOverride,
            versioning_override::{Override, PinnedOverride, PinnedOverrideBehavior},
        },
    },
};

use super::versions;
use crate::{context::Context, deployment::VersionName};

/// Refuses a choice that contradicts itself.
///
/// # Errors
/// The refusal, with the reference's text.
pub fn check_override(wanted: Option<&VersioningOverride>) -> Result<(), Refusal> {
    let Some(wanted) = wanted else { return Ok(()) };
    match &wanted.r#override {
        Some(Override::Pinned(pinned)) => {
            if pinned.version.is_none() {
                return Err(Refusal::invalid("must provide version if override is pinned."));
            }
            if pinned.behavior == PinnedOverrideBehavior::Unspecified as i32 {
                return Err(Refusal::invalid("must specify pinned override behavior if override is pinned."));
            }
            Ok(())
        }
        Some(Override::OneTime(chosen)) if chosen.target_deployment_version.is_none() => {
            Err(Refusal::invalid("must provide target deployment version if override is one-time."))
        }
        Some(Override::AutoUpgrade(false)) => Err(Refusal::invalid("auto-upgrade override must be true")),
        Some(_) => Ok(()),
        None => old_form(wanted),
    }
}

#[allow(deprecated)]
fn old_form(wanted: &VersioningOverride) -> Result<(), Refusal> {
    match Behavior::try_from(wanted.behavior) {
        Ok(Behavior::Unspecified) => Err(Refusal::invalid("override behavior is required")),
        Ok(Behavior::Pinned) => match &wanted.deployment {
            Some(deployment) if deployment.series_name.is_empty() => {
                Err(Refusal::invalid("deployment name cannot be empty"))
            }
            Some(deployment) if deployment.build_id.is_empty() => {
                Err(Refusal::invalid("build id cannot be empty"))
            }
            Some(_) => Ok(()),
            None => pinned_version(&wanted.pinned_version),
        },
        Ok(Behavior::AutoUpgrade) => {
            if wanted.deployment.is_some() {
                return Err(Refusal::invalid("only provide deployment if behavior is 'PINNED'"));
            }
            if !wanted.pinned_version.is_empty() {
                return Err(Refusal::invalid("only provide pinned version if behavior is 'PINNED'"));
            }
            Ok(())
        }
        Err(_) => Err(Refusal::invalid(format!("override behavior {} not recognized", wanted.behavior))),
    }
}

fn pinned_version(version: &str) -> Result<(), Refusal> {
    if version.is_empty() {
        return Err(Refusal::invalid(
            "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'",
        ));
    }
    if !version.contains('.') {
        return Err(Refusal::invalid(format!(
            "invalid version string \"{version}\", expected format is \"<deployment_name>.<build_id>\""
        )));
    }
    Ok(())
}

/// The version that a choice binds to, if it binds to one.
pub fn named(wanted: Option<&VersioningOverride>) -> Option<VersionName> {
    versions::named(&in_new_form(wanted?.clone()))
}

/// Refuses to bind a run to a version whose workers do not poll its queue.
///
/// # Errors
/// `FailedPrecondition`.
pub fn check_present(
    wanted: Option<&VersioningOverride>,
    queue: &str,
    context: &Context,
) -> Result<(), Refusal> {
    let Some(version) = named(wanted) else { return Ok(()) };
    if versions::has_queue(context, queue, &version) {
        return Ok(());
    }
    Err(Refusal::FailedPrecondition(format!(
        "Pinned version '{version}' is not present in task queue '{queue}' of type 'Workflow'"
    )))
}

/// A choice in the form in which it is stored.
#[allow(deprecated)]
pub fn in_new_form(wanted: VersioningOverride) -> VersioningOverride {
    if wanted.r#override.is_some() {
        // Clients that name both forms mean the new one, and it alone is kept.
        return VersioningOverride { r#override: wanted.r#override, ..VersioningOverride::default() };
    }
    let chosen = match Behavior::try_from(wanted.behavior) {
        Ok(Behavior::AutoUpgrade) => Override::AutoUpgrade(true),
        Ok(Behavior::Pinned) => {
            let (deployment_name, build_id) = match wanted.deployment {
                Some(deployment) => (deployment.series_name, deployment.build_id),
                None => wanted
                    .pinned_version
                    .split_once('.')
                    .map(|(name, build)| (name.to_owned(), build.to_owned()))
                    .unwrap_or_default(),
            };
            Override::Pinned(PinnedOverride {
                behavior: PinnedOverrideBehavior::Pinned as i32,
                version: Some(WorkerDeploymentVersion { deployment_name, build_id }),
            })
        }
        Ok(Behavior::Unspecified) | Err(_) => return wanted,
    };
    VersioningOverride { r#override: Some(chosen), ..VersioningOverride::default() }
}

/// A stored choice, told in the old form beside the new one.
#[allow(deprecated)]
pub fn in_both_forms(mut chosen: VersioningOverride) -> VersioningOverride {
    match &chosen.r#override {
        Some(Override::AutoUpgrade(_)) => chosen.behavior = Behavior::AutoUpgrade as i32,
        Some(Override::Pinned(pinned)) => {
            chosen.behavior = Behavior::Pinned as i32;
            if let Some(version) = &pinned.version {
                chosen.pinned_version = format!("{}.{}", version.deployment_name, version.build_id);
            }
        }
        _ => {}
    }
    chosen
}

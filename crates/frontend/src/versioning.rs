//! Whether a versioning override can be meant. Both its old and its current form are understood.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::VersioningBehavior as Behavior,
        workflow::v1::{
            VersioningOverride,
            versioning_override::{Override, PinnedOverrideBehavior},
        },
    },
};

/// Refuses an override that contradicts itself.
// The old form is deprecated in the API, and still sent.
#[allow(deprecated)]
pub(crate) fn check_override(wanted: Option<&VersioningOverride>) -> Result<(), Refusal> {
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

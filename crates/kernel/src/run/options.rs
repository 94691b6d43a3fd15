//! Options of a run that can be changed while it goes on: which of them a request means, and what becomes of them.

use longhaul_proto::{
    Refusal,
    api::{
        history::v1::WorkflowExecutionOptionsUpdatedEventAttributes, workflow::v1::WorkflowExecutionOptions,
    },
};

use super::{Run, versioning};

/// Every field that a mask may name.
const FIELDS: &[&str] = &[
    "versioning_override",
    "versioning_override.behavior",
    "versioning_override.deployment",
    "versioning_override.deployment.series_name",
    "versioning_override.deployment.build_id",
    "versioning_override.pinned_version",
    "versioning_override.pinned",
    "versioning_override.pinned.behavior",
    "versioning_override.pinned.version",
    "versioning_override.pinned.version.build_id",
    "versioning_override.pinned.version.deployment_name",
    "versioning_override.auto_upgrade",
    "priority",
    "priority.priority_key",
    "priority.fairness_key",
    "priority.fairness_weight",
    "time_skipping_config",
];

/// Refuses a mask that names no field of the options; the text is the end of the reference's.
///
/// # Errors
/// What is wrong, for people.
pub fn check_mask(paths: &[String]) -> Result<(), String> {
    match paths.iter().find(|path| !FIELDS.contains(&path.as_str())) {
        Some(path) => Err(format!(
            "proto: invalid path \"{path}\" for message \"temporal.api.workflow.v1.WorkflowExecutionOptions\""
        )),
        None => Ok(()),
    }
}

impl Run {
    /// Its options as they are.
    pub fn options(&self) -> WorkflowExecutionOptions {
        WorkflowExecutionOptions {
            versioning_override: self.attached.versioning_override.as_ref().map(|chosen| chosen.0.clone()),
            priority: self.priority.as_ref().map(|priority| priority.0.clone()),
            time_skipping_config: self
                .time_skipping
                .as_ref()
                .and_then(|skipping| skipping.config.as_ref())
                .map(|config| config.0.clone()),
        }
    }

    /// Its options as a request wants them, and the event that makes them so, if anything changes.
    ///
    /// # Errors
    /// `InvalidArgument` for a mask that can't be meant.
    pub(super) fn changed_options(
        &self,
        wanted: WorkflowExecutionOptions,
        mask: &[String],
    ) -> Result<(WorkflowExecutionOptions, Option<WorkflowExecutionOptionsUpdatedEventAttributes>), Refusal>
    {
        let refuse =
            |text: String| Refusal::InvalidArgument(format!("error applying update_options: {text}"));
        check_mask(mask).map_err(refuse)?;
        let current = self.options();
        let mut merged = current.clone();
        let from = wanted.priority.clone().unwrap_or_default();
        for path in mask {
            match path.as_str() {
                "versioning_override" => merged.versioning_override.clone_from(&wanted.versioning_override),
                "priority" => merged.priority.clone_from(&wanted.priority),
                "priority.priority_key" => {
                    merged.priority.get_or_insert_default().priority_key = from.priority_key;
                }
                "priority.fairness_key" => {
                    let own = merged.priority.get_or_insert_default();
                    own.fairness_key.clone_from(&from.fairness_key);
                }
                "priority.fairness_weight" => {
                    merged.priority.get_or_insert_default().fairness_weight = from.fairness_weight;
                }
                "time_skipping_config" => {
                    merged.time_skipping_config.clone_from(&wanted.time_skipping_config);
                }
                _ => {
                    return Err(refuse("versioning_override doesn't support partial updates".into()));
                }
            }
        }
        let stored = merged.versioning_override.clone().map(versioning::in_new_form);
        let skipping_changes = mask.iter().any(|path| path == "time_skipping_config")
            && (merged.time_skipping_config != current.time_skipping_config
                || merged.time_skipping_config.as_ref().is_some_and(|config| config.enabled));
        // Compared as it was sent: one that is also in the form of older clients is told each time, as on the reference.
        let overrides = merged.versioning_override != current.versioning_override;
        if !overrides && merged.priority == current.priority && !skipping_changes {
            return Ok((merged, None));
        }
        let event = WorkflowExecutionOptionsUpdatedEventAttributes {
            unset_versioning_override: stored.is_none(),
            versioning_override: stored,
            priority: merged.priority.clone(),
            time_skipping_config: merged.time_skipping_config.clone().filter(|_| skipping_changes),
            time_skipping_config_updated: skipping_changes,
            ..WorkflowExecutionOptionsUpdatedEventAttributes::default()
        };
        Ok((merged, Some(event)))
    }
}

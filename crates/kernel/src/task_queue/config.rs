//! The configuration of a task queue: rates and weights that an operator sets by `UpdateTaskQueueConfig`.
//!
//! It is a document changed by compare-and-set. The functions here decide; texts are those of the reference.

use std::collections::BTreeMap;

use longhaul_proto::api::{
    enums::v1::TaskQueueType,
    taskqueue::v1 as wire,
    workflowservice::v1::{UpdateTaskQueueConfigRequest, update_task_queue_config_request::RateLimitUpdate},
};
use minicbor::{Decode, Encode};

use super::{Versions, Weight};
use crate::{Refusal, time::Timestamp};

/// Weights that one queue may have.
const WEIGHTS_MAX: usize = 1000;
/// Bytes of a fairness key.
const KEY_BYTES_MAX: usize = 64;

/// What an operator said of one queue.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Config {
    /// Tasks per second of the whole queue.
    #[n(0)]
    pub queue_rate: Option<Rate>,
    /// Tasks per second of a fairness key of weight one.
    #[n(1)]
    pub key_rate: Option<Rate>,
    /// Weights of fairness keys, in place of those that tasks bring.
    #[n(2)]
    pub weights: BTreeMap<String, f32>,
    /// What was said of its versions, under the queue's name alone.
    #[n(3)]
    pub versions: Option<Versions>,
}

/// A rate, and who set it when and why. One that was taken back still tells so.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Rate {
    /// Tasks per second.
    #[n(0)]
    pub per_second: Option<f32>,
    /// Why.
    #[n(1)]
    pub reason: String,
    /// Who.
    #[n(2)]
    pub identity: String,
    /// When.
    #[n(3)]
    pub at: Timestamp,
}

impl Config {
    /// What an update makes of it.
    ///
    /// # Errors
    /// `InvalidArgument` for too many weights.
    pub fn updated(&self, request: &UpdateTaskQueueConfigRequest, at: Timestamp) -> Result<Self, Refusal> {
        let mut config = self.clone();
        let rate = |update: &RateLimitUpdate| Rate {
            per_second: update.rate_limit.as_ref().map(|limit| limit.requests_per_second),
            reason: update.reason.clone(),
            identity: request.identity.clone(),
            at,
        };
        if let Some(update) = &request.update_queue_rate_limit {
            config.queue_rate = Some(rate(update));
        }
        if let Some(update) = &request.update_fairness_key_rate_limit_default {
            config.key_rate = Some(rate(update));
        }
        for key in &request.unset_fairness_weight_overrides {
            config.weights.remove(key);
        }
        config
            .weights
            .extend(request.set_fairness_weight_overrides.iter().map(|(key, weight)| (key.clone(), *weight)));
        if config.weights.len() > WEIGHTS_MAX {
            let text = "fairness weight overrides update rejected: exceeding maximum key size";
            return Err(Refusal::invalid(text));
        }
        Ok(config)
    }

    /// Tasks per second of the whole queue, if that was said. What is no number says nothing.
    pub fn queue_rate(&self) -> Option<f64> {
        self.queue_rate.as_ref().and_then(Rate::value)
    }

    /// Tasks per second of a fairness key of weight one, if that was said.
    pub fn key_rate(&self) -> Option<f64> {
        self.key_rate.as_ref().and_then(Rate::value)
    }

    /// The weight of a key whose task brings `own`.
    pub fn weight(&self, key: &str, own: f32) -> Weight {
        Weight::new(self.weights.get(key).copied().unwrap_or(own))
    }

    /// The wire form.
    pub fn to_proto(&self) -> wire::TaskQueueConfig {
        wire::TaskQueueConfig {
            queue_rate_limit: self.queue_rate.as_ref().map(Rate::to_proto),
            fairness_keys_rate_limit_default: self.key_rate.as_ref().map(Rate::to_proto),
            fairness_weight_overrides: self
                .weights
                .iter()
                .map(|(key, weight)| (key.clone(), *weight))
                .collect(),
        }
    }
}

impl Rate {
    fn value(&self) -> Option<f64> {
        self.per_second.map(f64::from).filter(|rate| !rate.is_nan())
    }

    fn to_proto(&self) -> wire::RateLimitConfig {
        wire::RateLimitConfig {
            rate_limit: self.per_second.map(|requests_per_second| wire::RateLimit { requests_per_second }),
            metadata: Some(wire::ConfigMetadata {
                reason: self.reason.clone(),
                update_identity: self.identity.clone(),
                update_time: Some(self.at.to_proto()),
            }),
        }
    }
}

/// Refuses what no queue could be told.
///
/// # Errors
/// `InvalidArgument`, with the reference's texts.
pub fn check(request: &UpdateTaskQueueConfigRequest, id_bytes_max: usize) -> Result<(), Refusal> {
    too_long("Identity", &request.identity, id_bytes_max)?;
    let is_workflow = request.task_queue_type == TaskQueueType::Workflow as i32;
    let rates = [
        (
            &request.update_queue_rate_limit,
            "UpdateQueueRateLimit",
            "Setting rate limit on workflow task queues is not allowed.",
        ),
        (
            &request.update_fairness_key_rate_limit_default,
            "UpdateFairnessKeyRateLimitDefault",
            "Setting fairness key rate limit on workflow task queues is not allowed.",
        ),
    ];
    for (update, name, not_allowed) in rates {
        let Some(update) = update else { continue };
        if is_workflow && update.rate_limit.is_some() {
            return Err(Refusal::invalid(not_allowed));
        }
        if update.rate_limit.as_ref().is_some_and(|limit| limit.requests_per_second < 0.0) {
            let text = format!("RequestsPerSecond for {name} rate limit must be non-negative.");
            return Err(Refusal::invalid(text));
        }
        too_long(&format!("{name}.Reason"), &update.reason, id_bytes_max)?;
    }
    check_weights(request)?;
    if request.task_queue.starts_with("/_sys/") {
        let text = format!("task queue family name cannot have prefix /_sys/ {}", request.task_queue);
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

fn check_weights(request: &UpdateTaskQueueConfigRequest) -> Result<(), Refusal> {
    let (set, unset) = (&request.set_fairness_weight_overrides, &request.unset_fairness_weight_overrides);
    let count = set.len().max(unset.len());
    if count > WEIGHTS_MAX {
        return Err(Refusal::invalid(format!(
            "too many fairness weight overrides in request: got {count}, maximum {WEIGHTS_MAX}"
        )));
    }
    for key in set.keys().chain(unset) {
        if key.is_empty() {
            return Err(Refusal::invalid("fairness weight override key must not be empty"));
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(Refusal::invalid("fairness key length exceeds limit"));
        }
    }
    if let Some(key) = unset.iter().find(|key| set.contains_key(*key)) {
        let text = format!("fairness weight override key {key:?} present in both set and unset lists");
        return Err(Refusal::invalid(text));
    }
    if let Some((key, _)) = set.iter().find(|(_, weight)| **weight <= 0.0) {
        let text = format!("invalid fairness weight weight for key {key:?}: must be greater than zero");
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

fn too_long(name: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.len() > bytes_max {
        return Err(Refusal::invalid(format!("{name} field too long (max {bytes_max} characters).")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

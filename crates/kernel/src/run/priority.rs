//! Priorities: what an activity or a child leaves open it takes from the run that schedules it.

use longhaul_proto::api::common::v1::Priority;

use super::Run;

impl Run {
    /// The priority of something this run schedules: its own, and where that is silent the run's.
    pub fn priority_of(&self, own: Option<&Priority>) -> Option<Priority> {
        let (Some(own), Some(from)) = (own, self.priority.as_ref()) else {
            return own.or(self.priority.as_ref().map(|from| &from.0)).cloned();
        };
        let mut merged = own.clone();
        if merged.priority_key == 0 {
            merged.priority_key = from.priority_key;
        }
        if merged.fairness_key.is_empty() {
            merged.fairness_key.clone_from(&from.fairness_key);
        }
        if merged.fairness_weight == 0.0 {
            merged.fairness_weight = from.fairness_weight;
        }
        Some(merged)
    }
}

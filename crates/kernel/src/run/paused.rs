//! What lists tell of paused things: a search attribute that says so of the run itself and names the types of paused
//! activities. It is not kept, it follows from what is paused.

use longhaul_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

use super::{Run, state::Activity};

/// The search attribute that names what is paused.
pub const PAUSE_INFO: &str = "TemporalPauseInfo";

impl Run {
    /// The values of the search attribute, each once, in the order of the activities.
    pub(super) fn pause_infos(&self) -> Vec<String> {
        let mut values = Vec::new();
        if let Some(paused) = &self.paused {
            values.push(format!("Workflow:{}", self.workflow_id));
            values.push(format!("Reason:{}", paused.reason));
        }
        for activity in self.activities.values().filter(|activity| activity.is_paused()) {
            let value = pause_info(activity);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    /// Whether the event ends a paused activity, so that lists have to see the run anew.
    pub(super) fn ends_paused(&self, event: &HistoryEvent) -> bool {
        let scheduled_event_id = match &event.attributes {
            Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::ActivityTaskFailedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => a.scheduled_event_id,
            _ => return false,
        };
        self.activities.get(&scheduled_event_id).is_some_and(Activity::is_paused)
    }
}

fn pause_info(activity: &Activity) -> String {
    let kind = activity.scheduled.activity_type.as_ref().map_or("", |kind| &kind.name);
    format!("property:activityType={kind}")
}

//! What lists and counts see of a schedule.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_proto::api::schedule::v1::{ScheduleListEntry, ScheduleListInfo, schedule_action::Action};
use prost::Message;

use super::Schedule;
use crate::{
    context::Context,
    hosted::Hosted as _,
    visibility::{Row, Value, decode},
};

/// Actions and times that a list tells.
const LISTED_MAX: usize = 5;

impl Schedule {
    pub(super) fn list_row(&self, context: &Context) -> Row {
        let mut attributes: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let state = self.definition.state.clone().unwrap_or_default();
        attributes.insert("TemporalSchedulePaused".into(), Value::Bool(state.paused));
        let own = self.search_attributes.clone().unwrap_or_default().0;
        for (name, payload) in &own.indexed_fields {
            let Some(value_type) = context.attributes.type_of(name) else { continue };
            if let Ok(Some(value)) = decode(name, payload, value_type) {
                attributes.insert(name.as_str().into(), value);
            }
        }
        let mut spec = self.definition.spec.clone().unwrap_or_default();
        spec.timezone_data.clear();
        let recent = &self.recent[self.recent.len().saturating_sub(LISTED_MAX)..];
        let info = ScheduleListInfo {
            spec: Some(spec),
            workflow_type: self.definition.action.as_ref().and_then(|action| match &action.action {
                Some(Action::StartWorkflow(start)) => start.workflow_type.clone(),
                None => None,
            }),
            notes: state.notes,
            paused: state.paused,
            recent_actions: recent.iter().map(super::view::action).collect(),
            future_action_times: self.future(LISTED_MAX),
            ..ScheduleListInfo::default()
        };
        let entry = ScheduleListEntry {
            schedule_id: self.id.clone(),
            memo: Some(self.memo.clone().unwrap_or_default().0),
            search_attributes: (!own.indexed_fields.is_empty()).then_some(own),
            info: Some(info),
        };
        Row {
            run: self.key(),
            start_time: self.created,
            close_time: None,
            attributes,
            info: entry.encode_to_vec().into(),
        }
    }
}

//! What lists and counts see of a standalone activity. Its id and its type are kept under the names that those of a
//! workflow have; queries about activities name them `ActivityId` and `ActivityType`.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_proto::api::activity::v1::ActivityExecutionListInfo;
use prost::Message;

use super::Execution;
use crate::{
    context::Context,
    hosted::Hosted as _,
    time::{Timestamp, to_proto},
    visibility::{Row, Value, decode, typed_all},
};

impl Execution {
    pub(super) fn list_row(&self, context: &Context) -> Row {
        let state = &self.state;
        let closed = state.closed.as_ref();
        let kind = self.start.activity_type.clone().unwrap_or_default();
        let queue = state.options.task_queue.clone().unwrap_or_default().name;
        let duration = closed.map(|closed| closed.at.since(self.executes_at()));
        let mut attributes: BTreeMap<Arc<str>, Value> = [
            ("WorkflowType".into(), Value::Keyword(kind.name.clone())),
            ("TaskQueue".into(), Value::Keyword(queue.clone())),
            ("ExecutionStatus".into(), Value::Keyword(format!("{:?}", state.status()))),
            ("ExecutionTime".into(), Value::Datetime(self.executes_at())),
        ]
        .into();
        if let (Some(closed), Some(duration)) = (closed, duration) {
            let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
            attributes.insert("ExecutionDuration".into(), Value::Int(nanos));
            attributes.insert("StateTransitionCount".into(), Value::Int(closed.transitions));
        }
        let own = self.start.search_attributes.clone().unwrap_or_default();
        for (name, payload) in &own.indexed_fields {
            let Some(value_type) = context.attributes.type_of(name) else { continue };
            if let Ok(Some(value)) = decode(name, payload, value_type) {
                attributes.insert(name.as_str().into(), value);
            }
        }
        let own = typed_all(own, &context.attributes);
        let info = ActivityExecutionListInfo {
            activity_id: self.id.clone(),
            run_id: self.run.to_string(),
            activity_type: Some(kind),
            schedule_time: Some(self.started_at.to_proto()),
            close_time: closed.map(|closed| Timestamp::to_proto(closed.at)),
            status: state.status() as i32,
            search_attributes: (!own.indexed_fields.is_empty()).then_some(own),
            task_queue: queue,
            state_transition_count: closed.map_or(0, |closed| closed.transitions),
            execution_duration: duration.map(to_proto),
            execution_time: Some(self.executes_at().to_proto()),
            ..ActivityExecutionListInfo::default()
        };
        Row {
            run: self.key(),
            start_time: self.started_at,
            close_time: closed.map(|closed| closed.at),
            attributes,
            info: info.encode_to_vec().into(),
        }
    }
}

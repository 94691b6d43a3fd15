//! What lists and counts see of an operation.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_proto::api::{
    common::v1::SearchAttributes, enums::v1::NexusOperationExecutionStatus as Status,
    nexus::v1::NexusOperationExecutionListInfo,
};
use prost::Message;

use super::Operation;
use crate::{
    context::Context,
    hosted::Hosted as _,
    time::{Timestamp, to_proto},
    visibility::{Attributes, Row, Value, ValueType, decode, with_type},
};

/// Names by which operations are found, beside those of every execution.
const NAMES: [&str; 4] = ["OperationId", "Endpoint", "Service", "Operation"];

impl Operation {
    /// The attributes by which operations are found.
    pub fn searchable(attributes: Attributes) -> Attributes {
        NAMES.iter().fold(attributes, |all, name| all.with_custom(name, ValueType::Keyword))
    }

    pub(super) fn list_row(&self, context: &Context) -> Row {
        let request = &self.request;
        let values = [&self.id, &request.endpoint, &request.service, &request.operation];
        let mut attributes: BTreeMap<Arc<str>, Value> = NAMES
            .iter()
            .zip(values)
            .map(|(name, value)| (Arc::from(*name), Value::Keyword(value.clone())))
            .collect();
        attributes.insert("ExecutionStatus".into(), Value::Keyword(status_name(self.status()).into()));
        let mut shown = SearchAttributes::default();
        for (name, payload) in &self.attributes().indexed_fields {
            let Some(value_type) = context.attributes.type_of(name) else { continue };
            if let Ok(Some(value)) = decode(name, payload, value_type) {
                attributes.insert(name.as_str().into(), value);
                shown.indexed_fields.insert(name.clone(), with_type(payload.clone(), value_type));
            }
        }
        let closed = self.closed.as_ref();
        let close_time = closed.map(|closed| closed.at);
        let info = NexusOperationExecutionListInfo {
            operation_id: self.id.clone(),
            run_id: self.run.to_string(),
            endpoint: request.endpoint.clone(),
            service: request.service.clone(),
            operation: request.operation.clone(),
            schedule_time: Some(self.scheduled_at.to_proto()),
            close_time: close_time.map(Timestamp::to_proto),
            status: self.status() as i32,
            search_attributes: Some(shown),
            state_transition_count: closed.map_or(0, |_| self.transitions),
            execution_duration: close_time.map(|at| to_proto(at.since(self.scheduled_at))),
            ..NexusOperationExecutionListInfo::default()
        };
        Row {
            run: self.key(),
            start_time: self.scheduled_at,
            close_time,
            attributes,
            info: info.encode_to_vec().into(),
        }
    }
}

/// A status as queries name it.
const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Unspecified => "Unspecified",
        Status::Running => "Running",
        Status::Completed => "Completed",
        Status::Failed => "Failed",
        Status::Canceled => "Canceled",
        Status::Terminated => "Terminated",
        Status::TimedOut => "TimedOut",
    }
}

//! What clients and lists are told of a batch operation.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_proto::api::{
    batch::v1::BatchOperationInfo,
    enums::v1::BatchOperationState as State,
    workflowservice::v1::{
        DescribeBatchOperationResponse, StartBatchOperationRequest, start_batch_operation_request::Operation,
    },
};
use prost::Message;

use super::{Batch, operation_type};
use crate::{
    hosted::Hosted as _,
    time::Timestamp,
    visibility::{Row, Value},
};

impl Batch {
    /// The answer to a description.
    pub fn describe(&self) -> DescribeBatchOperationResponse {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let done = self.counts.complete + self.counts.failed;
        DescribeBatchOperationResponse {
            operation_type: operation_type(&self.request) as i32,
            job_id: self.id.clone(),
            state: self.state() as i32,
            start_time: Some(self.started.to_proto()),
            close_time: self.closed.map(|closed| closed.at.to_proto()),
            // Workflows that came to match meanwhile are done too.
            total_operation_count: count(self.counts.total.unwrap_or_default().max(done)),
            complete_operation_count: count(self.counts.complete),
            failure_operation_count: count(self.counts.failed),
            identity: identity(&self.request).to_owned(),
            reason: self.request.reason.clone(),
            query: self.request.visibility_query.clone(),
            executions: self.request.target_executions.clone(),
        }
    }

    /// The operation without what it is done to, which may be long.
    pub(super) fn work_order(&self) -> StartBatchOperationRequest {
        StartBatchOperationRequest {
            namespace: self.request.namespace.clone(),
            job_id: self.id.clone(),
            reason: self.request.reason.clone(),
            operation: self.request.operation.clone(),
            ..StartBatchOperationRequest::default()
        }
    }

    fn state(&self) -> State {
        match self.closed {
            None => State::Running,
            Some(closed) if closed.completed => State::Completed,
            Some(_) => State::Failed,
        }
    }

    pub(super) fn list_row(&self) -> Row {
        let state = self.state();
        let status = match state {
            State::Completed => "Completed",
            State::Failed => "Failed",
            State::Running | State::Unspecified => "Running",
        };
        let info = BatchOperationInfo {
            job_id: self.id.clone(),
            state: state as i32,
            start_time: Some(self.started.to_proto()),
            close_time: self.closed.map(|closed| Timestamp::to_proto(closed.at)),
            operation_type: operation_type(&self.request) as i32,
        };
        let attributes: BTreeMap<Arc<str>, Value> =
            [("ExecutionStatus".into(), Value::Keyword(status.into()))].into();
        Row {
            run: self.key(),
            start_time: self.started,
            close_time: self.closed.map(|closed| closed.at),
            attributes,
            info: info.encode_to_vec().into(),
        }
    }
}

/// Who asked for an operation.
pub fn identity(request: &StartBatchOperationRequest) -> &str {
    match &request.operation {
        Some(Operation::TerminationOperation(it)) => &it.identity,
        Some(Operation::SignalOperation(it)) => &it.identity,
        Some(Operation::CancellationOperation(it)) => &it.identity,
        Some(Operation::DeletionOperation(it)) => &it.identity,
        Some(Operation::ResetOperation(it)) => &it.identity,
        Some(Operation::UpdateWorkflowOptionsOperation(it)) => &it.identity,
        Some(Operation::UnpauseActivitiesOperation(it)) => &it.identity,
        Some(Operation::ResetActivitiesOperation(it)) => &it.identity,
        Some(Operation::UpdateActivityOptionsOperation(it)) => &it.identity,
        Some(Operation::CancelActivitiesOperation(it)) => &it.identity,
        Some(Operation::TerminateActivitiesOperation(it)) => &it.identity,
        Some(Operation::DeleteActivitiesOperation(_)) | None => "",
    }
}

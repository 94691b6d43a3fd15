//! How an operation looks to those who ask for it.

use longhaul_proto::api::{
    common::v1::{Payload, SearchAttributes},
    enums::v1::{
        NexusOperationCancellationState as CancelState, NexusOperationWaitStage as Stage,
        PendingNexusOperationState as State,
    },
    failure::v1::Failure,
    nexus::v1::{NexusOperationExecutionCancellationInfo, NexusOperationExecutionInfo},
    workflowservice::v1::{
        DescribeNexusOperationExecutionRequest, DescribeNexusOperationExecutionResponse,
        PollNexusOperationExecutionResponse, describe_nexus_operation_execution_response as describe,
        poll_nexus_operation_execution_response as poll,
    },
};

use super::{Cancel, Operation};
use crate::{
    codec,
    time::{Timestamp, to_proto},
};

impl Operation {
    /// The answer to a describe.
    pub fn describe(
        &self,
        request: &DescribeNexusOperationExecutionRequest,
        now: Timestamp,
    ) -> DescribeNexusOperationExecutionResponse {
        let outcome = self.outcome().filter(|_| request.include_outcome);
        DescribeNexusOperationExecutionResponse {
            run_id: self.run.to_string(),
            info: Some(self.info(now)),
            input: self.request.input.clone().filter(|_| request.include_input),
            outcome: outcome.map(|outcome| match outcome {
                Ok(result) => describe::Outcome::Result(result),
                Err(failure) => describe::Outcome::Failure(failure),
            }),
            long_poll_token: self.long_poll_token().into(),
            ..DescribeNexusOperationExecutionResponse::default()
        }
    }

    /// What a client that has seen the operation as it is sends back.
    pub fn long_poll_token(&self) -> Vec<u8> {
        [&self.run.as_bytes()[..], &self.transitions.to_be_bytes()].concat()
    }

    /// The answer to a poll for this stage, if it has come.
    pub fn poll(&self, stage: Stage) -> Option<PollNexusOperationExecutionResponse> {
        let has_come = self.is_closed() || (stage == Stage::Started && self.has_started());
        if !has_come {
            return None;
        }
        let reached = if self.is_closed() { Stage::Closed } else { Stage::Started };
        Some(PollNexusOperationExecutionResponse {
            run_id: self.run.to_string(),
            wait_stage: reached as i32,
            operation_token: self.token().to_owned(),
            outcome: self.outcome().map(|outcome| match outcome {
                Ok(result) => poll::Outcome::Result(result),
                Err(failure) => poll::Outcome::Failure(failure),
            }),
        })
    }

    /// How it ended; nothing if it succeeded without a result.
    fn outcome(&self) -> Option<Result<Payload, Failure>> {
        let closed = self.closed.as_ref()?;
        match (&closed.result, &closed.failure) {
            (Some(result), _) => Some(Ok(result.0.clone())),
            (None, Some(failure)) => Some(Err(failure.0.clone())),
            (None, None) => None,
        }
    }

    fn info(&self, now: Timestamp) -> NexusOperationExecutionInfo {
        let (request, attempts) = (&self.request, &self.attempts);
        let close_time = self.closed.as_ref().map(|closed| closed.at);
        let state = match (&self.closed, &self.started, attempts.due) {
            (Some(_), ..) => State::Unspecified,
            (None, Some(_), _) => State::Started,
            (None, None, Some(_)) => State::BackingOff,
            (None, None, None) => State::Scheduled,
        };
        NexusOperationExecutionInfo {
            operation_id: self.id.clone(),
            run_id: self.run.to_string(),
            endpoint: request.endpoint.clone(),
            service: request.service.clone(),
            operation: request.operation.clone(),
            status: self.status() as i32,
            state: state as i32,
            schedule_to_close_timeout: request.schedule_to_close_timeout,
            schedule_to_start_timeout: request.schedule_to_start_timeout,
            start_to_close_timeout: request.start_to_close_timeout,
            attempt: self.attempt,
            schedule_time: Some(self.scheduled_at.to_proto()),
            expiration_time: self.closes_at().map(Timestamp::to_proto),
            close_time: close_time.map(Timestamp::to_proto),
            last_attempt_complete_time: attempts.last_at.map(Timestamp::to_proto),
            last_attempt_failure: attempts.last_failure.as_ref().map(|failure| failure.0.clone()),
            next_attempt_schedule_time: attempts.due.map(Timestamp::to_proto),
            execution_duration: Some(to_proto(close_time.unwrap_or(now).since(self.scheduled_at))),
            cancellation_info: self.cancel.as_ref().map(|cancel| self.cancel_info(cancel)),
            request_id: self.handler_request_id.clone(),
            operation_token: self.token().to_owned(),
            state_transition_count: self.transitions,
            search_attributes: Some(self.attributes()),
            nexus_header: request.nexus_header.clone(),
            user_metadata: request.user_metadata.clone(),
            links: request.links.clone(),
            identity: request.identity.clone(),
            state_size_bytes: i64::try_from(codec::encode(self).len()).unwrap_or(i64::MAX),
            ..NexusOperationExecutionInfo::default()
        }
    }

    pub(super) fn attributes(&self) -> SearchAttributes {
        self.request.search_attributes.clone().unwrap_or_default()
    }

    fn cancel_info(&self, cancel: &Cancel) -> NexusOperationExecutionCancellationInfo {
        let attempts = &cancel.attempts;
        let state = match (&self.started, cancel.delivered, attempts.due) {
            (_, Some(true), _) => CancelState::Succeeded,
            (_, Some(false), _) => CancelState::Failed,
            (None, None, _) => CancelState::Unspecified,
            (Some(_), None, Some(_)) => CancelState::BackingOff,
            (Some(_), None, None) => CancelState::Scheduled,
        };
        NexusOperationExecutionCancellationInfo {
            state: state as i32,
            attempt: if self.started.is_some() { cancel.attempt } else { 0 },
            last_attempt_complete_time: attempts.last_at.map(Timestamp::to_proto),
            last_attempt_failure: attempts.last_failure.as_ref().map(|failure| failure.0.clone()),
            next_attempt_schedule_time: attempts.due.map(Timestamp::to_proto),
            reason: cancel.reason.clone(),
            ..NexusOperationExecutionCancellationInfo::default()
        }
    }
}

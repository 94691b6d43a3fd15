//! How a standalone activity looks to those who ask for it, and to the worker that takes its task.

use longhaul_proto::api::{
    activity::v1::{ActivityExecutionInfo, ActivityExecutionOutcome},
    common::v1::WorkflowExecution,
    enums::v1::PendingActivityState,
    workflowservice::v1::{DescribeActivityExecutionResponse, PollActivityTaskQueueResponse},
};

use super::{Execution, Phase};
use crate::time::{Timestamp, to_proto};

/// What a description is to tell beside the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Included {
    /// What the activity was started with.
    pub input: bool,
    /// How it ended.
    pub outcome: bool,
    /// Details of its last heartbeat.
    pub heartbeat_details: bool,
    /// Why its last attempt failed.
    pub last_failure: bool,
}

impl Execution {
    /// The answer to a describe, but for the token of a long poll.
    pub fn describe(&self, included: Included) -> DescribeActivityExecutionResponse {
        DescribeActivityExecutionResponse {
            run_id: self.run.to_string(),
            info: Some(self.info(included)),
            input: self.start.input.clone().filter(|_| included.input),
            outcome: self.outcome().filter(|_| included.outcome),
            ..DescribeActivityExecutionResponse::default()
        }
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<ActivityExecutionOutcome> {
        self.state.closed.as_ref().map(|closed| closed.outcome.0.clone())
    }

    fn run_state(&self) -> PendingActivityState {
        let state = &self.state;
        match (&state.phase, state.closed.is_some()) {
            (_, true) => PendingActivityState::Unspecified,
            (Phase::Started { .. }, false) if state.cancel.is_some() => PendingActivityState::CancelRequested,
            (Phase::Started { .. }, false) if state.paused.is_some() => PendingActivityState::PauseRequested,
            (Phase::Started { .. }, false) => PendingActivityState::Started,
            (_, false) if state.paused.is_some() => PendingActivityState::Paused,
            (_, false) => PendingActivityState::Scheduled,
        }
    }

    fn info(&self, included: Included) -> ActivityExecutionInfo {
        let (state, start) = (&self.state, &self.start);
        let closed = state.closed.as_ref();
        let waits = closed.is_none() && state.paused.is_none() && state.phase == Phase::Backoff;
        let retries = waits && state.last_ended.is_some() && state.attempt > 1;
        ActivityExecutionInfo {
            activity_id: self.id.clone(),
            run_id: self.run.to_string(),
            activity_type: start.activity_type.clone(),
            status: state.status() as i32,
            run_state: self.run_state() as i32,
            task_queue: state
                .options
                .task_queue
                .as_ref()
                .map_or_else(String::new, |queue| queue.name.clone()),
            schedule_to_close_timeout: state.options.schedule_to_close_timeout,
            schedule_to_start_timeout: state.options.schedule_to_start_timeout,
            start_to_close_timeout: state.options.start_to_close_timeout,
            heartbeat_timeout: state.options.heartbeat_timeout,
            retry_policy: state.options.retry_policy.clone(),
            heartbeat_details: state
                .heartbeat_details
                .as_ref()
                .filter(|_| included.heartbeat_details)
                .map(|details| details.0.clone()),
            last_heartbeat_time: state.last_heartbeat.map(Timestamp::to_proto),
            last_started_time: state.last_started.map(Timestamp::to_proto),
            attempt: state.attempt,
            execution_duration: closed.map(|closed| to_proto(closed.at.since(self.executes_at()))),
            schedule_time: Some(self.started_at.to_proto()),
            expiration_time: self.expires().map(Timestamp::to_proto),
            close_time: closed.map(|closed| closed.at.to_proto()),
            last_failure: state
                .last_failure
                .as_ref()
                .filter(|_| included.last_failure)
                .map(|failure| failure.0.clone()),
            last_worker_identity: state.last_worker.clone(),
            current_retry_interval: state
                .last_ended
                .filter(|_| retries)
                .map(|ended| to_proto(state.due.since(ended))),
            last_attempt_complete_time: state.last_ended.map(Timestamp::to_proto),
            next_attempt_schedule_time: waits.then(|| state.due.to_proto()),
            priority: state.options.priority.clone(),
            state_transition_count: state.transitions,
            state_size_bytes: i64::try_from(crate::codec::encode(self).len()).unwrap_or(i64::MAX),
            search_attributes: Some(start.search_attributes.clone().unwrap_or_default()),
            header: start.header.clone(),
            user_metadata: start.user_metadata.clone(),
            canceled_reason: state.cancel.as_ref().map_or_else(String::new, |asked| asked.reason.clone()),
            links: start.links.clone(),
            total_heartbeat_count: state.heartbeats,
            sdk_name: state.sdk.0.clone(),
            sdk_version: state.sdk.1.clone(),
            start_delay: state.options.start_delay,
            execution_time: Some(self.executes_at().to_proto()),
            ..ActivityExecutionInfo::default()
        }
    }

    /// The answer to the poll that has just taken the task, but for its token.
    pub fn task(&self, namespace: &str) -> Option<PollActivityTaskQueueResponse> {
        let (state, start) = (&self.state, &self.start);
        let Phase::Started { at, .. } = &state.phase else { return None };
        Some(PollActivityTaskQueueResponse {
            workflow_namespace: namespace.to_owned(),
            workflow_execution: Some(WorkflowExecution::default()),
            activity_type: start.activity_type.clone(),
            activity_id: self.id.clone(),
            activity_run_id: self.run.to_string(),
            header: start.header.clone(),
            input: start.input.clone(),
            heartbeat_details: state.heartbeat_details.as_ref().map(|details| details.0.clone()),
            scheduled_time: Some(self.started_at.to_proto()),
            current_attempt_scheduled_time: Some(state.due.to_proto()),
            started_time: Some(at.to_proto()),
            attempt: state.attempt,
            schedule_to_close_timeout: state.options.schedule_to_close_timeout,
            start_to_close_timeout: state.options.start_to_close_timeout,
            heartbeat_timeout: state.options.heartbeat_timeout,
            retry_policy: state.options.retry_policy.clone(),
            priority: state.options.priority.clone(),
            ..PollActivityTaskQueueResponse::default()
        })
    }
}

//! How pending operations look to those who ask for the run.

use longhaul_proto::api::{
    enums::v1::{NexusOperationCancellationState as CancelState, PendingNexusOperationState as State},
    workflow::v1::{NexusOperationCancellationInfo, PendingNexusOperationInfo},
};

use super::{NexusCancel, NexusOperation};
use crate::{run::Run, time::Timestamp};

impl Run {
    /// The pending operations.
    pub(in crate::run) fn nexus_infos(&self) -> Vec<PendingNexusOperationInfo> {
        self.nexus_operations.values().map(info).collect()
    }
}

#[allow(deprecated)]
fn info(operation: &NexusOperation) -> PendingNexusOperationInfo {
    let (scheduled, attempts) = (&operation.scheduled, &operation.attempts);
    let token = operation.started.as_ref().map_or_else(String::new, |started| started.token.clone());
    let state = match (&operation.started, attempts.due) {
        (Some(_), _) => State::Started,
        (None, Some(_)) => State::BackingOff,
        (None, None) => State::Scheduled,
    };
    PendingNexusOperationInfo {
        endpoint: scheduled.endpoint.clone(),
        service: scheduled.service.clone(),
        operation: scheduled.operation.clone(),
        operation_id: token.clone(),
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        scheduled_time: Some(operation.scheduled_at.to_proto()),
        state: state as i32,
        attempt: attempts.count,
        last_attempt_complete_time: attempts.last_at.map(Timestamp::to_proto),
        last_attempt_failure: attempts.last_failure.as_ref().map(|failure| failure.0.clone()),
        next_attempt_schedule_time: attempts.due.map(Timestamp::to_proto),
        cancellation_info: operation.cancel.as_ref().map(cancel_info),
        scheduled_event_id: operation.scheduled_event_id,
        operation_token: token,
        schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        ..PendingNexusOperationInfo::default()
    }
}

/// As on the reference nothing is told of a cancellation that waits for the start of its operation.
fn cancel_info(cancel: &NexusCancel) -> NexusOperationCancellationInfo {
    let attempts = &cancel.attempts;
    let state = match (cancel.delivered, cancel.since, attempts.due) {
        (Some(true), ..) => CancelState::Succeeded,
        (Some(false), ..) => CancelState::Failed,
        (None, None, _) => CancelState::Unspecified,
        (None, Some(_), Some(_)) => CancelState::BackingOff,
        (None, Some(_), None) => CancelState::Scheduled,
    };
    NexusOperationCancellationInfo {
        requested_time: cancel.since.map(Timestamp::to_proto),
        state: state as i32,
        attempt: attempts.count,
        last_attempt_complete_time: attempts.last_at.map(Timestamp::to_proto),
        last_attempt_failure: attempts.last_failure.as_ref().map(|failure| failure.0.clone()),
        next_attempt_schedule_time: attempts.due.map(Timestamp::to_proto),
        ..NexusOperationCancellationInfo::default()
    }
}

//! Nexus operations that runs owe a call.

use longhaul_kernel::{
    nexus::to_event,
    run::{NexusOperation, What},
    time::positive,
};
use longhaul_proto::api::enums::v1::EventType;
use longhaul_runtime::peers::{NexusToken, PeerError};

use super::Debt;
use crate::nexus::{self, Call};

/// Makes one attempt to start an operation.
pub(super) async fn start(debt: &Debt, operation: &NexusOperation) -> Result<What, PeerError> {
    let outcome =
        Box::new(nexus::start(&debt.shard.room, debt.run.execution.namespace, &call(debt, operation)).await?);
    Ok(What::NexusStartAttempted { scheduled_event_id: operation.scheduled_event_id, outcome })
}

/// Makes one attempt to deliver the request to cancel an operation.
pub(super) async fn cancel(debt: &Debt, operation: &NexusOperation) -> Result<What, PeerError> {
    let outcome = Box::new(
        nexus::cancel(&debt.shard.room, debt.run.execution.namespace, &call(debt, operation)).await?,
    );
    Ok(What::NexusCancelAttempted { scheduled_event_id: operation.scheduled_event_id, outcome })
}

fn call(debt: &Debt, operation: &NexusOperation) -> Call {
    let scheduled = &operation.scheduled;
    let (workflow_id, run_id) = (debt.run.execution.id.to_string(), debt.run.run.to_string());
    let event_id = operation.scheduled_event_id;
    let link = to_event(&debt.namespace, &workflow_id, &run_id, event_id, EventType::NexusOperationScheduled);
    Call {
        namespace: debt.namespace.clone(),
        endpoint_id: scheduled.endpoint_id.clone(),
        endpoint: scheduled.endpoint.clone(),
        service: scheduled.service.clone(),
        operation: scheduled.operation.clone(),
        token: operation.started.as_ref().map_or_else(String::new, |started| started.token.clone()),
        request_id: scheduled.request_id.clone(),
        header: scheduled.nexus_header.clone(),
        input: scheduled.input.clone(),
        links: vec![link],
        callback: Some(NexusToken {
            namespace_id: debt.run.execution.namespace.as_bytes().to_vec(),
            workflow_id,
            run_id,
            scheduled_event_id: event_id,
            request_id: scheduled.request_id.clone(),
            operation_id: String::new(),
        }),
        starts_by: positive(scheduled.schedule_to_start_timeout.as_ref())
            .map(|timeout| operation.scheduled_at + timeout),
        closes_at: operation.closes_at(),
        start_to_close: positive(scheduled.start_to_close_timeout.as_ref()),
    }
}

//! Standalone Nexus operations in a shard: their handlers are called here.

use std::sync::Arc;

use longhaul_kernel::{
    hosted::DutyName,
    ids::RunKey,
    operation::{Duty, Input, Operation, What},
    time::positive,
};
use longhaul_runtime::peers::{NexusToken, PeerError};

use crate::{
    executions::Executions,
    history::Room,
    hosted::{Cell, Lodged},
    nexus::{self, Call},
    shard::Shard,
};

impl Lodged for Operation {
    fn executions(shard: &Shard) -> &Executions<Cell<Self>> {
        &shard.operations
    }

    async fn fulfil(room: &Arc<Room>, run: &RunKey, _: DutyName, duty: &Duty) -> Result<Input, PeerError> {
        let context = room.contexts.of(run.execution.namespace).await?;
        let what = match duty {
            Duty::Start(operation) => {
                let outcome =
                    nexus::start(room, run.execution.namespace, &call(operation, &context.namespace)).await?;
                What::StartAttempted(Box::new(outcome))
            }
            Duty::Cancel(operation) => {
                let outcome =
                    nexus::cancel(room, run.execution.namespace, &call(operation, &context.namespace))
                        .await?;
                What::CancelAttempted(Box::new(outcome))
            }
        };
        Ok(Input { context, what })
    }
}

fn call(operation: &Operation, namespace: &str) -> Call {
    let request = &operation.request;
    Call {
        namespace: namespace.to_owned(),
        endpoint_id: operation.endpoint_id.clone(),
        endpoint: request.endpoint.clone(),
        service: request.service.clone(),
        operation: request.operation.clone(),
        token: operation.token().to_owned(),
        request_id: operation.handler_request_id.clone(),
        header: request.nexus_header.clone(),
        input: request.input.clone(),
        links: vec![longhaul_kernel::nexus::to_operation(
            namespace,
            &operation.id,
            &operation.run.to_string(),
        )],
        callback: Some(NexusToken {
            namespace_id: operation.namespace.as_bytes().to_vec(),
            workflow_id: String::new(),
            run_id: operation.run.to_string(),
            scheduled_event_id: 0,
            request_id: operation.handler_request_id.clone(),
            operation_id: operation.id.clone(),
        }),
        starts_by: positive(request.schedule_to_start_timeout.as_ref())
            .map(|timeout| operation.scheduled_at + timeout),
        closes_at: operation.closes_at(),
        start_to_close: positive(request.start_to_close_timeout.as_ref()),
    }
}

//! Batch operations as clients ask for them: refused or passed on to their owner; lists are read here.

use std::sync::Arc;

use longhaul_kernel::{
    batch,
    ids::Kind,
    namespace::Namespace,
    visibility::{Attributes, Query},
};
use longhaul_proto::{
    ExhaustedCause, ExhaustedScope, Refusal,
    api::{
        batch::v1::BatchOperationInfo,
        workflowservice::v1::{
            DescribeBatchOperationRequest, DescribeBatchOperationResponse, ListBatchOperationsRequest,
            ListBatchOperationsResponse, StartBatchOperationRequest, StartBatchOperationResponse,
            StopBatchOperationRequest, StopBatchOperationResponse,
        },
    },
};
use longhaul_runtime::peers::PeerError;
use prost::Message;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, reading},
    visibility::page,
};

/// Answers `StartBatchOperation`.
pub(crate) async fn start(
    frontend: &Frontend,
    asker: Asker,
    request: StartBatchOperationRequest,
) -> Answered<StartBatchOperationResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    batch::check(&request)?;
    if !request.visibility_query.is_empty() {
        let attributes = match batch::kind(&request) {
            Kind::Activity => namespace.attributes().of_activities(),
            _ => namespace.attributes(),
        };
        batch::query(&request.visibility_query, &attributes)?;
    }
    if request.job_id.len() > frontend.id_bytes_max() {
        return Err(Refusal::invalid("WorkflowId exceeds length limit.").into());
    }
    check_running(frontend, &namespace).await?;
    frontend.history(&asker, &namespace, request).await
}

/// Refuses another operation if as many run as may.
async fn check_running(frontend: &Frontend, namespace: &Namespace) -> Answered<()> {
    let most = frontend.settings(namespace).batches_max;
    if most == usize::MAX {
        return Ok(());
    }
    let running = Query::parse("ExecutionStatus = 'Running'", &Attributes::system())?;
    let counted = frontend.store.count(namespace.id, Kind::Batch, Arc::new(running), None);
    let counts = counted.await.map_err(reading)?;
    if counts.iter().map(|(_, count)| count).sum::<u64>() < most as u64 {
        return Ok(());
    }
    Err(Refusal::ResourceExhausted {
        message: "Max concurrent batch operations is reached".into(),
        cause: ExhaustedCause::ConcurrentLimit,
        scope: ExhaustedScope::Namespace,
    }
    .into())
}

/// Answers `DescribeBatchOperation`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeBatchOperationRequest,
) -> Answered<DescribeBatchOperationResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(&request.job_id)?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `StopBatchOperation`.
pub(crate) async fn stop(
    frontend: &Frontend,
    asker: Asker,
    request: StopBatchOperationRequest,
) -> Answered<StopBatchOperationResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_id(&request.job_id)?;
    if request.reason.is_empty() {
        return Err(Refusal::invalid("Reason is not set on request.").into());
    }
    frontend.history(&asker, &namespace, request).await
}

fn check_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() { Err(Refusal::invalid("JobId is not set on request.")) } else { Ok(()) }
}

/// Answers `ListBatchOperations`: those that run first, then the newest.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListBatchOperationsRequest,
) -> Answered<ListBatchOperationsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = Arc::new(Query::everything());
    let limit = page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let after = page::cursor(&request.next_page_token, &query)?;
    let listed = frontend.store.list(namespace.id, Kind::Batch, query.clone(), after, limit);
    let rows = listed.await.map_err(reading)?;
    let next_page_token = match rows.last() {
        Some(last) if rows.len() == limit => page::token(last, &query),
        _ => bytes::Bytes::new(),
    };
    let operation_info = rows
        .iter()
        .map(|row| {
            BatchOperationInfo::decode(row.info.clone())
                .map_err(|error| PeerError::Corrupt(format!("row of {} can't be read: {error}", row.run)))
        })
        .collect::<Result<_, _>>()?;
    Ok(ListBatchOperationsResponse { operation_info, next_page_token })
}

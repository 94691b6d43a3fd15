//! Calls about batch operations. A job is its own execution; it is never taken for a workflow of the same id.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    batch::{Batch, Input},
    ids::{ExecutionKey, Kind, NamespaceId},
};
use longhaul_proto::api::workflowservice::v1::{
    DescribeBatchOperationRequest, DescribeBatchOperationResponse, StartBatchOperationRequest,
    StopBatchOperationRequest,
};
use longhaul_runtime::peers::PeerError;

use crate::{
    cell::{Target, Turn},
    history::Room,
    hosted::Cell,
};

type Moment<'a> = Turn<'a, Cell<Batch>>;

/// Begins an operation.
///
/// # Errors
/// `WorkflowExecutionAlreadyStarted` if there was one of that id and it is still remembered.
pub async fn start(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: StartBatchOperationRequest,
) -> Result<(), PeerError> {
    let id = request.job_id.clone();
    let context = room.contexts.of(namespace).await?;
    let rate = room.live.read(&context.namespace, |settings| settings.batch_rps);
    ask(room, namespace, &id, move |turn| {
        if let Some(job) = turn.machine() {
            return Err(taken(job));
        }
        let job = Batch::create(request, namespace, rate, turn.at, &mut turn.draw);
        turn.begin(job);
        Ok(())
    })
    .await
}

/// Describes an operation.
///
/// # Errors
/// `NotFound`.
pub async fn describe(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: DescribeBatchOperationRequest,
) -> Result<DescribeBatchOperationResponse, PeerError> {
    ask(room, namespace, &request.job_id, |turn| Ok(found(turn)?.describe())).await
}

/// Ends an operation. What is under way goes on and is counted.
///
/// # Errors
/// `NotFound` if there is none or it is over.
pub async fn stop(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: StopBatchOperationRequest,
) -> Result<(), PeerError> {
    ask(room, namespace, &request.job_id, |turn| {
        found(turn)?;
        let retention = turn.context.retention;
        turn.step(Input::Stop { retention }).map(|_| ())
    })
    .await
}

/// Asks an operation.
async fn ask<T: Send + 'static>(
    room: &Arc<Room>,
    namespace: NamespaceId,
    id: &str,
    work: impl FnOnce(&mut Moment<'_>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, PeerError> {
    let key = ExecutionKey { namespace, kind: Kind::Batch, id: id.into() };
    let shard = room.shard(&key)?;
    shard.batches.ask(&shard, key, Target::Current, work).await
}

/// The operation, if there is one.
fn found<'t>(turn: &'t Moment<'_>) -> Result<&'t Batch, Refusal> {
    // The reference's batch operations are workflows, and its texts say so.
    turn.machine().ok_or_else(|| Refusal::not_found(format!("workflow not found for ID: {}", turn.key.id)))
}

fn taken(job: &Batch) -> Refusal {
    let (id, run_id) = (&job.id, job.run.to_string());
    let message = if job.is_running() {
        format!("Workflow execution is already running. WorkflowId: {id}, RunId: {run_id}.")
    } else {
        format!(
            "Workflow execution already finished. WorkflowId: {id}, RunId: {run_id}. Workflow Id reuse policy: \
             reject duplicate workflow Id."
        )
    };
    Refusal::WorkflowExecutionAlreadyStarted {
        message,
        start_request_id: job.request_id.to_string(),
        run_id: run_id.clone(),
        first_execution_run_id: run_id,
    }
}

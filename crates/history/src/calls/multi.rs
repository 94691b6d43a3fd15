//! Update-with-start: one start and one update of the same workflow, decided together.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId},
    run::{StartOrigin, StartVerdict, UpdateStage, decide_start},
};
use longhaul_proto::api::{
    enums::v1::WorkflowIdConflictPolicy as Conflict,
    workflowservice::v1::{
        ExecuteMultiOperationRequest, ExecuteMultiOperationResponse, StartWorkflowExecutionRequest,
        StartWorkflowExecutionResponse, UpdateWorkflowExecutionRequest,
        execute_multi_operation_request::operation::Operation as Asked,
        execute_multi_operation_response::{Response, response},
    },
};
use longhaul_runtime::peers::{Caller, PeerError};

use super::{
    start::{self, Started},
    update::{self, Ended},
};
use crate::{
    cell::{Target, Turn},
    history::Room,
};

/// What a caller is told about the whole; the operations tell more.
const FAILED: &str = "Update-with-Start could not be executed.";

/// What came of the pair before the update is waited for.
struct Pair {
    started: Started,
    /// Whether the update was known and completed before: the start part then says little.
    known: bool,
    asked: update::Asked,
}

/// Which of the two operations was refused.
enum Refused {
    Start(Refusal),
    Update(Refusal),
}

/// Carries out a start and an update.
///
/// # Errors
/// `MultiOperation`, with a status per operation.
pub async fn execute(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: ExecuteMultiOperationRequest,
) -> Result<ExecuteMultiOperationResponse, PeerError> {
    let (start, update) = split(request)?;
    let key = ExecutionKey::workflow(namespace, &start.workflow_id);
    let shard = room.shard(&key)?;
    let asked = update.request.unwrap_or_default();
    let update_id = asked.meta.as_ref().map_or_else(String::new, |meta| meta.update_id.clone());
    let wanted = update.wait_policy.map_or(0, |policy| policy.lifecycle_stage);
    let outcome = shard
        .ask(key.clone(), Target::Current, move |turn| Ok(decide(turn, namespace, start, asked)))
        .await?;
    let pair = outcome.map_err(told)?;
    let Pair { started, known, asked } = pair;
    let run_id = started.run_id.clone();
    let link = (!known).then(|| start::started_link(&caller.namespace, &key.id, &run_id));
    let reached = match update::wait(room, &key, asked, &update_id, wanted).await {
        Ok(reached) => reached,
        Err(Ended::Refused(PeerError::Refused(refusal))) => {
            return Err(Refusal::MultiOperation {
                message: FAILED.into(),
                statuses: vec![None, Some(*refusal)],
            }
            .into());
        }
        Err(Ended::Refused(error)) => return Err(error),
        Err(Ended::Moved) => {
            let refusal = Refusal::Aborted("workflow update was aborted by closing workflow".into());
            return Err(Refusal::MultiOperation {
                message: FAILED.into(),
                statuses: vec![None, Some(refusal)],
            }
            .into());
        }
    };
    let start = StartWorkflowExecutionResponse {
        run_id,
        first_execution_run_id: if started.started { started.first_run_id } else { String::new() },
        started: started.started,
        status: started.status,
        link,
        eager_workflow_task: None,
    };
    let mut update = update::response(&caller.namespace, &key, &update_id, reached);
    if known {
        update.link = None;
    }
    let responses = vec![
        Response { response: Some(response::Response::StartWorkflow(start)) },
        Response { response: Some(response::Response::UpdateWorkflow(update)) },
    ];
    Ok(ExecuteMultiOperationResponse { responses })
}

/// Takes the two operations out of the request.
fn split(
    request: ExecuteMultiOperationRequest,
) -> Result<(StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest), Refusal> {
    let mut operations = request.operations.into_iter().map(|operation| operation.operation);
    match (operations.next().flatten(), operations.next().flatten()) {
        (Some(Asked::StartWorkflow(start)), Some(Asked::UpdateWorkflow(update))) => Ok((start, update)),
        _ => Err(Refusal::invalid("Operations have to be exactly [Start, Update].")),
    }
}

/// The refusal of the pair: the other operation was not tried.
fn told(refused: Refused) -> PeerError {
    let aborted = || Some(Refusal::MultiOperationAborted("Operation was aborted.".into()));
    let statuses = match refused {
        Refused::Start(refusal) => vec![Some(refusal), aborted()],
        Refused::Update(refusal) => vec![aborted(), Some(refusal)],
    };
    Refusal::MultiOperation { message: FAILED.into(), statuses }.into()
}

/// Decides the pair: on the run there is, or on a new one.
fn decide(
    turn: &mut Turn<'_>,
    namespace: NamespaceId,
    start: StartWorkflowExecutionRequest,
    asked: longhaul_proto::api::update::v1::Request,
) -> Result<Pair, Refused> {
    let id = asked.meta.as_ref().map_or_else(String::new, |meta| meta.update_id.clone());
    let stage = turn.loaded().ok().and_then(|loaded| loaded.run.update_stage(&id));
    let runs = turn.loaded().is_ok_and(|loaded| loaded.run.is_running());
    let is_over = matches!(stage, Some(UpdateStage::Completed(_) | UpdateStage::Orphaned));
    if is_over || (stage.is_some() && runs) {
        let started = start::existing(turn, false).map_err(Refused::Start)?;
        let asked = update::admit(turn, asked).map_err(Refused::Update)?;
        return Ok(Pair { started, known: is_over, asked });
    }
    let verdict = decide_start(
        &start.workflow_id,
        turn.cell.current(),
        &start.request_id,
        start.workflow_id_reuse_policy,
        start.workflow_id_conflict_policy,
    )
    .map_err(Refused::Start)?;
    let uses_existing = match verdict {
        StartVerdict::Existing => true,
        StartVerdict::Deduplicated | StartVerdict::Attached => {
            runs || start.workflow_id_conflict_policy == Conflict::UseExisting as i32
        }
        StartVerdict::Start | StartVerdict::Replace => false,
    };
    let started = if uses_existing {
        start::existing(turn, verdict == StartVerdict::Deduplicated).map_err(Refused::Start)?
    } else {
        let started =
            start::decide(turn, namespace, start, StartOrigin::default()).map_err(Refused::Start)?;
        turn.target = longhaul_kernel::ids::RunId::parse(&started.run_id);
        started
    };
    let asked = update::admit(turn, asked).map_err(Refused::Update)?;
    Ok(Pair { started, known: false, asked })
}

//! Updates: asked for, waited for, and asked about later.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId},
    run::{UpdateNews, UpdateStage, What, orphaned},
};
use longhaul_proto::api::{
    common::v1::{Link, WorkflowExecution, link},
    enums::v1::{EventType, UpdateWorkflowExecutionLifecycleStage as Stage},
    history::v1::history_event::Attributes,
    update::v1::{Outcome, Request, UpdateRef, outcome},
    workflowservice::v1::{
        PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse,
        UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
    },
};
use longhaul_runtime::peers::{Caller, PeerError};
use longhaul_store::Direction;
use tokio::sync::mpsc;

use super::target;
use crate::{
    cell::{Target, Turn},
    events::{self, Place},
    history::Room,
};

/// How often an update follows its execution from one run to the next.
const MOVES: usize = 5;

/// An update that was found or admitted.
pub struct Asked {
    /// The run that has it.
    pub run_id: String,
    /// Where it stood.
    pub stage: UpdateStage,
    /// What becomes of it.
    pub news: mpsc::UnboundedReceiver<UpdateNews>,
    /// Where the run's events are.
    pub place: Place,
    /// When a wait for it ends. A caller with less patience is told by its own deadline, as on the reference.
    pub until: i64,
}

/// Where an update stands after having waited for it.
pub struct Reached {
    /// The run that has it.
    pub run_id: String,
    /// Its stage.
    pub stage: Stage,
    /// Its outcome, once it is completed.
    pub outcome: Option<Outcome>,
}

/// Why a wait for an update ended without an answer.
pub enum Ended {
    /// The caller is refused.
    Refused(PeerError),
    /// The chain went on with another run.
    Moved,
}

/// Asks for an update, and waits for the stage the caller wants.
///
/// # Errors
/// `NotFound`, `WorkflowNotReady`, `ResourceExhausted`; a rejection is no error but an outcome.
pub async fn update(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: UpdateWorkflowExecutionRequest,
) -> Result<UpdateWorkflowExecutionResponse, PeerError> {
    let (key, run) = target(namespace, request.workflow_execution.as_ref())?;
    let asked = request.request.unwrap_or_default();
    let update_id = asked.meta.as_ref().map_or_else(String::new, |meta| meta.update_id.clone());
    let wanted = request.wait_policy.map_or(0, |policy| policy.lifecycle_stage);
    let mut moves = 0;
    loop {
        let shard = room.shard(&key)?;
        let first_run_id = request.first_execution_run_id.clone();
        let admitted = asked.clone();
        let asked = shard
            .ask(key.clone(), run, move |turn| {
                super::control::ensure_chain(turn, &first_run_id)?;
                admit(turn, admitted)
            })
            .await?;
        match wait(room, &key, asked, &update_id, wanted).await {
            Ok(reached) => return Ok(response(&caller.namespace, &key, &update_id, reached)),
            Err(Ended::Refused(error)) => return Err(error),
            Err(Ended::Moved) if moves < MOVES && run == Target::Current => moves += 1,
            Err(Ended::Moved) => {
                return Err(Refusal::not_found("workflow update was aborted by closing workflow").into());
            }
        }
    }
}

/// Admits an update on the run a job is about, and listens for what becomes of it.
///
/// # Errors
/// The kernel's.
pub fn admit(turn: &mut Turn<'_>, request: Request) -> Result<Asked, Refusal> {
    let id = request.meta.as_ref().map_or_else(String::new, |meta| meta.update_id.clone());
    turn.step(What::AdmitUpdate(Box::new(request)))?;
    find(turn, &id)?.ok_or_else(|| Refusal::Internal(format!("update {id} was admitted and is gone")))
}

/// Finds an update on the run a job is about, and listens for what becomes of it.
fn find(turn: &mut Turn<'_>, id: &str) -> Result<Option<Asked>, Refusal> {
    let until = (turn.at + turn.settings.history_wait).0;
    let loaded = turn.loaded_mut()?;
    let Some(stage) = loaded.run.update_stage(id) else { return Ok(None) };
    let (sender, news) = mpsc::unbounded_channel();
    if matches!(stage, UpdateStage::Admitted | UpdateStage::Accepted) {
        let waiters = loaded.updates.entry(id.to_owned()).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(sender);
    }
    Ok(Some(Asked { run_id: loaded.run.run_id.to_string(), stage, news, place: loaded.place(), until }))
}

/// Waits until the update has reached the stage that is wanted, or the caller's patience or ours is over.
///
/// # Errors
/// Why there is no answer.
pub async fn wait(
    room: &Arc<Room>,
    key: &ExecutionKey,
    asked: Asked,
    update_id: &str,
    wanted: i32,
) -> Result<Reached, Ended> {
    let Asked { run_id, mut stage, mut news, place, until } = asked;
    let reached = |stage, outcome| Ok(Reached { run_id: run_id.clone(), stage, outcome });
    loop {
        match stage {
            UpdateStage::Completed(event) => {
                let outcome = read_outcome(room, &place, event).await.map_err(Ended::Refused)?;
                return reached(Stage::Completed, Some(outcome));
            }
            UpdateStage::Orphaned => return reached(Stage::Completed, Some(orphaned())),
            UpdateStage::Accepted if wanted == Stage::Accepted as i32 => {
                return reached(Stage::Accepted, None);
            }
            UpdateStage::Accepted | UpdateStage::Admitted if !waits(wanted) => {
                let now = if stage == UpdateStage::Accepted { Stage::Accepted } else { Stage::Admitted };
                return reached(now, None);
            }
            UpdateStage::Accepted | UpdateStage::Admitted => {}
        }
        let next = tokio::select! {
            biased;
            next = news.recv() => next,
            () = room.host.clock.wait_until(until) => {
                let now = if stage == UpdateStage::Accepted { Stage::Accepted } else { Stage::Admitted };
                return reached(now, None);
            }
        };
        match next {
            Some(UpdateNews::Accepted) => {
                // What followed in the same step is told with it.
                match news.try_recv() {
                    Ok(UpdateNews::Completed(outcome)) => return reached(Stage::Completed, Some(*outcome)),
                    _ => stage = UpdateStage::Accepted,
                }
            }
            Some(UpdateNews::Completed(outcome)) => return reached(Stage::Completed, Some(*outcome)),
            Some(UpdateNews::Aborted(refusal)) => return Err(Ended::Refused(refusal.into())),
            Some(UpdateNews::Moved) => return Err(Ended::Moved),
            None => {
                tracing::debug!(execution = %key.id, update_id, "update was lost with its run");
                return Err(Ended::Refused(PeerError::Busy("update was lost, ask again".into())));
            }
        }
    }
}

/// Whether a caller waits for more than the update being admitted.
fn waits(wanted: i32) -> bool {
    wanted == 0 || wanted == Stage::Accepted as i32 || wanted == Stage::Completed as i32
}

/// Reads the outcome of a completed update out of the history.
async fn read_outcome(room: &Room, place: &Place, event: i64) -> Result<Outcome, PeerError> {
    let batches = events::read(&*room.store, place, event, event, Direction::Forward, 1).await?;
    let found = events::decode(&batches)?.into_iter().find(|found| found.event_id == event);
    match found.and_then(|found| found.attributes) {
        Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a)) => {
            Ok(a.outcome.unwrap_or_default())
        }
        _ => Err(PeerError::Corrupt(format!("event {event} is no completed update"))),
    }
}

/// The answer to whoever asked for the update.
pub fn response(
    namespace: &str,
    key: &ExecutionKey,
    update_id: &str,
    reached: Reached,
) -> UpdateWorkflowExecutionResponse {
    let link = update_link(namespace, key, &reached);
    UpdateWorkflowExecutionResponse {
        update_ref: Some(UpdateRef {
            workflow_execution: Some(WorkflowExecution {
                workflow_id: key.id.to_string(),
                run_id: reached.run_id.clone(),
            }),
            update_id: update_id.to_owned(),
        }),
        outcome: reached.outcome,
        stage: reached.stage as i32,
        link,
    }
}

/// A link to where the update is found: its accepted event, or the run for one that failed.
fn update_link(namespace: &str, key: &ExecutionKey, reached: &Reached) -> Option<Link> {
    if reached.stage == Stage::Admitted {
        return None;
    }
    let failed = matches!(reached.outcome, Some(Outcome { value: Some(outcome::Value::Failure(_)) }));
    let variant = if failed {
        link::Variant::Workflow(link::Workflow {
            namespace: namespace.into(),
            workflow_id: key.id.to_string(),
            run_id: reached.run_id.clone(),
            reason: "Update rejected".into(),
        })
    } else {
        let reference = link::workflow_event::RequestIdReference {
            request_id: String::new(),
            event_type: EventType::WorkflowExecutionUpdateAccepted as i32,
        };
        link::Variant::WorkflowEvent(link::WorkflowEvent {
            namespace: namespace.into(),
            workflow_id: key.id.to_string(),
            run_id: reached.run_id.clone(),
            reference: Some(link::workflow_event::Reference::RequestIdRef(reference)),
        })
    };
    Some(Link { variant: Some(variant) })
}

/// Asks about an update.
///
/// # Errors
/// `NotFound` if nothing is known of it.
pub async fn poll(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: PollWorkflowExecutionUpdateRequest,
) -> Result<PollWorkflowExecutionUpdateResponse, PeerError> {
    let reference = request.update_ref.unwrap_or_default();
    let (key, run) = target(namespace, reference.workflow_execution.as_ref())?;
    let shard = room.shard(&key)?;
    let id = reference.update_id.clone();
    let asked = shard
        .ask(key.clone(), run, move |turn| {
            find(turn, &id)?.ok_or_else(|| Refusal::not_found(format!("update \"{id}\" not found")))
        })
        .await?;
    // Without a wait policy the caller wants to know where the update stands now.
    let wanted = request.wait_policy.map_or(Stage::Admitted as i32, |policy| match policy.lifecycle_stage {
        0 => Stage::Admitted as i32,
        stage => stage,
    });
    let reached = match wait(room, &key, asked, &reference.update_id, wanted).await {
        Ok(reached) => reached,
        Err(Ended::Refused(error)) => return Err(error),
        Err(Ended::Moved) => {
            return Err(Refusal::not_found("workflow update was aborted by closing workflow").into());
        }
    };
    Ok(PollWorkflowExecutionUpdateResponse {
        outcome: reached.outcome,
        stage: reached.stage as i32,
        update_ref: Some(UpdateRef {
            workflow_execution: Some(WorkflowExecution {
                workflow_id: key.id.to_string(),
                run_id: reached.run_id,
            }),
            update_id: reference.update_id,
        }),
    })
}

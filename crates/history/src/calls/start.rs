//! Starting runs: by clients, with or without a signal.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId, RunId},
    run::{
        Attachment, Reply, Signal, StartOrigin, StartVerdict, Termination, What, decide_start, from_request,
        json_string, transaction_too_large, versioning,
    },
};
use longhaul_proto::api::{
    common::v1::{Link, link},
    enums::v1::{EventType, WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy},
    workflowservice::v1::{
        SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse,
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
    },
};
use longhaul_runtime::peers::PeerError;
use prost::Message as _;

use crate::{
    cell::{Target, Turn},
    deployments,
    history::Room,
    poll_answer::{self, Draft},
};

/// What a start led to.
pub struct Started {
    /// The run.
    pub run_id: String,
    /// First run of its chain.
    pub first_run_id: String,
    /// Whether this request created it, now or before.
    pub started: bool,
    /// Its status.
    pub status: i32,
    /// The request id by which the request was attached to a run that had begun before.
    pub attached: Option<String>,
    /// The first workflow task, if the starter takes it.
    pub eager: Option<Draft>,
}

/// Starts a run.
///
/// # Errors
/// `WorkflowExecutionAlreadyStarted` by the id policies, and those of the store.
pub async fn start(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: StartWorkflowExecutionRequest,
) -> Result<StartWorkflowExecutionResponse, PeerError> {
    let key = ExecutionKey::workflow(namespace, &request.workflow_id);
    let name = request.namespace.clone();
    let id = request.workflow_id.clone();
    let eager = request.request_eager_execution;
    let origin = StartOrigin { eager, ..StartOrigin::default() };
    let named = versioning::named(request.versioning_override.as_ref());
    let shard = room.shard(&key)?;
    let started =
        shard.ask(key.clone(), Target::Current, move |turn| decide(turn, namespace, request, origin)).await?;
    if let Some(version) = named {
        deployments::bound(room, namespace, &version).await?;
    }
    let eager_workflow_task = match started.eager {
        Some(draft) => Some(draft.finish(room, &key).await?),
        None => None,
    };
    let link = match &started.attached {
        Some(request_id) => attached_link(&name, &id, &started.run_id, request_id),
        None => started_link(&name, &id, &started.run_id),
    };
    Ok(StartWorkflowExecutionResponse {
        link: Some(link),
        run_id: started.run_id,
        first_execution_run_id: started.first_run_id,
        started: started.started,
        status: started.status,
        eager_workflow_task,
    })
}

/// A link to the started event of a run.
pub fn started_link(namespace: &str, workflow_id: &str, run_id: &str) -> Link {
    let reference = link::workflow_event::EventReference {
        event_id: 1,
        event_type: EventType::WorkflowExecutionStarted as i32,
    };
    event_link(namespace, workflow_id, run_id, link::workflow_event::Reference::EventRef(reference))
}

/// A link to the event that tells of an attached request.
fn attached_link(namespace: &str, workflow_id: &str, run_id: &str, request_id: &str) -> Link {
    let reference = link::workflow_event::RequestIdReference {
        request_id: request_id.into(),
        event_type: EventType::WorkflowExecutionOptionsUpdated as i32,
    };
    event_link(namespace, workflow_id, run_id, link::workflow_event::Reference::RequestIdRef(reference))
}

/// A link to an event of a run.
pub fn event_link(
    namespace: &str,
    workflow_id: &str,
    run_id: &str,
    reference: link::workflow_event::Reference,
) -> Link {
    Link {
        variant: Some(link::Variant::WorkflowEvent(link::WorkflowEvent {
            namespace: namespace.into(),
            workflow_id: workflow_id.into(),
            run_id: run_id.into(),
            reference: Some(reference),
        })),
    }
}

/// Decides on a start: by the id policies a new run, the one there is, or none.
///
/// # Errors
/// `WorkflowExecutionAlreadyStarted`.
pub fn decide(
    turn: &mut Turn<'_>,
    namespace: NamespaceId,
    request: StartWorkflowExecutionRequest,
    origin: StartOrigin,
) -> Result<Started, Refusal> {
    let verdict = decide_start(
        &request.workflow_id,
        turn.cell.current(),
        &request.request_id,
        request.workflow_id_reuse_policy,
        request.workflow_id_conflict_policy,
    )?;
    match verdict {
        StartVerdict::Existing => attach(turn, request),
        StartVerdict::Attached => {
            Ok(Started { attached: Some(request.request_id), ..existing(turn, false)? })
        }
        StartVerdict::Deduplicated => {
            let eager = if origin.eager { first_task(turn) } else { None };
            Ok(Started { eager, ..existing(turn, true)? })
        }
        StartVerdict::Start | StartVerdict::Replace => {
            let run_id = RunId::from_bytes(turn.draw.uuid());
            versioning::check_present(
                request.versioning_override.as_ref(),
                queue_name(&request),
                turn.context,
            )?;
            if let Some(attributes) = &request.search_attributes {
                turn.context.check_search_attributes(attributes)?;
            }
            let (bytes, limit) = (request.encoded_len() as u64, turn.context.limits.transaction_bytes_max);
            if bytes > limit {
                return Err(Refusal::invalid(transaction_too_large(bytes, limit)));
            }
            if verdict == StartVerdict::Replace {
                turn.step(What::Terminate(replaced_by(run_id)))?;
            }
            let start = from_request(request, origin, namespace, run_id, turn.at, turn.context);
            let (run_id, reply) = turn.begin(start);
            let loaded = turn.cell.run(run_id);
            let eager = match reply {
                Reply::WorkflowTask => {
                    let page = turn.settings.page_batches_max;
                    loaded.and_then(|loaded| {
                        poll_answer::workflow_task(loaded, false, Default::default(), page)
                    })
                }
                _ => None,
            };
            Ok(Started {
                run_id: run_id.to_string(),
                first_run_id: run_id.to_string(),
                started: true,
                status: Status::Running as i32,
                attached: None,
                eager,
            })
        }
    }
}

/// The first workflow task once more, if the starter still has it: the answer to its request may have been lost.
fn first_task(turn: &Turn<'_>) -> Option<Draft> {
    let loaded = turn.loaded().ok()?;
    let task = loaded.run.workflow_task.as_ref()?;
    let started = task.started.as_ref()?;
    let is_first = task.attempt == 1 && started.event_id == 3;
    let is_eager = loaded.run.start.eager_execution_accepted;
    let page = turn.settings.page_batches_max;
    (is_first && is_eager)
        .then(|| poll_answer::workflow_task(loaded, false, Default::default(), page))
        .flatten()
}

/// The run there is serves the request.
///
/// # Errors
/// Never, if there is a run.
pub fn existing(turn: &Turn<'_>, started: bool) -> Result<Started, Refusal> {
    let current = turn.cell.current().ok_or_else(|| Refusal::Internal("no current run".into()))?;
    Ok(Started {
        run_id: current.run_id.to_string(),
        first_run_id: current.first_run_id.clone(),
        started,
        // One that is paused is told as running, as on the reference.
        status: if current.is_running() { Status::Running as i32 } else { current.status },
        attached: None,
        eager: None,
    })
}

/// The run there is serves the request, and takes what the request says it should.
fn attach(turn: &mut Turn<'_>, request: StartWorkflowExecutionRequest) -> Result<Started, Refusal> {
    let Some(options) = request.on_conflict_options else { return existing(turn, false) };
    let attached = options.attach_request_id.then_some(request.request_id);
    let attachment = Attachment {
        request_id: attached.clone(),
        callbacks: if options.attach_completion_callbacks {
            request.completion_callbacks
        } else {
            Vec::new()
        },
        links: if options.attach_links { request.links } else { Vec::new() },
    };
    turn.step(What::Attach(Box::new(attachment)))?;
    Ok(Started { attached, ..existing(turn, false)? })
}

fn queue_name(request: &StartWorkflowExecutionRequest) -> &str {
    request.task_queue.as_ref().map_or("", |queue| &queue.name)
}

/// Why a run ends that a newer one replaces.
fn replaced_by(run_id: RunId) -> Termination {
    Termination {
        identity: "history-service".into(),
        reason: "TerminateIfRunning WorkflowIdReusePolicy".into(),
        details: Some(json_string(&format!("terminated by new runID: {run_id}"))),
        ..Termination::default()
    }
}

/// Signals the run there is, or starts one with the signal.
///
/// # Errors
/// Those of a start and of a signal.
pub async fn signal_with_start(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: SignalWithStartWorkflowExecutionRequest,
) -> Result<SignalWithStartWorkflowExecutionResponse, PeerError> {
    let key = ExecutionKey::workflow(namespace, &request.workflow_id);
    let shard = room.shard(&key)?;
    let name = request.namespace.clone();
    let id = request.workflow_id.clone();
    let request_id = request.request_id.clone();
    let named = versioning::named(request.versioning_override.as_ref());
    let started =
        shard.ask(key, Target::Current, move |turn| decide_signal(turn, namespace, request)).await?;
    if let Some(version) = named {
        deployments::bound(room, namespace, &version).await?;
    }
    Ok(SignalWithStartWorkflowExecutionResponse {
        signal_link: Some(super::control::signaled_link(&name, &id, &started.run_id, &request_id)),
        run_id: started.run_id,
        started: started.started,
        first_execution_run_id: started.first_run_id,
    })
}

fn decide_signal(
    turn: &mut Turn<'_>,
    namespace: NamespaceId,
    request: SignalWithStartWorkflowExecutionRequest,
) -> Result<Started, Refusal> {
    let (start, signal) = split(request);
    let running = turn.cell.current().is_some_and(longhaul_kernel::run::Current::is_running);
    let conflict = WorkflowIdConflictPolicy::try_from(start.workflow_id_conflict_policy).unwrap_or_default();
    #[allow(deprecated)]
    let replaces = conflict == WorkflowIdConflictPolicy::TerminateExisting
        || start.workflow_id_reuse_policy
            == longhaul_proto::api::enums::v1::WorkflowIdReusePolicy::TerminateIfRunning as i32;
    if running && !replaces && conflict != WorkflowIdConflictPolicy::Fail {
        turn.step(What::Signal(Box::new(signal)))?;
        return existing(turn, false);
    }
    let origin = StartOrigin { signal: Some(Box::new(signal)), ..StartOrigin::default() };
    decide(turn, namespace, start, origin)
}

/// The two requests in one.
#[allow(deprecated)]
fn split(request: SignalWithStartWorkflowExecutionRequest) -> (StartWorkflowExecutionRequest, Signal) {
    let signal = SignalWorkflowExecutionRequest {
        namespace: request.namespace.clone(),
        signal_name: request.signal_name,
        input: request.signal_input,
        identity: request.identity.clone(),
        request_id: request.request_id.clone(),
        control: request.control,
        header: request.header.clone(),
        links: request.links.clone(),
        ..SignalWorkflowExecutionRequest::default()
    };
    let start = StartWorkflowExecutionRequest {
        namespace: request.namespace,
        workflow_id: request.workflow_id,
        workflow_type: request.workflow_type,
        task_queue: request.task_queue,
        input: request.input,
        workflow_execution_timeout: request.workflow_execution_timeout,
        workflow_run_timeout: request.workflow_run_timeout,
        workflow_task_timeout: request.workflow_task_timeout,
        identity: request.identity,
        request_id: request.request_id,
        workflow_id_reuse_policy: request.workflow_id_reuse_policy,
        workflow_id_conflict_policy: request.workflow_id_conflict_policy,
        retry_policy: request.retry_policy,
        cron_schedule: request.cron_schedule,
        memo: request.memo,
        search_attributes: request.search_attributes,
        header: request.header,
        workflow_start_delay: request.workflow_start_delay,
        user_metadata: request.user_metadata,
        links: request.links,
        versioning_override: request.versioning_override,
        priority: request.priority,
        time_skipping_config: request.time_skipping_config,
        ..StartWorkflowExecutionRequest::default()
    };
    (start, Signal { request: signal, source: None, skips_delay: true, child_only: false })
}

#[cfg(test)]
mod tests;

//! Fulfilling what runs owe to others: dispatching tasks, starting children, delivering signals, telling parents. A
//! duty stays in the outbox until it is done, so that it survives a crash; whoever receives it can tell a repetition.

mod callback;
mod nexus;
mod underway;

use std::sync::Arc;

use futures_util::FutureExt;
use longhaul_kernel::{
    context::Context,
    deployment::VersionName,
    ids::{NamespaceId, RunId, RunKey},
    run::{Dispatch, Duty, DutyId, Inheritance, ParentPlace, Run, WantedBuild, What},
};
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkflowExecution,
        enums::v1::{
            CancelExternalWorkflowExecutionFailedCause as CancelCause, ParentClosePolicy,
            SignalExternalWorkflowExecutionFailedCause as SignalCause,
            StartChildWorkflowExecutionFailedCause as ChildCause, TaskQueueKind,
        },
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
            StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
        },
    },
};
use longhaul_runtime::peers::{AddTask, Caller, PeerError, TaskKind};
use prost::Message;

use crate::{
    archive,
    calls::{self, children},
    cell::Target,
    events::read_error,
    machines, metrics,
    patience::Patience,
    schedules,
    shard::Shard,
};

pub use underway::Underway;

/// Outbox rows read at a time.
const PAGE: usize = 1000;

/// What a duty needs, apart from the run.
struct Debt {
    shard: Arc<Shard>,
    run: RunKey,
    namespace: String,
    root: Option<WorkflowExecution>,
    /// The run that wrote the event from which the duty comes.
    origin: RunId,
    /// What the run hands on to a child.
    inheritance: Box<Inheritance>,
    id: DutyId,
    duty: Duty,
}

/// The reference to a task, as matching keeps it.
pub fn add_task(run: &Run, id: DutyId, dispatch: &Dispatch) -> AddTask {
    let kind = if id == DutyId::WorkflowTask { TaskKind::Workflow } else { TaskKind::Activity };
    AddTask {
        task_queue: dispatch.queue.name.clone(),
        sticky: dispatch.queue.kind == TaskQueueKind::Sticky as i32,
        kind: kind as i32,
        execution: run.execution(),
        scheduled_event_id: dispatch.scheduled_event_id,
        attempt: dispatch.attempt,
        stamp: dispatch.stamp,
        scheduled_at: dispatch.scheduled_at.0,
        expires_at: dispatch.expires_at.map_or(0, |at| at.0),
        priority: dispatch.priority.clone(),
        pinned: dispatch.bound.pinned.as_ref().map(VersionName::to_proto),
        ramps: dispatch.bound.ramps,
        build: dispatch.bound.build.named(),
        is_new: dispatch.bound.build == WantedBuild::New,
        normal_queue: match (&dispatch.fallback, &dispatch.bound.build) {
            (Some(queue), WantedBuild::Of(_)) => queue.clone(),
            _ => String::new(),
        },
    }
}

/// A task that is not for the worker that has the run in its cache goes to the normal queue.
pub fn leave_sticky(context: &Context, run: &Run, dispatch: &mut Dispatch) {
    if let Some(queue) = &dispatch.fallback
        && run.leaves_sticky(context)
    {
        let name = queue.clone();
        dispatch.queue = TaskQueue { name, kind: TaskQueueKind::Normal as i32, normal_name: String::new() };
    }
}

/// Fulfils a duty in the background.
pub fn fulfil(shard: &Arc<Shard>, run: &Run, id: DutyId, duty: Duty) {
    let room = shard.room.clone();
    match duty {
        Duty::WorkflowTask(mut dispatch) | Duty::Activity(mut dispatch) => {
            if let Some(context) = room.contexts.known(run.namespace) {
                leave_sticky(&context, run, &mut dispatch);
            }
            let task = add_task(run, id, &dispatch);
            let mut dispatched = Box::pin(dispatch_task(shard.clone(), run.key(), task, dispatch.fallback));
            // In one process this is done at once; only what has to wait becomes a task of its own.
            if (&mut dispatched).now_or_never().is_none() {
                room.host.tasks.spawn("dispatch", dispatched);
            }
        }
        duty => {
            let debt = Debt {
                shard: shard.clone(),
                run: run.key(),
                namespace: String::new(),
                root: run.root(),
                origin: run.origin(id.key().1),
                inheritance: Box::new(run.inheritance_by(id)),
                id,
                duty,
            };
            room.host.tasks.spawn("duty", pay(debt));
        }
    }
}

/// Hands a task to matching; one for a sticky worker that is not there goes to the normal queue.
async fn dispatch_task(shard: Arc<Shard>, run: RunKey, mut task: AddTask, fallback: Option<String>) {
    let mut patience = Patience::new(&shard.room.host);
    loop {
        let caller = internal_caller(run.execution.namespace, String::new());
        match shard.room.matching.ask(caller, task.clone()).await {
            Ok(added) if added.sticky_worker_unavailable => match &fallback {
                Some(queue) => {
                    task.task_queue.clone_from(queue);
                    task.sticky = false;
                }
                None => return,
            },
            Ok(_) => return,
            Err(PeerError::Busy(_) | PeerError::Lost(_) | PeerError::Unknown(_)) => {
                patience.pause().await;
            }
            Err(error) => {
                tracing::error!(%run, %error, "task can't be dispatched");
                return;
            }
        }
    }
}

/// The caller of a call that no client made.
pub fn internal_caller(namespace: NamespaceId, name: String) -> Caller {
    Caller {
        namespace_id: *namespace.as_bytes(),
        namespace: name,
        deadline: None,
        client_name: String::new(),
        client_version: String::new(),
    }
}

/// Finds the duties that were owed when the last owner of the shard went.
pub async fn recover(shard: Arc<Shard>) {
    let mut after = None;
    let mut patience = Patience::new(&shard.room.host);
    loop {
        let page = match shard.room.store.outbox(shard.range, after.clone(), PAGE).await.map_err(read_error) {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "outbox can't be read");
                patience.pause().await;
                continue;
            }
        };
        patience.renew();
        let is_last = page.len() < PAGE;
        after = page.last().map(|row| (row.run.clone(), row.id));
        for row in page {
            match AddTask::decode(&row.record[..]) {
                Ok(task) if !row.record.is_empty() && !task.sticky => {
                    dispatch_task(shard.clone(), row.run, task, None).await;
                }
                _ => machines::remember(&shard, row.run, Some(row.id)).await,
            }
        }
        if is_last {
            return;
        }
    }
}

/// Finds what the runs owe and when they wake, in the background, after a commit of which nobody knows whether it
/// happened. A duty that is being fulfilled already is fulfilled twice, which its receiver can tell.
pub fn recall(shard: &Arc<Shard>, runs: Vec<RunKey>) {
    let owner = shard.clone();
    shard.room.host.tasks.spawn("recall", async move {
        for run in runs {
            machines::remember(&owner, run, None).await;
        }
    });
}

/// Fulfils a duty of which only the name is known; without a name, everything the run owes. Goes on until the run
/// could be asked.
pub async fn remember(shard: &Arc<Shard>, run: RunKey, only: Option<DutyId>) {
    let mut patience = Patience::new(&shard.room.host);
    loop {
        let owner = shard.clone();
        let outcome = shard
            .ask(run.execution.clone(), Target::Run(run.run), move |turn| {
                let Ok(loaded) = turn.loaded() else { return Ok(()) };
                for id in loaded.run.duties.iter().filter(|id| only.is_none_or(|only| only == **id)) {
                    if let Some(duty) = loaded.run.duty(*id) {
                        fulfil(&owner, &loaded.run, *id, duty);
                    }
                }
                owner.room.wakes.change(loaded.run.key(), None, loaded.run.wake);
                Ok(())
            })
            .await;
        match outcome {
            Ok(()) => return,
            Err(PeerError::Busy(_) | PeerError::Unknown(_)) => {
                patience.pause().await;
            }
            Err(error) => {
                tracing::warn!(%run, %error, "duty can't be found again");
                return;
            }
        }
    }
}

/// Fulfils a duty, and tells the run what came of it. Goes on until both have succeeded.
async fn pay(mut debt: Debt) {
    let room = debt.shard.room.clone();
    let is_archival = debt.duty == Duty::Archive;
    let mut patience = if is_archival { Patience::long(&room.host) } else { Patience::new(&room.host) };
    let _waits = is_archival.then(metrics::ArchiveWaits::new);
    let is_start = matches!(debt.duty, Duty::StartChild(_));
    let start = is_start.then(|| room.underway.begin(&debt.run, debt.id));
    if matches!(start, Some(None)) {
        return;
    }
    loop {
        match debt.shard.room.contexts.of(debt.run.execution.namespace).await {
            Ok(context) => {
                debt.namespace.clone_from(&context.namespace);
                break;
            }
            Err(PeerError::Lost(_)) => return,
            Err(_) => patience.pause().await,
        }
    }
    loop {
        match settle(&debt).await {
            Ok(what) => {
                if report(&debt, what).await {
                    return;
                }
            }
            Err(error) => tracing::warn!(run = %debt.run, duty = ?debt.id, %error, "duty is tried again"),
        }
        patience.pause().await;
    }
}

/// Tells the run what came of its duty; true if that is done.
async fn report(debt: &Debt, what: What) -> bool {
    let child = match &what {
        What::ChildStarted { run_id, .. } => Some(run_id.clone()),
        _ => None,
    };
    let target = Target::Run(debt.run.run);
    let outcome = debt
        .shard
        .ask(debt.run.execution.clone(), target, move |turn| {
            if turn.target.is_some() {
                turn.step(what)?;
            }
            Ok(())
        })
        .await;
    match outcome {
        Ok(()) => true,
        Err(PeerError::Refused(refusal)) => settle_refused(debt, &refusal, child).await.is_ok(),
        // One that is let go again is asked anew what it owes.
        Err(PeerError::Corrupt(_) | PeerError::Quarantined(_)) => true,
        Err(_) => false,
    }
}

/// The run does not want to know what came of its duty: it closed meanwhile. What it owes a child is settled then.
///
/// # Errors
/// Whatever passes: the duty is to be tried again.
async fn settle_refused(debt: &Debt, refusal: &Refusal, child: Option<String>) -> Result<(), PeerError> {
    tracing::debug!(run = %debt.run, duty = ?debt.id, ?refusal, "duty came too late");
    if let (Duty::StartChild(started), Some(run_id)) = (&debt.duty, child) {
        let policy = policy_now(debt, started).await?;
        let workflow_id = started.initiated.workflow_id.clone();
        settle_child(debt, WorkflowExecution { workflow_id, run_id }, policy).await?;
    }
    let id = debt.id;
    let target = Target::Run(debt.run.run);
    let done = debt
        .shard
        .ask(debt.run.execution.clone(), target, move |turn| turn.step(What::DutyDone(id)).map(|_| ()))
        .await;
    not_found_is_done(done)
}

/// The parent close policy as the closed run has it.
async fn policy_now(
    debt: &Debt,
    child: &longhaul_kernel::run::Child,
) -> Result<ParentClosePolicy, PeerError> {
    let id = debt.id;
    let asked = debt
        .shard
        .ask(debt.run.execution.clone(), Target::Run(debt.run.run), move |turn| {
            Ok(turn.loaded().ok().and_then(|loaded| loaded.run.duty(id)))
        })
        .await?;
    Ok(match asked {
        Some(Duty::SettleChild(_, policy)) => policy,
        // The run was removed.
        _ => ParentClosePolicy::try_from(child.initiated.parent_close_policy).unwrap_or_default(),
    })
}

/// A child whose parent closed before it knew of it is treated as the parent close policy says, and must not wait for
/// its parent for ever.
///
/// # Errors
/// Whatever passes.
async fn settle_child(
    debt: &Debt,
    child: WorkflowExecution,
    policy: ParentClosePolicy,
) -> Result<(), PeerError> {
    not_found_is_done(close_child(debt, &child, policy).await)?;
    let namespace = debt.run.execution.namespace;
    not_found_is_done(children::schedule_first(&debt.shard.room, namespace, child).await)
}

/// Does what is owed and says what the run has to know of it.
async fn settle(debt: &Debt) -> Result<What, PeerError> {
    match &debt.duty {
        Duty::WorkflowTask(_) | Duty::Activity(_) => Ok(What::DutyDone(debt.id)),
        Duty::StartChild(child) => start_child(debt, child).await,
        Duty::SettleChild(..) if debt.shard.room.underway.contains(&debt.run, debt.id) => {
            Err(PeerError::Busy("the child is being started".into()))
        }
        Duty::SettleChild(child, policy) => {
            let namespace = debt.run.execution.namespace;
            let workflow_id = child.initiated.workflow_id.clone();
            let found = children::find(&debt.shard.room, namespace, &workflow_id, &child.request_id).await?;
            if let Some(run_id) = found {
                settle_child(debt, WorkflowExecution { workflow_id, run_id }, *policy).await?;
            }
            Ok(What::DutyDone(debt.id))
        }
        Duty::ScheduleChild(execution) => {
            let namespace = debt.run.execution.namespace;
            not_found_is_done(
                children::schedule_first(&debt.shard.room, namespace, execution.clone()).await,
            )?;
            Ok(What::DutyDone(debt.id))
        }
        Duty::SignalExternal(_) => signal(debt).await,
        Duty::CancelExternal(_) => cancel(debt).await,
        Duty::NotifyParent(close_event) => {
            not_found_is_done(children::tell_parent(&debt.shard.room, &debt.run, close_event).await)?;
            Ok(What::DutyDone(debt.id))
        }
        Duty::NotifySchedule(by, closed) => {
            not_found_is_done(schedules::tell(&debt.shard.room, &debt.run, by, closed).await)?;
            Ok(What::DutyDone(debt.id))
        }
        Duty::Archive => archive::archive(&debt.shard, &debt.run).await,
        Duty::Callback(call) => callback::deliver(debt, call).await,
        Duty::NexusStart(operation) => nexus::start(debt, operation).await,
        Duty::NexusCancel(operation) => nexus::cancel(debt, operation).await,
        Duty::CloseChild(child, policy) => {
            not_found_is_done(close_child(debt, child, *policy).await)?;
            Ok(What::DutyDone(debt.id))
        }
    }
}

/// A duty towards something that is gone is fulfilled.
fn not_found_is_done(outcome: Result<(), PeerError>) -> Result<(), PeerError> {
    match outcome {
        Err(PeerError::Refused(refusal)) => {
            tracing::debug!(?refusal, "duty towards something that is gone");
            Ok(())
        }
        other => other,
    }
}

async fn start_child(debt: &Debt, child: &longhaul_kernel::run::Child) -> Result<What, PeerError> {
    let initiated = &child.initiated;
    let DutyId::StartChild(initiated_event_id) = debt.id else { return Ok(What::DutyDone(debt.id)) };
    let request = StartWorkflowExecutionRequest {
        namespace: initiated.namespace.clone(),
        workflow_id: initiated.workflow_id.clone(),
        workflow_type: initiated.workflow_type.clone(),
        task_queue: initiated.task_queue.clone(),
        input: initiated.input.clone(),
        workflow_execution_timeout: initiated.workflow_execution_timeout,
        workflow_run_timeout: initiated.workflow_run_timeout,
        workflow_task_timeout: initiated.workflow_task_timeout,
        request_id: child.request_id.clone(),
        workflow_id_reuse_policy: initiated.workflow_id_reuse_policy,
        retry_policy: initiated.retry_policy.clone(),
        cron_schedule: initiated.cron_schedule.clone(),
        memo: initiated.memo.clone(),
        search_attributes: initiated.search_attributes.clone(),
        header: initiated.header.clone(),
        user_metadata: child.user_metadata.as_ref().map(|metadata| metadata.0.clone()),
        versioning_override: initiated.versioning_override.clone(),
        priority: initiated.priority.clone(),
        time_skipping_config: initiated.time_skipping_config.clone(),
        ..StartWorkflowExecutionRequest::default()
    };
    let place = ParentPlace {
        execution: execution(&debt.run),
        namespace: debt.namespace.clone(),
        namespace_id: debt.run.execution.namespace,
        initiated_event_id,
        root: debt.root.clone().unwrap_or_else(|| execution(&debt.run)),
        time_skipping: initiated.time_skipping_state_propagation,
    };
    match children::start(
        &debt.shard.room,
        debt.run.execution.namespace,
        request,
        place,
        (*debt.inheritance).clone(),
    )
    .await
    {
        Ok(run_id) => Ok(What::ChildStarted { initiated_event_id, run_id }),
        Err(PeerError::Refused(refusal)) => {
            let cause = match *refusal {
                Refusal::NamespaceNotFound(_) => ChildCause::NamespaceNotFound,
                Refusal::FailedPrecondition(_) => ChildCause::InvalidVersioningOverride,
                _ => ChildCause::WorkflowAlreadyExists,
            };
            Ok(What::ChildNotStarted { initiated_event_id, cause: cause as i32 })
        }
        Err(error) => Err(error),
    }
}

/// A run's ids in the form of the API.
fn execution(run: &RunKey) -> WorkflowExecution {
    WorkflowExecution { workflow_id: run.execution.id.to_string(), run_id: run.run.to_string() }
}

/// Whether a run means itself: nothing is delivered then, whatever the run id.
fn is_own(debt: &Debt, target: Option<&WorkflowExecution>) -> bool {
    target.is_some_and(|target| *target.workflow_id == *debt.run.execution.id)
}

/// The id of a request that an event led to: always the same one, also after a reset, and in the form of a UUID.
fn request_id(debt: &Debt, event_id: i64) -> String {
    let mut bytes = *debt.origin.as_bytes();
    for (byte, part) in bytes[8..].iter_mut().zip(event_id.to_be_bytes()) {
        *byte ^= part;
    }
    RunId::from_bytes(bytes).to_string()
}

#[allow(deprecated)]
async fn signal(debt: &Debt) -> Result<What, PeerError> {
    let (Duty::SignalExternal(initiated), DutyId::SignalExternal(initiated_event_id)) = (&debt.duty, debt.id)
    else {
        return Ok(What::DutyDone(debt.id));
    };
    if is_own(debt, initiated.workflow_execution.as_ref()) {
        let failed = Some(SignalCause::ExternalWorkflowExecutionNotFound as i32);
        return Ok(What::SignalDelivered { initiated_event_id, failed });
    }
    let request = SignalWorkflowExecutionRequest {
        namespace: initiated.namespace.clone(),
        workflow_execution: initiated.workflow_execution.clone(),
        signal_name: initiated.signal_name.clone(),
        input: initiated.input.clone(),
        identity: "history-service".into(),
        request_id: request_id(debt, initiated_event_id),
        control: initiated.control.clone(),
        header: initiated.header.clone(),
        ..SignalWorkflowExecutionRequest::default()
    };
    let source = execution(&debt.run);
    let namespace = debt.run.execution.namespace;
    let child_only = initiated.child_workflow_only;
    let outcome =
        calls::control::signal(&debt.shard.room, namespace, request, Some(source), child_only).await;
    let failed = match outcome {
        Ok(_) => None,
        // It is about to close: either it goes on and takes the signal, or it is gone.
        Err(PeerError::Refused(refusal)) if matches!(*refusal, Refusal::ResourceExhausted { .. }) => {
            return Err(PeerError::Busy("the workflow is closing".into()));
        }
        Err(PeerError::Refused(refusal)) => Some(match *refusal {
            Refusal::NamespaceNotFound(_) => SignalCause::NamespaceNotFound,
            Refusal::InvalidArgument(_) => SignalCause::SignalCountLimitExceeded,
            _ => SignalCause::ExternalWorkflowExecutionNotFound,
        } as i32),
        Err(error) => return Err(error),
    };
    Ok(What::SignalDelivered { initiated_event_id, failed })
}

async fn cancel(debt: &Debt) -> Result<What, PeerError> {
    let (Duty::CancelExternal(initiated), DutyId::CancelExternal(initiated_event_id)) = (&debt.duty, debt.id)
    else {
        return Ok(What::DutyDone(debt.id));
    };
    if is_own(debt, initiated.workflow_execution.as_ref()) {
        let failed = Some(CancelCause::ExternalWorkflowExecutionNotFound as i32);
        return Ok(What::CancelDelivered { initiated_event_id, failed });
    }
    let request = RequestCancelWorkflowExecutionRequest {
        namespace: initiated.namespace.clone(),
        workflow_execution: initiated.workflow_execution.clone(),
        identity: "history-service".into(),
        request_id: request_id(debt, initiated_event_id),
        reason: initiated.reason.clone(),
        ..RequestCancelWorkflowExecutionRequest::default()
    };
    let source = (execution(&debt.run), initiated_event_id);
    let namespace = debt.run.execution.namespace;
    let child_only = initiated.child_workflow_only;
    let outcome =
        calls::control::request_cancel(&debt.shard.room, namespace, request, Some(source), child_only).await;
    let failed = match outcome {
        Ok(()) => None,
        Err(PeerError::Refused(refusal)) => Some(match *refusal {
            Refusal::NamespaceNotFound(_) => CancelCause::NamespaceNotFound,
            _ => CancelCause::ExternalWorkflowExecutionNotFound,
        } as i32),
        Err(error) => return Err(error),
    };
    Ok(What::CancelDelivered { initiated_event_id, failed })
}

/// Ends a child, or asks it to, as its parent close policy says. The child's chain is pinned by its first run.
async fn close_child(
    debt: &Debt,
    child: &WorkflowExecution,
    policy: ParentClosePolicy,
) -> Result<(), PeerError> {
    let namespace = debt.run.execution.namespace;
    let current = WorkflowExecution { workflow_id: child.workflow_id.clone(), run_id: String::new() };
    match policy {
        ParentClosePolicy::Abandon => Ok(()),
        ParentClosePolicy::RequestCancel => {
            let request = RequestCancelWorkflowExecutionRequest {
                workflow_execution: Some(current),
                identity: "history-service".into(),
                request_id: format!("{}:close:{}", debt.run.run, child.run_id),
                first_execution_run_id: child.run_id.clone(),
                ..RequestCancelWorkflowExecutionRequest::default()
            };
            let source = (execution(&debt.run), 0);
            calls::control::request_cancel(&debt.shard.room, namespace, request, Some(source), false).await
        }
        ParentClosePolicy::Terminate | ParentClosePolicy::Unspecified => {
            let request = TerminateWorkflowExecutionRequest {
                workflow_execution: Some(current),
                identity: "history-service".into(),
                reason: "by parent close policy".into(),
                first_execution_run_id: child.run_id.clone(),
                ..TerminateWorkflowExecutionRequest::default()
            };
            calls::control::terminate(&debt.shard.room, namespace, request).await
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;

//! A worker has completed its workflow task: every command is folded in order, and a fault in any of them undoes all.

use longhaul_proto::{
    Refusal,
    api::{
        command::v1::{Command, command::Attributes as CommandAttributes},
        enums::v1::{CommandType, TimeoutType, WorkflowTaskFailedCause as Cause},
        history::v1::{WorkflowTaskCompletedEventAttributes, history_event::Attributes},
        protocol::v1::Message as Protocol,
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};

use crate::{
    deployment::VersionName,
    run::{
        Change, Fact, Reply, TaskRef, Termination, Volatile, WorkflowTaskCompletion,
        commands::{self, Completion, Fault},
        failure, json_string,
        state::{Sticky, TaskKind},
        too_large,
        transition::{Taker, Transition},
    },
    time::{Timestamp, positive},
};

/// Completes the task.
pub fn step(t: &mut Transition<'_>, completion: WorkflowTaskCompletion) -> Result<(), Refusal> {
    let task = completion.task;
    if !t.run.is_running() {
        return Err(Refusal::not_found("Workflow task not found."));
    }
    let pending = super::started_task(
        t.run,
        task.scheduled_event_id,
        task.started_event_id,
        task.started_at,
        task.attempt,
    )?;
    let original_scheduled_at = pending.original_scheduled_at;
    #[allow(deprecated)]
    t.run.ensure_build(task.request.worker_version_stamp.as_ref())?;
    if completion.overflows {
        let text = "workflow task completion buffer size exceeds the per-workflow limit";
        let fault = Fault::Run(Cause::RequestTooLarge, text.into());
        return failed(t, task.attempt, fault, &task.request.identity);
    }
    commands::check_sequence(&task.request.commands)?;
    if is_heartbeat(&task.request)
        && t.at > original_scheduled_at + t.context.limits.workflow_task_heartbeat_max
    {
        t.time_out_workflow_task(TimeoutType::StartToClose);
        t.effects.reply = Reply::Refused(Refusal::not_found("workflow task heartbeat timeout"));
        return Ok(());
    }
    let worker = completion.worker;
    let before = t.run.mark();
    let builds = t.run.reset_points.len();
    let attempt = t.run.workflow_task.as_ref().map_or(1, |task| task.attempt);
    let identity = task.request.identity.clone();
    match complete(t, task, original_scheduled_at) {
        Ok(()) => {
            t.run.keep();
            if t.run.reset_points.len() != builds {
                t.effects.visible = true;
            }
            if t.run.last_worker.as_ref() != Some(&worker) && !worker.sdk_name.is_empty() {
                t.fact(Fact::Worker(worker));
            }
            Ok(())
        }
        Err(fault) => {
            t.run.undo(before);
            failed(t, attempt, fault, &identity)
        }
    }
}

/// Writes the completion, carries out the commands and handles the messages.
fn complete(
    t: &mut Transition<'_>,
    task: TaskRef<RespondWorkflowTaskCompletedRequest>,
    original_scheduled_at: Timestamp,
) -> Result<(), Fault> {
    let mut request = task.request;
    let is_heartbeat = is_heartbeat(&request);
    if leaves_no_trace(t, &request) {
        return discard(t, &request);
    }
    let commands = std::mem::take(&mut request.commands);
    let taker = taker(&request);
    t.write_transient_events(taker.build.as_ref());
    t.end_closing();
    let before = t.run.versions.clone();
    let was_bound = t.run.bound().pinned;
    let event_id = write_completed(t, &request);
    if before.moving.is_none() {
        t.arrive(before.version.as_ref());
    }
    if before.moving.is_some() || was_bound != t.run.bound().pinned {
        t.effects.visible = true;
        t.redispatch_activities();
    }
    if t.run.reset_points.len() > t.context.limits.reset_points_max {
        t.fact(Fact::ResetPointsKept(t.context.limits.reset_points_max as u64));
    }
    t.forget_problems();
    let sticky = sticky(&request);
    if t.run.sticky != sticky {
        t.fact(Fact::Sticky(sticky));
    }
    let mut completion =
        Completion { event_id, identity: request.identity.clone(), eager: Vec::new(), canceled_unstarted: 0 };
    carry_out(t, &mut completion, commands, std::mem::take(&mut request.messages))?;
    t.flush();
    let (bytes, limit) = (t.run.history_bytes - t.stored_bytes, t.context.limits.transaction_bytes_max);
    if bytes > limit {
        return Err(Fault::TooLarge { bytes, limit });
    }
    if t.run.is_running() {
        if !is_heartbeat {
            t.reject_unprocessed();
        }
        t.needs_task |= request.force_create_new_workflow_task;
        t.heartbeats_since = is_heartbeat.then_some(original_scheduled_at);
        let goes_on = t.run.is_for(taker.version.as_ref(), true, t.context);
        t.taker = (request.return_new_workflow_task && goes_on).then(|| taker.clone());
        completion.eager.retain(|event| t.run.activities.contains_key(event));
        for scheduled_event_id in &completion.eager {
            let request_id = uuid::Uuid::from_bytes(t.draw.uuid()).to_string();
            t.start_activity(*scheduled_event_id, &request_id, &taker);
        }
    } else {
        completion.eager.clear();
    }
    t.effects.reply =
        Reply::Completed { eager_activities: completion.eager, new_task: false, reset_event_id: 0 };
    Ok(())
}

fn is_heartbeat(request: &RespondWorkflowTaskCompletedRequest) -> bool {
    request.force_create_new_workflow_task && request.commands.is_empty() && request.messages.is_empty()
}

/// Carries out the commands. A message is handled where a command names it, the others behind all commands, or with
/// the command that closes the run.
fn carry_out(
    t: &mut Transition<'_>,
    completion: &mut Completion,
    commands: Vec<Command>,
    messages: Vec<Protocol>,
) -> Result<(), Fault> {
    let mut messages: Vec<Option<Protocol>> = messages.into_iter().map(Some).collect();
    let closes = commands.last().is_some_and(|command| closes(command.command_type()));
    let count = commands.len();
    for (index, command) in commands.into_iter().enumerate() {
        // Checked before the last command, because a canceled timer may have emptied the buffer.
        if closes && index + 1 == count {
            if t.run.buffered.len() > completion.canceled_unstarted {
                return Err(Fault::Task(Cause::UnhandledCommand, String::new()));
            }
            let mut aborted = Vec::new();
            for message in messages.iter_mut().filter_map(Option::take) {
                t.closing_message(&message, &mut aborted)?;
            }
        }
        if let Some(CommandAttributes::ProtocolMessageCommandAttributes(a)) = &command.attributes {
            let named =
                messages.iter_mut().find(|message| message.as_ref().is_some_and(|m| m.id == a.message_id));
            let Some(message) = named.and_then(Option::take) else {
                let detail = format!("ProtocolMessageCommand referenced absent message ID {}", a.message_id);
                return Err(Fault::Task(Cause::BadUpdateWorkflowExecutionMessage, detail));
            };
            t.update_message(&message)?;
            continue;
        }
        commands::apply(t, completion, command)?;
    }
    if t.run.is_running() {
        for message in messages.iter().flatten() {
            t.update_message(message)?;
        }
    }
    Ok(())
}

/// Whether the task was only for updates and every one of them is rejected.
fn leaves_no_trace(t: &Transition<'_>, request: &RespondWorkflowTaskCompletedRequest) -> bool {
    let speculative = t.run.workflow_task.as_ref().is_some_and(|task| task.kind == TaskKind::Speculative);
    let rejects = |message: &Protocol| {
        message.body.as_ref().is_some_and(|body| body.type_url.ends_with("temporal.api.update.v1.Rejection"))
    };
    // What happened since the last task is told to the worker with this one, so it can't be undone for a worker that
    // does not say it can bear that.
    let told = t.run.next_event_id - (t.run.previous_started_event_id + 2);
    let bears = request.capabilities.is_some_and(|can| can.discard_speculative_workflow_task_with_events);
    let told_max = if bears { t.context.limits.told_events_max } else { 0 };
    speculative
        && told <= told_max
        && request.commands.is_empty()
        && !request.force_create_new_workflow_task
        && request.messages.iter().all(rejects)
        && !(request.messages.is_empty()
            && t.run.in_memory.updates.iter().any(|pending| pending.sent.is_some()))
}

/// Lets a task that left no trace never have been.
fn discard(t: &mut Transition<'_>, request: &RespondWorkflowTaskCompletedRequest) -> Result<(), Fault> {
    for message in &request.messages {
        t.update_message(message)?;
    }
    t.change(Change::Volatile(Volatile::TaskEnded));
    t.reject_unprocessed();
    t.taker = request.return_new_workflow_task.then(|| taker(request));
    let reset_event_id = t.run.previous_started_event_id;
    t.effects.reply = Reply::Completed { eager_activities: Vec::new(), new_task: false, reset_event_id };
    Ok(())
}

/// The worker that completes a task, for those that it takes with the answer.
#[allow(deprecated)]
fn taker(request: &RespondWorkflowTaskCompletedRequest) -> Taker {
    Taker {
        identity: request.identity.clone(),
        build: request.worker_version_stamp.clone(),
        version: VersionName::of_worker(request.deployment_options.as_ref()),
    }
}

fn closes(command: CommandType) -> bool {
    matches!(
        command,
        CommandType::CompleteWorkflowExecution
            | CommandType::FailWorkflowExecution
            | CommandType::CancelWorkflowExecution
            | CommandType::ContinueAsNewWorkflowExecution
    )
}

/// The sticky queue the worker offers for the next task.
fn sticky(request: &RespondWorkflowTaskCompletedRequest) -> Option<Sticky> {
    let offered = request.sticky_attributes.as_ref()?;
    let queue = offered.worker_task_queue.as_ref().filter(|queue| !queue.name.is_empty())?;
    let timeout =
        positive(offered.schedule_to_start_timeout.as_ref()).unwrap_or(std::time::Duration::from_secs(5));
    Some(Sticky { queue: queue.name.clone(), timeout })
}

#[allow(deprecated)]
fn write_completed(t: &mut Transition<'_>, request: &RespondWorkflowTaskCompletedRequest) -> i64 {
    let task = t.run.workflow_task.as_ref();
    let completed = WorkflowTaskCompletedEventAttributes {
        scheduled_event_id: task.map_or(0, |task| task.scheduled_event_id),
        started_event_id: task.and_then(|task| task.started.as_ref()).map_or(0, |started| started.event_id),
        identity: request.identity.clone(),
        binary_checksum: request.binary_checksum.clone(),
        worker_version: request.worker_version_stamp.clone(),
        sdk_metadata: request.sdk_metadata.clone(),
        metering_metadata: request.metering_metadata,
        versioning_behavior: request.versioning_behavior,
        worker_deployment_name: request
            .deployment_options
            .as_ref()
            .map_or_else(String::new, |options| options.deployment_name.clone()),
        deployment_version: VersionName::of_worker(request.deployment_options.as_ref())
            .as_ref()
            .map(VersionName::to_proto),
        ..Default::default()
    };
    t.event(Attributes::WorkflowTaskCompletedEventAttributes(completed))
}

/// Fails the task after a fault: the run is as before. From its second attempt on the task stays with the worker instead
/// until its time is up, so that a broken worker is not asked in a tight loop.
fn failed(t: &mut Transition<'_>, attempt: i32, fault: Fault, identity: &str) -> Result<(), Refusal> {
    t.effects = crate::run::Effects::default();
    t.needs_task = false;
    let (cause, detail, ends_run) = match fault {
        Fault::Refused(refusal) => return Err(refusal),
        Fault::TooLarge { bytes, limit } => {
            end_too_large(t, bytes, limit);
            return Ok(());
        }
        Fault::Task(cause, detail) => (cause, detail, false),
        Fault::Run(cause, detail) => (cause, detail, true),
    };
    let text = if detail.is_empty() { cause_name(cause) } else { format!("{}: {detail}", cause_name(cause)) };
    let refusal = Refusal::invalid(text.clone());
    t.abort_sent();
    if attempt > 1 && cause != Cause::UnhandledCommand && !ends_run {
        t.effects.reply = Reply::Refused(refusal);
        return Ok(());
    }
    t.fail_workflow_task(cause, Some(failure::server(&text, false)), identity);
    if cause == Cause::UnhandledCommand {
        t.change(Change::Volatile(Volatile::Closing(true)));
    }
    if ends_run {
        t.needs_task = false;
        t.terminate(Termination {
            identity: "history-service".into(),
            reason: text,
            ..Termination::default()
        });
    }
    t.effects.reply = Reply::Refused(refusal);
    Ok(())
}

/// Ends the run, because what its worker answers is too much for one step at every attempt.
fn end_too_large(t: &mut Transition<'_>, bytes: u64, limit: u64) {
    let text = too_large::transaction(bytes, limit);
    t.terminate(Termination {
        identity: "history-service".into(),
        reason: "Transaction size exceeds limit.".into(),
        details: Some(json_string(&text)),
        ..Termination::default()
    });
    t.effects.reply = Reply::Refused(Refusal::invalid(text));
}

/// The name of a cause as the reference prints it.
fn cause_name(cause: Cause) -> String {
    format!("{cause:?}")
}

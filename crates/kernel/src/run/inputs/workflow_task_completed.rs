//! A worker has completed its workflow task: every command is folded in order, and a fault in any of them undoes all.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::{CommandType, WorkflowTaskFailedCause as Cause},
        history::v1::{WorkflowTaskCompletedEventAttributes, history_event::Attributes},
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};

use crate::{
    run::{
        Fact, Reply, Run, TaskRef, Termination, WorkflowTaskCompletion,
        commands::{self, Completion, Fault},
        failure,
        state::Sticky,
        transition::Transition,
    },
    time::positive,
};

/// Completes the task.
pub fn step(t: &mut Transition<'_>, completion: WorkflowTaskCompletion) -> Result<(), Refusal> {
    let task = completion.task;
    if !t.run.is_running() {
        return Err(Refusal::not_found("Workflow task not found."));
    }
    let pending = super::started_task(t.run, task.scheduled_event_id, task.started_event_id, task.attempt)?;
    let original_scheduled_at = pending.original_scheduled_at;
    commands::check_sequence(&task.request.commands)?;
    let worker = completion.worker;
    let before = t.run.clone();
    let first_completion = before.reset_points.iter().all(|point| point.run_id != before.run_id.to_string());
    let identity = task.request.identity.clone();
    match complete(t, task, original_scheduled_at) {
        Ok(()) => {
            if first_completion {
                t.effects.visible = true;
            }
            if t.run.last_worker.as_ref() != Some(&worker) && !worker.sdk_name.is_empty() {
                t.fact(Fact::Worker(worker));
            }
            Ok(())
        }
        Err(fault) => undo(t, before, fault, &identity),
    }
}

/// Writes the completion and carries out the commands.
fn complete(
    t: &mut Transition<'_>,
    task: TaskRef<RespondWorkflowTaskCompletedRequest>,
    original_scheduled_at: crate::time::Timestamp,
) -> Result<(), Fault> {
    let request = task.request;
    let is_heartbeat =
        request.force_create_new_workflow_task && request.commands.is_empty() && request.messages.is_empty();
    t.write_transient_events();
    let event_id = write_completed(t, &request);
    let sticky = sticky(&request);
    if t.run.sticky != sticky {
        t.fact(Fact::Sticky(sticky));
    }
    let mut completion = Completion { event_id, identity: request.identity.clone(), eager: Vec::new() };
    let closes = request.commands.last().is_some_and(|command| closes(command.command_type()));
    let count = request.commands.len();
    for (index, command) in request.commands.into_iter().enumerate() {
        // Checked before the last command, because a canceled timer may have emptied the buffer.
        if closes && index + 1 == count && !t.run.buffered.is_empty() {
            return Err(Fault::Task(Cause::UnhandledCommand, String::new()));
        }
        commands::apply(t, &mut completion, command)?;
    }
    t.flush();
    let mut new_task = false;
    if t.run.is_running() {
        if request.force_create_new_workflow_task {
            t.needs_task = true;
        }
        if t.needs_task {
            t.schedule_workflow_task();
            if is_heartbeat {
                t.fact(Fact::TaskHeartbeats { original_scheduled_at });
            }
            if request.return_new_workflow_task {
                t.start_workflow_task("request-from-RespondWorkflowTaskCompleted", &request.identity);
                new_task = true;
            }
        }
        for scheduled_event_id in &completion.eager {
            if !t.run.activities.contains_key(scheduled_event_id) {
                continue;
            }
            let request_id = uuid::Uuid::from_bytes(t.draw.uuid()).to_string();
            t.start_activity(*scheduled_event_id, &request_id, &request.identity);
        }
    }
    completion.eager.retain(|event| t.run.activities.contains_key(event));
    t.effects.reply = Reply::Completed { eager_activities: completion.eager, new_task };
    Ok(())
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
        metering_metadata: request.metering_metadata.clone(),
        versioning_behavior: request.versioning_behavior,
        ..Default::default()
    };
    t.event(Attributes::WorkflowTaskCompletedEventAttributes(completed))
}

/// Undoes the task after a fault: the run is as before, and the task has failed. From its second attempt on the task
/// stays with the worker instead until its time is up, so that a broken worker is not asked in a tight loop.
fn undo(t: &mut Transition<'_>, before: Run, fault: Fault, identity: &str) -> Result<(), Refusal> {
    let attempt = before.workflow_task.as_ref().map_or(1, |task| task.attempt);
    *t.run = before;
    t.effects = crate::run::Effects::default();
    t.needs_task = false;
    let (cause, detail, ends_run) = match fault {
        Fault::Refused(refusal) => return Err(refusal),
        Fault::Task(cause, detail) => (cause, detail, false),
        Fault::Run(cause, detail) => (cause, detail, true),
    };
    let text = if detail.is_empty() { cause_name(cause) } else { format!("{}: {detail}", cause_name(cause)) };
    let refusal = Refusal::invalid(text.clone());
    if attempt > 1 && cause != Cause::UnhandledCommand && !ends_run {
        return Err(refusal);
    }
    t.fail_workflow_task(cause, Some(failure::server(&text, false)), identity);
    if ends_run {
        t.needs_task = false;
        t.terminate(Termination {
            identity: "history-service".into(),
            reason: detail,
            ..Termination::default()
        });
    }
    t.effects.reply = Reply::Refused(refusal);
    Ok(())
}

/// The name of a cause as the reference prints it.
fn cause_name(cause: Cause) -> String {
    format!("{cause:?}")
}

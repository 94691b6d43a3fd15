//! Reserve before commit: between a decision and its commit, each task that came up is offered to the polls that wait
//! in this process. A task with a poll is started in the same commit as it was scheduled, which saves a commit per task.
//!
//! Try only: nothing is waited for, and a task without a poll is dispatched after the commit. Crash points: a commit
//! that fails has started nothing, and the polls wait on; after it, a task that did not reach its poll is brought back
//! by its timeout.

use std::{collections::BTreeSet, sync::Arc};

use longhaul_kernel::{
    context::Context,
    ids::{ExecutionKey, RunId},
    machine::Draw,
    run::{Duty, DutyId},
    time::Timestamp,
};
use longhaul_proto::api::workflowservice::v1::PollActivityTaskQueueResponse;
use longhaul_runtime::peers::{AddTask, Reserved, TaskAnswer, TaskPoll};

use crate::{
    calls::{activity, workflow_task},
    cell::{Cell, Target, Turn},
    duties,
    history::Room,
    patience::Patience,
    poll_answer::Draft,
    shard::Shard,
};

/// How often the history of a task that was started is tried to be read.
const TRIES: usize = 3;

/// A task that was started for a poll.
pub struct Taken {
    poll: Reserved,
    answer: Answer,
}

enum Answer {
    Workflow(Box<Draft>),
    Activity(Box<PollActivityTaskQueueResponse>),
}

/// Starts the tasks that came up and for which a poll waits; the most urgent ones are asked for first.
pub fn take(shard: &Arc<Shard>, cell: &mut Cell, context: &Arc<Context>) -> Vec<Taken> {
    let caller = duties::internal_caller(cell.key.namespace, String::new());
    let mut taken = Vec::new();
    for (run, duty, task) in tasks(cell, context) {
        let Some(poll) = shard.room.matching.reserve(&caller, &task) else { continue };
        let answer = start(shard, cell, context, (run, duty), &task, &poll);
        taken.extend(answer.map(|answer| Taken { poll, answer }));
    }
    taken
}

/// The tasks that are to be dispatched, by urgency; within a level in the order in which they came up.
fn tasks(cell: &Cell, context: &Context) -> Vec<(RunId, DutyId, AddTask)> {
    let mut seen = BTreeSet::new();
    let mut tasks = Vec::new();
    for (id, duty) in cell.duties() {
        if !matches!(duty, DutyId::WorkflowTask | DutyId::Activity(_)) || !seen.insert((id, duty)) {
            continue;
        }
        let Some(loaded) = cell.run(id) else { continue };
        if let Some(Duty::WorkflowTask(mut dispatch) | Duty::Activity(mut dispatch)) = loaded.run.duty(duty) {
            duties::leave_sticky(context, &loaded.run, &mut dispatch);
            tasks.push((id, duty, duties::add_task(&loaded.run, duty, &dispatch)));
        }
    }
    tasks.sort_by_key(|(_, _, task)| urgency(task));
    tasks
}

/// A task's priority key; one that says nothing is in the middle.
fn urgency(task: &AddTask) -> i32 {
    match task.priority.as_ref().map_or(0, |priority| priority.priority_key) {
        ..=0 => 3,
        key => key,
    }
}

/// Makes the run start the task for the poll.
fn start(
    shard: &Arc<Shard>,
    cell: &mut Cell,
    context: &Arc<Context>,
    (run, duty): (RunId, DutyId),
    task: &AddTask,
    poll: &Reserved,
) -> Option<Answer> {
    let room = &shard.room;
    let key = cell.key.clone();
    let mut turn = Turn {
        key: &key,
        cell,
        context,
        at: Timestamp(room.host.clock.now()),
        draw: Draw::new(room.host.entropy.draw()),
        settings: &room.settings,
        target: Some(run),
        asked: Target::Run(run),
    };
    let request_id = poll.request_id.clone();
    let started = match (&poll.poll, duty) {
        (TaskPoll::Workflow(request), DutyId::WorkflowTask) => {
            let start = workflow_task::start_of(task, request_id, request.clone());
            workflow_task::decide_start(&mut turn, start)
                .map(|draft| draft.map(|draft| Answer::Workflow(Box::new(draft))))
        }
        (TaskPoll::Activity(request), DutyId::Activity(_)) => {
            let start = activity::start_of(task, request_id, request.clone());
            let namespace = context.namespace.clone();
            activity::decide_start(&mut turn, start, &namespace)
                .map(|answer| answer.map(|answer| Answer::Activity(Box::new(answer))))
        }
        (TaskPoll::Workflow(_) | TaskPoll::Activity(_) | TaskPoll::Nexus(_), _) => Ok(None),
    };
    started.unwrap_or_else(|refusal| {
        tracing::debug!(%run, ?duty, ?refusal, "task not started for the poll that waited");
        None
    })
}

/// Answers the polls: what was decided is durable.
pub fn serve(room: &Arc<Room>, key: &ExecutionKey, taken: Vec<Taken>) {
    for Taken { poll, answer } in taken {
        match answer {
            Answer::Activity(answer) => poll.serve(TaskAnswer::Activity(answer)),
            Answer::Workflow(draft) if draft.is_complete() => {
                poll.serve(TaskAnswer::Workflow(Box::new(draft.complete(key))));
            }
            Answer::Workflow(draft) => {
                let (reader, key) = (room.clone(), key.clone());
                room.host.tasks.spawn("history of a task", async move {
                    read_and_serve(&reader, &key, *draft, poll).await;
                });
            }
        }
    }
}

/// Reads the history that is not in memory. If that fails, the task's timeout brings it back.
async fn read_and_serve(room: &Arc<Room>, key: &ExecutionKey, draft: Draft, poll: Reserved) {
    let mut patience = Patience::new(&room.host);
    for _ in 0..TRIES {
        match draft.clone().finish(room, key).await {
            Ok(answer) => return poll.serve(TaskAnswer::Workflow(Box::new(answer))),
            Err(error) => tracing::warn!(execution = %key.id, %error, "history of a started task not read"),
        }
        patience.pause().await;
    }
}

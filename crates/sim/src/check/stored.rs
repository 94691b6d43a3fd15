//! What is stored fits together: lists say what histories say, state can be restored from what is stored, nothing is
//! owed any more, and describing a run tells the same before and after a restart.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{Kind, RunKey, SLOTS, Slot},
    run::{Branch, Run},
    visibility::{Query, Row, Value},
};
use longhaul_proto::api::{
    history::v1::{HistoryEvent, history_event::Attributes as Event},
    workflowservice::v1::DescribeWorkflowExecutionRequest,
};
use longhaul_store::{Direction, EventRange, MemoryStore, ShardId, ShardRange, Store};

use super::{Evidence, execution};
use crate::{
    dice::Dice,
    ledger::Recorded,
    line::{Line, Said},
    worker::decode,
    world::{NAMESPACE, NAMESPACE_NAME, START},
};

/// Checks the store and what is told of it.
pub(super) async fn check(
    line: &Line,
    dice: &Dice,
    store: &Arc<MemoryStore>,
    evidence: &Evidence,
    broken: &mut Vec<String>,
) {
    let rows = store
        .list(NAMESPACE, Kind::Workflow, Arc::new(Query::everything()), None, usize::MAX)
        .await
        .unwrap_or_default();
    if rows.len() != evidence.runs.len() {
        broken.push(format!("lists know {} runs of {}", rows.len(), evidence.runs.len()));
    }
    for row in &rows {
        match evidence.runs.get(&row.run) {
            Some(recorded) => visible(row, recorded, broken),
            None => broken.push(format!("{} is listed and does not exist", row.run)),
        }
    }
    let all = ShardRange { shard: ShardId(0), first: Slot(0), last: Slot(SLOTS - 1) };
    for owed in store.outbox(all, None, usize::MAX).await.unwrap_or_default() {
        broken.push(format!("duty {:?} of {} is still owed", owed.id, owed.run));
    }
    for (run, recorded) in &evidence.runs {
        if let Err(why) = restored(store, run, recorded).await {
            broken.push(format!("{run}: {why}"));
        }
        described(line, dice, run, recorded, broken).await;
    }
}

/// A row says what the history says.
fn visible(row: &Row, recorded: &Recorded, broken: &mut Vec<String>) {
    let status = recorded.events.last().and_then(|last| last.event.attributes.as_ref()).map_or("", status);
    let keyword = |name: &str| match row.attributes.get(name) {
        Some(Value::Keyword(value)) => value.clone(),
        _ => String::new(),
    };
    if keyword("ExecutionStatus") != status {
        broken.push(format!(
            "{} is listed as {} and its history says {status}",
            row.run,
            keyword("ExecutionStatus")
        ));
    }
    if keyword("WorkflowType") != "script" {
        broken.push(format!("{} is listed as a {}", row.run, keyword("WorkflowType")));
    }
    if row.close_time.is_some() != (status != "Running") {
        broken.push(format!("{} is listed with close time {:?}", row.run, row.close_time));
    }
}

/// The status that follows from the last event.
fn status(last: &Event) -> &'static str {
    match last {
        Event::WorkflowExecutionCompletedEventAttributes(_) => "Completed",
        Event::WorkflowExecutionFailedEventAttributes(_) => "Failed",
        Event::WorkflowExecutionTimedOutEventAttributes(_) => "TimedOut",
        Event::WorkflowExecutionCanceledEventAttributes(_) => "Canceled",
        Event::WorkflowExecutionTerminatedEventAttributes(_) => "Terminated",
        Event::WorkflowExecutionContinuedAsNewEventAttributes(_) => "ContinuedAsNew",
        _ => "Running",
    }
}

/// The stored records make a run that agrees with its history.
async fn restored(store: &MemoryStore, key: &RunKey, recorded: &Recorded) -> Result<(), String> {
    let stored = store.run(key.clone()).await.map_err(|error| error.to_string())?;
    let stored = stored.ok_or("its state is gone")?;
    let events: Vec<HistoryEvent> = recorded.events.iter().map(|stored| stored.event.clone()).collect();
    let last = events.len();
    let run = Run::restore(&stored.snapshot, &stored.deltas, events).map_err(|error| error.to_string())?;
    if run.transitions != stored.version {
        return Err(format!("state of transition {} is stored as {}", run.transitions, stored.version));
    }
    if run.next_event_id != last as i64 + 1 {
        return Err(format!("state expects event {}, history ends with {last}", run.next_event_id));
    }
    if run.is_running() == recorded.is_closed {
        return Err("state and history differ on whether it is closed".into());
    }
    // Activities and timers of a closed run stay in its state, as on the reference; nobody works on them.
    if recorded.is_closed && !(run.buffered.is_empty() && run.duties.is_empty()) {
        let buffered = run.buffered.len();
        return Err(format!("it is over with {buffered} events buffered and duties {:?}", run.duties));
    }
    Ok(())
}

/// What an open run waits for, as it is stored.
pub(crate) async fn waits_for(store: &MemoryStore, key: &RunKey) -> String {
    let Ok(Some(stored)) = store.run(key.clone()).await else { return "it is not stored".into() };
    let mut branches = store.shares(key.clone()).await.unwrap_or_default();
    branches.push(Branch { id: key.run.into(), last_event: i64::MAX });
    let (mut events, mut from) = (Vec::new(), 1);
    for branch in branches {
        let range = EventRange { from, to: branch.last_event };
        let read = store.history(key.execution.slot(), branch.id, range, Direction::Forward, usize::MAX);
        let batches = read.await.unwrap_or_default();
        events.extend(batches.into_iter().flat_map(|batch| decode(Some(&batch.events))).flatten());
        from = branch.last_event.saturating_add(1);
    }
    match Run::restore(&stored.snapshot, &stored.deltas, events) {
        Err(error) => error.to_string(),
        Ok(run) => format!(
            "workflow task {:?}, {} buffered, wake {:?}, duties {:?}, timers {:?}, activities {:?}, children {:?}",
            run.workflow_task.as_ref().map(|task| (task.attempt, task.started.is_some())),
            run.buffered.len(),
            run.wake.map(|at| (at.0 - START) / 1_000_000),
            run.duties,
            run.timers.keys(),
            run.activities.values().map(|activity| (activity.attempt, &activity.phase)).collect::<Vec<_>>(),
            run.children
                .values()
                .map(|child| (&child.initiated.workflow_id, child.started.is_some()))
                .collect::<Vec<_>>(),
        ),
    }
}

/// A description agrees with the history and has nothing pending.
async fn described(line: &Line, dice: &Dice, run: &RunKey, recorded: &Recorded, broken: &mut Vec<String>) {
    let request = DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE_NAME.into(),
        execution: Some(execution(run)),
    };
    let Said::Yes(answer) = line.insist(dice, 20, request).await else {
        return broken.push(format!("{run} can't be described"));
    };
    let info = answer.workflow_execution_info.unwrap_or_default();
    if info.history_length != recorded.events.len() as i64 {
        broken.push(format!(
            "{run} is described with {} events of {}",
            info.history_length,
            recorded.events.len()
        ));
    }
}

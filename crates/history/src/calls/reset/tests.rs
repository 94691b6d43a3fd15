//! Runs that share the beginnings of their histories, on a clock that the test holds: whatever is reset, removed or kept
//! for its time, each run that is left reads its whole history, and what nobody reads any more is gone.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::{ids::RunId, machine::Draw};
use longhaul_proto::api::{
    common::v1::WorkflowExecution,
    history::v1::{History, HistoryEvent},
    workflowservice::v1::{
        DeleteWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest,
        GetWorkflowExecutionHistoryReverseRequest, ResetWorkflowExecutionRequest,
        SignalWorkflowExecutionRequest,
    },
};
use prost::Message;

use crate::reclaim::tests::{HOUR, MINUTE, NAMESPACE, World};

const ID: &str = "order";

fn execution(run: RunId) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: ID.into(), run_id: run.to_string() })
}

async fn signal(world: &World, run: RunId) {
    let request = SignalWorkflowExecutionRequest {
        workflow_execution: execution(run),
        signal_name: "s".into(),
        ..SignalWorkflowExecutionRequest::default()
    };
    world.ask(request).await.unwrap();
}

/// Resets a run to an event behind which a workflow task is pending.
async fn reset(world: &World, run: RunId, point: i64, request_id: String) -> RunId {
    let request = ResetWorkflowExecutionRequest {
        workflow_execution: execution(run),
        workflow_task_finish_event_id: point,
        request_id,
        ..ResetWorkflowExecutionRequest::default()
    };
    RunId::parse(&world.ask(request).await.unwrap().run_id).unwrap()
}

/// The history of a run, read forward in small pages and backward; both have to agree.
async fn history(world: &World, run: RunId) -> Option<Vec<HistoryEvent>> {
    let mut forward = Vec::new();
    let mut token = bytes::Bytes::new();
    loop {
        let request = GetWorkflowExecutionHistoryRequest {
            execution: execution(run),
            maximum_page_size: 2,
            next_page_token: token,
            ..GetWorkflowExecutionHistoryRequest::default()
        };
        let page = world.ask(request).await.ok()?;
        forward.extend(History::decode(page.history.unwrap_or_default()).unwrap().events);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut backward = Vec::new();
    loop {
        let request = GetWorkflowExecutionHistoryReverseRequest {
            execution: execution(run),
            maximum_page_size: 2,
            next_page_token: token,
            ..GetWorkflowExecutionHistoryReverseRequest::default()
        };
        let page = world.ask(request).await.ok()?;
        backward.extend(History::decode(page.history.unwrap_or_default()).unwrap().events);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    backward.reverse();
    // Events of an open run that are not stored yet are only shown to those who read forward.
    assert_eq!(forward[..backward.len()], backward[..]);
    assert!((1..).zip(&backward).all(|(id, event)| id == event.event_id), "{backward:?}");
    Some(backward)
}

/// Points to which a run can be reset: behind the scheduling of each workflow task.
fn points(events: &[HistoryEvent]) -> Vec<i64> {
    use longhaul_proto::api::enums::v1::EventType::WorkflowTaskScheduled;
    let last = events.len() as i64;
    let scheduled = events.iter().filter(|event| event.event_type() == WorkflowTaskScheduled);
    scheduled.map(|event| event.event_id + 1).filter(|point| *point <= last).collect()
}

#[tokio::test(start_paused = true)]
async fn a_reset_writes_none_of_the_events_it_keeps() {
    let world = World::new().await;
    let base = world.start(NAMESPACE, ID).await;
    signal(&world, base).await;
    let run = reset(&world, base, 3, "r".into()).await;
    let stored = world.own_events(ID, run).await;
    assert_eq!(stored[0], 3, "the first event of its own is the one at the point");
    let (before, after) = (history(&world, base).await.unwrap(), history(&world, run).await.unwrap());
    assert_eq!(before[..2], after[..2]);
    assert_eq!(after.len() as i64, *stored.last().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_long_line_of_resets_keeps_events_of_its_own_now_and_then() {
    let world = World::new().await;
    let mut run = world.start(NAMESPACE, ID).await;
    let mut shared = Vec::new();
    for step in 0..40 {
        signal(&world, run).await;
        let before = history(&world, run).await.unwrap();
        let point = *points(&before).last().unwrap();
        run = reset(&world, run, point, format!("r{step}")).await;
        let after = history(&world, run).await.unwrap();
        let kept = point as usize - 1;
        assert_eq!(before[..kept], after[..kept]);
        shared.push(world.shares(ID, run).await.len());
    }
    assert_eq!(*shared.iter().max().unwrap(), 16);
    assert_eq!(shared.iter().filter(|count| **count == 0).count(), 2, "{shared:?}");
}

/// One world's life: resets, signals, deletions, crashes and time that passes, with every history compared.
async fn live(seed: u64) {
    let mut world = World::new().await;
    let mut draw = Draw::new(seed);
    let mut roll = |below: usize| draw.number() as usize % below.max(1);
    let mut known = vec![world.start(NAMESPACE, ID).await];
    let mut live: BTreeMap<RunId, Vec<HistoryEvent>> = BTreeMap::new();
    live.insert(known[0], history(&world, known[0]).await.unwrap());
    for step in 0..60 {
        let picked = live.keys().nth(roll(live.len())).copied();
        let Some(picked) = picked else { break };
        let newest = *known.last().unwrap();
        match roll(10) {
            0..=2 if live.contains_key(&newest) => signal(&world, newest).await,
            3..=6 => {
                let points = points(&live[&picked]);
                if let Some(point) = points.get(roll(points.len())) {
                    let run = reset(&world, picked, *point, format!("r{step}")).await;
                    let kept = *point as usize - 1;
                    let made = history(&world, run).await.unwrap();
                    assert_eq!(made[..kept], live[&picked][..kept], "seed {seed}, step {step}");
                    known.push(run);
                    live.insert(run, made);
                }
            }
            7 if picked != newest => {
                let request = DeleteWorkflowExecutionRequest {
                    workflow_execution: execution(picked),
                    ..DeleteWorkflowExecutionRequest::default()
                };
                world.ask(request).await.unwrap();
                world.sleep(Duration::from_secs(5)).await;
                assert_eq!(history(&world, picked).await, None, "seed {seed}, step {step}");
                live.remove(&picked);
            }
            8 => {
                world.crash();
                world.open().await;
            }
            9 => world.sleep(20 * MINUTE).await,
            _ => {}
        }
        // Those that were closed when time passed may have gone by their retention; all others are as they were.
        for (run, before) in std::mem::take(&mut live) {
            let Some(after) = history(&world, run).await else {
                assert_ne!(run, newest, "seed {seed}, step {step}: an open run stays");
                continue;
            };
            assert!(after.len() >= before.len(), "seed {seed}, step {step}");
            assert_eq!(after[..before.len()], before[..], "seed {seed}, step {step}");
            live.insert(run, after);
        }
    }
    if seed.is_multiple_of(2) {
        world.delete("shop").await;
        world.sleep(MINUTE).await;
    } else {
        world.close(NAMESPACE, ID).await;
        world.sleep(HOUR + MINUTE).await;
    }
    for run in known {
        assert_eq!(world.own_events(ID, run).await, [0; 0], "seed {seed}: nothing is left of {run}");
        assert!(world.shares(ID, run).await.is_empty() && world.sharers(ID, run).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn trees_of_resets_and_deletions_leave_every_history_whole() {
    for seed in 1..=12 {
        live(seed).await;
    }
}

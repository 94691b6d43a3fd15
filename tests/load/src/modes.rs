//! The loads made of workflows: one at a time, at a fixed rate, as fast as possible.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use crate::{measure::Latencies, plan::Plan, session::Session, worker::Worker};

/// How starts follow one another.
#[derive(Clone, Copy)]
pub enum Pace {
    /// So many per second, whatever the server does.
    PerSecond(f64),
    /// As fast as possible, with so many under way.
    InFlight(usize),
}

/// What the runs do, who works on them, and how many there are.
#[derive(Clone, Copy)]
pub struct Shape {
    /// What every run does.
    pub plan: Plan,
    /// Pollers of each kind.
    pub pollers: usize,
    /// How many runs.
    pub workflows: usize,
}

/// How long a load waits for one more completion before it gives up.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Workflows one at a time: the latencies that a user sees on an idle server.
pub async fn latency(session: Session, shape: Shape) -> Result<Value> {
    let Shape { plan, pollers, workflows } = shape;
    let _worker = Worker::start(&session, plan, pollers);
    let (mut starts, mut results) = (Latencies::default(), Latencies::default());
    let began = Instant::now();
    for number in 0..workflows {
        let scheduled = Instant::now();
        let run_id = session.start(number).await?;
        starts.record(scheduled.elapsed());
        timeout(SILENCE_MAX, session.closed(number, run_id)).await.context("no result")??;
        results.record(scheduled.elapsed());
    }
    let seconds = began.elapsed().as_secs_f64();
    let run = session.describe(0).await?;
    Ok(json!({
        "mode": "latency", "transitions_each": run.transitions, "history_bytes_each": run.history_bytes,
        "workflows": workflows, "completed": results.count(), "failed": 0, "seconds": seconds,
        "per_second": workflows as f64 / seconds, "start_ms": starts.summary(), "result_ms": results.summary(),
    }))
}

/// Many workflows at a given pace; latencies count from the scheduled start.
pub async fn throughput(session: Session, shape: Shape, pace: Pace) -> Result<Value> {
    let Shape { plan, pollers, workflows } = shape;
    let mut worker = Worker::start(&session, plan, pollers);
    let free = Arc::new(Semaphore::new(if let Pace::InFlight(count) = pace { count } else { workflows }));
    let began = Instant::now();
    let starter = tokio::spawn(start_all(session.clone(), workflows, pace, began, free.clone()));
    let mut closed = vec![None; workflows];
    let (mut completed, mut last) = (0, began);
    while completed < workflows {
        let Ok(Some(run)) = timeout(SILENCE_MAX, worker.closed.recv()).await else { break };
        completed += usize::from(closed[run.number].replace(run.at).is_none());
        last = last.max(run.at);
        free.add_permits(1);
    }
    if completed < workflows {
        starter.abort();
        bail!("{completed} of {workflows} workflows completed, then none for {SILENCE_MAX:?}");
    }
    let started = starter.await?;
    let (mut starts, mut results) = (Latencies::default(), Latencies::default());
    for (start, closed) in started.iter().zip(closed) {
        starts.record(start.acknowledged.saturating_duration_since(start.scheduled));
        closed.into_iter().for_each(|at| results.record(at.saturating_duration_since(start.scheduled)));
    }
    let seconds = (last - began).as_secs_f64();
    let failed = started.iter().filter(|start| !start.is_accepted).count();
    let run = session.describe(0).await?;
    Ok(json!({
        "transitions_each": run.transitions, "history_bytes_each": run.history_bytes,
        "mode": if matches!(pace, Pace::InFlight(_)) { "capacity" } else { "throughput" },
        "workflows": workflows, "completed": completed, "failed": failed, "seconds": seconds,
        "per_second": completed as f64 / seconds, "start_ms": starts.summary(), "result_ms": results.summary(),
    }))
}

struct Start {
    scheduled: Instant,
    acknowledged: Instant,
    is_accepted: bool,
}

/// Starts every workflow at its time; in the order of their numbers.
async fn start_all(
    session: Session,
    workflows: usize,
    pace: Pace,
    began: Instant,
    free: Arc<Semaphore>,
) -> Vec<Start> {
    let (mut calls, mut starts) = (JoinSet::new(), Vec::with_capacity(workflows));
    for number in 0..workflows {
        // What has ended is taken out at once: a million calls would fill the memory.
        while let Some(Ok(done)) = calls.try_join_next() {
            starts.push(done);
        }
        let scheduled = match pace {
            Pace::PerSecond(rate) => began + Duration::from_secs_f64(number as f64 / rate),
            Pace::InFlight(_) => {
                // The semaphore is never closed; a permit comes back when a run is closed.
                if let Ok(permit) = free.acquire().await {
                    permit.forget();
                }
                Instant::now()
            }
        };
        tokio::time::sleep_until(scheduled.into()).await;
        let session = session.clone();
        calls.spawn(async move { (number, start(&session, number, scheduled).await) });
    }
    starts.extend(calls.join_all().await);
    starts.sort_by_key(|(number, _)| *number);
    starts.into_iter().map(|(_, start)| start).collect()
}

/// Starts one workflow, again and again until it is accepted: the time that takes is the server's.
async fn start(session: &Session, number: usize, scheduled: Instant) -> Start {
    let mut is_accepted = true;
    while let Err(status) = session.start(number).await {
        if is_accepted {
            eprintln!("start {number}: {status}");
        }
        is_accepted = false;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Start { scheduled, acknowledged: Instant::now(), is_accepted }
}

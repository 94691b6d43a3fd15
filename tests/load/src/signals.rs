//! Signals: at a fixed rate, as fast as one run takes them, and what they cost early and late in a run.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};

use crate::{measure::Latencies, modes::SILENCE_MAX, plan::Plan, session::Session, worker::Worker};

/// Signals that a fresh run gets before the early ones are measured, so that they are around its hundredth transition.
const EARLY: usize = 50;

/// Early signals that are measured in one run; more runs follow until enough are measured.
const EARLY_EACH: usize = 100;

/// How many signals are under way while a run grows and nothing is measured.
const GROW_IN_FLIGHT: usize = 100;

/// Signals at a fixed rate into `runs` runs in turn, each of which completes when it has seen its share.
pub async fn at_rate(
    session: Session,
    pollers: usize,
    signals: usize,
    runs: usize,
    rate: f64,
) -> Result<Value> {
    let signals = signals.div_ceil(runs) * runs;
    let _worker = Worker::start(&session, Plan::Signals(signals / runs), pollers);
    let mut run_ids = Vec::new();
    for run in 0..runs {
        run_ids.push(session.start(run).await?);
    }
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for number in 0..signals {
        let scheduled = began + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(scheduled.into()).await;
        let session = session.clone();
        calls.spawn(async move { session.signal(number % runs, number).await.map(|()| scheduled.elapsed()) });
    }
    let (mut latencies, mut failed) = (Latencies::default(), 0);
    for result in calls.join_all().await {
        match result {
            Ok(latency) => latencies.record(latency),
            Err(status) => {
                eprintln!("signal: {status}");
                failed += 1;
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {signals} signals were not accepted");
    }
    for (run, run_id) in run_ids.into_iter().enumerate() {
        timeout(SILENCE_MAX, session.closed(run, run_id)).await.context("no result")??;
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(json!({
        "mode": "signals", "signals": signals, "completed": latencies.count(), "failed": failed, "seconds": seconds,
        "per_second": signals as f64 / seconds, "signal_ms": latencies.summary(),
    }))
}

/// Signals into one run with a worker, `in_flight` at a time, until the worker has seen them all.
pub async fn hot(session: Session, pollers: usize, signals: usize, in_flight: usize) -> Result<Value> {
    let _worker = Worker::start(&session, Plan::Signals(signals), pollers);
    let run_id = session.start(0).await?;
    let began = Instant::now();
    let latencies = send(&session, 0, 0..signals, in_flight).await?;
    let acknowledged = began.elapsed().as_secs_f64();
    timeout(SILENCE_MAX, session.closed(0, run_id)).await.context("no result")??;
    let seconds = began.elapsed().as_secs_f64();
    Ok(json!({
        "mode": "hot", "signals": signals, "completed": latencies.count(), "failed": 0, "seconds": seconds,
        "per_second": signals as f64 / acknowledged, "signal_ms": latencies.summary(),
    }))
}

/// Server time of one signal around the hundredth transition of a run and beyond its `late`th, one signal at a time.
/// No worker takes part: each signal is one transition.
pub async fn growth(session: Session, pid: u32, late: usize, measured: usize) -> Result<Value> {
    let (mut early_ns, mut runs) = (0, 0);
    while runs * EARLY_EACH < measured {
        runs += 1;
        session.start(runs).await?;
        send(&session, runs, 0..EARLY, GROW_IN_FLIGHT).await?;
        early_ns += cost(&session, pid, runs, EARLY..EARLY + EARLY_EACH).await?;
    }
    session.start(0).await?;
    send(&session, 0, 0..late, GROW_IN_FLIGHT).await?;
    let late_ns = cost(&session, pid, 0, late..late + measured).await?;
    let early_us = early_ns as f64 / (runs * EARLY_EACH) as f64 / 1e3;
    let late_us = late_ns as f64 / measured as f64 / 1e3;
    Ok(json!({
        "mode": "growth", "completed": measured, "early_us": early_us, "late_us": late_us,
        "late_to_early": late_us / early_us,
    }))
}

async fn cost(session: &Session, pid: u32, run: usize, numbers: std::ops::Range<usize>) -> Result<u64> {
    let before = busy_ns(pid)?;
    send(session, run, numbers, 1).await?;
    Ok(busy_ns(pid)? - before)
}

/// Sends signals with these numbers to one run, `in_flight` at a time.
async fn send(
    session: &Session,
    run: usize,
    numbers: std::ops::Range<usize>,
    in_flight: usize,
) -> Result<Latencies> {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let mut senders = JoinSet::new();
    for _ in 0..in_flight {
        let (session, next, end) = (session.clone(), next.clone(), numbers.end);
        senders.spawn(async move {
            let mut taken = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok(taken);
                }
                let began = Instant::now();
                session.signal(run, number).await?;
                taken.push(began.elapsed());
            }
        });
    }
    let mut latencies = Latencies::default();
    while let Some(sender) = senders.join_next().await {
        let taken: Result<Vec<Duration>, tonic::Status> = sender?;
        taken?.into_iter().for_each(|each| latencies.record(each));
    }
    Ok(latencies)
}

/// Time that the threads of a process have run for, to the nanosecond.
fn busy_ns(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).context("needs /proc, that is Linux")? {
        // A thread may end between the two reads.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        sum += text.split(' ').next().unwrap_or_default().parse::<u64>().context("parse schedstat")?;
    }
    Ok(sum)
}

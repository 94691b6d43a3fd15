//! Measures the store alone: transitions per second, durable acts and CPU per transition, with 1, 16, 64 and 256 writers
//! that each wait for their last transition before they send the next one.
//!
//! `cargo run --release -p longhaul-store-embedded --example throughput [-- FOLDER [SECONDS]]`

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use longhaul_kernel::{ids::RunKey, time::Timestamp};
use longhaul_store::{
    Batch, CurrentWrite, Expect, Fence, StateWrite, Store, VisibilityWrite, Write,
    conformance::{
        sample::{duty, noise, own, row, run, start},
        wait,
    },
};
use longhaul_store_embedded::{EmbeddedStore, Options};

/// Workflows each writer goes through in turn.
const RUNS: usize = 40;
/// Every so many transitions a run is started or closed and shows a row.
const LIFE: u64 = 25;
const SNAPSHOT_EVERY: u64 = 20;

/// Half of it compresses.
fn payload(seed: u64, length: usize) -> Bytes {
    let mut bytes = noise(seed, length / 2).to_vec();
    bytes.resize(length, b'x');
    bytes.into()
}

/// A typical transition: 600 bytes of events, a delta of 150 bytes or a snapshot of 1,500, a task in and one out, a
/// wake that moves, at the beginning and the end of a life a row in lists.
fn transition(run: &RunKey, version: u64) -> Write {
    let step = version % LIFE;
    let snapshot = version == 1 || version.is_multiple_of(SNAPSHOT_EVERY);
    let state = match snapshot {
        true => StateWrite::Snapshot(payload(version, 1500)),
        false => StateWrite::Delta(payload(version, 150)),
    };
    let event = version as i64;
    let events = payload(version, 600);
    let batch = Batch { branch: run.run.into(), first_event: event, last_event: event, events };
    let visibility = match step {
        0 => VisibilityWrite::Put(Box::new(row(run, event, Some(event), "order", "Completed"))),
        1 => VisibilityWrite::Put(Box::new(row(run, event, None, "order", "Running"))),
        _ => VisibilityWrite::Keep,
    };
    Write {
        expect: if version == 1 { Expect::New } else { Expect::Version(version - 1) },
        version,
        state,
        history: vec![batch],
        shares: Vec::new(),
        current: if step == 1 { CurrentWrite::Put(payload(version, 60)) } else { CurrentWrite::Keep },
        outbox_put: vec![(duty(1, event), payload(version, 100))],
        outbox_delete: vec![duty(1, event - 1)],
        wake_delete: None,
        wake_put: Some(Timestamp(event * 1_000_000_000)),
        visibility,
        ..start(run)
    }
}

/// One writer: commits until the end, and tells how long each commit took.
async fn write(store: &dyn Store, fence: Fence, name: String, end: Instant) -> Vec<Duration> {
    let runs: Vec<RunKey> = (0..RUNS).map(|n| run(&format!("{n}-{name}"))).collect();
    let mut took = Vec::new();
    for version in 1.. {
        for run in &runs {
            let begin = Instant::now();
            if begin >= end {
                return took;
            }
            store.commit(fence, vec![transition(run, version)]).await.expect("the commit succeeds");
            took.push(begin.elapsed());
        }
    }
    took
}

/// CPU time of this process; the system counts in hundredths of a second.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    // The first field, the state, is no number; user and system time are the fields 11 and 12 behind it.
    let fields: Vec<i64> =
        behind_name.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    let hundredths = fields.get(10).unwrap_or(&0) + fields.get(11).unwrap_or(&0);
    Duration::from_millis(10 * hundredths.unsigned_abs())
}

fn memory_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn measure(folder: &Path, writers: usize, length: Duration) -> Result<(), Box<dyn Error>> {
    let embedded = Arc::new(EmbeddedStore::open(folder, Options::default())?);
    let store: Arc<dyn Store> = embedded.clone();
    let fence = own(&store);
    let (before, cpu_before, begin) = (embedded.stats(), cpu(), Instant::now());
    let all = (0..writers).map(|n| write(&*store, fence, format!("w{n}-of-{writers}"), begin + length));
    let all: FuturesUnordered<_> = all.collect();
    let mut took: Vec<Duration> = wait(all.collect::<Vec<_>>()).concat();
    let (after, seconds) = (embedded.stats(), begin.elapsed().as_secs_f64());
    let cpu = cpu().saturating_sub(cpu_before);
    took.sort();
    let percentile =
        |p: usize| took.get(took.len() * p / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    let transitions = after.writes - before.writes;
    let groups = after.groups - before.groups;
    println!(
        "{writers:>7} {:>13.0} {:>8.0} {:>10.1} {:>12.0} {:>14} {:>8.2} {:>8.2} {:>8}",
        transitions as f64 / seconds,
        groups as f64 / seconds,
        transitions as f64 / groups as f64,
        cpu.as_secs_f64() * 1e6 / transitions as f64,
        (after.bytes - before.bytes) / transitions.max(1),
        percentile(50),
        percentile(99),
        memory_mb(),
    );
    if writers == 256 {
        measure_reads(&*store, writers);
    }
    Ok(())
}

/// Reads what the writers left, one read at a time: on the caller's thread, and through a reader thread.
fn measure_reads(store: &dyn Store, writers: usize) {
    let runs: Vec<RunKey> = (0..writers).map(|n| run(&format!("0-w{n}-of-{writers}"))).collect();
    let begin = Instant::now();
    for run in &runs {
        wait(store.current(run.execution.clone())).expect("it can be read");
    }
    let inline = begin.elapsed();
    let begin = Instant::now();
    for run in &runs {
        wait(store.run(run.clone())).expect("it can be read");
    }
    let through_a_thread = begin.elapsed();
    let each = |total: Duration| total.as_secs_f64() * 1e6 / runs.len() as f64;
    println!("reads: current {:.0} us (inline), run {:.0} us (thread)", each(inline), each(through_a_thread));
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().map(PathBuf::from).unwrap_or_else(std::env::temp_dir);
    let seconds = arguments.next().map_or(Ok(5.0), |text| text.parse())?;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    println!(
        "{:>7} {:>13} {:>8} {:>10} {:>12} {:>14} {:>8} {:>8} {:>8}",
        "writers",
        "transitions/s",
        "fsyncs/s",
        "per fsync",
        "cpu us/trans",
        "bytes/trans",
        "p50 ms",
        "p99 ms",
        "anon MB"
    );
    for writers in [1, 16, 64, 256] {
        let folder = tempfile::tempdir_in(&parent)?;
        measure(folder.path(), writers, Duration::from_secs_f64(seconds))?;
    }
    Ok(())
}

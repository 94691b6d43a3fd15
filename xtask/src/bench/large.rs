//! Many runs on disk: a million by default, made over gRPC as any client makes them.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    loads::{self, generator},
    settings,
    usage::Usage,
};
use crate::{
    host::Profile,
    server::{Kind, Server, Storage},
};

/// Workflows by which throughput is compared.
const COMPARED: usize = 6000;

/// Runs that are made at a time.
const IN_FLIGHT: usize = 400;

/// What `runs` closed ones do to throughput and to the start of the process, and `runs` open ones to memory and start.
/// Memory and time are scaled to a million runs.
pub fn measure(kind: &Kind, runs: usize) -> Result<Value> {
    let per_million = 1e6 / runs as f64;
    let server = Server::start(kind, Storage::Disk, &settings())?;
    let fresh = Usage::of(&server)?;
    let open_rate = fill(&server, runs, &["--stay-open"])?;
    let filled = Usage::of(&server)?;
    println!("  {runs} open runs: {:.0} MB, {:.0} a second", filled.memory_mb, open_rate);
    let (open_start, open_disk_mb) = restart(server)?;

    let server = Server::start(kind, Storage::Disk, &settings())?;
    let empty = capacity(&server)?;
    let closed_rate = fill(&server, runs, &[])?;
    let full = capacity(&server)?;
    println!("  {runs} closed runs: {full:.0} workflows a second, {empty:.0} before");
    let (closed_start, closed_disk_mb) = restart(server)?;
    Ok(json!({
        "runs": runs,
        "open_memory_measured_mb": filled.memory_mb,
        "open_memory_mb": fresh.memory_mb + (filled.memory_mb - fresh.memory_mb) * per_million,
        "open_per_second": open_rate,
        "open_start_ms": open_start.at_ms * per_million.max(1.0),
        "open_start_measured_ms": open_start.at_ms,
        "open_memory_after_restart_mb": open_start.memory_mb,
        "open_disk_mb": open_disk_mb * per_million,
        "empty_per_second": empty,
        "full_per_second": full,
        "closed_to_empty": full / empty,
        "closed_made_per_second": closed_rate,
        "closed_start_ms": closed_start.at_ms * per_million.max(1.0),
        "closed_memory_after_restart_mb": closed_start.memory_mb,
        "closed_disk_mb": closed_disk_mb * per_million,
    }))
}

/// How many a second were made of runs that end, or wait for a timer, at their first workflow task.
fn fill(server: &Server, runs: usize, more: &[&str]) -> Result<f64> {
    let mut command = generator(Profile::Release, server);
    command.args(["--activities", "0", "--pollers", "32", "capacity", "--workflows", &runs.to_string()]);
    command.args(["--in-flight", &IN_FLIGHT.to_string()]).args(more);
    let began = Instant::now();
    loads::result(&mut command)?;
    Ok(runs as f64 / began.elapsed().as_secs_f64())
}

fn capacity(server: &Server) -> Result<f64> {
    let mut command = generator(Profile::Release, server);
    command.args(["capacity", "--in-flight", "100", "--workflows", &COMPARED.to_string()]);
    loads::result(&mut command)?["per_second"].as_f64().context("no rate")
}

struct Started {
    at_ms: f64,
    memory_mb: f64,
}

/// Stops the server and starts it on what it left; with that the size of what it left.
fn restart(mut server: Server) -> Result<(Started, f64)> {
    server.stop();
    let disk_mb = bytes(server.folder())? as f64 / 1e6;
    let started = loads::timed_start(&mut server)?;
    let at_ms = started["ms"].as_f64().context("no time")?;
    let memory_mb = Usage::of(&server)?.memory_mb;
    println!("  started again in {at_ms:.0} ms with {memory_mb:.0} MB, {disk_mb:.0} MB on disk");
    Ok((Started { at_ms, memory_mb }, disk_mb))
}

fn bytes(folder: &std::path::Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}

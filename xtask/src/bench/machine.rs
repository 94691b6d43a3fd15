//! The machine a figure was measured on, because a figure without it says nothing.

use std::{
    fs::{self, File},
    io::Write as _,
    thread,
    time::Instant,
};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    process,
    server::{Folder, Kind},
};

/// Syncs that are timed.
const SYNCS: usize = 201;

/// Processor, cores, memory, kernel, what a sync of the disk costs, and how busy the machine was at the end.
pub fn describe(load_average_before: &str) -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory_kb = field(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let syncs_ms = syncs_ms().unwrap_or_default();
    json!({
        "processor": field(&processors, "model name").unwrap_or_else(|| "unknown".into()),
        "cores": cores(),
        "memory_gb": (memory_kb.unwrap_or_default() / 1024.0 / 1024.0).round() as u64,
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "sync_ms": syncs_ms.get(SYNCS / 2),
        "syncs_ms": syncs_ms,
        "load_average_before": load_average_before,
        "load_average": load_average(),
    })
}

/// Cores that programs may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get())
}

/// How busy the machine was in the last minute, as it says.
pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Size of a server's program without symbols; with them if there is no tool that strips.
pub fn stripped_mb(kind: &Kind) -> Result<f64> {
    let (Kind::Ours(program) | Kind::Reference(program)) = kind;
    let folder = Folder::create()?;
    let stripped = folder.path().join("program");
    let done = process::command("strip").arg("-o").arg(&stripped).arg(program).status();
    let measured = if done.is_ok_and(|status| status.success()) { &stripped } else { program };
    Ok(fs::metadata(measured)?.len() as f64 / 1e6)
}

/// Times to make four kilobytes durable at the end of a file, where the servers keep their state, in milliseconds and sorted.
fn syncs_ms() -> Result<Vec<f64>> {
    let folder = Folder::create()?;
    let mut file = File::create(folder.path().join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times.iter().map(|time| (time.as_secs_f64() * 1e6).round() / 1e3).collect())
}

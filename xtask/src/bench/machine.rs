//! The machine a figure was measured on, because a figure without it says nothing.

use std::{
    fs::{self, File},
    io::Write as _,
    thread,
    time::Instant,
};

use anyhow::Result;
use serde_json::{Value, json};

use crate::server::Folder;

/// Syncs of which the median is taken.
const SYNCS: usize = 101;

/// Processor, cores, memory, kernel, what a sync of the disk costs, and how busy the machine was at the end.
pub fn describe() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory_kb = field(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    json!({
        "processor": field(&processors, "model name").unwrap_or_else(|| "unknown".into()),
        "cores": thread::available_parallelism().map_or(0, |count| count.get()),
        "memory_gb": (memory_kb.unwrap_or_default() / 1024.0 / 1024.0).round() as u64,
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "sync_ms": sync_ms().unwrap_or_default(),
        "load_average": read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    })
}

/// Median time to make four kilobytes durable at the end of a file, where the servers keep their state.
fn sync_ms() -> Result<f64> {
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
    Ok((times[SYNCS / 2].as_secs_f64() * 1e6).round() / 1e3)
}

//! The machine a figure was measured on, because a figure without it says nothing.

use std::{fs, thread};

use serde_json::{Value, json};

/// Processor, cores, memory, kernel, and how busy the machine was at the end.
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
        "memory_gb": (memory_kb.unwrap_or_default() / 1024.0 / 1024.0).round(),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load_average": read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    })
}

//! What a server has used since its start: processor time, memory and bytes written from `/proc`, commits from its
//! metrics.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{http, server::Server};

/// Name of the metric that counts our commits.
const COMMITS: &str = "longhaul_store_commits";

/// A reading.
pub struct Usage {
    /// Processor time, user and system.
    pub cpu_ms: f64,
    /// Resident memory.
    pub memory_mb: f64,
    /// The most it ever was.
    pub memory_peak_mb: f64,
    /// Bytes given to the disk, in whole pages.
    pub written_bytes: Option<f64>,
    /// Bytes over the loopback interface, of every program on the machine.
    pub network_bytes: Option<f64>,
    /// Commits of the store; ours alone tells.
    pub commits: Option<f64>,
}

impl Usage {
    /// Reads now.
    pub fn of(server: &Server) -> Result<Self> {
        let folder = Path::new("/proc").join(server.pid().to_string());
        let read = |file: &str| fs::read_to_string(folder.join(file)).context("needs /proc, that is Linux");
        let (stat, status) = (read("stat")?, read("status")?);
        let io = read("io").unwrap_or_default();
        let metrics = http::get(server.metrics_port(), "/metrics").ok();
        Ok(Self {
            cpu_ms: cpu_ms(&folder).or_else(|| ticks(&stat).map(|ticks| ticks * TICK_MS)).context("stat")?,
            memory_mb: field(&status, "VmRSS:").context("parse status")? / 1024.0,
            memory_peak_mb: field(&status, "VmHWM:").context("parse status")? / 1024.0,
            written_bytes: field(&io, "write_bytes:"),
            network_bytes: fs::read_to_string("/proc/net/dev").ok().and_then(|text| field(&text, "lo:")),
            commits: metrics.and_then(|text| http::metric(&text, COMMITS)),
        })
    }

    /// Adds to a load's result what the server spent on it since `before`.
    pub fn charge(&self, before: &Self, cores: f64, result: &mut Value) {
        let done = result["completed"].as_f64().unwrap_or_default().max(1.0);
        let cpu_ms = self.cpu_ms - before.cpu_ms;
        result["cpu_ms_each"] = json!(cpu_ms / done);
        if let Some(seconds) = result["seconds"].as_f64() {
            result["cpu_percent"] = json!(cpu_ms / seconds / 10.0);
            result["machine_percent"] = json!(cpu_ms / seconds / 10.0 / cores);
        }
        if let Some(transitions) = result["transitions_each"].as_f64() {
            result["transitions_per_cpu_second"] = json!(transitions * done / cpu_ms * 1e3);
        }
        if let (Some(after), Some(before)) = (self.commits, before.commits) {
            result["commits_each"] = json!((after - before) / done);
        }
        if let (Some(after), Some(before)) = (self.network_bytes, before.network_bytes) {
            result["network_bytes_each"] = json!((after - before) / done);
        }
        if let (Some(after), Some(before)) = (self.written_bytes, before.written_bytes) {
            result["written_bytes_each"] = json!((after - before) / done);
            if let Some(history) = result["history_bytes_each"].as_f64() {
                result["written_to_history"] = json!((after - before) / done / history);
            }
        }
        result["memory_mb"] = json!(self.memory_mb);
        result["memory_peak_mb"] = json!(self.memory_peak_mb);
    }
}

/// A tick of the processor clock, as Linux shows it to programs on every architecture.
const TICK_MS: f64 = 10.0;

/// Time that the threads ran for, to the nanosecond. Threads that have ended are not in it; a server keeps its own.
fn cpu_ms(folder: &Path) -> Option<f64> {
    let mut sum_ns = 0.0;
    for thread in fs::read_dir(folder.join("task")).ok()? {
        let Ok(text) = fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        sum_ns += text.split(' ').next()?.parse::<f64>().ok()?;
    }
    (sum_ns > 0.0).then_some(sum_ns / 1e6)
}

/// User and system time; the name before them is in parentheses and may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name))?;
    line.trim().split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{field, ticks};

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100";
        assert_eq!(ticks(stat), Some(300.0));
    }

    #[test]
    fn a_field_is_a_number_with_or_without_a_unit() {
        let status = "VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n";
        assert_eq!(field(status, "VmRSS:"), Some(2048.0));
        assert_eq!(
            field("rchar: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 0\n", "write_bytes:"),
            Some(4096.0)
        );
        assert_eq!(field(status, "VmHWM:"), None);
    }
}

//! What a server has used since its start: processor time and memory from `/proc`, commits from its metrics.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{http, server::Server};

/// Ticks of the processor clock in a second, as Linux shows them to programs on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Name of the metric that counts our commits.
const COMMITS: &str = "longhaul_store_commits";

/// A reading.
pub struct Usage {
    /// Processor time, user and system.
    pub cpu_ms: f64,
    /// Resident memory.
    pub memory_mb: f64,
    /// Commits of the store; ours alone tells.
    pub commits: Option<f64>,
}

impl Usage {
    /// Reads now.
    pub fn of(server: &Server) -> Result<Self> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", server.pid()));
        let (stat, status) = (read("stat").context("needs /proc, that is Linux")?, read("status")?);
        let metrics = http::get(server.metrics_port, "/metrics").ok();
        Ok(Self {
            cpu_ms: ticks(&stat).context("parse stat")? / TICKS_PER_SECOND * 1e3,
            memory_mb: resident_mb(&status).context("parse status")?,
            commits: metrics.and_then(|text| http::metric(&text, COMMITS)),
        })
    }

    /// Adds to a load's result what the server spent on it since `before`.
    pub fn charge(&self, before: &Self, result: &mut Value) {
        let done = result["completed"].as_f64().unwrap_or_default().max(1.0);
        result["cpu_ms_per_1000"] = json!((self.cpu_ms - before.cpu_ms) / done * 1e3);
        if let (Some(after), Some(before)) = (self.commits, before.commits) {
            result["commits_each"] = json!((after - before) / done);
        }
    }
}

/// User and system time; the name before them is in parentheses and may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn resident_mb(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::{resident_mb, ticks};

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100";
        assert_eq!(ticks(stat), Some(300.0));
    }

    #[test]
    fn resident_memory_is_in_kilobytes() {
        assert_eq!(resident_mb("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2.0));
    }
}

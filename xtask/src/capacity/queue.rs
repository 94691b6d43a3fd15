//! A simulation of group commit: commits arrive at random, one thread takes all that wait and syncs once for them.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    model::{Costs, median},
    number,
};

/// Commits that are simulated for each point.
const COMMITS: usize = 200_000;

/// Commits that one sync may cover.
const GROUP_MAX: usize = 512;

/// The disk, and what a commit costs besides.
struct Disk {
    /// Durations of measured syncs in milliseconds, sorted.
    syncs_ms: Vec<f64>,
    /// CPU of one commit on the committing thread.
    commit_ms: f64,
}

/// What a simulation shows.
struct Outcome {
    p50_ms: f64,
    p99_ms: f64,
    group: f64,
    busy: f64,
}

/// A row for each rate.
fn rows(disk: &Disk, rates: &[f64]) -> Vec<Vec<String>> {
    rates
        .iter()
        .map(|&rate| {
            let outcome = simulate(disk, rate);
            vec![
                number(rate),
                number(outcome.group),
                format!("{:.0} %", outcome.busy * 100.0),
                number(outcome.p50_ms),
                number(outcome.p99_ms),
            ]
        })
        .collect()
}

/// Latency of a commit by rate on the measured disk, and starts simulated beside what clients saw.
pub fn table(figures: &Value, costs: &Costs) -> Result<String> {
    let syncs = figures["machine"]["syncs_ms"].as_array().context("figures without syncs_ms")?;
    let syncs_ms: Vec<f64> = syncs.iter().filter_map(Value::as_f64).collect();
    let disk = Disk { syncs_ms, commit_ms: costs.commit_ms() };
    let rates = [100.0, 1000.0, 3000.0, 6000.0, 10_000.0, 20_000.0];
    let head = ["Commits a second", "commits in a sync", "committing thread busy", "p50, ms", "p99, ms"];
    let simulated = super::table(&head, &rows(&disk, &rates));

    // What a start costs besides its commit is what is left of it on an idle server.
    let idle = simulate(&disk, 1.0);
    let beside_ms = (median(figures, "latency", "/start_ms/p50")? - idle.p50_ms).max(0.0);
    let mut rows = Vec::new();
    for load in ["half", "throughput"] {
        let rate = median(figures, load, "/per_second")? * median(figures, load, "/commits_each")?;
        let outcome = simulate(&disk, rate);
        rows.push(vec![
            format!(
                "{} starts a second, {} commits",
                number(median(figures, load, "/per_second")?),
                number(rate)
            ),
            number(beside_ms + outcome.p50_ms),
            number(median(figures, load, "/start_ms/p50")?),
            number(beside_ms + outcome.p99_ms),
            number(median(figures, load, "/start_ms/p99")?),
        ]);
    }
    let head = ["Start of a workflow", "p50 simulated, ms", "measured", "p99 simulated, ms", "measured"];
    Ok(format!("{simulated}\n{}", super::table(&head, &rows)))
}

fn simulate(disk: &Disk, rate: f64) -> Outcome {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let gap_ms = 1e3 / rate;
    let mut arrivals = Vec::with_capacity(COMMITS);
    let mut at = 0.0;
    for _ in 0..COMMITS {
        at += -gap_ms * (1.0 - random.next()).ln();
        arrivals.push(at);
    }
    let (mut latencies, mut groups) = (Vec::with_capacity(COMMITS), 0);
    let (mut free_at, mut busy_ms, mut next) = (0.0_f64, 0.0, 0);
    while next < COMMITS {
        let begin = free_at.max(arrivals[next]);
        let waiting = arrivals[next..].iter().take(GROUP_MAX).take_while(|&&at| at <= begin).count();
        let sync = disk.syncs_ms[(random.next() * disk.syncs_ms.len() as f64) as usize];
        let took = sync + disk.commit_ms * waiting as f64;
        free_at = begin + took;
        busy_ms += took;
        groups += 1;
        latencies.extend(arrivals[next..next + waiting].iter().map(|at| free_at - at));
        next += waiting;
    }
    latencies.sort_by(f64::total_cmp);
    let percentile = |part: f64| latencies[((COMMITS as f64 * part).ceil() as usize).clamp(1, COMMITS) - 1];
    Outcome {
        p50_ms: percentile(0.5),
        p99_ms: percentile(0.99),
        group: COMMITS as f64 / f64::from(groups),
        busy: busy_ms / free_at,
    }
}

/// A generator with a fixed seed, so that the page is the same each time.
struct Random(u64);

impl Random {
    /// At least zero and less than one.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{Disk, simulate};

    fn disk() -> Disk {
        Disk { syncs_ms: vec![1.0], commit_ms: 0.0 }
    }

    #[test]
    fn a_commit_alone_waits_for_its_own_sync() {
        let outcome = simulate(&disk(), 0.1);
        assert!((outcome.p50_ms - 1.0).abs() < 0.01 && outcome.group < 1.01, "{}", outcome.p50_ms);
    }

    #[test]
    fn load_makes_groups_larger_and_latency_no_longer_than_two_syncs() {
        let outcome = simulate(&disk(), 50_000.0);
        assert!((45.0..55.0).contains(&outcome.group), "{}", outcome.group);
        assert!(outcome.p99_ms <= 2.01, "{}", outcome.p99_ms);
    }
}

//! The part of the bench that every test run can afford: what a workflow costs, whatever the machine is and does.
//!
//! It counts commits, and CPU relative to a fixed piece of work that is done before and after each load. Wall time is
//! not looked at.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    budget::{Budget, SLACK, SLACK_EXACT},
    calibrate,
    loads::{self, generator},
    machine,
    usage::Usage,
};
use crate::{
    host::{self, Profile},
    process,
    server::{Kind, Server, Storage},
    tally::Tally,
};

/// Loads of which the median counts.
const LOADS: usize = 7;

/// Resident memory of a server that has run a few workflows; unoptimised code included.
const MEMORY_MB_MAX: f64 = 150.0;

/// One workflow at a time, with a poll waiting for whatever comes next.
const WAITING: &[&str] = &["latency", "--workflows", "30"];

/// Many at a time and two polls of a kind: nearly every task finds nobody and waits.
const BUSY: &[&str] = &["--pollers", "2", "capacity", "--workflows", "150", "--in-flight", "50"];

/// Starts our server, puts small loads on it, and compares their cost with the budget.
pub fn run(planted_us: Option<u32>, record: bool) -> Result<()> {
    let packages = ["--package", "longhaul-server", "--package", "longhaul-load"];
    process::succeed(process::cargo().args(["build", "--quiet"]).args(packages))?;
    let (measured, memory_mb) = measure(planted_us)?;
    if record {
        return measured.record();
    }
    let budget = Budget::recorded()?;
    let mut tally = Tally::default();
    let mut judge = |name: &str, value: f64, bound: f64| {
        let holds = value <= bound;
        println!("{} {name}: {value:.3}, at most {bound:.3}", if holds { "ok" } else { "FAILED" });
        tally += Tally { passed: usize::from(holds), failed: usize::from(!holds) };
    };
    judge(
        "commits of a workflow, polls waiting",
        measured.commits_polls_waiting,
        budget.commits_polls_waiting * SLACK_EXACT,
    );
    judge(
        "commits of a workflow, polls busy",
        measured.commits_polls_busy,
        budget.commits_polls_busy * SLACK,
    );
    judge("CPU of a workflow, in calibrations", measured.cpu_units, budget.cpu_units * SLACK);
    judge("memory in MB", memory_mb, MEMORY_MB_MAX);
    println!("{tally}");
    if tally.failed > 0 {
        bail!("a workflow costs more than it should");
    }
    Ok(())
}

/// Costs of a workflow, and the server's memory at the end.
fn measure(planted_us: Option<u32>) -> Result<(Budget, f64)> {
    let kind = Kind::Ours(host::program(Profile::Dev, "longhaul"));
    let mut server = Server::prepare(&kind, Storage::Disk, &[])?;
    match planted_us {
        Some(us) => {
            let library = planted_slowdown()?;
            let library = library.to_str().context("a path that is text")?;
            server.launch(&[("LD_PRELOAD", library), ("PLANTED_US", &us.to_string())])?;
        }
        None => server.launch(&[])?,
    }
    server.wait()?;
    let busy = put(&server, BUSY)?;
    let (mut units, mut commits) = (Vec::new(), Vec::new());
    for _ in 0..LOADS {
        let before = calibrate::cpu_ms()?;
        let result = put(&server, WAITING)?;
        let unit = (before + calibrate::cpu_ms()?) / 2.0;
        units.push(result["cpu_ms_each"].as_f64().context("no CPU")? / unit);
        commits.push(result["commits_each"].as_f64().context("no commits")?);
    }
    println!("calibrations for each load: {units:.4?}");
    let measured = Budget {
        // Timers of an earlier load may come due in a later one; what is least is what the load itself costs.
        commits_polls_waiting: commits.into_iter().fold(f64::INFINITY, f64::min),
        commits_polls_busy: busy["commits_each"].as_f64().context("no commits")?,
        cpu_units: median(units),
    };
    Ok((measured, Usage::of(&server)?.memory_mb))
}

fn put(server: &Server, arguments: &[&str]) -> Result<Value> {
    let before = Usage::of(server)?;
    let mut result = loads::result(generator(Profile::Dev, server).args(arguments))?;
    Usage::of(server)?.charge(&before, machine::cores() as f64, &mut result);
    Ok(result)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Builds the library that makes syncs cost CPU, with the C compiler that cargo links with.
fn planted_slowdown() -> Result<PathBuf> {
    let library = host::target().join("planted_slowdown.so");
    let mut compile = process::command("cc");
    compile.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg("tests/load/planted_slowdown.c");
    process::succeed(compile.arg("-ldl"))?;
    Ok(library)
}

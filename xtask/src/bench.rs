//! `cargo xtask bench`: our server and the reference under the same load, in the same minutes, on the same disk.
//!
//! Rounds alternate between the two, so that whatever else the machine does meets both. A figure is the median of the
//! rounds. The load generator is `longhaul-load`, which plays worker and starter without an SDK, or a Python program
//! that is an ordinary user of the official SDK.

mod guard;
mod loads;
mod machine;
mod report;
mod usage;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    host::{self, Profile},
    process,
    server::{Kind, Server, Storage},
    tools::Venv,
};
use loads::{LOADS, Load, PYTHON_LOADS};
use usage::Usage;

/// What to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Only checks that a workflow costs no more commits than it should
    #[arg(long)]
    guard: bool,
    /// How often each server is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measures only one of the two: `ours` or `reference`
    #[arg(long, value_name = "SIDE", value_parser = ["ours", "reference"])]
    only: Option<String>,
    /// Keeps the state of both in memory instead of on disk
    #[arg(long)]
    in_memory: bool,
    /// Uses the official Python SDK as the client
    #[arg(long)]
    python: bool,
    /// The reference server at this path instead of the one in .tools/venv
    #[arg(long, value_name = "PATH")]
    reference: Option<PathBuf>,
    /// Measures the programs as they were built last
    #[arg(long)]
    as_built: bool,
    /// Writes all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Options {
    fn storage(&self) -> Storage {
        if self.in_memory { Storage::Memory } else { Storage::Disk }
    }

    fn wants(&self, side: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == side)
    }
}

/// Limits that would cap a load long before the server does; lifted for both.
const SETTINGS: [&str; 6] = [
    "frontend.rps=100000",
    "frontend.namespaceRPS=100000",
    "frontend.namespaceCount=10000",
    "history.rps=100000",
    "matching.rps=100000",
    "frontend.namespaceRPS.visibility=100000",
];

/// One server under comparison, and what each round measured.
struct Side {
    name: &'static str,
    kind: Kind,
    rounds: Vec<Value>,
}

/// Measures, prints, and writes `docs/reference/performance.md` when both sides were measured on disk.
pub fn run(options: &Options) -> Result<()> {
    if options.guard {
        return guard::run();
    }
    let venv = Venv::prepare()?;
    if !options.as_built {
        build(if options.wants("ours") {
            &["longhaul-server", "longhaul-load"]
        } else {
            &["longhaul-load"]
        })?;
    }
    let mut sides = Vec::new();
    if options.wants("ours") {
        sides.push(Side::new("ours", Kind::Ours(host::program(Profile::Release, "longhaul"))));
    }
    if options.wants("reference") {
        let program = options.reference.clone().map_or_else(|| venv.temporal(), Ok)?;
        sides.push(Side::new("reference", Kind::Reference(program)));
    }
    let loads: &[Load] = if options.python { &PYTHON_LOADS } else { &LOADS };
    for round in 0..options.rounds {
        for turn in 0..sides.len() {
            let side = (turn + round) % sides.len();
            println!("round {} of {}: {}", round + 1, options.rounds, sides[side].name);
            let measured = measure(&sides[side].kind, options.storage(), loads, &venv)?;
            sides[side].rounds.push(measured);
        }
    }
    let figures = json!({
        "machine": machine::describe(),
        "storage": if options.in_memory { "memory" } else { "disk" },
        "client": if options.python { "python sdk" } else { "raw grpc" },
        "rounds": options.rounds,
        "sides": sides.iter().map(|side| json!({"name": side.name, "rounds": side.rounds})).collect::<Vec<_>>(),
    });
    conclude(options, &figures)
}

impl Side {
    fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, rounds: Vec::new() }
    }
}

fn conclude(options: &Options, figures: &Value) -> Result<()> {
    let table = report::table(figures);
    print!("{table}");
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(figures)? + "\n")
            .with_context(|| path.display().to_string())?;
    }
    let is_whole = options.only.is_none() && !options.in_memory && !options.python;
    if is_whole && !host::is_ci() {
        let page = host::root().join("docs/reference/performance.md");
        fs::write(page, report::page(figures, &table))?;
    }
    Ok(())
}

fn build(packages: &[&str]) -> Result<()> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    process::succeed(process::cargo().args(["build", "--release"]).args(packages))
}

/// One round: a fresh server, every load in turn, memory and idle cost at the end.
fn measure(kind: &Kind, storage: Storage, loads: &[Load], venv: &Venv) -> Result<Value> {
    let arguments: Vec<String> =
        SETTINGS.iter().flat_map(|each| ["--dynamic-config-value".into(), (*each).into()]).collect();
    let server = Server::start(kind, storage, &arguments)?;
    let fresh = Usage::of(&server)?;
    let mut figures = json!({ "memory_fresh_mb": fresh.memory_mb });
    if let Err(error) = loads::WARM_UP.put(&server, venv) {
        println!("  warm-up: {error:#}");
    }
    for load in loads {
        let before = Usage::of(&server)?;
        match load.put(&server, venv) {
            Ok(mut result) => {
                let after = Usage::of(&server)?;
                after.charge(&before, &mut result);
                println!("  {}: {}", load.name, report::line(&result));
                figures[load.name] = result;
            }
            // A server that can't do one load can still be measured in the others.
            Err(error) => println!("  {}: {error:#}", load.name),
        }
    }
    let before = Usage::of(&server)?;
    figures["memory_mb"] = json!(before.memory_mb);
    std::thread::sleep(loads::IDLE);
    let idle = Usage::of(&server)?;
    figures["idle_cpu_percent"] = json!((idle.cpu_ms - before.cpu_ms) / loads::IDLE.as_secs_f64() / 10.0);
    Ok(figures)
}

//! `cargo xtask bench`: our server and the reference under the same loads, in the same minutes, on the same disk.
//!
//! Rounds alternate between the two, so that whatever else the machine does meets both. A figure is the median of the
//! rounds, and every goal is a row that says whether it is met (`rows`). The load generator is `longhaul-load`, which
//! plays worker and starter without an SDK, or a Python program that is an ordinary user of the official SDK.

mod around;
mod budget;
mod calibrate;
mod guard;
mod large;
mod loads;
mod machine;
mod report;
mod rows;
mod usage;

use std::{collections::BTreeSet, fs, path::PathBuf, thread};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::{
    host::{self, Profile},
    process,
    server::{Kind, Server, Storage},
    tools::Venv,
};
use loads::LOADS;
use rows::ROWS;
use usage::Usage;

/// What to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Only checks that a workflow costs no more CPU and commits than tests/load/budget.toml says
    #[arg(long)]
    guard: bool,
    /// With --guard: burns so many microseconds at each sync of the disk, to show that the guard notices
    #[arg(long, value_name = "US", requires = "guard")]
    planted: Option<u32>,
    /// With --guard: writes the budget anew from what is measured
    #[arg(long, requires = "guard")]
    record: bool,
    /// Only this row; may be given more than once
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// Fewer calls and one round, for a first look
    #[arg(long)]
    short: bool,
    /// How often each server is measured: 3, or 1 if short
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Multiplies rates, counts and the goals for throughput, for a machine with N times two cores
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    scale: f64,
    /// Measures only one of the two: `ours` or `reference`
    #[arg(long, value_name = "SIDE", value_parser = ["ours", "reference"])]
    side: Option<String>,
    /// The rows of a million runs too, with so many runs; takes many minutes
    #[arg(long, value_name = "RUNS", num_args = 0..=1, default_missing_value = "1000000")]
    large: Option<usize>,
    /// Lists, schedules and batches too, with so many rows; takes some ten minutes
    #[arg(long, value_name = "ROWS", num_args = 0..=1, default_missing_value = "1000000")]
    around: Option<usize>,
    /// Keeps the state of both in memory instead of on disk
    #[arg(long)]
    in_memory: bool,
    /// The reference server at this path instead of the one in .tools/venv
    #[arg(long, value_name = "PATH")]
    reference: Option<PathBuf>,
    /// Measures the programs as they were built last
    #[arg(long)]
    as_built: bool,
    /// Writes all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Takes the side that is not measured from this file, which `--json` has written
    #[arg(long, value_name = "FILE", requires = "side")]
    with: Option<PathBuf>,
    /// A sentence for the page, about the build or the machine
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Measures nothing and prints the rows of this file
    #[arg(long, value_name = "FILE")]
    show: Option<PathBuf>,
}

/// How much of a load is put on.
#[derive(Clone, Copy)]
pub struct Size {
    /// Part of the calls of a whole bench.
    pub length: f64,
    /// Machines of two cores that this one is worth.
    pub scale: f64,
}

/// Part of the calls that a short bench makes.
const SHORT: f64 = 0.2;

/// Limits that would cap a load long before the server does; lifted for both.
const SETTINGS: [&str; 6] = [
    "frontend.rps=100000",
    "frontend.namespaceRPS=100000",
    "frontend.namespaceCount=10000",
    "history.rps=100000",
    "matching.rps=100000",
    "frontend.namespaceRPS.visibility=100000",
];

/// The settings as arguments of both servers.
fn settings() -> Vec<String> {
    SETTINGS.iter().flat_map(|each| ["--dynamic-config-value".into(), (*each).into()]).collect()
}

/// Where the figures behind the page are kept.
pub fn recorded() -> PathBuf {
    host::root().join("docs/reference/performance.json")
}

/// One server under comparison, and what each round measured.
struct Side {
    name: &'static str,
    kind: Kind,
    rounds: Vec<Value>,
}

/// Measures, prints, and writes `docs/reference/performance.md` when everything was measured.
pub fn run(options: &Options) -> Result<()> {
    if options.guard {
        return guard::run(options.planted, options.record);
    }
    if let Some(path) = &options.show {
        let mut figures: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        return conclude(options, &mut figures);
    }
    let wanted = wanted(&options.only)?;
    let venv = Venv::prepare()?;
    let mut sides = sides(options, &venv)?;
    let rounds = options.rounds.unwrap_or(if options.short { 1 } else { 3 });
    let load_average = machine::load_average();
    for round in 0..rounds {
        for turn in 0..sides.len() {
            let side = &mut sides[(turn + round) % turns(&options.side)];
            println!("round {} of {rounds}: {}", round + 1, side.name);
            side.rounds.push(measure(options, &side.kind, &wanted, &venv)?);
        }
    }
    if let Some(ours) = sides.iter_mut().find(|side| side.name == "ours") {
        ours.rounds[0]["large"] = match options.large {
            Some(runs) => large::measure(&ours.kind, runs)?,
            None => Value::Null,
        };
        ours.rounds[0]["around"] = match options.around {
            Some(rows) => around::measure(&ours.kind, &venv, rows)?,
            None => Value::Null,
        };
    }
    let mut figures = json!({
        "machine": machine::describe(&load_average),
        "storage": if options.in_memory { "memory" } else { "disk" },
        "rounds": rounds,
        "scale": options.scale,
        "note": options.note,
        "length": if options.short { SHORT } else { 1.0 },
        "sides": sides.iter().map(|side| json!({"name": side.name, "rounds": side.rounds})).collect::<Vec<_>>(),
    });
    if let Some(path) = &options.with {
        let other: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        let others =
            other["sides"].as_array().into_iter().flatten().filter(|side| side["name"] != sides[0].name);
        let mut all = figures["sides"].as_array().cloned().unwrap_or_default();
        all.extend(others.cloned());
        figures["sides"] = Value::Array(all);
        figures["apart"] = json!(true);
    }
    conclude(options, &mut figures)
}

fn turns(side: &Option<String>) -> usize {
    if side.is_none() { 2 } else { 1 }
}

/// Names of the measurements that the rows need.
fn wanted(only: &[String]) -> Result<BTreeSet<&'static str>> {
    if let Some(unknown) = only.iter().find(|id| ROWS.iter().all(|row| row.id != id.as_str())) {
        let known: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        bail!("no row {unknown}; there are {}", known.join(", "));
    }
    let rows = ROWS.iter().filter(|row| only.is_empty() || only.iter().any(|id| id == row.id));
    Ok(rows.map(rows::Row::measurement).collect())
}

fn sides(options: &Options, venv: &Venv) -> Result<Vec<Side>> {
    let wants = |side: &str| options.side.as_ref().is_none_or(|only| only == side);
    if !options.as_built {
        let packages: &[&str] =
            if wants("ours") { &["longhaul-server", "longhaul-load"] } else { &["longhaul-load"] };
        let packages = packages.iter().flat_map(|package| ["--package", package]);
        process::succeed(process::cargo().args(["build", "--release"]).args(packages))?;
    }
    let mut sides = Vec::new();
    if wants("ours") {
        sides.push(Side::new("ours", Kind::Ours(host::program(Profile::Release, "longhaul"))));
    }
    if wants("reference") {
        let program = options.reference.clone().map_or_else(|| venv.temporal(), Ok)?;
        sides.push(Side::new("reference", Kind::Reference(program)));
    }
    Ok(sides)
}

impl Side {
    fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, rounds: Vec::new() }
    }
}

/// Judges, prints, and writes what was asked for.
fn conclude(options: &Options, figures: &mut Value) -> Result<()> {
    figures["rows"] = ROWS.iter().map(|row| row.judge(figures)).collect();
    print!("{}", report::table(figures));
    let text = serde_json::to_string_pretty(figures)? + "\n";
    if let Some(path) = &options.json {
        fs::write(path, &text).with_context(|| path.display().to_string())?;
    }
    let is_whole = options.only.is_empty() && options.side.is_none() && !options.in_memory && !options.short;
    let is_own = options.show.as_ref().is_none_or(|path| path.ends_with("docs/reference/performance.json"));
    if is_whole && is_own && !host::is_ci() {
        fs::write(recorded(), text)?;
        fs::write(host::root().join("docs/reference/performance.md"), report::page(figures))?;
    }
    Ok(())
}

/// One round: a fresh server, its start, every load in turn.
fn measure(options: &Options, kind: &Kind, wanted: &BTreeSet<&str>, venv: &Venv) -> Result<Value> {
    let storage = if options.in_memory { Storage::Memory } else { Storage::Disk };
    let size = Size { length: if options.short { SHORT } else { 1.0 }, scale: options.scale };
    let cores = machine::cores() as f64;
    let mut server = Server::prepare(kind, storage, &settings())?;
    let mut start = loads::timed_start(&mut server)?;
    start["memory_mb"] = json!(Usage::of(&server)?.memory_mb);
    println!("  start: {}", report::line(&start));
    let mut figures = json!({ "start": start, "binary": { "mb": machine::stripped_mb(kind)? } });
    if let Err(error) = loads::WARM_UP.put(&server, kind, venv, size) {
        println!("  warm-up: {error:#}");
    }
    let is_ours = matches!(kind, Kind::Ours(_));
    for load in LOADS.iter().filter(|load| wanted.contains(load.name) && (is_ours || load.for_reference)) {
        if load.wants_silence {
            thread::sleep(loads::SILENCE);
        }
        let before = Usage::of(&server)?;
        match load.put(&server, kind, venv, size) {
            Ok(mut result) => {
                let after = Usage::of(&server)?;
                after.charge(&before, cores, &mut result);
                println!("  {}: {}", load.name, report::line(&result));
                figures[load.name] = result;
            }
            // A server that can't do one load can still be measured in the others.
            Err(error) => println!("  {}: {error:#}", load.name),
        }
    }
    Ok(figures)
}

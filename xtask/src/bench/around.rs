//! What is around runs: lists over a million rows, schedules that all act on one second, a batch of terminations.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{loads, settings};
use crate::{
    process,
    server::{Folder, Kind, Server, Storage},
    tools::Venv,
};

/// Workflows that one batch operation terminates.
const TERMINATED: usize = 20_000;

/// Batches, of which the median counts.
const BATCHES: usize = 3;

/// Schedules that act on one second, and how often the server is killed meanwhile.
const SCHEDULES: usize = 100_000;
const KILLS: usize = 2;

/// Seconds in which the schedules are made before they act.
const AHEAD: usize = 120;

/// Measures all three for our server.
pub fn measure(kind: &Kind, venv: &Venv, rows: usize) -> Result<Value> {
    let Kind::Ours(program) = kind else { bail!("lists, schedules and batches are measured for ours only") };
    Ok(json!({ "batch": batch(kind, venv)?, "schedules": schedules(program, venv)?, "lists": lists(rows)? }))
}

/// Seconds until a batch has terminated its workflows.
fn batch(kind: &Kind, venv: &Venv) -> Result<Value> {
    let server = Server::start(kind, Storage::Disk, &settings())?;
    let mut took = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let mut command = process::command(venv.python());
        command.arg("tests/load/batches.py").args(["--workflows", &TERMINATED.to_string()]);
        let result = loads::result(command.arg("--address").arg(server.address()))?;
        if result["still_running"] != 0 || result["refused"] != 0 {
            bail!("a batch of terminations did not end them all: {result}");
        }
        took.push(result["seconds"].as_f64().context("no time")?);
    }
    took.sort_by(f64::total_cmp);
    println!("  {TERMINATED} terminations: {took:?} s");
    Ok(json!({ "workflows": TERMINATED, "seconds": took[BATCHES / 2], "all": took }))
}

/// Seconds from the second on which the schedules act until every workflow is started, with kills on the way.
fn schedules(program: &Path, venv: &Venv) -> Result<Value> {
    let mut command = process::command(venv.python());
    command.arg("tests/load/schedules.py").arg("--binary").arg(program);
    command.args(["--schedules", &SCHEDULES.to_string(), "--kills", &KILLS.to_string()]);
    let result = loads::result(command.args(["--ahead", &AHEAD.to_string()]))?;
    println!("  schedules: {result}");
    Ok(result)
}

/// Milliseconds of lists and counts over so many rows.
fn lists(rows: usize) -> Result<Value> {
    let folder = Folder::create()?;
    let mut command = process::cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "longhaul-store-embedded",
        "--example",
        "visibility",
    ]);
    let mut figures = loads::result(command.arg("--").arg(folder.path()).arg(rows.to_string()))?;
    figures["rows"] = json!(rows);
    println!("  lists: {figures}");
    Ok(figures)
}

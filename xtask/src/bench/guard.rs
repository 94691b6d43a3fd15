//! The part of the bench that every test run can afford: what does not depend on how busy the machine is.

use anyhow::{Result, bail};

use super::{
    loads::{Client, Load},
    usage::Usage,
};
use crate::{
    host::{self, Profile},
    process,
    server::{Kind, Server, Storage},
    tally::Tally,
    tools::Venv,
};

/// Commits that a workflow with one activity may cost when it is alone. The reference's semantics cost seven.
const COMMITS_EACH_MAX: f64 = 7.0;

/// Resident memory of a server that has run a few workflows; unoptimised code included.
const MEMORY_MB_MAX: f64 = 150.0;

const LOAD: Load =
    Load { name: "guard", client: Client::Raw(Profile::Dev), arguments: &["latency", "--workflows", "50"] };

/// Starts our server, runs a few workflows one at a time, and compares their cost with the bounds.
pub fn run() -> Result<()> {
    let packages = ["--package", "longhaul-server", "--package", "longhaul-load"];
    process::succeed(process::cargo().args(["build", "--quiet"]).args(packages))?;
    let venv = Venv::prepare()?;
    let server = Server::start(&Kind::Ours(host::program(Profile::Dev, "longhaul")), Storage::Disk, &[])?;
    let before = Usage::of(&server)?;
    let mut result = LOAD.put(&server, &venv)?;
    let after = Usage::of(&server)?;
    after.charge(&before, &mut result);
    let mut tally = Tally { passed: 1, failed: 0 };
    let mut judge = |name: &str, value: Option<f64>, bound: f64| {
        let holds = value.is_some_and(|value| value <= bound);
        let shown = value.map_or_else(|| "unknown".into(), |value| format!("{value:.2}"));
        println!("{} {name}: {shown}, at most {bound}", if holds { "ok" } else { "FAILED" });
        tally += Tally { passed: usize::from(holds), failed: usize::from(!holds) };
    };
    judge("commits of a workflow", result["commits_each"].as_f64(), COMMITS_EACH_MAX);
    judge("memory in MB", Some(after.memory_mb), MEMORY_MB_MAX);
    println!("{tally}");
    if tally.failed > 0 {
        bail!("a workflow costs more than it should");
    }
    Ok(())
}

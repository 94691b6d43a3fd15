//! `cargo xtask test`: cargo's tests, then every black-box suite, one table and one line at the end.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    host::{self, Profile},
    pending::Pending,
    process,
    server::{Kind, Server, Storage},
    suites::{Given, SUITES, Suite},
    tally::Tally,
    tools::Venv,
};

const CARGO_TEST_LIMIT: Duration = Duration::from_secs(60 * 30);

/// How much to test.
#[derive(clap::Args)]
pub struct Options {
    /// Only cargo's tests and the suites that end within a minute or so
    #[arg(long)]
    quick: bool,
    /// Only suites whose name contains this; `cargo` names cargo's own tests
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

struct Row {
    name: &'static str,
    result: String,
    took: Duration,
}

/// Runs everything even if something fails, and fails at the end if anything did.
pub fn run(options: &Options) -> Result<()> {
    let began = Instant::now();
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let (mut total, mut rows) = (Tally::default(), Vec::new());
    let mut record = |name, tally: Tally, took| {
        total += tally;
        rows.push(Row { name, result: tally.to_string(), took });
    };
    let (built, took) = timed(|| process::succeed(process::cargo().args(["build", "--workspace"])));
    if let Err(error) = built {
        println!("{error:#}");
        record("build", Tally::BROKEN, took);
    } else {
        record("build", Tally::default(), took);
    }
    if wanted("cargo") {
        let (tally, took) = timed(cargo_tests);
        record("cargo test", tally, took);
    }
    let venv = Venv::prepare()?;
    let binary = host::program(Profile::Dev, "longhaul");
    let suites = SUITES.iter().filter(|suite| wanted(suite.name) && (suite.is_quick || !options.quick));
    let mut skipped = Vec::new();
    for suite in suites {
        if let Some(reason) = suite.missing() {
            println!("\n== {}: skipped, {reason}", suite.name);
            skipped.push(Row {
                name: suite.name,
                result: format!("skipped: {reason}"),
                took: Duration::ZERO,
            });
            continue;
        }
        let (tally, took) = timed(|| play(suite, &binary, &venv));
        record(suite.name, tally, took);
    }
    rows.extend(skipped);
    print(&rows, began.elapsed());
    println!("{total}");
    if total.failed > 0 {
        bail!("{} of {} failed", total.failed, total.failed + total.passed);
    }
    Ok(())
}

fn cargo_tests() -> Tally {
    println!("\n== cargo test");
    let mut command = process::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--quiet"]);
    process::watch(&mut command, CARGO_TEST_LIMIT, Tally::of_cargo, Pending::default())
}

fn play(suite: &Suite, binary: &Path, venv: &Venv) -> Tally {
    println!("\n== {}", suite.name);
    match prepare(suite, binary, venv) {
        Ok((mut command, _server)) => {
            process::watch(&mut command, suite.limit, Tally::of_suite, Pending::of(suite.name))
        }
        Err(error) => {
            println!("could not be prepared: {error:#}");
            Tally::BROKEN
        }
    }
}

/// How to call the suite, and the server that has to run meanwhile.
fn prepare(suite: &Suite, binary: &Path, venv: &Venv) -> Result<(Command, Option<Server>)> {
    let kind = Kind::Ours(binary.to_owned());
    let server = suite.wants_server.then(|| Server::start(&kind, Storage::Memory, &[])).transpose()?;
    let address = server.as_ref().map(Server::address).unwrap_or_default();
    Ok(((suite.prepare)(&Given { binary, address: &address, venv })?, server))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    (work(), began.elapsed())
}

fn print(rows: &[Row], took: Duration) {
    println!();
    for row in rows {
        println!("{:<16} {:>5} s  {}", row.name, row.took.as_secs(), row.result);
    }
    println!("{:<16} {:>5} s", "in all", took.as_secs());
}

//! `cargo xtask conformance`: the integration tests that the Rust SDK's core publishes, against our server.
//!
//! Many of these tests pass without any server. `tests/conformance/baseline.txt` names those that need one and pass
//! on the reference; only they count. The short form is every tenth of them, the same ones each time.

mod build;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    host::{self, Profile},
    process,
    server::{Folder, Kind, Server, Storage},
    tally::Tally,
};

/// What to run, and against what.
#[derive(clap::Args)]
pub struct Options {
    /// A fixed tenth of the tests
    #[arg(long)]
    short: bool,
    /// gRPC port of the server that is started; a free one by default
    #[arg(long)]
    port: Option<u16>,
    /// Runs against the reference server of tests/requirements.txt, or the one at this path, instead of ours
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "")]
    reference: Option<PathBuf>,
    /// Runs against our server at this path instead of target/debug/longhaul
    #[arg(long, value_name = "PATH", conflicts_with = "reference")]
    binary: Option<PathBuf>,
    /// Only fetches and builds the tests
    #[arg(long)]
    build: bool,
    /// Tests at a time
    #[arg(long, default_value_t = 4)]
    threads: usize,
}

const BASELINE: &str = "tests/conformance/baseline.txt";
const REPORT: &str = "docs/reference/conformance.md";
const LIMIT: Duration = Duration::from_secs(60 * 20);

/// A representative part: the baseline is sorted by subject, so that each subject gives its share.
const SHORT_EVERY: usize = 10;

/// A second try is for what is flaky under load, so it is only worth its time for a small part.
const SECOND_TRY_PART: usize = 18;

/// Search attributes that the tests expect to exist.
const SEARCH_ATTRIBUTES: [&str; 2] = ["CustomTextField=Text", "CustomIntField=Int"];

/// Settings that the tests expect; one that has no meaning to a server is accepted and ignored.
const DYNAMIC_CONFIG: [&str; 13] = [
    "system.enableEagerWorkflowStart=true",
    "frontend.workerVersioningWorkflowAPIs=true",
    "frontend.workerVersioningDataAPIs=true",
    "system.enableDeploymentVersions=true",
    "component.nexusoperations.recordCancelRequestCompletionEvents=true",
    "frontend.WorkerHeartbeatsEnabled=true",
    "frontend.ListWorkersEnabled=true",
    "frontend.enableCancelWorkerPollsOnShutdown=true",
    "frontend.workerCommandsEnabled=true",
    "system.enableCancelActivityWorkerCommand=true",
    "history.enableWorkflowTaskCompletionPagination=true",
    "system.transactionSizeLimit=33554432",
    "matching.rps=12000",
];

/// Builds the tests if need be, runs them, compares with the baseline, and writes the report of a whole run.
pub fn run(options: &Options) -> Result<()> {
    let suite = build::prepare()?;
    if options.build {
        println!("built {}", suite.program.display());
        return Ok(());
    }
    let baseline = fs::read_to_string(host::root().join(BASELINE)).context(BASELINE)?;
    let wanted = wanted(&baseline, options.short);
    let kind = kind(options)?;
    let mut passed = play(&suite, &kind, options, &wanted)?;
    let short: Vec<&str> = wanted.iter().copied().filter(|name| !passed.contains(*name)).collect();
    let again = if short.is_empty() || short.len() > wanted.len() / SECOND_TRY_PART {
        BTreeSet::new()
    } else {
        println!("{} fell short; a second try for them alone", short.len());
        play(&suite, &kind, options, &short)?
    };
    let unsteady: Vec<&str> = short.iter().copied().filter(|name| again.contains(*name)).collect();
    passed.extend(again.iter().cloned());
    let short: Vec<&str> = wanted.iter().copied().filter(|name| !passed.contains(*name)).collect();
    conclude(options, &kind, &wanted, &short, &unsteady)
}

fn wanted(baseline: &str, short: bool) -> Vec<&str> {
    let mut names: Vec<&str> = baseline.lines().filter(|line| !line.trim().is_empty()).collect();
    names.sort_unstable();
    if short { names.into_iter().step_by(SHORT_EVERY).collect() } else { names }
}

fn kind(options: &Options) -> Result<Kind> {
    if let Some(path) = &options.reference {
        let named = !path.as_os_str().is_empty();
        return Ok(Kind::Reference(if named {
            path.clone()
        } else {
            crate::tools::Venv::prepare()?.temporal()?
        }));
    }
    if let Some(path) = &options.binary {
        return Ok(Kind::Ours(fs::canonicalize(path).with_context(|| path.display().to_string())?));
    }
    process::succeed(process::cargo().args(["build", "--package", "longhaul-server"]))?;
    Ok(Kind::Ours(host::program(Profile::Dev, "longhaul")))
}

/// Runs the named tests against a fresh server; the names of those that passed.
fn play(suite: &build::Suite, kind: &Kind, options: &Options, names: &[&str]) -> Result<BTreeSet<String>> {
    let attributes = SEARCH_ATTRIBUTES.iter().flat_map(|each| ["--search-attribute".into(), (*each).into()]);
    let settings = DYNAMIC_CONFIG.iter().flat_map(|each| ["--dynamic-config-value".into(), (*each).into()]);
    let arguments: Vec<String> = attributes.chain(settings).collect();
    let server = match options.port {
        Some(port) => Server::start_at(kind, Storage::Memory, &arguments, port)?,
        None => Server::start(kind, Storage::Memory, &arguments)?,
    };
    let folder = Folder::create()?;
    let out = folder.path().join("out");
    let mut command = process::command(&suite.program);
    command
        .current_dir(&suite.folder)
        .arg(format!("--test-threads={}", options.threads))
        .arg("--exact")
        .args(names);
    command.env("TEMPORAL_SERVICE_ADDRESS", format!("http://{}", server.address()));
    command.env("INTEG_TEMPORAL_DEV_SERVER_ON", "true").env("CARGO_MANIFEST_DIR", &suite.folder);
    command.env("TEMPORAL_CONFIG_FILE", folder.path().join("profiles.toml"));
    let log = host::target().join("conformance.log");
    command.stdout(fs::File::create(&out)?).stderr(Stdio::from(fs::File::create(&log)?));
    println!("{} tests, {} at a time; their log is {}", names.len(), options.threads, log.display());
    let mut child = command.spawn().with_context(|| format!("start {}", suite.program.display()))?;
    if process::wait(&mut child, LIMIT).is_none() {
        println!("stopped after {LIMIT:?}");
    }
    let text = fs::read(&out)?;
    fs::write(host::target().join("conformance.out"), &text)?;
    Ok(passed(&String::from_utf8_lossy(&text)))
}

/// Names of tests that passed, from libtest's output.
fn passed(output: &str) -> BTreeSet<String> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    lines.map(str::to_owned).collect()
}

fn conclude(
    options: &Options,
    kind: &Kind,
    wanted: &[&str],
    short: &[&str],
    unsteady: &[&str],
) -> Result<()> {
    for name in unsteady {
        println!("second try: {name}");
    }
    for name in short {
        println!("short: {name}");
    }
    let got = wanted.len() - short.len();
    println!("server-dependent tests: {got} of {}", wanted.len());
    if matches!(kind, Kind::Ours(_)) && !options.short && !host::is_ci() {
        write_report(&host::root().join(REPORT), wanted.len(), short, unsteady)?;
    }
    println!("{}", Tally { passed: got, failed: short.len() });
    if !short.is_empty() {
        bail!("{} tests fell short", short.len());
    }
    Ok(())
}

fn write_report(path: &Path, total: usize, short: &[&str], unsteady: &[&str]) -> Result<()> {
    let mut text = format!(
        "# Conformance\n\nWritten by `cargo xtask conformance`: the integration tests of the crate \
         `temporalio-sdk-core` {}, of which {total} need a server\nand pass on the reference.\n\n\
         server-dependent tests: {} of {total}\n",
        build::VERSION,
        total - short.len(),
    );
    for (title, names) in [("Fall short", short), ("Passed at the second try", unsteady)] {
        if !names.is_empty() {
            text += &format!("\n## {title}\n\n");
            text.extend(names.iter().map(|name| format!("- `{name}`\n")));
        }
    }
    Ok(fs::write(path, text)?)
}

#[cfg(test)]
mod tests {
    use super::{passed, wanted};

    #[test]
    fn only_tests_that_passed_count() {
        let output = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d ... ignored\ntest result: ok.";
        assert_eq!(passed(output).into_iter().collect::<Vec<_>>(), ["a::b"]);
    }

    #[test]
    fn the_short_form_is_a_fixed_tenth() {
        let baseline: String = (0..25).rev().map(|number| format!("t{number:02}\n")).collect();
        assert_eq!(wanted(&baseline, true), ["t00", "t10", "t20"]);
        assert_eq!(wanted(&baseline, false).len(), 25);
    }
}

//! The black-box suites that `cargo xtask test` runs: where each lives, what it needs, how it is called.
//!
//! Every suite is a program that is told the path of a server's binary, or the address of a server that was started
//! for it, and ends with the line `N passed, N failed`. One whose folder or tool is absent is skipped with a line that
//! says so.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Result;

use crate::{
    host, process,
    tools::{self, Venv},
};

/// One suite.
pub struct Suite {
    /// Its name in the table.
    pub name: &'static str,
    /// File or folder without which it does not exist.
    pub place: &'static str,
    /// Programs that have to be on the path.
    pub needs: &'static [&'static str],
    /// Whether it is part of `--quick`.
    pub is_quick: bool,
    /// Whether it is told an address and not the binary.
    pub wants_server: bool,
    /// When it is taken for stuck.
    pub limit: Duration,
    /// Fetches what it needs, and says how to call it.
    pub prepare: fn(&Given) -> Result<Command>,
}

/// What every suite is told.
pub struct Given<'a> {
    /// The program under test.
    pub binary: &'a Path,
    /// A running server of ours, for the suites that want one; empty for the others.
    pub address: &'a str,
    /// Where Python suites run.
    pub venv: &'a Venv,
}

impl Suite {
    /// Why it can't run here, `None` if it can.
    pub fn missing(&self) -> Option<String> {
        if !host::root().join(self.place).exists() {
            return Some(format!("{} does not exist yet", self.place));
        }
        let absent = self.needs.iter().find(|program| host::find(program).is_none())?;
        Some(format!("{absent} is not on the path"))
    }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// Every suite, the most telling first.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "differential",
        place: "tests/differential/run.py",
        needs: &[],
        is_quick: true,
        wants_server: false,
        limit: minutes(25),
        prepare: differential,
    },
    Suite {
        name: "sdk python",
        place: "tests/sdk/python/run.py",
        needs: &[],
        is_quick: true,
        wants_server: false,
        limit: minutes(10),
        prepare: |given| Ok(python(given, "tests/sdk/python/run.py")),
    },
    Suite {
        name: "sdk python, time skipping",
        place: "tests/sdk/python/time_skipping.py",
        needs: &[],
        is_quick: true,
        wants_server: false,
        limit: minutes(5),
        prepare: |given| Ok(python(given, "tests/sdk/python/time_skipping.py")),
    },
    Suite {
        name: "cli",
        place: "tests/cli/run.py",
        needs: &[],
        is_quick: true,
        wants_server: false,
        limit: minutes(20),
        prepare: cli,
    },
    Suite {
        name: "guides",
        place: "tests/cli/guide.py",
        needs: &[],
        is_quick: true,
        wants_server: false,
        limit: minutes(5),
        prepare: |given| Ok(python(given, "tests/cli/guide.py")),
    },
    Suite {
        name: "running tasks under kill -9",
        place: "tests/chaos/running.py",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(5),
        prepare: |given| Ok(python(given, "tests/chaos/running.py")),
    },
    Suite {
        name: "sdk go",
        place: "tests/sdk/go/go.mod",
        needs: &["go"],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: sdk_go,
    },
    Suite {
        name: "sdk rust",
        place: "tests/sdk/rust/Cargo.toml",
        needs: &[],
        is_quick: false,
        wants_server: true,
        limit: minutes(15),
        prepare: sdk_rust,
    },
    Suite {
        name: "sdk typescript",
        place: "tests/sdk/typescript/package.json",
        needs: &["node", "npm"],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: sdk_typescript,
    },
    Suite {
        name: "sdk typescript, time skipping",
        place: "tests/sdk/typescript/src/time-skipping.ts",
        needs: &["node", "npm"],
        is_quick: false,
        wants_server: false,
        limit: minutes(5),
        prepare: |given| sdk_typescript_script(given, "time-skipping"),
    },
    Suite {
        name: "sdk java",
        place: "tests/sdk/java/pom.xml",
        needs: &["java", "mvn"],
        is_quick: false,
        wants_server: true,
        limit: minutes(10),
        prepare: sdk_java,
    },
    Suite {
        name: "browser",
        place: "tests/browser/run.mjs",
        needs: &["go", "node", "npm", "chromium"],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: browser,
    },
    Suite {
        name: "chaos",
        place: "tests/chaos/kill9.py",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: chaos,
    },
    Suite {
        name: "schedules under kill -9",
        place: "tests/chaos/schedules.py",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(5),
        prepare: chaos_schedules,
    },
    Suite {
        name: "batches under kill -9",
        place: "tests/chaos/batches.py",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(5),
        prepare: chaos_batches,
    },
    Suite {
        name: "truth",
        place: "tests/chaos/truth.py",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: truth,
    },
    Suite {
        name: "simulation",
        place: "crates/sim/Cargo.toml",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: |_| Ok(ourselves(&["sim", "--seconds", "60"])),
    },
    Suite {
        name: "conformance",
        place: "tests/conformance/baseline.txt",
        needs: &["python3"],
        is_quick: false,
        wants_server: false,
        limit: minutes(30),
        prepare: |_| Ok(ourselves(&["conformance", "--short"])),
    },
    Suite {
        name: "bench guard",
        place: "tests/load/Cargo.toml",
        needs: &[],
        is_quick: false,
        wants_server: false,
        limit: minutes(10),
        prepare: |_| Ok(ourselves(&["bench", "--guard"])),
    },
];

/// A Python program of ours that is told the binary.
///
/// The workflow sandbox of the SDK rewrites each module at every import unless byte code may be kept.
fn python(given: &Given, program: &str) -> Command {
    let mut command = process::command(given.venv.python());
    command.arg(program).arg("--binary").arg(given.binary).env_remove("PYTHONDONTWRITEBYTECODE");
    command
}

fn differential(given: &Given) -> Result<Command> {
    let mut command = process::command(given.venv.python());
    command.args(["tests/differential/run.py", "--ours-binary"]).arg(given.binary);
    if !host::is_ci() {
        command.args(["--report", "docs/reference/differential.md"]);
    }
    Ok(command)
}

fn cli(given: &Given) -> Result<Command> {
    let mut command = process::command(given.venv.python());
    command.args(["tests/cli/run.py", "--ours-binary"]).arg(given.binary);
    Ok(command)
}

fn sdk_go(given: &Given) -> Result<Command> {
    tools::go_modules("tests/sdk/go")?;
    let mut command = process::command("go");
    command.args(["run", ".", "--binary"]).arg(given.binary).current_dir(host::root().join("tests/sdk/go"));
    Ok(command)
}

fn sdk_rust(given: &Given) -> Result<Command> {
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--manifest-path", "tests/sdk/rust/Cargo.toml", "--", "--address"]);
    command.arg(given.address).env("CARGO_TARGET_DIR", host::target().join("sdk-rust"));
    // Dependencies of the SDK insist on a protocol compiler; a Python wheel brings one.
    command.env("PROTOC", given.venv.protoc());
    Ok(command)
}

fn sdk_typescript(given: &Given) -> Result<Command> {
    sdk_typescript_script(given, "features")
}

fn sdk_typescript_script(given: &Given, script: &str) -> Result<Command> {
    tools::npm("tests/sdk/typescript")?;
    let mut command = process::command("npm");
    command.args(["run", "--silent", script, "--", "--binary"]).arg(given.binary);
    command.current_dir(host::root().join("tests/sdk/typescript"));
    Ok(command)
}

fn sdk_java(given: &Given) -> Result<Command> {
    let mut command = process::command("mvn");
    command.args(["--quiet", "--file", "tests/sdk/java/pom.xml", "compile", "exec:java"]);
    command.arg(format!("-Dexec.args=--address {}", given.address));
    Ok(command)
}

fn browser(given: &Given) -> Result<Command> {
    tools::npm("tests/browser")?;
    let mut command = process::command("node");
    command.args(["tests/browser/run.mjs", "--binary"]).arg(given.binary);
    command.arg("--ui").arg(tools::web_ui()?);
    command.args(
        host::find("chromium").iter().flat_map(|path| ["--chromium".into(), path.clone().into_os_string()]),
    );
    Ok(command)
}

fn chaos(given: &Given) -> Result<Command> {
    let mut command = python(given, "tests/chaos/kill9.py");
    command.args(["--kills", "5"]);
    Ok(command)
}

fn chaos_batches(given: &Given) -> Result<Command> {
    let mut command = python(given, "tests/chaos/batches.py");
    command.args(["--kills", "5", "--workflows", "60"]);
    Ok(command)
}

fn chaos_schedules(given: &Given) -> Result<Command> {
    let mut command = python(given, "tests/chaos/schedules.py");
    command.args(["--kills", "5", "--schedules", "10"]);
    Ok(command)
}

fn truth(given: &Given) -> Result<Command> {
    let mut command = python(given, "tests/chaos/truth.py");
    command.args(["--rounds", "50"]);
    Ok(command)
}

/// Another command of this program.
fn ourselves(arguments: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| "cargo-xtask".into());
    // The build at the beginning may have replaced this program, which Linux then marks; its successor is at the place.
    let place = program.to_string_lossy();
    let program = PathBuf::from(place.strip_suffix(" (deleted)").unwrap_or(&place));
    let mut command = process::command(program);
    command.args(arguments);
    command
}

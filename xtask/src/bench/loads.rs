//! The loads themselves, and how one is put on a server.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Size;
use crate::{
    host::{self, Profile},
    process,
    server::{Kind, Server},
    tools::Venv,
};

/// A call of a load generator.
pub struct Load {
    /// Its name in the figures.
    pub name: &'static str,
    /// Which generator.
    pub client: Client,
    /// Its mode and what is the same for both servers.
    pub mode: &'static [&'static str],
    /// What differs between the servers, or with the size of the bench.
    pub counts: &'static [Count],
    /// Whether the reference is put under it too.
    pub for_reference: bool,
    /// Whether it has to wait until nothing of the loads before is left, not even timers that no longer matter.
    pub wants_silence: bool,
}

/// A program that puts load on a server.
#[derive(Clone, Copy)]
pub enum Client {
    /// `longhaul-load`, raw gRPC.
    Raw,
    /// `tests/load/python_load.py`, the official SDK.
    Python,
}

/// An argument with a number.
pub struct Count {
    flag: &'static str,
    ours: f64,
    /// The reference gets what it can do in about the same time: more would only be a backlog.
    reference: f64,
    grows: Grows,
}

/// What a number is multiplied with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grows {
    /// Nothing.
    Never,
    /// The part of a bench that was asked for: a short one does less.
    Length,
    /// The scale that was asked for, for machines with more cores.
    Scale,
    /// Both.
    Both,
}

const fn count(flag: &'static str, ours: f64, reference: f64, grows: Grows) -> Count {
    Count { flag, ours, reference, grows }
}

const fn raw(name: &'static str, mode: &'static [&'static str], counts: &'static [Count]) -> Load {
    Load { name, client: Client::Raw, mode, counts, for_reference: true, wants_silence: false }
}

/// Not measured: connections are made, caches filled, memory touched.
pub const WARM_UP: Load = raw("warm_up", &["capacity"], &[count("--workflows", 300.0, 20.0, Grows::Never)]);

/// How long after a load its last timers come due: the timeouts of its workflow tasks and activities are ten seconds.
pub const SILENCE: Duration = Duration::from_secs(12);

/// Starts a second that `throughput` offers our server: somewhat more than the goal, so that the goal can be met.
pub const OFFERED: f64 = 840.0;

/// What is measured, in this order, on one server.
pub const LOADS: [Load; 10] = [
    Load {
        wants_silence: true,
        ..raw("latency", &["latency"], &[count("--workflows", 400.0, 40.0, Grows::Length)])
    },
    raw(
        "capacity",
        &["capacity"],
        &[count("--workflows", 6000.0, 150.0, Grows::Both), count("--in-flight", 100.0, 50.0, Grows::Scale)],
    ),
    raw(
        "throughput",
        &["throughput"],
        &[count("--rate", OFFERED, 5.0, Grows::Scale), count("--seconds", 10.0, 10.0, Grows::Length)],
    ),
    raw(
        "half",
        &["throughput"],
        &[count("--rate", OFFERED / 2.0, 2.5, Grows::Scale), count("--seconds", 6.0, 8.0, Grows::Length)],
    ),
    raw(
        "half_signals",
        &["signals", "--runs", "50"],
        &[count("--rate", OFFERED / 2.0, 25.0, Grows::Scale), count("--signals", 2000.0, 100.0, Grows::Both)],
    ),
    raw("hot", &["hot"], &[count("--signals", 9000.0, 300.0, Grows::Length)]),
    Load {
        name: "growth",
        client: Client::Raw,
        mode: &["growth"],
        counts: &[count("--late", 9000.0, 0.0, Grows::Never), count("--measured", 500.0, 0.0, Grows::Length)],
        for_reference: false,
        wants_silence: false,
    },
    Load {
        name: "python_latency",
        client: Client::Python,
        mode: &["latency"],
        counts: &[count("--workflows", 100.0, 30.0, Grows::Length)],
        for_reference: true,
        wants_silence: false,
    },
    Load {
        name: "python_capacity",
        client: Client::Python,
        mode: &["capacity", "--in-flight", "50"],
        counts: &[count("--workflows", 600.0, 150.0, Grows::Both)],
        for_reference: true,
        wants_silence: false,
    },
    Load {
        wants_silence: true,
        ..raw("park", &["--pollers", "34", "park"], &[count("--seconds", 20.0, 20.0, Grows::Length)])
    },
];

impl Load {
    /// Runs the generator; its last line is the result.
    pub fn put(&self, server: &Server, kind: &Kind, venv: &Venv, size: Size) -> Result<Value> {
        let mut command = match self.client {
            Client::Raw => generator(Profile::Release, server),
            Client::Python => {
                let mut command = process::command(venv.python());
                command.arg("tests/load/python_load.py").env_remove("PYTHONDONTWRITEBYTECODE");
                command.arg("--address").arg(server.address());
                command
            }
        };
        command.args(self.mode);
        for count in self.counts {
            command.arg(count.flag).arg(count.of(kind, size).to_string());
        }
        if self.name == "growth" {
            command.arg("--pid").arg(server.pid().to_string());
        }
        result(&mut command)
    }
}

impl Count {
    fn of(&self, kind: &Kind, size: Size) -> f64 {
        let number = if matches!(kind, Kind::Ours(_)) { self.ours } else { self.reference };
        let length = if matches!(self.grows, Grows::Length | Grows::Both) { size.length } else { 1.0 };
        let scale = if matches!(self.grows, Grows::Scale | Grows::Both) { size.scale } else { 1.0 };
        (number * length * scale).ceil()
    }
}

/// `longhaul-load` towards a server.
pub fn generator(profile: Profile, server: &Server) -> std::process::Command {
    let mut command = process::command(host::program(profile, "longhaul-load"));
    command.env("RUST_BACKTRACE", "0").arg("--address").arg(server.address());
    command
}

/// Runs a generator and parses its last line.
pub fn result(command: &mut std::process::Command) -> Result<Value> {
    let output = process::output(command)?;
    let line = output.lines().last().context("the load generator printed nothing")?;
    serde_json::from_str(line).with_context(|| format!("parse {line}"))
}

/// Milliseconds from the start of the process to its first answer over gRPC. The server must not run, and runs then.
pub fn timed_start(server: &mut Server) -> Result<Value> {
    let mut command = generator(Profile::Release, server);
    let watcher = command.arg("ready").stdout(std::process::Stdio::piped()).spawn()?;
    // The watcher asks every two milliseconds; let it begin before what it watches.
    std::thread::sleep(Duration::from_millis(200));
    let launched = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    server.launch(&[])?;
    let output = watcher.wait_with_output()?;
    server.wait()?;
    let answer: Value = serde_json::from_slice(&output.stdout).context("parse the watcher's answer")?;
    let at = answer["at_ms"].as_f64().context("the server did not answer")?;
    Ok(json!({ "ms": at - launched.as_secs_f64() * 1e3 }))
}

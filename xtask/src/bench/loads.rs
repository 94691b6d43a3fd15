//! The loads themselves, and how one is put on a server.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    host::{self, Profile},
    process,
    server::Server,
    tools::Venv,
};

/// A call of a load generator.
pub struct Load {
    /// Its name in the figures.
    pub name: &'static str,
    /// Which generator.
    pub client: Client,
    /// Its arguments.
    pub arguments: &'static [&'static str],
}

/// A program that puts load on a server.
#[derive(Clone, Copy)]
pub enum Client {
    /// `longhaul-load`, raw gRPC.
    Raw(Profile),
    /// `tests/load/python_load.py`, the official SDK.
    Python,
}

const RAW: Client = Client::Raw(Profile::Release);

/// How long the idle server is watched.
pub const IDLE: Duration = Duration::from_secs(10);

/// Not measured: connections are made, caches filled.
pub const WARM_UP: Load = Load { name: "warm-up", client: RAW, arguments: &["latency", "--workflows", "10"] };

/// What is measured. The rate is one that both servers keep up with; at a higher one, latency is only a backlog.
pub const LOADS: [Load; 4] = [
    Load { name: "latency", client: RAW, arguments: &["latency", "--workflows", "60"] },
    Load { name: "throughput", client: RAW, arguments: &["throughput", "--rate", "5", "--seconds", "20"] },
    Load {
        name: "capacity",
        client: RAW,
        arguments: &["capacity", "--workflows", "300", "--in-flight", "50"],
    },
    Load { name: "signals", client: RAW, arguments: &["signals", "--signals", "200", "--rate", "50"] },
];

/// The same with the official Python SDK as client and worker.
pub const PYTHON_LOADS: [Load; 3] = [
    Load { name: "latency", client: Client::Python, arguments: &["latency", "--workflows", "60"] },
    Load {
        name: "throughput",
        client: Client::Python,
        arguments: &["throughput", "--rate", "5", "--seconds", "20"],
    },
    Load { name: "capacity", client: Client::Python, arguments: &["capacity", "--workflows", "300"] },
];

impl Load {
    /// Runs the generator; its last line is the result.
    pub fn put(&self, server: &Server, venv: &Venv) -> Result<Value> {
        let mut command = match self.client {
            Client::Raw(profile) => process::command(host::program(profile, "longhaul-load")),
            Client::Python => {
                let mut command = process::command(venv.python());
                command.arg("tests/load/python_load.py").env_remove("PYTHONDONTWRITEBYTECODE");
                command
            }
        };
        command.env("RUST_BACKTRACE", "0").arg("--address").arg(server.address()).args(self.arguments);
        let output = process::output(&mut command)?;
        let line = output.lines().last().context("the load generator printed nothing")?;
        serde_json::from_str(line).with_context(|| format!("parse {line}"))
    }
}

//! The walls between crates: who may depend on whom, and which heavy dependency lives in which room.
//!
//! Development dependencies are free: a test may bring any room together with any other.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// One crate of the workspace.
pub struct Package {
    /// Its name, such as `longhaul-kernel`.
    pub name: String,
    /// Names of what it depends on, development dependencies excluded.
    pub dependencies: Vec<String>,
}

const PREFIX: &str = "longhaul-";

/// Rooms, and the rooms each may depend on.
const ROOMS: [(&str, &[&str]); 13] = [
    ("proto", &[]),
    ("kernel", &["proto"]),
    ("store", &["kernel", "proto"]),
    ("archive", &["store", "kernel", "proto"]),
    ("store-embedded", &["store", "kernel", "proto"]),
    ("store-postgres", &["store", "kernel", "proto"]),
    ("store-cassandra", &["store", "kernel", "proto"]),
    ("runtime", &["proto"]),
    ("history", &["kernel", "store", "runtime", "proto"]),
    ("matching", &["kernel", "store", "runtime", "proto"]),
    ("frontend", &["kernel", "store", "runtime", "proto"]),
    ("control", &["proto", "runtime"]),
    ("pipelines", &["proto", "runtime"]),
];

/// Crates that may depend on every room: the binary and the simulator wire them together.
const WIRING: [&str; 2] = ["server", "sim"];

/// Crates outside of the walls, and what they may know.
const OUTSIDE: [(&str, &[&str]); 2] = [("xtask", &[]), ("longhaul-load", &["proto"])];

/// What a pure room may not know: async, I/O, clocks, entropy, logging.
const IMPURE: [&str; 12] = [
    "tokio",
    "tokio-stream",
    "futures",
    "async-trait",
    "hyper",
    "tonic",
    "tracing",
    "log",
    "rand",
    "getrandom",
    "chrono",
    "ahash",
];

/// Heavy dependencies, and the one room each lives in.
const DRIVERS: [(&str, &str); 9] = [
    ("fjall", "store-embedded"),
    ("rocksdb", "store-embedded"),
    ("tokio-postgres", "store-postgres"),
    ("sqlx", "store-postgres"),
    ("scylla", "store-cassandra"),
    ("cdrs-tokio", "store-cassandra"),
    ("sqlparser", "kernel"),
    ("object_store", "archive"),
    ("reqwest", "archive"),
];

/// Reads the answer of `cargo metadata --no-deps`.
pub fn packages(metadata: &str) -> Result<Vec<Package>> {
    let metadata: Value = serde_json::from_str(metadata).context("parse the answer of cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    Ok(packages.iter().map(package).collect())
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dependencies = value["dependencies"].as_array().into_iter().flatten();
    Package {
        name: text(&value["name"]),
        dependencies: dependencies
            .filter(|each| each["kind"] != "dev")
            .map(|each| text(&each["name"]))
            .collect(),
    }
}

/// Complaints about edges that go through a wall, and about crates that no wall is known for.
pub fn check(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let room = name.strip_prefix(PREFIX).unwrap_or(name);
    let allowed = ROOMS.iter().find(|(each, _)| *each == room && name.starts_with(PREFIX));
    let allowed =
        allowed.or_else(|| OUTSIDE.iter().find(|(each, _)| *each == name)).map(|(_, allowed)| *allowed);
    let wires = WIRING.contains(&room);
    if allowed.is_none() && !wires {
        return vec![format!(
            "{name}: no wall is known for this crate; xtask/src/tidy/edges.rs names them all"
        )];
    }
    let mut found = Vec::new();
    for dependency in &package.dependencies {
        let ours = dependency.strip_prefix(PREFIX);
        if ours.is_some_and(|ours| !wires && !allowed.unwrap_or_default().contains(&ours)) {
            found.push(format!("{name}: may not depend on {dependency}"));
        }
        if room == "kernel" && IMPURE.contains(&dependency.as_str()) {
            found.push(format!("{name}: is pure and may not know {dependency}"));
        }
        let home = DRIVERS.iter().find(|(driver, home)| driver == dependency && *home != room);
        found.extend(home.map(|(driver, home)| format!("{name}: {driver} belongs to {PREFIX}{home} alone")));
    }
    found
}

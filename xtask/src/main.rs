//! `cargo xtask`: everything that a contributor or a CI machine runs, in plain Rust.
//!
//! One file per command. Nothing here is part of the server; the clock, the environment and child processes are
//! this program's business, so the lints that keep them out of the rooms do not apply.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a tool for the host, not a room")]

mod bench;
mod capacity;
mod check;
mod conformance;
mod docs;
mod host;
mod http;
mod pending;
mod process;
mod server;
mod sim;
mod suites;
mod tally;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, tests and measures Longhaul")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Formatting, lints, and the rules of the tree that no compiler knows
    Check,
    /// Only the rules of the tree: walls between crates, sizes, headers, names in documents
    Tidy,
    /// Unit tests, then every black-box suite that this machine has the tools for
    Test(test::Options),
    /// The Rust SDK core's own integration tests, against our server
    Conformance(conformance::Options),
    /// A whole cluster in one thread, with faults, from a seed
    Sim(sim::Options),
    /// Our server and the reference under the same load
    Bench(bench::Options),
    /// What nodes, disks and a network carry, from what the bench has measured
    Capacity(capacity::Options),
    /// Regenerates docs/reference from the binary
    Docs(docs::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Check => check::run(),
        Command::Tidy => tidy::run(),
        Command::Test(options) => test::run(&options),
        Command::Conformance(options) => conformance::run(&options),
        Command::Sim(options) => sim::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Capacity(options) => capacity::run(&options),
        Command::Docs(options) => docs::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

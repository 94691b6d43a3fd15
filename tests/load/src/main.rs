//! A load generator that speaks raw gRPC: it plays the worker and the starter, so that no SDK's cost is measured.
//!
//! Starts are scheduled ahead (open loop): a call that waits because an earlier one was slow is charged with the wait,
//! which hides nothing of a server that stalls. The last line on standard output is one JSON object.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "talks to real servers in real time")]

mod measure;
mod modes;
mod plan;
mod session;
mod worker;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "longhaul-load", about = "Puts a server under load and says how it did")]
struct Arguments {
    /// HOST:PORT of the server
    #[arg(long, default_value = "127.0.0.1:7233")]
    address: String,
    /// Namespace to work in
    #[arg(long, default_value = "default")]
    namespace: String,
    /// Activities of each workflow, one after the other
    #[arg(long, default_value_t = 1)]
    activities: usize,
    /// Pollers of each kind: workflow tasks, sticky workflow tasks, activities
    #[arg(long, default_value_t = 8)]
    pollers: usize,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Workflows one at a time, each from start to result
    Latency {
        /// How many
        #[arg(long, default_value_t = 100)]
        workflows: usize,
    },
    /// Workflows at a fixed rate
    Throughput {
        /// Starts per second
        #[arg(long, default_value_t = 50.0)]
        rate: f64,
        /// For how long
        #[arg(long, default_value_t = 10.0)]
        seconds: f64,
    },
    /// Workflows as fast as the server takes them, with a bound on those under way
    Capacity {
        /// How many
        #[arg(long, default_value_t = 1000)]
        workflows: usize,
        /// How many at a time
        #[arg(long, default_value_t = 100)]
        in_flight: usize,
    },
    /// Signals at a fixed rate into one run
    Signals {
        /// Signals per second
        #[arg(long, default_value_t = 100.0)]
        rate: f64,
        /// How many
        #[arg(long, default_value_t = 500)]
        signals: usize,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let session = session::Session::connect(&arguments.address, &arguments.namespace).await?;
    let (activities, pollers) = (arguments.activities, arguments.pollers);
    let report = match arguments.mode {
        Mode::Latency { workflows } => modes::latency(session, activities, pollers, workflows).await,
        Mode::Throughput { rate, seconds } => {
            let workflows = (rate * seconds).ceil() as usize;
            modes::throughput(session, activities, pollers, workflows, modes::Pace::PerSecond(rate)).await
        }
        Mode::Capacity { workflows, in_flight } => {
            modes::throughput(session, activities, pollers, workflows, modes::Pace::InFlight(in_flight)).await
        }
        Mode::Signals { rate, signals } => modes::signals(session, pollers, signals, rate).await,
    }?;
    println!("{report}");
    Ok(())
}

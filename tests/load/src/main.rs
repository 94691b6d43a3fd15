//! A load generator that speaks raw gRPC: it plays the worker and the starter, so that no SDK's cost is measured.
//!
//! Starts are scheduled ahead (open loop): a call that waits because an earlier one was slow is charged with the wait,
//! which hides nothing of a server that stalls. The last line on standard output is one JSON object.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "talks to real servers in real time")]

mod idle;
mod measure;
mod modes;
mod plan;
mod session;
mod signals;
mod worker;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde_json::Value;

use modes::{Pace, Shape};
use plan::Plan;
use session::Session;

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
        /// Leaves each run open, waiting for a timer of a day
        #[arg(long)]
        stay_open: bool,
    },
    /// Signals at a fixed rate into one run or into several in turn
    Signals {
        /// Signals per second
        #[arg(long, default_value_t = 100.0)]
        rate: f64,
        /// How many
        #[arg(long, default_value_t = 500)]
        signals: usize,
        /// How many runs take them
        #[arg(long, default_value_t = 1)]
        runs: usize,
    },
    /// Signals into one run as fast as the server takes them
    Hot {
        /// How many
        #[arg(long, default_value_t = 5000)]
        signals: usize,
        /// How many at a time
        #[arg(long, default_value_t = 200)]
        in_flight: usize,
    },
    /// What a transition costs the server early and late in a run
    Growth {
        /// Process of the server
        #[arg(long)]
        pid: u32,
        /// Transitions of the run before the late ones are measured
        #[arg(long, default_value_t = 9000)]
        late: usize,
        /// Transitions that are measured
        #[arg(long, default_value_t = 500)]
        measured: usize,
    },
    /// Only polls, in which nothing ever arrives
    Park {
        /// For how long
        #[arg(long, default_value_t = 30.0)]
        seconds: f64,
    },
    /// Waits until the server answers and says when that was
    Ready,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let session = Session::open(&arguments.address, &arguments.namespace)?;
    if !matches!(arguments.mode, Mode::Ready) {
        session.ready().await?;
    }
    println!("{}", play(&arguments, session).await?);
    Ok(())
}

async fn play(arguments: &Arguments, session: Session) -> Result<Value> {
    let pollers = arguments.pollers;
    let shape = |plan, workflows| Shape { plan, pollers, workflows };
    let plan = Plan::Activities(arguments.activities);
    match arguments.mode {
        Mode::Latency { workflows } => modes::latency(session, shape(plan, workflows)).await,
        Mode::Throughput { rate, seconds } => {
            let workflows = (rate * seconds).ceil() as usize;
            modes::throughput(session, shape(plan, workflows), Pace::PerSecond(rate)).await
        }
        Mode::Capacity { workflows, in_flight, stay_open } => {
            let plan = if stay_open { Plan::Timer } else { plan };
            modes::throughput(session, shape(plan, workflows), Pace::InFlight(in_flight)).await
        }
        Mode::Signals { rate, signals, runs } => {
            signals::at_rate(session, pollers, signals, runs, rate).await
        }
        Mode::Hot { signals, in_flight } => signals::hot(session, pollers, signals, in_flight).await,
        Mode::Growth { pid, late, measured } => signals::growth(session, pid, late, measured).await,
        Mode::Park { seconds } => idle::park(session, pollers, seconds).await,
        Mode::Ready => idle::ready(session).await,
    }
}

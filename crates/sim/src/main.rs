//! `longhaul-sim --seed N` replays a seed; `longhaul-sim --seconds S` runs fresh ones for so long.

use std::{io::Write as _, process::ExitCode};

use clap::Parser;
use longhaul_runtime::Clock;
use longhaul_sim::{Outcome, simulate};

/// Simulates a cluster with faults, from a seed.
#[derive(Parser)]
struct Arguments {
    /// Replays one seed, with its trace if it fails
    #[arg(long, conflicts_with = "seconds")]
    seed: Option<u64>,
    /// Runs fresh seeds for so long
    #[arg(long)]
    seconds: Option<u64>,
    /// First of the fresh seeds; by default the time
    #[arg(long)]
    from: Option<u64>,
    /// Prints the trace whatever the outcome
    #[arg(long)]
    trace: bool,
    /// Prints what the rooms log
    #[arg(long)]
    log: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.log {
        tracing_subscriber::fmt().without_time().with_writer(std::io::stderr).init();
    }
    let failed = match arguments.seed {
        Some(seed) => replay(seed, arguments.trace),
        None => run(arguments.seconds.unwrap_or(60), arguments.from),
    };
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay(seed: u64, always: bool) -> u64 {
    let outcome = simulate(seed, None);
    let failed = u64::from(!outcome.broken.is_empty());
    if failed > 0 || always {
        let mut out = std::io::stdout().lock();
        // A reader that has seen enough closes the pipe.
        let _ = outcome.trace.iter().try_for_each(|line| writeln!(out, "{line}"));
    }
    tell(&outcome);
    println!("{} passed, {failed} failed", 1 - failed);
    failed
}

fn run(seconds: u64, from: Option<u64>) -> u64 {
    let clock = Clock::system();
    let start = clock.now();
    let base = from.unwrap_or_else(|| start.unsigned_abs() / 1000);
    println!("seeds from {base} on");
    let (mut passed, mut failed, mut commits, mut runs) = (0, 0, 0, 0);
    while (clock.now() - start).unsigned_abs() < seconds * 1_000_000_000 {
        let outcome = simulate(base + passed + failed, None);
        commits += outcome.commits;
        runs += outcome.runs;
        if outcome.broken.is_empty() {
            passed += 1;
        } else {
            failed += 1;
            tell(&outcome);
        }
    }
    println!("{} seeds, {runs} runs, {commits} commits", passed + failed);
    println!("{passed} passed, {failed} failed");
    failed
}

fn tell(outcome: &Outcome) {
    println!(
        "seed {}: {} runs, {} commits, {} simulated seconds, trace {:016x}",
        outcome.seed, outcome.runs, outcome.commits, outcome.seconds, outcome.hash
    );
    for broken in &outcome.broken {
        println!("seed {} BROKEN: {broken}", outcome.seed);
    }
}

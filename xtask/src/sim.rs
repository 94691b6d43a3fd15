//! `cargo xtask sim`: runs the simulator, which lives in the crate `longhaul-sim`.

use anyhow::{Result, bail};

use crate::{host, process};

/// What to simulate.
#[derive(clap::Args)]
pub struct Options {
    /// Replays one seed, with its trace
    #[arg(long, conflicts_with = "seconds")]
    seed: Option<u64>,
    /// Runs fresh seeds for so long
    #[arg(long)]
    seconds: Option<u64>,
}

/// Builds the simulator and hands it the seed or the time.
pub fn run(options: &Options) -> Result<()> {
    if !host::root().join("crates/sim").exists() {
        bail!("the simulator's room, crates/sim, does not exist yet");
    }
    let mut command = process::cargo();
    command.args(["run", "--quiet", "--package", "longhaul-sim", "--"]);
    match options.seed {
        Some(seed) => command.arg("--seed").arg(seed.to_string()),
        None => command.arg("--seconds").arg(options.seconds.unwrap_or(60).to_string()),
    };
    process::succeed(&mut command)
}

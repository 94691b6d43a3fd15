//! `cargo xtask bench`: our server and the reference under the same load.

use anyhow::{Result, bail};

/// What to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Only checks that a workflow still costs no more commits than it should
    #[arg(long)]
    guard: bool,
}

/// Measures.
pub fn run(options: &Options) -> Result<()> {
    bail!("not there yet (guard {})", options.guard)
}

//! `tests/load/budget.toml`: what a one-activity workflow may cost, as it was recorded.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::host;

/// How far a figure may grow over the recorded one.
pub const SLACK: f64 = 1.2;

/// The same for what depends on nothing but the code: one commit more is a failure.
pub const SLACK_EXACT: f64 = 1.05;

/// Costs of a workflow. The file holds one `name = number` a line.
#[derive(Debug, PartialEq)]
pub struct Budget {
    /// Commits when a poll waits for every task.
    pub commits_polls_waiting: f64,
    /// Commits when workers are busy and tasks wait for polls.
    pub commits_polls_busy: f64,
    /// Server CPU, in units of the calibration.
    pub cpu_units: f64,
}

fn path() -> PathBuf {
    host::root().join("tests/load/budget.toml")
}

impl Budget {
    /// Reads the file.
    pub fn recorded() -> Result<Self> {
        Self::parse(&fs::read_to_string(path()).context("read tests/load/budget.toml")?)
    }

    fn parse(text: &str) -> Result<Self> {
        let number = |name: &str| -> Result<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
            line.with_context(|| format!("budget without {name}"))?.trim().parse().context(name.to_owned())
        };
        Ok(Self {
            commits_polls_waiting: number("commits_polls_waiting")?,
            commits_polls_busy: number("commits_polls_busy")?,
            cpu_units: number("cpu_units")?,
        })
    }

    /// Writes the file.
    pub fn record(&self) -> Result<()> {
        fs::write(path(), self.text()).context("write tests/load/budget.toml")
    }

    fn text(&self) -> String {
        format!(
            "# What a one-activity workflow may cost; `cargo xtask bench --guard` fails when a figure is a fifth higher.\n\
             # Recorded with `cargo xtask bench --guard --record`.\n\n\
             # Commits when a poll waits for every task, of which not one more is allowed, and when tasks wait for polls.\n\
             commits_polls_waiting = {:.2}\n\
             commits_polls_busy = {:.2}\n\n\
             # CPU of an unoptimised server, in units of a fixed piece of work done by the same machine in the same\n\
             # seconds (xtask/src/bench/calibrate.rs).\n\
             cpu_units = {:.5}\n",
            self.commits_polls_waiting, self.commits_polls_busy, self.cpu_units,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_budget_is_read_as_it_was_written() {
        let budget = Budget { commits_polls_waiting: 4.0, commits_polls_busy: 7.25, cpu_units: 0.125 };
        assert_eq!(Budget::parse(&budget.text()).expect("it parses"), budget);
        assert!(Budget::parse("cpu_units = 1\n").is_err());
    }
}

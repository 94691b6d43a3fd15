//! `cargo xtask docs`: the pages of `docs/reference` that the binary itself can write.

use std::fs;

use anyhow::{Result, bail};

use crate::{
    host::{self, Profile},
    process,
};

/// How to treat the pages.
#[derive(clap::Args)]
pub struct Options {
    /// Only says which pages are stale
    #[arg(long)]
    verify: bool,
}

/// Pages, and the arguments with which the binary prints each.
const PAGES: [(&str, &[&str]); 2] = [
    ("docs/reference/settings.md", &["config", "reference"]),
    ("docs/reference/api-coverage.md", &["config", "api-coverage"]),
];

/// Regenerates the pages, or verifies them.
pub fn run(options: &Options) -> Result<()> {
    if options.verify {
        return verify();
    }
    for (page, text) in pages()? {
        println!("{page}");
        fs::write(host::root().join(page), text)?;
    }
    Ok(())
}

/// An error if a page differs from what the binary says today.
pub fn verify() -> Result<()> {
    let stale = pages()?.into_iter().filter(|(page, text)| {
        fs::read_to_string(host::root().join(page)).map_or(true, |written| written != *text)
    });
    let stale: Vec<&str> = stale.map(|(page, _)| page).collect();
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask docs`", stale.join(", "));
    }
    Ok(())
}

fn pages() -> Result<Vec<(&'static str, String)>> {
    process::succeed(process::cargo().args(["build", "--quiet", "--package", "longhaul-server"]))?;
    let binary = host::program(Profile::Dev, "longhaul");
    if !binary.exists() {
        println!("the binary does not exist yet, so its pages are left alone");
        return Ok(Vec::new());
    }
    PAGES
        .iter()
        .map(|(page, arguments)| Ok((*page, process::output(process::command(&binary).args(*arguments))?)))
        .collect()
}

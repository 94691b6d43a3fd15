//! `cargo xtask check`: what must hold before a commit is worth reading.

use anyhow::Result;

use crate::{docs, process, tidy};

/// Formatting, lints, the rules of the tree, and the freshness of generated documents, in that order.
pub fn run() -> Result<()> {
    println!("formatting");
    process::succeed(process::cargo().args(["fmt", "--all", "--", "--check"]))?;
    println!("tidy");
    tidy::run()?;
    println!("lints");
    process::succeed(
        process::cargo()
            .args(["clippy", "--quiet", "--workspace", "--all-targets"])
            .args(["--", "--deny", "warnings"]),
    )?;
    println!("documents");
    docs::verify()
}

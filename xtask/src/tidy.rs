//! `cargo xtask tidy`: the rules of the tree that no compiler knows.
//!
//! Each rule is a pure function from text to complaints, so that it can be tested on a few lines of text; this file
//! reads the tree and feeds them.

mod documents;
mod edges;
mod scrub;
mod sizes;
mod words;

#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{host, process};

/// One Rust file of ours.
struct Source {
    /// Path from the root, with forward slashes.
    path: String,
    /// What it says.
    text: String,
}

impl Source {
    /// Tests may be long and may speak of anything.
    fn is_test(&self) -> bool {
        let mut parts = self.path.split('/').rev();
        parts.next().is_some_and(|file| file == "tests.rs") || parts.any(|folder| folder == "tests")
    }
}

/// Applies every rule to the tree; prints each complaint on a line of its own.
pub fn run() -> Result<()> {
    let complaints = complaints(host::root())?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("tidy: {} complaints", complaints.len());
    }
    Ok(())
}

fn complaints(root: &Path) -> Result<Vec<String>> {
    let metadata =
        process::output(process::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let mut found = edges::check(&edges::packages(&metadata)?);
    let files = files(root)?;
    let sources = sources(root, &files)?;
    for source in &sources {
        found.extend(words::check(source));
        found.extend(sizes::check(source));
    }
    for path in files.iter().filter(|path| path.ends_with(".md")) {
        let text = read(root, path)?;
        found.extend(documents::links(path, &text, &|target| root.join(target).exists()));
        if path == "ARCHITECTURE.md" {
            found.extend(documents::names(path, &text, &sources, &|target| root.join(target).exists()));
        }
    }
    Ok(found)
}

fn sources(root: &Path, files: &[String]) -> Result<Vec<Source>> {
    let rust = files.iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| Ok(Source { path: path.clone(), text: read(root, path)? })).collect()
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("read {path}"))
}

/// Folders that hold what others wrote or what was built.
const FOREIGN: [&str; 5] = ["target", "node_modules", "dist", "venv", "__pycache__"];

/// Every file of the tree, sorted; folders that start with a dot and foreign ones are left out.
fn files(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || FOREIGN.contains(&name.as_str()) {
                continue;
            }
            let path = folder.join(&name);
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

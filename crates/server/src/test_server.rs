//! `longhaul-test-server PORT`: a server in memory whose clock is set forward while nothing is left to be done, for
//! the time-skipping environments of the SDKs. Its command line is that of the server which they download.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use longhaul_runtime::{Clock, Host};

use crate::{
    arguments::{LogArguments, StartDev},
    config::Config,
    log,
    run::serve,
};

/// A test server for the Temporal API, whose clock skips what nobody needs to wait for.
#[derive(Debug, Parser)]
#[command(name = "longhaul-test-server", version, about)]
struct TestServer {
    /// Port for gRPC
    #[arg(value_name = "PORT")]
    grpc_port: u16,
    /// Lets the clock go at the start, instead of when a client says so
    #[arg(long)]
    enable_time_skipping: bool,
    #[command(flatten)]
    log: LogArguments,
    #[command(flatten)]
    start: StartDev,
}

/// Runs the program; 0 is success, 1 a failure, 2 a wrong command line.
pub fn run_test_server() -> ExitCode {
    match obey(TestServer::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(arguments: TestServer) -> Result<()> {
    log::begin(&arguments.log)?;
    let start =
        StartDev { port: Some(arguments.grpc_port), in_memory: true, headless: true, ..arguments.start };
    let config = Config::new(&start, true)?;
    let locks = u32::from(!arguments.enable_time_skipping);
    let host = Host { clock: Clock::skipping(locks), ..Host::system() };
    // Whoever starts it reads the output of a test.
    serve(&config, host, |_| String::new())
}

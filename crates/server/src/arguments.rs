//! The command line. Names and defaults are those of the reference's development server, so that SDKs and scripts can
//! start this one in its place.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A durable-execution server that speaks the Temporal API.
#[derive(Debug, Parser)]
#[command(name = "longhaul", version, about, arg_required_else_help = true)]
pub struct Arguments {
    /// What to log.
    #[command(flatten)]
    pub log: LogArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to log; accepted before and behind the command.
#[derive(Args, Clone, Debug)]
pub struct LogArguments {
    /// Least severe level to log: trace, debug, info, warn, error or never
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// How to write log lines: text, pretty or json
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a server for development: everything in one process, state in one folder
    StartDev(Box<StartDev>),
    /// Commands under the name that the reference gives them
    #[command(subcommand)]
    Server(ServerCommand),
    /// Asks a running server about its lists of workflows
    #[command(subcommand)]
    Visibility(VisibilityCommand),
    /// Asks a running server about a schedule
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Asks a running server about runs that are kept from going on, and repairs them
    #[command(subcommand)]
    Run(RunCommand),
    /// Prints what can be configured
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `longhaul server ...`.
#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    /// Like `longhaul start-dev`, but forgets everything at the end unless --db-filename is given, as the reference does
    StartDev(Box<StartDev>),
}

/// `longhaul visibility ...`.
#[derive(Debug, Subcommand)]
pub enum VisibilityCommand {
    /// Tells how a list is answered: the filter as it was understood, the index chosen, what was read, and the time
    Explain(Explain),
}

/// Arguments of `longhaul visibility explain`.
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// The query, as `temporal workflow list --query` takes it
    pub query: String,
    /// Namespace to list in
    #[arg(short, long, default_value = "default")]
    pub namespace: String,
    /// Rows of the page [default: as many as a list gives]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub page_size: i32,
    /// Address of the server
    #[arg(long, default_value = "127.0.0.1:7233", value_name = "HOST:PORT")]
    pub address: String,
}

/// `longhaul schedule ...`.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Tells which actions of a schedule were left out, when and why
    Skipped(Skipped),
}

/// Arguments of `longhaul schedule skipped`.
#[derive(Args, Clone, Debug)]
pub struct Skipped {
    /// The schedule
    #[arg(short, long)]
    pub schedule_id: String,
    /// Namespace of the schedule
    #[arg(short, long, default_value = "default")]
    pub namespace: String,
    /// Address of the server
    #[arg(long, default_value = "127.0.0.1:7233", value_name = "HOST:PORT")]
    pub address: String,
}

/// `longhaul run ...`.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Lists what is quarantined; with a workflow id, shows everything that is stored of the run
    Inspect(Inspect),
    /// Makes a quarantined run again from its history, and lets it go on
    Rebuild(WhichRun),
    /// Keeps a run from going on until it is let go again
    Quarantine(Quarantine),
}

/// Arguments of `longhaul run inspect`.
#[derive(Args, Clone, Debug)]
pub struct Inspect {
    /// The workflow
    #[arg(short, long)]
    pub workflow_id: Option<String>,
    /// The run [default: the newest]
    #[arg(short, long, requires = "workflow_id")]
    pub run_id: Option<String>,
    /// Where it is
    #[command(flatten)]
    pub place: Place,
}

/// A run.
#[derive(Args, Clone, Debug)]
pub struct WhichRun {
    /// The workflow
    #[arg(short, long)]
    pub workflow_id: String,
    /// The run [default: the newest]
    #[arg(short, long)]
    pub run_id: Option<String>,
    /// Where it is
    #[command(flatten)]
    pub place: Place,
}

/// Arguments of `longhaul run quarantine`.
#[derive(Args, Clone, Debug)]
pub struct Quarantine {
    /// The run
    #[command(flatten)]
    pub run: WhichRun,
    /// Why, for whoever looks later
    #[arg(long, conflicts_with = "lift")]
    pub reason: Option<String>,
    /// Lets it go on
    #[arg(long)]
    pub lift: bool,
}

/// A namespace of a server.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// Namespace
    #[arg(short, long, default_value = "default")]
    pub namespace: String,
    /// Address of the server
    #[arg(long, default_value = "127.0.0.1:7233", value_name = "HOST:PORT")]
    pub address: String,
}

/// `longhaul config ...`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Prints every setting with its default, its range and why one would change it
    Reference,
    /// Prints which calls of the API are built
    #[command(hide = true)]
    ApiCoverage,
}

/// Arguments of a development server.
#[derive(Args, Clone, Debug, Default)]
pub struct StartDev {
    /// Folder for the state [default: .longhaul in the working directory]
    #[arg(short = 'f', long, value_name = "PATH")]
    pub db_filename: Option<PathBuf>,
    /// Keeps the state in memory: it is lost when the server stops
    #[arg(long, conflicts_with = "db_filename")]
    pub in_memory: bool,
    /// Namespace to create at the start; may be repeated. `default` is always created
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Vec<String>,
    /// Port for gRPC [default: 7233]
    #[arg(short, long)]
    pub port: Option<u16>,
    /// Port for HTTP [default: a free one]
    #[arg(long)]
    pub http_port: Option<u16>,
    /// Port for metrics [default: a free one]
    #[arg(long)]
    pub metrics_port: Option<u16>,
    /// Address to listen on [default: localhost]
    #[arg(long)]
    pub ip: Option<String>,
    /// Runs without the web UI
    #[arg(long)]
    pub headless: bool,
    /// Port for the web UI [default: port + 1000]
    #[arg(long)]
    pub ui_port: Option<u16>,
    /// Address for the web UI to listen on [default: that of --ip]
    #[arg(long)]
    pub ui_ip: Option<String>,
    /// Path that the web UI is served under
    #[arg(long, value_name = "PATH")]
    pub ui_public_path: Option<String>,
    /// Folder with other assets for the web UI
    #[arg(long, value_name = "PATH")]
    pub ui_asset_path: Option<PathBuf>,
    /// Address of a codec server for the web UI
    #[arg(long, value_name = "URL")]
    pub ui_codec_endpoint: Option<String>,
    /// Accepted for compatibility: no news are ever fetched
    #[arg(long)]
    pub ui_disable_news_fetch: bool,
    /// Accepted for compatibility: there is no SQLite
    #[arg(long, value_name = "PRAGMA=VALUE")]
    pub sqlite_pragma: Vec<String>,
    /// Sets a key of the reference's dynamic configuration to a JSON value; may be repeated
    #[arg(long, value_name = "KEY=JSON")]
    pub dynamic_config_value: Vec<String>,
    /// File of dynamic configuration in the reference's form, read again when it changes
    #[arg(long, value_name = "FILE")]
    pub dynamic_config_file: Option<PathBuf>,
    /// Search attribute to add to the namespaces; may be repeated
    #[arg(long, value_name = "NAME=TYPE")]
    pub search_attribute: Vec<String>,
    /// Prints the configuration in force to stderr
    #[arg(long)]
    pub log_config: bool,
    /// File with settings: TOML, or YAML in the form of the reference
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

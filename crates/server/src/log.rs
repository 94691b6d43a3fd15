//! Log lines on stderr.

use anyhow::{Result, bail};
use tracing_subscriber::{
    Layer, filter::LevelFilter, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::arguments::LogArguments;

/// Libraries that say more at `info` and `debug` than anybody wants to read.
const QUIET: [&str; 6] = ["h2", "hyper", "hyper_util", "tonic", "tower", "fjall"];

/// Begins to log. A second call in one process changes nothing.
pub(crate) fn begin(arguments: &LogArguments) -> Result<()> {
    let level = match arguments.log_level.as_deref().unwrap_or("info") {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warn" | "warning" => LevelFilter::WARN,
        "error" | "fatal" | "panic" | "dpanic" => LevelFilter::ERROR,
        "never" | "off" => LevelFilter::OFF,
        other => bail!("--log-level {other}: the level is one of trace, debug, info, warn, error, never"),
    };
    let quiet = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(level).with_targets(QUIET.map(|name| (name, quiet)));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match arguments.log_format.as_deref().unwrap_or("text") {
        "json" => lines.json().flatten_event(true).boxed(),
        "text" | "pretty" => lines.with_ansi(false).boxed(),
        other => bail!("--log-format {other}: the format is one of text, pretty, json"),
    };
    // An error means that somebody in this process logs already.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    Ok(())
}

//! The configuration in force: defaults, then the file, then the command line.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use longhaul_kernel::visibility::ValueType;

use crate::{
    archival::{self, Archival},
    arguments::StartDev,
    dynamic::{self, Layers, watch::Source},
    file::{self, File},
    settings::Setting,
};

/// Folder for the state, if nothing else is said.
const FOLDER: &str = ".longhaul";

/// Seconds between two looks at the file of dynamic configuration.
const LOOK_SECONDS: f64 = 10.0;

/// Where the state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory; lost at the end.
    Memory,
    /// In a folder.
    Folder(PathBuf),
}

/// What a development server is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the state is kept.
    pub storage: Storage,
    /// Address to listen on.
    pub ip: IpAddr,
    /// Name of that address as the user gave it, for texts.
    pub host: String,
    /// Port for gRPC; zero is any free one.
    pub port: u16,
    /// Port for HTTP; zero is any free one.
    pub http_port: u16,
    /// Port for metrics; zero is any free one.
    pub metrics_port: u16,
    /// Namespaces to create.
    pub namespaces: Vec<String>,
    /// Search attributes to add to them.
    pub search_attributes: Vec<(String, ValueType)>,
    /// Settings of the rooms, and where they come from.
    pub settings: Layers,
    /// File of dynamic configuration that is read again.
    pub dynamic_file: Option<Source>,
    /// What is archived.
    pub archival: Archival,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            storage: Storage::Memory,
            ip: IpAddr::from([127, 0, 0, 1]),
            host: "localhost".into(),
            port: 7233,
            http_port: 0,
            metrics_port: 0,
            namespaces: vec!["default".into()],
            search_attributes: Vec::new(),
            settings: Layers::default(),
            dynamic_file: None,
            archival: Archival::default(),
        }
    }
}

impl Config {
    /// Reads the arguments and the file they name. `forgetful` servers keep nothing unless a folder is given.
    ///
    /// # Errors
    /// Whatever can't be meant, in words for the user.
    pub fn new(arguments: &StartDev, forgetful: bool) -> Result<Self> {
        let mut config = Self::default();
        let file = match &arguments.config {
            Some(path) => file::read(path)?,
            None => File::default(),
        };
        config.storage = storage(arguments, &file, forgetful)?;
        let host = arguments.ip.clone().or(file.ip).unwrap_or_else(|| "localhost".into());
        config.ip = address(&host)?;
        config.host = host;
        config.port = arguments.port.or(file.port).unwrap_or(config.port);
        config.http_port = arguments.http_port.or(file.http_port).unwrap_or(config.http_port);
        config.metrics_port = arguments.metrics_port.or(file.metrics_port).unwrap_or(config.metrics_port);
        for name in file.namespaces.iter().chain(&arguments.namespace) {
            if !config.namespaces.contains(name) {
                config.namespaces.push(name.clone());
            }
        }
        config.search_attributes =
            arguments.search_attribute.iter().map(|pair| search_attribute(pair)).collect::<Result<_>>()?;
        for (key, value) in &file.settings {
            Setting::named(key)?.set(&mut config.settings.base, key, value)?;
        }
        if let Some(path) = arguments.dynamic_config_file.clone().or_else(|| file.dynamic_file.clone()) {
            config.settings.file = dynamic::file::parse(&path, &dynamic::file::text(&path)?)?;
            let interval = Duration::from_secs_f64(file.dynamic_interval.unwrap_or(LOOK_SECONDS).max(0.1));
            config.dynamic_file = Some(Source { path, interval });
        }
        for (key, value) in &file.dynamic {
            config.settings.keyed(key, value)?;
        }
        config.archival = archival::read(file.archival, file.namespace_defaults)?;
        for pair in &arguments.dynamic_config_value {
            config.settings.arguments.argument(pair)?;
        }
        Ok(config)
    }
}

fn storage(arguments: &StartDev, file: &File, forgetful: bool) -> Result<Storage> {
    if arguments.in_memory {
        return Ok(Storage::Memory);
    }
    let folder = match arguments.db_filename.clone().or_else(|| file.folder.clone()) {
        Some(folder) => folder,
        None if forgetful => return Ok(Storage::Memory),
        None => FOLDER.into(),
    };
    if folder.is_file() {
        bail!(
            "{} is a file (perhaps a database of the reference), and the state is kept in a folder: \
             give --db-filename another path",
            folder.display()
        );
    }
    Ok(Storage::Folder(folder))
}

fn address(host: &str) -> Result<IpAddr> {
    match host {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        _ => host.parse().with_context(|| format!("--ip {host} is not an IP address")),
    }
}

fn search_attribute(pair: &str) -> Result<(String, ValueType)> {
    use ValueType::{Bool, Datetime, Double, Int, Keyword, KeywordList, Text};
    let Some((name, wanted)) = pair.split_once('=') else {
        bail!("--search-attribute {pair} is not of the form NAME=TYPE");
    };
    let types = [Text, Keyword, Int, Double, Bool, Datetime, KeywordList];
    match types.into_iter().find(|known| known.name().eq_ignore_ascii_case(wanted)) {
        Some(value_type) => Ok((name.into(), value_type)),
        None => {
            let names: Vec<&str> = types.iter().map(|known| known.name()).collect();
            bail!("--search-attribute {pair}: the type is one of {}", names.join(", "))
        }
    }
}

//! The configuration file: TOML of ours, or the parts of the reference's YAML that mean something here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::archival;

/// What a file says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    /// Address to listen on.
    pub ip: Option<String>,
    /// Port for gRPC.
    pub port: Option<u16>,
    /// Port for HTTP.
    pub http_port: Option<u16>,
    /// Port for metrics.
    pub metrics_port: Option<u16>,
    /// Folder for the state.
    pub folder: Option<PathBuf>,
    /// Namespaces to create.
    pub namespaces: Vec<String>,
    /// Settings by the names that `longhaul config reference` prints.
    pub settings: BTreeMap<String, Value>,
    /// Keys of the reference's dynamic configuration, without constraints.
    pub dynamic: BTreeMap<String, Value>,
    /// File of dynamic configuration.
    pub dynamic_file: Option<PathBuf>,
    /// Seconds between two looks at it.
    pub dynamic_interval: Option<f64>,
    /// What is archived.
    pub archival: archival::Section,
    /// What holds for namespaces that say nothing of it.
    #[serde(alias = "namespaceDefaults")]
    pub namespace_defaults: archival::Defaults,
}

/// The reference's form. Unknown fields are left alone: most of it describes its own parts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Foreign {
    services: BTreeMap<String, Service>,
    global: Global,
    longhaul: Ours,
    dynamic_config_client: DynamicClient,
    archival: archival::Section,
    namespace_defaults: archival::Defaults,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    rpc: Rpc,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rpc {
    #[serde(rename = "grpcPort")]
    grpc_port: Option<u16>,
    #[serde(rename = "httpPort")]
    http_port: Option<u16>,
    #[serde(rename = "bindOnIP")]
    bind_on_ip: Option<String>,
    #[serde(rename = "bindOnLocalHost")]
    bind_on_local_host: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Global {
    metrics: Metrics,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metrics {
    prometheus: Prometheus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Prometheus {
    listen_address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ours {
    folder: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DynamicClient {
    filepath: Option<PathBuf>,
    poll_interval: Option<String>,
}

/// Reads the file at `path`; its name decides the form.
pub(crate) fn read(path: &Path) -> Result<File> {
    let named = || format!("configuration file {}", path.display());
    let text = fs::read_to_string(path).with_context(named)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("yaml" | "yml") => {
            let foreign: Foreign = serde_saphyr::from_str(&text).with_context(named)?;
            translate(foreign).with_context(named)
        }
        _ => toml::from_str(&text).with_context(named),
    }
}

fn translate(foreign: Foreign) -> Result<File> {
    let mut file = File {
        folder: foreign.longhaul.folder,
        archival: foreign.archival,
        namespace_defaults: foreign.namespace_defaults,
        ..File::default()
    };
    if let Some(Service { rpc }) =
        foreign.services.into_iter().find_map(|(name, it)| (name == "frontend").then_some(it))
    {
        file.port = rpc.grpc_port;
        file.http_port = rpc.http_port;
        file.ip = rpc.bind_on_ip.or_else(|| rpc.bind_on_local_host.then(|| "localhost".into()));
    }
    let listen = foreign.global.metrics.prometheus.listen_address;
    file.metrics_port = match listen.as_deref().and_then(|address| address.rsplit_once(':')) {
        Some((_, port)) => Some(port.parse().context("global.metrics.prometheus.listenAddress has no port")?),
        None => None,
    };
    let client = foreign.dynamic_config_client;
    file.dynamic_file = client.filepath;
    file.dynamic_interval =
        match client.poll_interval {
            Some(text) => {
                let seconds = crate::settings::seconds(&text);
                Some(seconds.with_context(|| {
                    format!("dynamicConfigClient.pollInterval {text} is no length of time")
                })?)
            }
            None => None,
        };
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_form_is_understood() {
        let text = "
log: {stdout: true, level: info}
services:
  frontend: {rpc: {grpcPort: 7777, httpPort: 7778, membershipPort: 6933, bindOnIP: 0.0.0.0}}
  history: {rpc: {grpcPort: 7234}}
global: {metrics: {prometheus: {timerType: histogram, listenAddress: '127.0.0.1:9000'}}}
longhaul: {folder: data}
";
        let foreign: Foreign = serde_saphyr::from_str(text).expect("it is YAML");
        let file = translate(foreign).expect("it makes sense");
        assert_eq!((file.port, file.http_port, file.metrics_port), (Some(7777), Some(7778), Some(9000)));
        assert_eq!((file.ip.as_deref(), file.folder), (Some("0.0.0.0"), Some("data".into())));
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        assert!(toml::from_str::<File>("prot = 1").is_err());
        assert_eq!(toml::from_str::<File>("port = 1").expect("it is right").port, Some(1));
    }
}

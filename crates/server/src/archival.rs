//! The part of the configuration file that says what is archived and where; in TOML of ours and in the reference's YAML
//! it has the same words.

use std::sync::Arc;

use anyhow::{Result, bail};
use longhaul_archive::{ObjectArchive, S3};
use longhaul_kernel::namespace::{ArchivalDefaults, ClusterArchival};
use longhaul_store::Archive;
use serde::Deserialize;

/// What is archived, and where.
#[derive(Clone, Debug, Default)]
pub struct Archival {
    /// What the cluster archives, and what holds for namespaces that say nothing.
    pub cluster: ClusterArchival,
    /// How S3-compatible stores are reached.
    pub s3: S3,
}

impl Archival {
    /// The archive, if anything is archived.
    pub fn open(&self) -> Option<Arc<dyn Archive>> {
        let is_on = self.cluster.history.is_some() || self.cluster.visibility.is_some();
        is_on.then(|| Arc::new(ObjectArchive::new(self.s3.clone())) as Arc<dyn Archive>)
    }
}

/// The section `archival`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Section {
    history: Kind,
    visibility: Kind,
}

/// The section `namespaceDefaults`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Defaults {
    archival: DefaultsOf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DefaultsOf {
    history: Preset,
    visibility: Preset,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Preset {
    state: Option<String>,
    #[serde(alias = "URI")]
    uri: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kind {
    state: Option<String>,
    provider: Provider,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Provider {
    s3store: Option<Store>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Store {
    region: Option<String>,
    endpoint: Option<String>,
    #[serde(alias = "s3_force_path_style")]
    s3_force_path_style: bool,
}

/// Reads both sections.
///
/// # Errors
/// What can't be meant, in words for the user.
pub(crate) fn read(section: Section, defaults: Defaults) -> Result<Archival> {
    let cluster = ClusterArchival {
        history: of_kind("history", &section.history, defaults.archival.history)?,
        visibility: of_kind("visibility", &section.visibility, defaults.archival.visibility)?,
    };
    let store = section.history.provider.s3store.or(section.visibility.provider.s3store);
    let store = store.unwrap_or_default();
    let s3 = S3 {
        region: store.region,
        endpoint: store.endpoint,
        path_style: store.s3_force_path_style,
        credentials: None,
    };
    Ok(Archival { cluster, s3 })
}

fn of_kind(name: &str, kind: &Kind, defaults: Preset) -> Result<Option<ArchivalDefaults>> {
    if !is_enabled(&format!("archival.{name}.state"), kind.state.as_deref())? {
        return Ok(None);
    }
    let enabled = is_enabled(&format!("namespaceDefaults.archival.{name}.state"), defaults.state.as_deref())?;
    let Some(uri) = defaults.uri.filter(|uri| !uri.is_empty()) else {
        bail!("archival.{name} is enabled and namespaceDefaults.archival.{name}.URI does not say where to");
    };
    Ok(Some(ArchivalDefaults { enabled, uri }))
}

fn is_enabled(name: &str, state: Option<&str>) -> Result<bool> {
    match state {
        Some("enabled") => Ok(true),
        None | Some("" | "disabled") => Ok(false),
        Some(other) => bail!("{name} is {other}, and enabled or disabled is meant"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Both {
        archival: Section,
        namespace_defaults: Defaults,
    }

    #[test]
    fn the_reference_form_is_understood() {
        let text = "
archival:
  history:
    state: enabled
    enableRead: true
    provider:
      filestore: {fileMode: '0666', dirMode: '0766'}
      s3store: {region: eu-west-1, endpoint: 'http://127.0.0.1:9000', s3ForcePathStyle: true}
  visibility: {state: disabled}
namespaceDefaults:
  archival:
    history: {state: disabled, URI: 's3://bucket/histories'}
    visibility: {state: disabled, URI: ''}
";
        let both: Both = serde_saphyr::from_str(text).expect("it is YAML");
        let archival = read(both.archival, both.namespace_defaults).expect("it makes sense");
        let defaults = ArchivalDefaults { enabled: false, uri: "s3://bucket/histories".into() };
        assert_eq!(archival.cluster, ClusterArchival { history: Some(defaults), visibility: None });
        assert!(archival.s3.path_style && archival.open().is_some());
        assert_eq!(archival.s3.region.as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |text: &str| {
            let both: Both = toml::from_str(text).expect("it is TOML");
            read(both.archival, both.namespace_defaults).expect_err("it can't be meant").to_string()
        };
        let text = "[archival.history]\nstate = 'enabled'\n[namespaceDefaults]\n";
        assert!(refused(text).contains("does not say where to"));
        let text = "[archival.history]\nstate = 'on'\n[namespaceDefaults]\n";
        assert_eq!(refused(text), "archival.history.state is on, and enabled or disabled is meant");
    }
}

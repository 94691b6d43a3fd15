//! Where a namespace's closed runs are archived. An address that was set once stays, so that what is archived is found
//! there for ever; only whether more is archived may change.

use longhaul_proto::{Refusal, api::enums::v1::ArchivalState};
use minicbor::{Decode, Encode};

/// What a namespace says of archival, of histories or of rows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Archival {
    /// Whether what closes is archived.
    #[n(0)]
    pub enabled: bool,
    /// Where to, never empty.
    #[n(1)]
    pub uri: String,
}

/// What the cluster archives; `None` for what it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterArchival {
    /// Histories.
    pub history: Option<ArchivalDefaults>,
    /// Rows of lists.
    pub visibility: Option<ArchivalDefaults>,
}

/// What holds for a namespace that does not say anything of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivalDefaults {
    /// Whether what closes in it is archived.
    pub enabled: bool,
    /// Where to.
    pub uri: String,
}

impl Archival {
    /// What a registration makes of the request, given what the cluster archives.
    ///
    /// # Errors
    /// The refusal, with the reference's text.
    pub fn registered(
        cluster: Option<&ArchivalDefaults>,
        state: i32,
        uri: &str,
    ) -> Result<Option<Self>, Refusal> {
        let Some(defaults) = cluster else { return Ok(None) };
        let state = match state {
            0 if defaults.enabled => ArchivalState::Enabled as i32,
            0 => ArchivalState::Disabled as i32,
            state => state,
        };
        Self::updated(None, cluster, state, uri)
    }

    /// What an update makes of what was said before.
    ///
    /// # Errors
    /// The refusal, with the reference's text.
    pub fn updated(
        before: Option<Self>,
        cluster: Option<&ArchivalDefaults>,
        state: i32,
        uri: &str,
    ) -> Result<Option<Self>, Refusal> {
        let Some(defaults) = cluster else { return Ok(before) };
        if defaults.uri.is_empty() {
            let text = "Encountered illegal event: default URI is not set (should be impossible)";
            return Err(Refusal::invalid(text));
        }
        let state = match ArchivalState::try_from(state) {
            Ok(ArchivalState::Enabled) => Some(true),
            Ok(ArchivalState::Disabled) => Some(false),
            Ok(ArchivalState::Unspecified) => None,
            Err(_) => {
                let text =
                    "Encountered current state and event that cannot be handled (should be impossible)";
                return Err(Refusal::invalid(text));
            }
        };
        let next = match before {
            Some(before) => {
                if !uri.is_empty() && uri != before.uri {
                    return Err(Refusal::invalid("Cannot update existing archival URI"));
                }
                Self { enabled: state.unwrap_or(before.enabled), uri: before.uri }
            }
            None => match (state, uri) {
                (Some(true), "") => Self { enabled: true, uri: defaults.uri.clone() },
                (_, "") => return Ok(None),
                (state, uri) => Self { enabled: state.unwrap_or(false), uri: uri.into() },
            },
        };
        check_uri(&next.uri)?;
        Ok(Some(next))
    }

    /// The public state.
    pub fn state_of(archival: Option<&Self>) -> ArchivalState {
        match archival {
            Some(archival) if archival.enabled => ArchivalState::Enabled,
            Some(_) | None => ArchivalState::Disabled,
        }
    }
}

/// Refuses an address that no store of ours is behind: `file:///FOLDER` and `s3://BUCKET/PREFIX` are known.
fn check_uri(uri: &str) -> Result<(), Refusal> {
    let invalid = || Err(Refusal::invalid("URI is invalid"));
    let Some((scheme, rest)) = uri.split_once("://") else { return invalid() };
    match scheme {
        "file" if rest.starts_with('/') && rest.len() > 1 && !rest.split('/').any(|part| part == "..") => {
            Ok(())
        }
        "s3" if !rest.is_empty() && !rest.starts_with('/') => Ok(()),
        "file" | "s3" => invalid(),
        _ => Err(Refusal::invalid(format!("URI scheme {scheme} is not supported: file and s3 are"))),
    }
}

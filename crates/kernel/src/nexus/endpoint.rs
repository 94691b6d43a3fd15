//! Endpoints: names under which callers reach a task queue of some namespace, or a server outside of the cluster.

use std::collections::BTreeMap;

use longhaul_proto::{
    Refusal,
    api::nexus::v1::{self as wire, EndpointSpec, endpoint_target::Variant},
};
use minicbor::{Decode, Encode};
use prost::Message;

use crate::{codec::Pb, time::Timestamp};

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Longest address of an external target, in bytes.
const URL_BYTES_MAX: usize = 4096;

/// Largest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 20_000;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Endpoint {
    /// Its id, for ever.
    #[n(0)]
    pub id: String,
    /// Grows by one with each change, from 1.
    #[n(1)]
    pub version: i64,
    /// What its owner says of it.
    #[n(2)]
    pub spec: Pb<EndpointSpec>,
    /// When it was made or changed last.
    #[n(3)]
    pub at: Timestamp,
}

/// Where an endpoint leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// To the workers of a task queue.
    Worker {
        /// Name of their namespace.
        namespace: &'a str,
        /// Their queue.
        task_queue: &'a str,
    },
    /// To a server outside.
    External(&'a str),
}

impl Endpoint {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Where it leads; `None` if a newer binary wrote where.
    pub fn target(&self) -> Option<Target<'_>> {
        match self.spec.target.as_ref()?.variant.as_ref()? {
            Variant::Worker(worker) => {
                Some(Target::Worker { namespace: &worker.namespace, task_queue: &worker.task_queue })
            }
            Variant::External(external) => Some(Target::External(&external.url)),
        }
    }

    /// The endpoint as callers see it. As on the reference the time of the creation is told until the first change.
    pub fn to_proto(&self) -> wire::Endpoint {
        let at = Some(self.at.to_proto());
        let (created_time, last_modified_time) = if self.version == 1 { (at, None) } else { (None, at) };
        wire::Endpoint {
            version: self.version,
            id: self.id.clone(),
            spec: Some(self.spec.0.clone()),
            created_time,
            last_modified_time,
            url_prefix: format!("/nexus/endpoints/{}/services", self.id),
        }
    }
}

/// Every endpoint there is, by id.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Endpoints {
    #[n(0)]
    by_id: BTreeMap<String, Endpoint>,
}

impl Endpoints {
    /// The endpoint with this id.
    pub fn get(&self, id: &str) -> Option<&Endpoint> {
        self.by_id.get(id)
    }

    /// The endpoint with this name.
    pub fn named(&self, name: &str) -> Option<&Endpoint> {
        self.by_id.values().find(|endpoint| endpoint.name() == name)
    }

    /// An endpoint that leads into a namespace.
    pub fn into_namespace(&self, name: &str) -> Option<&Endpoint> {
        self.by_id.values().find(
            |endpoint| matches!(endpoint.target(), Some(Target::Worker { namespace, .. }) if namespace == name),
        )
    }

    /// At most `limit` endpoints in the order of their ids, behind `after`.
    pub fn page(&self, after: &str, limit: usize) -> Vec<&Endpoint> {
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        self.by_id.range::<str, _>(behind).take(limit).map(|(_, endpoint)| endpoint).collect()
    }

    /// Adds an endpoint.
    ///
    /// # Errors
    /// `AlreadyExists` if its name is taken.
    pub fn create(&mut self, id: String, spec: EndpointSpec, at: Timestamp) -> Result<Endpoint, Refusal> {
        self.check_free(&spec.name, None, "creating")?;
        let endpoint = Endpoint { id: id.clone(), version: 1, spec: Pb(spec), at };
        self.by_id.insert(id, endpoint.clone());
        Ok(endpoint)
    }

    /// Changes an endpoint that still has this version.
    ///
    /// # Errors
    /// `NotFound`, `FailedPrecondition` if it was changed meanwhile, `AlreadyExists` if its new name is taken.
    pub fn update(
        &mut self,
        id: &str,
        version: i64,
        spec: EndpointSpec,
        at: Timestamp,
    ) -> Result<Endpoint, Refusal> {
        let Some(endpoint) = self.by_id.get(id) else {
            return Err(Refusal::not_found(format!(
                "error updating Nexus endpoint. endpoint ID {id} not found"
            )));
        };
        if endpoint.version != version {
            return Err(Refusal::FailedPrecondition(format!(
                "nexus endpoint version mismatch. received: {version} expected {}",
                endpoint.version
            )));
        }
        self.check_free(&spec.name, Some(id), "updating")?;
        let changed = Endpoint { id: id.to_owned(), version: version + 1, spec: Pb(spec), at };
        self.by_id.insert(id.to_owned(), changed.clone());
        Ok(changed)
    }

    /// Removes an endpoint, whatever its version, as on the reference.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn delete(&mut self, id: &str) -> Result<(), Refusal> {
        match self.by_id.remove(id) {
            Some(_) => Ok(()),
            None => Err(Refusal::not_found(format!("error deleting nexus endpoint with ID: {id}"))),
        }
    }

    /// Refuses a name that another endpoint has: callers could not tell the two apart.
    fn check_free(&self, name: &str, own: Option<&str>, doing: &str) -> Result<(), Refusal> {
        match self.named(name) {
            Some(other) if Some(other.id.as_str()) != own => Err(Refusal::AlreadyExists(format!(
                "error {doing} Nexus endpoint. Endpoint with name {name} already registered"
            ))),
            _ => Ok(()),
        }
    }
}

/// Refuses what can't be an endpoint, with everything that is wrong with it.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_spec(spec: &EndpointSpec, id_bytes_max: usize) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if spec.name.is_empty() {
        faults.push("endpoint name not set".to_owned());
    } else {
        if spec.name.len() > NAME_BYTES_MAX {
            faults.push(format!("endpoint name exceeds length limit of {NAME_BYTES_MAX}"));
        }
        if !is_name(&spec.name) {
            faults.push(
                r#"endpoint name must match the regex: "^[a-zA-Z][a-zA-Z0-9\\-]*[a-zA-Z0-9]$""#.to_owned(),
            );
        }
    }
    if spec.description.as_ref().is_some_and(|description| description.encoded_len() > DESCRIPTION_BYTES_MAX)
    {
        faults.push(format!("description size exceeds limit of {DESCRIPTION_BYTES_MAX}"));
    }
    match spec.target.as_ref().and_then(|target| target.variant.as_ref()) {
        None => faults.push("empty target variant".to_owned()),
        Some(Variant::Worker(worker)) => {
            if worker.namespace.is_empty() {
                faults.push("target namespace not set".to_owned());
            }
            if let Some(fault) = queue_fault(&worker.task_queue, id_bytes_max) {
                faults.push(format!("invalid target task queue: \"{fault}\""));
            }
        }
        Some(Variant::External(external)) => faults.extend(url_fault(&external.url)),
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::invalid(faults.join(", "))) }
}

/// Whether a text is a letter, then letters, digits and hyphens, and a letter or digit at the end.
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    bytes.len() >= 2
        && bytes.iter().all(fits)
        && bytes[0].is_ascii_alphabetic()
        && bytes[bytes.len() - 1].is_ascii_alphanumeric()
}

fn queue_fault(name: &str, id_bytes_max: usize) -> Option<&'static str> {
    match name {
        "" => Some("taskQueue is not set"),
        _ if name.len() > id_bytes_max => Some("taskQueue length exceeds limit"),
        _ if name.starts_with("/_sys/") => Some("task queue name cannot start with reserved prefix /_sys/"),
        _ => None,
    }
}

fn url_fault(url: &str) -> Option<String> {
    if url.is_empty() {
        return Some("empty target URL".to_owned());
    }
    if url.len() > URL_BYTES_MAX {
        return Some(format!("target URL length exceeds limit of {URL_BYTES_MAX}"));
    }
    if url.starts_with(':') {
        return Some(format!("invalid target URL: parse \"{url}\": missing protocol scheme"));
    }
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let scheme = if is_scheme { scheme.to_ascii_lowercase() } else { String::new() };
    (scheme != "http" && scheme != "https")
        .then(|| format!("invalid target URL scheme: \"{scheme}\", expected http or https"))
}

#[cfg(test)]
mod tests {
    use longhaul_proto::api::nexus::v1::{EndpointTarget, endpoint_target};

    use super::*;

    fn spec(name: &str, namespace: &str) -> EndpointSpec {
        let worker = endpoint_target::Worker { namespace: namespace.into(), task_queue: "q".into() };
        let target = Some(EndpointTarget { variant: Some(Variant::Worker(worker)) });
        EndpointSpec { name: name.into(), target, ..EndpointSpec::default() }
    }

    #[test]
    fn names_are_letters_digits_and_hyphens() {
        for (name, fits) in
            [("ab", true), ("a-1", true), ("a", false), ("1a", false), ("a-", false), ("ä1", false)]
        {
            assert_eq!(is_name(name), fits, "{name}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let refused = check_spec(&EndpointSpec::default(), 1000);
        assert_eq!(refused, Err(Refusal::invalid("endpoint name not set, empty target variant")));
    }

    #[test]
    fn only_what_was_seen_last_can_be_changed() {
        let (mut all, at) = (Endpoints::default(), Timestamp::from_secs(1));
        all.create("1".into(), spec("one", "n"), at).expect("the name is free");
        all.create("2".into(), spec("two", "m"), at).expect("the name is free");
        assert!(matches!(all.create("3".into(), spec("one", "n"), at), Err(Refusal::AlreadyExists(_))));
        assert!(matches!(all.update("2", 1, spec("one", "n"), at), Err(Refusal::AlreadyExists(_))));
        assert_eq!(all.update("2", 1, spec("zwei", "m"), at).map(|changed| changed.version), Ok(2));
        assert!(matches!(all.update("2", 1, spec("two", "m"), at), Err(Refusal::FailedPrecondition(_))));
        assert_eq!(all.into_namespace("m").map(Endpoint::name), Some("zwei"));
        assert_eq!(all.page("1", 5).len(), 1);
        assert!(all.delete("2").is_ok() && all.delete("2").is_err());
    }
}

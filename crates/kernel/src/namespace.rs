//! Namespaces: the isolated worlds that executions live in, and what may be said about one.
//!
//! A namespace is a record changed by compare-and-set. The functions here decide; texts are those of the reference.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    enums::v1::{IndexedValueType, NamespaceState},
    namespace::v1::{NamespaceConfig, UpdateNamespaceInfo},
    workflowservice::v1::{RegisterNamespaceRequest, UpdateNamespaceRequest},
};
use minicbor::{Decode, Encode};

use crate::{
    Refusal,
    ids::NamespaceId,
    time::{self, Timestamp},
    visibility::{Attributes, PREDEFINED, SYSTEM, ValueType},
};

/// Name of the namespace that always exists and belongs to the server.
pub const SYSTEM_NAMESPACE: &str = "temporal-system";

/// Id of that namespace; the same in every cluster, as in the reference.
pub const SYSTEM_NAMESPACE_ID: [u8; 16] =
    [0x32, 0x04, 0x9b, 0x68, 0x78, 0x72, 0x40, 0x94, 0x8e, 0x63, 0xd0, 0xdd, 0x59, 0x89, 0x6a, 0x83];

/// The one cluster there is; clients see its name in a namespace's replication configuration.
pub const CLUSTER: &str = "active";

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 1000;

/// Shortest time that closed executions are kept.
const RETENTION_MIN: Duration = Duration::from_secs(3600);

/// Most binaries that can be marked as bad.
const BAD_BINARIES_MAX: usize = 10;

/// What may be done in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum State {
    /// Everything.
    #[n(1)]
    Registered,
    /// What was started goes on; nothing new is started.
    #[n(2)]
    Deprecated,
    /// It is being removed.
    #[n(3)]
    Deleted,
}

impl State {
    /// The value of the public enum.
    pub const fn to_proto(self) -> NamespaceState {
        match self {
            Self::Registered => NamespaceState::Registered,
            Self::Deprecated => NamespaceState::Deprecated,
            Self::Deleted => NamespaceState::Deleted,
        }
    }
}

/// A worker binary whose workflow tasks were declared wrong.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BadBinary {
    /// Why.
    #[n(0)]
    pub reason: String,
    /// Who said so.
    #[n(1)]
    pub operator: String,
    /// When.
    #[n(2)]
    pub created: Timestamp,
}

/// A search attribute that the namespace added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SearchAttribute {
    /// Its type, as the number of the public enum.
    #[n(0)]
    wire_type: i32,
    /// Number of the column that the reference would have put it in; clients see `Keyword01` and the like.
    #[n(1)]
    column: u32,
}

impl SearchAttribute {
    /// Its type.
    pub fn value_type(&self) -> ValueType {
        let wire = IndexedValueType::try_from(self.wire_type).unwrap_or_default();
        ValueType::from_proto(wire).unwrap_or(ValueType::Keyword)
    }

    /// Name of the column, as in a namespace's `custom_search_attribute_aliases`.
    pub fn column(&self) -> String {
        format!("{}{:02}", self.value_type().name(), self.column)
    }
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Namespace {
    /// Its identity, for ever.
    #[n(0)]
    pub id: NamespaceId,
    /// Its name, never empty.
    #[n(1)]
    pub name: String,
    /// What may be done in it.
    #[n(2)]
    pub state: State,
    /// For people.
    #[n(3)]
    pub description: String,
    /// For people.
    #[n(4)]
    pub owner_email: String,
    /// Whatever its owner wants to remember.
    #[n(5)]
    pub data: BTreeMap<String, String>,
    /// How long closed executions are kept.
    #[n(6)]
    pub retention: Duration,
    /// Search attributes it added, by name.
    #[n(7)]
    pub search_attributes: BTreeMap<String, SearchAttribute>,
    /// Binaries declared wrong, by checksum.
    #[n(8)]
    pub bad_binaries: BTreeMap<String, BadBinary>,
    /// When it was registered.
    #[n(9)]
    pub created: Timestamp,
    /// Whether it was there before anybody registered it.
    #[n(10)]
    pub built_in: bool,
}

impl Namespace {
    /// A namespace that the server itself creates.
    pub fn built_in(id: NamespaceId, name: &str, retention: Duration, at: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            state: State::Registered,
            description: String::new(),
            owner_email: String::new(),
            data: BTreeMap::new(),
            retention,
            search_attributes: BTreeMap::new(),
            bad_binaries: BTreeMap::new(),
            created: at,
            built_in: true,
        }
    }

    /// The namespace that always exists.
    pub fn system(at: Timestamp) -> Self {
        let week = Duration::from_secs(7 * 24 * 3600);
        let id = NamespaceId::from_bytes(SYSTEM_NAMESPACE_ID);
        let mut namespace = Self::built_in(id, SYSTEM_NAMESPACE, week, at);
        namespace.description = "Temporal internal system namespace".into();
        namespace.owner_email = "temporal-core@temporal.io".into();
        namespace
    }

    /// Decides what a registration creates.
    pub fn register(
        id: NamespaceId,
        request: &RegisterNamespaceRequest,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        check_name(&request.namespace)?;
        if request.is_global_namespace {
            return Err(Refusal::invalid("Cannot register global namespace when not enabled"));
        }
        let clusters = request.clusters.iter().map(|cluster| &cluster.cluster_name);
        if let Some(unknown) =
            clusters.chain([&request.active_cluster_name]).find(|name| !matches!(name.as_str(), "" | CLUSTER))
        {
            return Err(Refusal::invalid(format!("Invalid cluster name: {unknown}")));
        }
        let retention = retention(request.workflow_execution_retention_period.as_ref())?;
        let mut namespace = Self::built_in(id, &request.namespace, retention, at);
        namespace.description.clone_from(&request.description);
        namespace.owner_email.clone_from(&request.owner_email);
        namespace.data = request.data.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        namespace.built_in = false;
        Ok(namespace)
    }

    /// Applies an update; on refusal nothing has changed.
    pub fn update(&mut self, request: &UpdateNamespaceRequest, at: Timestamp) -> Result<(), Refusal> {
        if request.promote_namespace {
            return Err(Refusal::invalid(format!(
                "global namespace is not enabled on this cluster, cannot update global namespace or promote \
                 local namespace: {}",
                self.name
            )));
        }
        let mut next = self.clone();
        if let Some(info) = &request.update_info {
            next.update_info(info);
        }
        if let Some(config) = &request.config {
            next.update_config(config, at)?;
        }
        if !request.delete_bad_binary.is_empty()
            && next.bad_binaries.remove(&request.delete_bad_binary).is_none()
        {
            return Err(Refusal::invalid(format!(
                "Bad binary checksum {} doesn't exists.",
                request.delete_bad_binary
            )));
        }
        *self = next;
        Ok(())
    }

    fn update_info(&mut self, info: &UpdateNamespaceInfo) {
        if !info.description.is_empty() {
            self.description.clone_from(&info.description);
        }
        if !info.owner_email.is_empty() {
            self.owner_email.clone_from(&info.owner_email);
        }
        self.data.extend(info.data.iter().map(|(key, value)| (key.clone(), value.clone())));
        match NamespaceState::try_from(info.state) {
            Ok(NamespaceState::Registered) => self.state = State::Registered,
            Ok(NamespaceState::Deprecated) => self.state = State::Deprecated,
            Ok(NamespaceState::Deleted) => self.state = State::Deleted,
            Ok(NamespaceState::Unspecified) | Err(_) => {}
        }
    }

    fn update_config(&mut self, config: &NamespaceConfig, at: Timestamp) -> Result<(), Refusal> {
        if config.workflow_execution_retention_ttl.is_some() {
            self.retention = retention(config.workflow_execution_retention_ttl.as_ref())?;
        }
        for (checksum, bad) in config.bad_binaries.iter().flat_map(|bad| &bad.binaries) {
            let (reason, operator) = (bad.reason.clone(), bad.operator.clone());
            self.bad_binaries.insert(checksum.clone(), BadBinary { reason, operator, created: at });
        }
        if self.bad_binaries.len() > BAD_BINARIES_MAX {
            return Err(Refusal::invalid(format!(
                "Total resetBinaries cannot exceed the max limit: {BAD_BINARIES_MAX}"
            )));
        }
        for (column, alias) in &config.custom_search_attribute_aliases {
            self.rename_search_attribute(column, alias)?;
        }
        Ok(())
    }

    /// Gives the attribute in `column` the name `alias`, or removes it if that is empty.
    fn rename_search_attribute(&mut self, column: &str, alias: &str) -> Result<(), Refusal> {
        let found = self.search_attributes.iter().find(|(_, attribute)| attribute.column() == column);
        let Some((name, attribute)) = found.map(|(name, attribute)| (name.clone(), *attribute)) else {
            return Err(Refusal::invalid(format!("search attribute column {column} is not in use")));
        };
        self.search_attributes.remove(&name);
        if !alias.is_empty() {
            self.search_attributes.insert(alias.into(), attribute);
        }
        Ok(())
    }

    /// Adds search attributes; those that exist stay as they are, whatever the type asked for.
    pub fn add_search_attributes(&mut self, wanted: &BTreeMap<String, i32>) -> Result<(), Refusal> {
        let mut next = self.search_attributes.clone();
        for (name, wire_type) in wanted {
            if is_reserved(name) {
                return Err(Refusal::invalid(format!("Search attribute {name} is reserved by system.")));
            }
            let Ok(wire) = IndexedValueType::try_from(*wire_type) else {
                return Err(Refusal::invalid(format!("Unknown search attribute type: {wire_type}.")));
            };
            if ValueType::from_proto(wire).is_none() {
                return Err(Refusal::invalid(
                    "Unable to create search attributes: cannot have more than 0 search attribute of type \
                     Unspecified.",
                ));
            }
            let free = (1..).find(|column| {
                !next.values().any(|other| other.wire_type == *wire_type && other.column == *column)
            });
            let column = free.expect("there are more numbers than attributes");
            next.entry(name.clone()).or_insert(SearchAttribute { wire_type: *wire_type, column });
        }
        self.search_attributes = next;
        Ok(())
    }

    /// Removes search attributes; an unknown one is no error.
    pub fn remove_search_attributes(&mut self, names: &[String]) -> Result<(), Refusal> {
        let reserved: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_reserved(name)).collect();
        if !reserved.is_empty() {
            let names = reserved.join(", ");
            return Err(Refusal::invalid(format!("Unable to remove non-custom search attributes: {names}.")));
        }
        self.search_attributes.retain(|name, _| !names.contains(name));
        Ok(())
    }

    /// The attributes that queries and starts in this namespace may name.
    pub fn attributes(&self) -> Attributes {
        let start = Attributes::system().in_namespace(&self.name);
        self.search_attributes
            .iter()
            .fold(start, |known, (name, attribute)| known.with_custom(name, attribute.value_type()))
    }

    /// The name it has while it is being removed: its own is free again at once.
    pub fn name_when_deleted(&self) -> String {
        let id = self.id.to_string();
        format!("{}-deleted-{}", self.name, &id[..5])
    }
}

/// Refuses a name that no namespace can have.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::invalid("Namespace not set on request."));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(Refusal::invalid("Namespace length exceeds limit."));
    }
    Ok(())
}

fn retention(wire: Option<&prost_types::Duration>) -> Result<Duration, Refusal> {
    time::positive(wire)
        .filter(|length| *length >= RETENTION_MIN)
        .ok_or_else(|| Refusal::invalid("A valid retention period is not set on request."))
}

/// Whether only the system may give this name to an attribute.
fn is_reserved(name: &str) -> bool {
    name.starts_with("Temporal")
        || SYSTEM.iter().any(|(known, _)| *known == name)
        || PREDEFINED.iter().any(|(known, _, _)| *known == name)
}

#[cfg(test)]
mod tests;

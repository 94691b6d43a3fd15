//! Namespaces: the isolated worlds that executions live in, and what may be said about one.
//!
//! A namespace is a record changed by compare-and-set. The functions here decide; texts are those of the reference.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    enums::v1::{IndexedValueType, NamespaceState},
    workflowservice::v1::RegisterNamespaceRequest,
};
use minicbor::{Decode, Encode};

use crate::{
    Refusal,
    ids::NamespaceId,
    time::{self, Timestamp},
    visibility::{Attributes, PREDEFINED, SYSTEM, ValueType},
    workflow_rule,
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

/// What stands between a deleted namespace's name and the start of its id.
const DELETED: &str = "-deleted-";

/// Characters of the id that are shown at least, as on the reference.
const ID_PREFIX_MIN: usize = 5;

/// How much longer than needed it is looked for runs that a shortened retention has made due.
const HASTE_MARGIN: Duration = Duration::from_secs(600);

mod archival;
mod update;

pub use archival::{Archival, ArchivalDefaults, ClusterArchival};

/// What an operator allows to say of a namespace.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Shortest time that closed executions are kept.
    pub retention_min: Duration,
    /// Most binaries that can be marked as bad.
    pub bad_binaries_max: usize,
    /// What the cluster archives.
    pub archival: ClusterArchival,
}

impl Default for Rules {
    fn default() -> Self {
        let retention_min = Duration::from_secs(3600);
        Self { retention_min, bad_binaries_max: 10, archival: ClusterArchival::default() }
    }
}

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
    /// When the retention was shortened last. Runs that had closed before asked to be woken later than is right now.
    #[n(11)]
    pub shortened: Option<Timestamp>,
    /// Where closed histories are archived, if that was ever said.
    #[n(12)]
    pub history_archival: Option<Archival>,
    /// Where their rows are archived, if that was ever said.
    #[n(13)]
    pub visibility_archival: Option<Archival>,
    /// What is to happen by itself to its activities.
    #[n(14)]
    #[cbor(default)]
    pub workflow_rules: workflow_rule::Kept,
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
            shortened: None,
            history_archival: None,
            visibility_archival: None,
            workflow_rules: BTreeMap::new(),
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
        rules: &Rules,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        check_name(&request.namespace)?;
        if request.is_global_namespace {
            return Err(Refusal::invalid("Cannot register global namespace when not enabled"));
        }
        let clusters = request.clusters.iter().map(|cluster| &cluster.cluster_name);
        let active = (!request.active_cluster_name.is_empty()).then_some(&request.active_cluster_name);
        if let Some(unknown) = clusters.chain(active).find(|name| *name != CLUSTER) {
            return Err(Refusal::invalid(format!("Invalid cluster name: {unknown}")));
        }
        let retention = retention(request.workflow_execution_retention_period.as_ref(), rules)?;
        let mut namespace = Self::built_in(id, &request.namespace, retention, at);
        namespace.description.clone_from(&request.description);
        namespace.owner_email.clone_from(&request.owner_email);
        namespace.data = request.data.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        namespace.built_in = false;
        let state = request.history_archival_state;
        namespace.history_archival =
            Archival::registered(rules.archival.history.as_ref(), state, &request.history_archival_uri)?;
        let state = request.visibility_archival_state;
        namespace.visibility_archival = Archival::registered(
            rules.archival.visibility.as_ref(),
            state,
            &request.visibility_archival_uri,
        )?;
        Ok(namespace)
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

    /// The names it may have while it is being removed, the first that is free: its own is free again at once.
    pub fn names_when_deleted(&self) -> impl Iterator<Item = String> {
        let (name, id) = (self.name.clone(), self.id.to_string());
        (ID_PREFIX_MIN..=id.len()).map(move |length| format!("{name}{DELETED}{}", &id[..length]))
    }

    /// The name it had before it was deleted; `None` unless an operator has deleted it, and its data with it. A
    /// namespace that an update has put into the state `DELETED` keeps its name and its data.
    pub fn former_name(&self) -> Option<&str> {
        let (former, prefix) = self.name.rsplit_once(DELETED)?;
        let is_own = prefix.len() >= ID_PREFIX_MIN && self.id.to_string().starts_with(prefix);
        (self.state == State::Deleted && is_own).then_some(former)
    }

    /// Whether a closed run is archived, its history or its row.
    pub fn archives(&self) -> bool {
        [&self.history_archival, &self.visibility_archival]
            .into_iter()
            .any(|archival| archival.as_ref().is_some_and(|archival| archival.enabled))
    }

    /// Whether closed runs may be due that the store does not wake for yet: the retention was shortened after they
    /// had closed.
    pub fn hastens(&self, now: Timestamp) -> bool {
        self.shortened.is_some_and(|at| now <= at + self.retention + HASTE_MARGIN)
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

fn retention(wire: Option<&prost_types::Duration>, rules: &Rules) -> Result<Duration, Refusal> {
    time::positive(wire)
        .filter(|length| *length >= rules.retention_min)
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

//! Names and types of search attributes: those of the system, those the system predefines, and those a namespace
//! adds; and how a name in a query finds its attribute. Which names may be added is decided where they are added.

use std::{collections::BTreeMap, fmt, sync::Arc};

use longhaul_proto::{Refusal, api::enums::v1::IndexedValueType};

/// Type of a search attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueType {
    /// Words.
    Text,
    /// A string, compared as a whole.
    Keyword,
    /// A 64-bit integer.
    Int,
    /// A floating point number.
    Double,
    /// Yes or no.
    Bool,
    /// An instant.
    Datetime,
    /// A set of strings.
    KeywordList,
}

impl ValueType {
    /// The name that payload metadata and error texts use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Keyword => "Keyword",
            Self::Int => "Int",
            Self::Double => "Double",
            Self::Bool => "Bool",
            Self::Datetime => "Datetime",
            Self::KeywordList => "KeywordList",
        }
    }

    /// The value of the public enum.
    pub const fn to_proto(self) -> IndexedValueType {
        match self {
            Self::Text => IndexedValueType::Text,
            Self::Keyword => IndexedValueType::Keyword,
            Self::Int => IndexedValueType::Int,
            Self::Double => IndexedValueType::Double,
            Self::Bool => IndexedValueType::Bool,
            Self::Datetime => IndexedValueType::Datetime,
            Self::KeywordList => IndexedValueType::KeywordList,
        }
    }

    /// Reads the public enum; `None` if it is unspecified.
    pub const fn from_proto(wire: IndexedValueType) -> Option<Self> {
        Some(match wire {
            IndexedValueType::Unspecified => return None,
            IndexedValueType::Text => Self::Text,
            IndexedValueType::Keyword => Self::Keyword,
            IndexedValueType::Int => Self::Int,
            IndexedValueType::Double => Self::Double,
            IndexedValueType::Bool => Self::Bool,
            IndexedValueType::Datetime => Self::Datetime,
            IndexedValueType::KeywordList => Self::KeywordList,
        })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An attribute that the system maintains for every execution, with its type. Nobody can set one by hand.
pub const SYSTEM: [(&str, ValueType); 16] = [
    ("CloseTime", ValueType::Datetime),
    ("ExecutionDuration", ValueType::Int),
    ("ExecutionStatus", ValueType::Keyword),
    ("ExecutionTime", ValueType::Datetime),
    ("HistoryLength", ValueType::Int),
    ("HistorySizeBytes", ValueType::Int),
    ("ParentRunId", ValueType::Keyword),
    ("ParentWorkflowId", ValueType::Keyword),
    ("RootRunId", ValueType::Keyword),
    ("RootWorkflowId", ValueType::Keyword),
    ("RunId", ValueType::Keyword),
    ("StartTime", ValueType::Datetime),
    ("StateTransitionCount", ValueType::Int),
    ("TaskQueue", ValueType::Keyword),
    ("WorkflowId", ValueType::Keyword),
    ("WorkflowType", ValueType::Keyword),
];

/// An attribute that exists in every namespace without being registered: name, type, and whether users may set it.
pub const PREDEFINED: [(&str, ValueType, bool); 17] = [
    ("BatcherNamespace", ValueType::Keyword, true),
    ("BatcherUser", ValueType::Keyword, true),
    ("BinaryChecksums", ValueType::KeywordList, true),
    ("BuildIds", ValueType::KeywordList, true),
    ("TemporalChangeVersion", ValueType::KeywordList, true),
    ("TemporalExternalPayloadCount", ValueType::Int, false),
    ("TemporalExternalPayloadSizeBytes", ValueType::Int, false),
    (NAMESPACE_DIVISION, ValueType::Keyword, true),
    ("TemporalPauseInfo", ValueType::KeywordList, true),
    ("TemporalReportedProblems", ValueType::KeywordList, true),
    ("TemporalScheduledById", ValueType::Keyword, true),
    ("TemporalSchedulePaused", ValueType::Bool, true),
    ("TemporalScheduledStartTime", ValueType::Datetime, true),
    ("TemporalUsedWorkerDeploymentVersions", ValueType::KeywordList, false),
    ("TemporalWorkerDeployment", ValueType::Keyword, false),
    ("TemporalWorkerDeploymentVersion", ValueType::Keyword, false),
    ("TemporalWorkflowVersioningBehavior", ValueType::Keyword, false),
];

/// The attribute that keeps rows of other machines (schedules, batch jobs) out of plain lists.
pub(super) const NAMESPACE_DIVISION: &str = "TemporalNamespaceDivision";

/// Prefix of names that only the system gives.
const RESERVED_PREFIX: &str = "Temporal";

/// A resolved attribute: its canonical name and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name under which rows hold it.
    pub name: Arc<str>,
    /// Its type.
    pub value_type: ValueType,
}

/// The attributes of one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    namespace: Arc<str>,
    custom: BTreeMap<Arc<str>, ValueType>,
    /// Whether the rows are those of activities, so that queries call their ids and types by those names.
    of_activities: bool,
}

impl Attributes {
    /// The attributes of a namespace that added none.
    pub fn system() -> Self {
        Self { namespace: "default".into(), custom: BTreeMap::new(), of_activities: false }
    }

    /// Names the namespace, for the texts of refusals.
    pub fn in_namespace(mut self, name: &str) -> Self {
        self.namespace = name.into();
        self
    }

    /// The same attributes for rows of activities: `ActivityId` and `ActivityType` name what they are called.
    pub fn of_activities(mut self) -> Self {
        self.of_activities = true;
        self
    }

    /// Adds a custom attribute.
    pub fn with_custom(mut self, name: &str, value_type: ValueType) -> Self {
        self.custom.insert(name.into(), value_type);
        self
    }

    /// The custom attributes, by name.
    pub fn custom(&self) -> impl Iterator<Item = (&str, ValueType)> {
        self.custom.iter().map(|(name, value_type)| (&**name, *value_type))
    }

    /// Finds the attribute that `name` means in a query.
    ///
    /// A predefined attribute may be named without its prefix `Temporal`, a system attribute with it; a custom
    /// attribute wins over such an alias. `ScheduleId` means the workflow id unless the namespace defined it.
    pub(super) fn resolve(&self, name: &str) -> Option<Attribute> {
        if let Some(found) = self.exact(name) {
            return Some(found);
        }
        if self.of_activities
            && let Some(found) = of_activity(name)
        {
            return Some(found);
        }
        match name.strip_prefix(RESERVED_PREFIX) {
            Some(rest) => built_in(rest).or_else(|| schedule_id(rest)),
            None => built_in(&format!("{RESERVED_PREFIX}{name}")).or_else(|| schedule_id(name)),
        }
    }

    /// Finds the attribute that a user may set under `name`.
    pub(super) fn settable(&self, name: &str) -> Result<Attribute, Refusal> {
        let fixed = SYSTEM.iter().any(|(system, _)| *system == name)
            || PREDEFINED.iter().any(|(predefined, _, settable)| *predefined == name && !settable);
        if fixed {
            return Err(Refusal::invalid(format!("{name} attribute can't be set in SearchAttributes")));
        }
        self.exact(name).ok_or_else(|| {
            Refusal::invalid(format!(
                "Namespace {} has no mapping defined for search attribute {name}",
                self.namespace
            ))
        })
    }

    /// Type of the attribute with exactly this name.
    pub fn type_of(&self, name: &str) -> Option<ValueType> {
        self.exact(name).map(|attribute| attribute.value_type)
    }

    fn exact(&self, name: &str) -> Option<Attribute> {
        let custom = self.custom.get_key_value(name);
        custom
            .map(|(name, value_type)| Attribute { name: name.clone(), value_type: *value_type })
            .or_else(|| built_in(name))
    }
}

fn built_in(name: &str) -> Option<Attribute> {
    let system = SYSTEM.iter().map(|(known, value_type)| (*known, *value_type));
    let predefined = PREDEFINED.iter().map(|(known, value_type, _)| (*known, *value_type));
    system
        .chain(predefined)
        .find(|(known, _)| *known == name)
        .map(|(known, value_type)| Attribute { name: known.into(), value_type })
}

fn schedule_id(name: &str) -> Option<Attribute> {
    (name == "ScheduleId").then(|| Attribute { name: "WorkflowId".into(), value_type: ValueType::Keyword })
}

/// What queries about activities call by names of their own.
fn of_activity(name: &str) -> Option<Attribute> {
    match name {
        "ActivityId" => built_in("WorkflowId"),
        "ActivityType" => built_in("WorkflowType"),
        _ => None,
    }
}

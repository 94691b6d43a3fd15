//! Equality indexes of lists: for each indexed attribute a row has one entry, by value and position. An entry names a
//! row by its position; whether the row matches is the filter's business, so long values may share an entry's prefix.

use longhaul_kernel::visibility::{Row, Value};
use longhaul_store::{SortKey, attribute};

use crate::key::{self, Shelf};

/// Bytes of a value that an entry keeps.
const VALUE_BYTES_MAX: usize = 200;

/// An indexed attribute, the most telling first. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Indexed {
    /// At most one row has it.
    RunId = 1,
    /// A chain of runs has it.
    WorkflowId = 2,
    /// Any number of rows have it.
    WorkflowType = 3,
    /// Any number of rows have it.
    TaskQueue = 4,
    /// Any number of rows have it.
    ExecutionStatus = 5,
}

impl Indexed {
    const ALL: [Self; 5] =
        [Self::RunId, Self::WorkflowId, Self::WorkflowType, Self::TaskQueue, Self::ExecutionStatus];

    const fn name(self) -> &'static str {
        match self {
            Self::RunId => "RunId",
            Self::WorkflowId => "WorkflowId",
            Self::WorkflowType => "WorkflowType",
            Self::TaskQueue => "TaskQueue",
            Self::ExecutionStatus => "ExecutionStatus",
        }
    }

    /// The attribute of this name, if it is indexed.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|indexed| indexed.name() == name)
    }

    /// Whether few rows share a value of it, whatever the data.
    pub(crate) fn is_identity(self) -> bool {
        match self {
            Self::RunId | Self::WorkflowId => true,
            Self::WorkflowType | Self::TaskQueue | Self::ExecutionStatus => false,
        }
    }
}

/// What the entries of one value begin with.
pub(crate) fn term(shelf: Shelf, indexed: Indexed, value: &str) -> Vec<u8> {
    let mut key = key::shelf(shelf);
    key.reserve(80);
    key.push(indexed as u8);
    key::push_text(&mut key, &value.as_bytes()[..value.len().min(VALUE_BYTES_MAX)]);
    key
}

/// Keys of a row's entries.
pub(crate) fn entries(shelf: Shelf, row: &Row, sort: &SortKey) -> Vec<Vec<u8>> {
    let entry = |indexed: Indexed| {
        let Some(Value::Keyword(value)) = attribute(row, indexed.name()) else { return None };
        let mut key = term(shelf, indexed, &value);
        key::push_sort(&mut key, sort);
        Some(key)
    };
    Indexed::ALL.into_iter().filter_map(entry).collect()
}

//! The default order of lists and the attributes a row has by its fields: what every backend must agree upon.

use std::cmp::Ordering;

use longhaul_kernel::{
    ids::RunId,
    time::Timestamp,
    visibility::{Row, Value},
};

use crate::ListCursor;

/// Position of a row in the default order: open runs first, then by close time, then by start time, newest first,
/// then by run id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// Close time; absent while the run is open.
    pub close_time: Option<Timestamp>,
    /// Start time.
    pub start_time: Timestamp,
    /// Run.
    pub run: RunId,
}

impl SortKey {
    /// The position of `row`.
    pub fn of(row: &Row) -> Self {
        Self { close_time: row.close_time, start_time: row.start_time, run: row.run.run }
    }
}

impl From<ListCursor> for SortKey {
    fn from(cursor: ListCursor) -> Self {
        Self { close_time: cursor.close_time, start_time: cursor.start_time, run: cursor.run }
    }
}

impl From<SortKey> for ListCursor {
    fn from(key: SortKey) -> Self {
        Self { close_time: key.close_time, start_time: key.start_time, run: key.run }
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let closed = match (self.close_time, other.close_time) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(mine), Some(theirs)) => theirs.cmp(&mine),
        };
        closed.then_with(|| other.start_time.cmp(&self.start_time)).then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The value a row has for `name`, those given by its fields included.
pub fn attribute(row: &Row, name: &str) -> Option<Value> {
    match name {
        "StartTime" => Some(Value::Datetime(row.start_time)),
        "CloseTime" => row.close_time.map(Value::Datetime),
        "WorkflowId" => Some(Value::Keyword(row.run.execution.id.to_string())),
        "RunId" => Some(Value::Keyword(row.run.run.to_string())),
        _ => row.attributes.get(name).cloned(),
    }
}

//! What lists and counts see of an execution: a row of typed attributes, written in the same commit as its state,
//! the query language that selects rows, and the payloads that carry attributes over the wire.
//!
//! Behaviour and texts of refusals are those of the reference's development server. Where its SQLite store answers
//! differently from its other stores, the others are followed: prefixes and elements of keyword lists are compared
//! with regard to case, instants to the nanosecond.

mod attributes;
mod convert;
mod datetime;
mod duration;
mod filter;
mod golang;
pub(crate) mod grammar;
mod literal;
mod narrow;
mod order;
mod payload;
mod query;
mod show;
mod words;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use minicbor::{Decode, Encode};

use crate::{ids::RunKey, time::Timestamp};

pub use attributes::{Attribute, Attributes, PREDEFINED, SYSTEM, ValueType};
pub use datetime::{format as format_datetime, parse as parse_datetime};
pub use narrow::{Narrow, Span};
pub use order::OrderKey;
pub use payload::{Limits, decode, encode, encode_group, typed_all, validate, with_type, within_limits};
pub use query::{GroupBy, Query};

/// Value of one search attribute.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Value {
    /// Compared as a whole.
    #[n(0)]
    Keyword(#[n(0)] String),
    /// A set; equality means "contains".
    #[n(1)]
    KeywordList(#[n(0)] Vec<String>),
    /// Compared by its words.
    #[n(2)]
    Text(#[n(0)] String),
    /// A whole number.
    #[n(3)]
    Int(#[n(0)] i64),
    /// A number.
    #[n(4)]
    Double(#[n(0)] f64),
    /// Yes or no.
    #[n(5)]
    Bool(#[n(0)] bool),
    /// An instant.
    #[n(6)]
    Datetime(#[n(0)] Timestamp),
}

/// One execution as lists and counts see it. The whole row is replaced at each write.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The run.
    pub run: RunKey,
    /// Start of the run; second sort key of the default order, newest first.
    pub start_time: Timestamp,
    /// End of the run; first sort key of the default order: open runs first, then newest first.
    pub close_time: Option<Timestamp>,
    /// Every attribute by its canonical name (`WorkflowType`, `ExecutionStatus`, custom ones as the user named them),
    /// without `StartTime`, `CloseTime`, `WorkflowId` and `RunId`, which the fields above give.
    pub attributes: BTreeMap<Arc<str>, Value>,
    /// Encoded answer of a list for this row (for a workflow run a `WorkflowExecutionInfo`).
    pub info: Bytes,
}

impl Row {
    /// Whether it belongs to a namespace division, and is hidden from queries that do not name one.
    pub fn is_in_division(&self) -> bool {
        self.attributes.contains_key(attributes::NAMESPACE_DIVISION)
    }

    /// The value it has for `name`, those given by its fields included.
    pub fn value(&self, name: &str) -> Option<Value> {
        filter::value_of(name, self).map(std::borrow::Cow::into_owned)
    }
}

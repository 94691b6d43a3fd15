//! Literals of a query, read with regard to the attribute that they stand beside: a status by name or number, a
//! length of time in its three notations, an instant as text or nanoseconds. Nothing is converted silently: a number
//! in quotes is not a number.

use super::{
    Attribute, ValueType, datetime, duration,
    filter::Literal,
    golang::{float, quote},
};
use crate::time::Timestamp;

/// A literal as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written {
    String(String),
    Int(i64),
    Double(f64),
    Bool(bool),
}

impl Written {
    /// Reads a number; `None` if it is none or beyond the range of a double.
    pub(super) fn number(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Int(number));
        }
        let number: f64 = text.parse().ok()?;
        number.is_finite().then_some(Self::Double(number))
    }

    fn go_value(&self) -> String {
        match self {
            Self::String(text) => quote(text),
            Self::Int(number) => number.to_string(),
            Self::Double(number) => float(*number),
            Self::Bool(value) => value.to_string(),
        }
    }

    fn go_type(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Int(_) => "int64",
            Self::Double(_) => "float64",
            Self::Bool(_) => "bool",
        }
    }
}

/// What a literal means beside `attribute`, which the query calls `alias`; otherwise what is wrong with it.
pub(super) fn read(written: Written, alias: &str, attribute: &Attribute) -> Result<Literal, String> {
    match (&*attribute.name, &written) {
        (_, Written::Bool(_)) => typed(written, alias, attribute.value_type),
        ("ExecutionStatus", _) => status(&written).map(Literal::Status),
        ("ExecutionDuration", _) => length(&written).map(Literal::Int),
        _ => typed(written, alias, attribute.value_type),
    }
}

fn typed(written: Written, alias: &str, value_type: ValueType) -> Result<Literal, String> {
    match (value_type, written) {
        (ValueType::Int | ValueType::Double, Written::Int(number)) => Ok(Literal::Int(number)),
        (ValueType::Int | ValueType::Double, Written::Double(number)) => Ok(Literal::Double(number)),
        (ValueType::Bool, Written::Bool(value)) => Ok(Literal::Bool(value)),
        (ValueType::Datetime, Written::Int(nanos)) => Ok(Literal::Datetime(Timestamp(nanos))),
        (ValueType::Datetime, Written::String(text)) => match datetime::parse(&text) {
            Some(at) => Ok(Literal::Datetime(at)),
            None => Err(format!("unable to parse datetime '{text}'")),
        },
        (ValueType::Text, Written::String(text)) if text.trim().is_empty() => {
            Err(format!("no tokens found filtering on Text type search attribute {alias}"))
        }
        (ValueType::Keyword | ValueType::KeywordList | ValueType::Text, Written::String(text)) => {
            Ok(Literal::Keyword(text))
        }
        (value_type, written) => Err(format!(
            "invalid value type for search attribute {alias} of type {value_type}: {} (type: {})",
            written.go_value(),
            written.go_type()
        )),
    }
}

/// Short names of statuses, by number.
pub(super) const STATUSES: [&str; 9] = [
    "Unspecified",
    "Running",
    "Completed",
    "Failed",
    "Canceled",
    "Terminated",
    "ContinuedAsNew",
    "TimedOut",
    "Paused",
];

/// Names of the public enum, by number.
const STATUSES_LONG: [&str; 9] = [
    "WORKFLOW_EXECUTION_STATUS_UNSPECIFIED",
    "WORKFLOW_EXECUTION_STATUS_RUNNING",
    "WORKFLOW_EXECUTION_STATUS_COMPLETED",
    "WORKFLOW_EXECUTION_STATUS_FAILED",
    "WORKFLOW_EXECUTION_STATUS_CANCELED",
    "WORKFLOW_EXECUTION_STATUS_TERMINATED",
    "WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW",
    "WORKFLOW_EXECUTION_STATUS_TIMED_OUT",
    "WORKFLOW_EXECUTION_STATUS_PAUSED",
];

/// The short name of a status.
pub(super) fn status_name(number: i32) -> Option<&'static str> {
    STATUSES.get(usize::try_from(number).ok()?).copied()
}

/// The number of a status, by its short name or that of the public enum.
pub(super) fn status_number(name: &str) -> Option<i32> {
    let position = |names: &[&str]| names.iter().position(|known| *known == name);
    let index = position(&STATUSES).or_else(|| position(&STATUSES_LONG))?;
    i32::try_from(index).ok()
}

fn status(written: &Written) -> Result<i32, String> {
    match written {
        Written::Int(number) => i32::try_from(*number)
            .ok()
            .filter(|number| status_name(*number).is_some())
            .ok_or_else(|| format!("invalid ExecutionStatus value {number}")),
        Written::String(name) => {
            status_number(name).ok_or_else(|| format!("invalid ExecutionStatus value '{name}'"))
        }
        other => Err(unexpected(other, "ExecutionStatus")),
    }
}

fn length(written: &Written) -> Result<i64, String> {
    match written {
        Written::Int(nanos) => Ok(*nanos),
        Written::String(text) => duration::parse(text)
            .ok_or_else(|| format!("invalid duration value for search attribute ExecutionDuration: {text}")),
        other => Err(unexpected(other, "ExecutionDuration")),
    }
}

fn unexpected(written: &Written, name: &str) -> String {
    format!("unexpected value type {} for search attribute {name}", written.go_type())
}

//! The order that a query asks for: attributes, each ascending or descending. Rows without a value come last either
//! way, and rows that are equal by then stand in the default order, or in its reverse if the last attribute descends.

use std::cmp::Ordering;

use super::{Attribute, Row, Value, filter::value_of, literal::status_number};

/// One attribute to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// The attribute.
    pub attribute: Attribute,
    /// Whether the largest value comes first.
    pub descending: bool,
}

impl OrderKey {
    /// What the row is ordered by; a status by its number in the API.
    pub fn value(&self, row: &Row) -> Option<Value> {
        let value = value_of(&self.attribute.name, row)?.into_owned();
        match (&*self.attribute.name, &value) {
            ("ExecutionStatus", Value::Keyword(name)) => {
                Some(status_number(name).map_or(value, |number| Value::Int(number.into())))
            }
            _ => Some(value),
        }
    }

    /// Which of two values comes first.
    pub fn compare(&self, left: Option<&Value>, right: Option<&Value>) -> Ordering {
        match (left, right) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) if self.descending => right.compare(left),
            (Some(left), Some(right)) => left.compare(right),
        }
    }
}

impl Value {
    /// A total order: by type, then by value; a keyword by its bytes, a keyword list element by element.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Keyword(left), Self::Keyword(right)) | (Self::Text(left), Self::Text(right)) => {
                left.cmp(right)
            }
            (Self::KeywordList(left), Self::KeywordList(right)) => left.cmp(right),
            (Self::Int(left), Self::Int(right)) => left.cmp(right),
            (Self::Double(left), Self::Double(right)) => {
                // Zero has two signs and one place.
                left.partial_cmp(right).unwrap_or_else(|| left.total_cmp(right))
            }
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Datetime(left), Self::Datetime(right)) => left.cmp(right),
            _ => self.place().cmp(&other.place()),
        }
    }

    fn place(&self) -> u8 {
        match self {
            Self::Keyword(_) => 1,
            Self::KeywordList(_) => 2,
            Self::Int(_) => 3,
            Self::Double(_) => 4,
            Self::Bool(_) => 5,
            Self::Datetime(_) => 6,
            Self::Text(_) => 7,
        }
    }
}

//! The meaning of a query: conditions over one row, in SQL's logic of three values. A comparison with an attribute
//! that the row lacks is neither true nor false, and so is its negation; keyword lists and texts are the exception
//! (an absent one contains nothing), as the reference answers them from a full-text index.

use std::{borrow::Cow, cmp::Ordering};

use super::{Attribute, Row, Value, words};
use crate::time::Timestamp;

/// A condition over a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// All of them hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
    /// The attribute passes the test.
    Test(Attribute, Test),
}

/// A test of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// Compares with a literal.
    Compare(Comparison, Literal),
    /// Equals one of the literals.
    OneOf(Vec<Literal>),
    /// Equals none of the literals.
    NoneOf(Vec<Literal>),
    /// Lies between two literals, both included.
    Between(Literal, Literal),
    /// Lies outside of two literals.
    Outside(Literal, Literal),
    /// Begins with this text.
    StartsWith(String),
    /// Does not begin with this text.
    NotStartsWith(String),
    /// A keyword list that contains one of these.
    Contains(Vec<String>),
    /// A keyword list that contains none of these.
    Lacks(Vec<String>),
    /// A text in which one of these runs of words occurs.
    Mentions(Vec<Vec<String>>),
    /// A text in which none of these runs of words occurs.
    Omits(Vec<Vec<String>>),
    /// The row lacks the attribute.
    IsNull,
    /// The row has the attribute.
    IsNotNull,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A literal, read with regard to the attribute that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Keyword(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    Datetime(Timestamp),
    /// A status by its number: statuses are ordered by it, not by their names.
    Status(i32),
}

impl Condition {
    /// Whether the condition holds for the row; `None` if an absent attribute leaves it open.
    pub(super) fn holds(&self, row: &Row) -> Option<bool> {
        match self {
            Self::All(parts) => all(parts.iter().map(|part| part.holds(row))),
            Self::Any(parts) => {
                all(parts.iter().map(|part| part.holds(row).map(|held| !held))).map(|none| !none)
            }
            Self::Test(attribute, test) => test.passes(value_of(&attribute.name, row).as_deref()),
        }
    }

    /// The condition that holds if this one does not: an absent attribute leaves both open.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::All(parts) => Self::Any(parts.into_iter().map(Self::negated).collect()),
            Self::Any(parts) => Self::All(parts.into_iter().map(Self::negated).collect()),
            Self::Test(attribute, test) => Self::Test(attribute, test.negated()),
        }
    }
}

impl Test {
    fn passes(&self, value: Option<&Value>) -> Option<bool> {
        match self {
            Self::Compare(comparison, literal) => Some(comparison.accepts(order(value?, literal)?)),
            Self::OneOf(literals) => one_of(value?, literals),
            Self::NoneOf(literals) => one_of(value?, literals).map(|found| !found),
            Self::Between(from, to) => between(value?, from, to),
            Self::Outside(from, to) => between(value?, from, to).map(|inside| !inside),
            Self::StartsWith(prefix) => starts_with(value?, prefix),
            Self::NotStartsWith(prefix) => starts_with(value?, prefix).map(|starts| !starts),
            Self::Contains(wanted) => Some(contains(value, wanted)),
            Self::Lacks(wanted) => Some(!contains(value, wanted)),
            Self::Mentions(phrases) => Some(mentions(value, phrases)),
            Self::Omits(phrases) => Some(!mentions(value, phrases)),
            Self::IsNull => Some(value.is_none()),
            Self::IsNotNull => Some(value.is_some()),
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::Compare(comparison, literal) => Self::Compare(comparison.negated(), literal),
            Self::OneOf(literals) => Self::NoneOf(literals),
            Self::NoneOf(literals) => Self::OneOf(literals),
            Self::Between(from, to) => Self::Outside(from, to),
            Self::Outside(from, to) => Self::Between(from, to),
            Self::StartsWith(prefix) => Self::NotStartsWith(prefix),
            Self::NotStartsWith(prefix) => Self::StartsWith(prefix),
            Self::Contains(wanted) => Self::Lacks(wanted),
            Self::Lacks(wanted) => Self::Contains(wanted),
            Self::Mentions(phrases) => Self::Omits(phrases),
            Self::Omits(phrases) => Self::Mentions(phrases),
            Self::IsNull => Self::IsNotNull,
            Self::IsNotNull => Self::IsNull,
        }
    }
}

impl Comparison {
    fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    pub(super) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Literal {
    /// Which of two literals for one attribute is smaller, if they can be compared.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Keyword(left), Self::Keyword(right)) => Some(left.cmp(right)),
            (Self::Datetime(left), Self::Datetime(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(right),
            _ => None,
        }
    }
}

/// The attribute of a row, also of those that rows hold as fields.
pub(super) fn value_of<'a>(name: &str, row: &'a Row) -> Option<Cow<'a, Value>> {
    let owned = match name {
        "WorkflowId" => Value::Keyword(row.run.execution.id.to_string()),
        "RunId" => Value::Keyword(row.run.run.to_string()),
        "StartTime" => Value::Datetime(row.start_time),
        "CloseTime" => Value::Datetime(row.close_time?),
        other => return row.attributes.get(other).map(Cow::Borrowed),
    };
    Some(Cow::Owned(owned))
}

/// The conjunction of three-valued truths: false wins over open, open over true.
fn all(truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut open = false;
    for truth in truths {
        match truth {
            Some(false) => return Some(false),
            Some(true) => {}
            None => open = true,
        }
    }
    (!open).then_some(true)
}

fn order(value: &Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Keyword(name), Literal::Status(status)) => {
            Some(super::literal::status_number(name)?.cmp(status))
        }
        (Value::Keyword(left), Literal::Keyword(right)) => Some(left.as_str().cmp(right)),
        (Value::Int(left), Literal::Int(right)) => Some(left.cmp(right)),
        (Value::Int(left), Literal::Double(right)) => order_mixed(*left, *right),
        (Value::Double(left), Literal::Int(right)) => order_mixed(*right, *left).map(Ordering::reverse),
        (Value::Double(left), Literal::Double(right)) => left.partial_cmp(right),
        (Value::Bool(left), Literal::Bool(right)) => Some(left.cmp(right)),
        (Value::Datetime(left), Literal::Datetime(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Compares exactly, where converting the integer would round it.
fn order_mixed(left: i64, right: f64) -> Option<Ordering> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if right.is_nan() {
        return None;
    }
    if right >= TWO_TO_63 {
        return Some(Ordering::Less);
    }
    if right < -TWO_TO_63 {
        return Some(Ordering::Greater);
    }
    let whole = right.trunc();
    Some(left.cmp(&(whole as i64)).then(if right > whole {
        Ordering::Less
    } else if right < whole {
        Ordering::Greater
    } else {
        Ordering::Equal
    }))
}

fn one_of(value: &Value, literals: &[Literal]) -> Option<bool> {
    let mut comparable = true;
    for literal in literals {
        match order(value, literal) {
            Some(Ordering::Equal) => return Some(true),
            Some(_) => {}
            None => comparable = false,
        }
    }
    comparable.then_some(false)
}

fn between(value: &Value, from: &Literal, to: &Literal) -> Option<bool> {
    all([order(value, from).map(Ordering::is_ge), order(value, to).map(Ordering::is_le)].into_iter())
}

fn starts_with(value: &Value, prefix: &str) -> Option<bool> {
    match value {
        Value::Keyword(text) => Some(text.starts_with(prefix)),
        _ => None,
    }
}

fn contains(value: Option<&Value>, wanted: &[String]) -> bool {
    match value {
        Some(Value::KeywordList(items)) => wanted.iter().any(|one| items.contains(one)),
        _ => false,
    }
}

fn mentions(value: Option<&Value>, phrases: &[Vec<String>]) -> bool {
    match value {
        Some(Value::Text(text)) => words::any_occurs(phrases, text),
        _ => false,
    }
}

//! Conditions of rules, in the query language of lists but with fewer operators. What names something unknown, or
//! compares what can't be compared, can't be told; sides of `AND` and `OR` behind the one that settles it are not
//! looked at.

use sqlparser::ast::{BinaryOperator, Expr, Value as Sql};

use crate::{
    time::Timestamp,
    visibility::{
        grammar::{self, NOT_STARTS_WITH, STARTS_WITH},
        parse_datetime,
    },
};

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Expr);

/// What a condition is held against.
pub trait View {
    /// The value of a field; `None` if there is no such field.
    fn field(&self, name: &str) -> Option<Field<'_>>;
    /// Whether spans of time can be asked for.
    const SPANS: bool;
}

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// A text.
    Text(&'a str),
    /// One of a few words, of which no beginnings are asked for.
    Word(&'a str),
    /// A number, which may not be known: then nothing is true of it.
    Number(Option<i64>),
    /// An instant.
    Time(Timestamp),
    /// A text of which nothing is ever true, as on the reference.
    Mute,
}

/// A workflow, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct WorkflowView<'a> {
    /// Its id.
    pub workflow_id: &'a str,
    /// Its type.
    pub workflow_type: &'a str,
    /// Its status, in the words of lists.
    pub status: &'a str,
    /// When it started.
    pub start_time: Timestamp,
}

impl View for WorkflowView<'_> {
    const SPANS: bool = true;

    fn field(&self, name: &str) -> Option<Field<'_>> {
        Some(match name {
            "WorkflowId" => Field::Text(self.workflow_id),
            "WorkflowType" => Field::Text(self.workflow_type),
            "ExecutionStatus" => Field::Word(self.status),
            "StartTime" => Field::Time(self.start_time),
            _ => return None,
        })
    }
}

/// An activity, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct ActivityView<'a> {
    /// Its id.
    pub activity_id: &'a str,
    /// Its type.
    pub activity_type: &'a str,
    /// Its state, in a word.
    pub state: &'a str,
    /// Its task queue.
    pub task_queue: &'a str,
    /// Its attempt, from 1.
    pub attempts: i32,
    /// Seconds that it had waited for this attempt, if it had.
    pub backoff_seconds: Option<i64>,
    /// When the attempt started; the epoch if it did not.
    pub started: Timestamp,
}

impl View for ActivityView<'_> {
    const SPANS: bool = false;

    fn field(&self, name: &str) -> Option<Field<'_>> {
        Some(match name {
            "ActivityId" => Field::Text(self.activity_id),
            "ActivityType" => Field::Text(self.activity_type),
            "ActivityState" => Field::Text(self.state),
            "TaskQueue" => Field::Text(self.task_queue),
            "Attempts" => Field::Number(Some(i64::from(self.attempts))),
            "BackoffInterval" => Field::Number(self.backoff_seconds),
            "StartedTime" => Field::Time(self.started),
            "LastFailure" => Field::Mute,
            _ => return None,
        })
    }
}

impl Condition {
    /// Reads a condition; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        grammar::parse_conditions(text).ok()?.filter.map(Self)
    }

    /// Whether it holds. What can't be told does not.
    pub fn holds<V: View>(&self, view: &V) -> bool {
        holds(&self.0, view) == Some(true)
    }
}

/// Whether an expression holds; `None` if it can't be told.
fn holds<V: View>(expression: &Expr, view: &V) -> Option<bool> {
    match expression {
        Expr::Nested(inner) => holds(inner, view),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            if holds(left, view)? {
                holds(right, view)
            } else {
                Some(false)
            }
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            if holds(left, view)? {
                Some(true)
            } else {
                holds(right, view)
            }
        }
        Expr::BinaryOp { left, op, right } => compare(field(left, view)?, op, literal(right)?),
        Expr::Between { expr, negated, low, high } if V::SPANS => {
            let Field::Time(value) = field(expr, view)? else { return None };
            let (low, high) = (instant(literal(low)?)?, instant(literal(high)?)?);
            Some((low <= value && value <= high) != *negated)
        }
        _ => None,
    }
}

fn field<'v, V: View>(expression: &Expr, view: &'v V) -> Option<Field<'v>> {
    let Expr::Identifier(name) = expression else { return None };
    view.field(&name.value)
}

/// A literal as it was written.
#[derive(Clone, Copy)]
enum Literal<'e> {
    Text(&'e str),
    Number(i64),
}

fn literal(expression: &Expr) -> Option<Literal<'_>> {
    let Expr::Value(value) = expression else { return None };
    match &value.value {
        Sql::SingleQuotedString(text) | Sql::DoubleQuotedString(text) => Some(Literal::Text(text)),
        Sql::Number(number, _) => number.parse().ok().map(Literal::Number),
        _ => None,
    }
}

/// An instant, as text or in nanoseconds.
fn instant(literal: Literal<'_>) -> Option<Timestamp> {
    match literal {
        Literal::Text(text) => parse_datetime(text),
        Literal::Number(nanos) => Some(Timestamp(nanos)),
    }
}

fn compare(field: Field<'_>, op: &BinaryOperator, literal: Literal<'_>) -> Option<bool> {
    match (field, literal) {
        (Field::Text(value), Literal::Text(text)) => match op {
            BinaryOperator::Custom(name) if name == STARTS_WITH => Some(value.starts_with(text)),
            BinaryOperator::Custom(name) if name == NOT_STARTS_WITH => Some(!value.starts_with(text)),
            op => equality(op, value == text),
        },
        (Field::Word(value), Literal::Text(text)) => equality(op, value == text),
        (Field::Mute, Literal::Text(_)) => Some(false),
        (Field::Number(value), Literal::Number(number)) => {
            let Some(value) = value else { return Some(false) };
            order(op, &value, &number)
        }
        (Field::Time(value), literal) => order(op, &value, &instant(literal)?),
        _ => None,
    }
}

fn equality(op: &BinaryOperator, is_equal: bool) -> Option<bool> {
    match op {
        BinaryOperator::Eq => Some(is_equal),
        BinaryOperator::NotEq => Some(!is_equal),
        _ => None,
    }
}

fn order<T: Ord>(op: &BinaryOperator, value: &T, other: &T) -> Option<bool> {
    Some(match op {
        BinaryOperator::Eq => value == other,
        BinaryOperator::NotEq => value != other,
        BinaryOperator::Lt => value < other,
        BinaryOperator::LtEq => value <= other,
        BinaryOperator::Gt => value > other,
        BinaryOperator::GtEq => value >= other,
        _ => return None,
    })
}

//! The small query language of lists of workers. Its grammar is that of visibility queries; only what a text can't be
//! read as is refused. A condition that has no meaning (an unknown column, an operator that a column lacks) selects
//! nothing, and the worker is not looked at further, as on the reference.

use longhaul_proto::{
    Refusal,
    api::{enums::v1::WorkerStatus, worker::v1::WorkerHeartbeat},
};
use sqlparser::ast::{BinaryOperator, Expr, Value};

use crate::{
    time::Timestamp,
    visibility::{self, grammar},
};

/// Which workers a query selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Option<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Text(Text, TextTest),
    Time(Time, TimeTest),
    /// It can't be evaluated.
    Void,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    InstanceKey,
    Identity,
    HostName,
    TaskQueue,
    DeploymentName,
    BuildId,
    SdkName,
    SdkVersion,
    Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Start,
    Heartbeat,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TextTest {
    Is(bool, String),
    Begins(bool, String),
    Empty(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TimeTest {
    Compare(BinaryOperator, Timestamp),
    Within(bool, Timestamp, Timestamp),
    Empty(bool),
}

impl Filter {
    /// Selects all.
    pub const fn everything() -> Self {
        Self(None)
    }

    /// Reads a query; an empty one selects all.
    ///
    /// # Errors
    /// `InvalidArgument` for what is no condition.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::everything());
        }
        if text.trim().is_empty() {
            return Err(Refusal::invalid("malformed query: syntax error at position 1"));
        }
        let clauses = grammar::parse_conditions(text).map_err(|problem| {
            Refusal::invalid(problem.replacen("malformed SQL query", "malformed query", 1))
        })?;
        if clauses.limit {
            return Err(Refusal::invalid("operation is not supported: 'limit' clause"));
        }
        Ok(Self(clauses.filter.map(condition)))
    }

    /// Whether a worker is selected.
    pub fn matches(&self, heartbeat: &WorkerHeartbeat) -> bool {
        self.0.as_ref().is_none_or(|condition| condition.holds(heartbeat) == Some(true))
    }
}

impl Condition {
    /// Whether it holds; `None` if it can't be told.
    fn holds(&self, heartbeat: &WorkerHeartbeat) -> Option<bool> {
        match self {
            Self::All(sides) => settle(sides, heartbeat, false),
            Self::Any(sides) => settle(sides, heartbeat, true),
            Self::Text(column, test) => Some(test.holds(column.of(heartbeat))),
            Self::Time(column, test) => Some(test.holds(column.of(heartbeat))),
            Self::Void => None,
        }
    }
}

/// Looks at one side after the other until one is as `wanted`.
fn settle(sides: &[Condition], heartbeat: &WorkerHeartbeat, wanted: bool) -> Option<bool> {
    for side in sides {
        if side.holds(heartbeat)? == wanted {
            return Some(wanted);
        }
    }
    Some(!wanted)
}

impl TextTest {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(wanted, text) => (value == text) == *wanted,
            Self::Begins(wanted, text) => value.starts_with(text.as_str()) == *wanted,
            Self::Empty(wanted) => value.is_empty() == *wanted,
        }
    }
}

impl TimeTest {
    fn holds(&self, value: Timestamp) -> bool {
        match self {
            Self::Compare(BinaryOperator::Eq, at) => value == *at,
            Self::Compare(BinaryOperator::NotEq, at) => value != *at,
            Self::Compare(BinaryOperator::Lt, at) => value < *at,
            Self::Compare(BinaryOperator::LtEq, at) => value <= *at,
            Self::Compare(BinaryOperator::Gt, at) => value > *at,
            Self::Compare(_, at) => value >= *at,
            // A time that is not said lies neither inside nor outside.
            Self::Within(wanted, low, high) => value.0 != 0 && (*low <= value && value <= *high) == *wanted,
            Self::Empty(wanted) => (value.0 == 0) == *wanted,
        }
    }
}

impl Text {
    fn of(self, heartbeat: &WorkerHeartbeat) -> &str {
        let version = heartbeat.deployment_version.as_ref();
        match self {
            Self::InstanceKey => &heartbeat.worker_instance_key,
            Self::Identity => &heartbeat.worker_identity,
            Self::HostName => heartbeat.host_info.as_ref().map_or("", |host| &host.host_name),
            Self::TaskQueue => &heartbeat.task_queue,
            Self::DeploymentName => version.map_or("", |version| &version.deployment_name),
            Self::BuildId => version.map_or("", |version| &version.build_id),
            Self::SdkName => &heartbeat.sdk_name,
            Self::SdkVersion => &heartbeat.sdk_version,
            Self::Status => match heartbeat.status() {
                WorkerStatus::Unspecified => "Unspecified",
                WorkerStatus::Running => "Running",
                WorkerStatus::ShuttingDown => "ShuttingDown",
                WorkerStatus::Shutdown => "Shutdown",
            },
        }
    }
}

impl Time {
    /// The instant; the epoch stands for one that is not said.
    fn of(self, heartbeat: &WorkerHeartbeat) -> Timestamp {
        let at = match self {
            Self::Start => &heartbeat.start_time,
            Self::Heartbeat => &heartbeat.heartbeat_time,
        };
        at.as_ref().map_or(Timestamp(0), Timestamp::from_proto)
    }
}

/// A column by its name, which is compared with regard to case.
enum Column {
    Text(Text),
    Time(Time),
}

fn column(expression: &Expr) -> Option<Column> {
    let Expr::Identifier(name) = expression else { return None };
    Some(match name.value.as_str() {
        "WorkerInstanceKey" => Column::Text(Text::InstanceKey),
        "WorkerIdentity" => Column::Text(Text::Identity),
        "HostName" => Column::Text(Text::HostName),
        "TaskQueue" => Column::Text(Text::TaskQueue),
        "DeploymentName" => Column::Text(Text::DeploymentName),
        "BuildId" => Column::Text(Text::BuildId),
        "SdkName" => Column::Text(Text::SdkName),
        "SdkVersion" => Column::Text(Text::SdkVersion),
        "Status" | "WorkerStatus" => Column::Text(Text::Status),
        "StartTime" => Column::Time(Time::Start),
        "HeartbeatTime" => Column::Time(Time::Heartbeat),
        _ => return None,
    })
}

/// Recursion is bounded by the nesting that the parser lets through: chains of one operator are unrolled.
fn condition(expression: Expr) -> Condition {
    match expression {
        Expr::Nested(inner) => condition(*inner),
        Expr::BinaryOp { op: BinaryOperator::And, .. } => {
            Condition::All(chain(expression, &BinaryOperator::And))
        }
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
            Condition::Any(chain(expression, &BinaryOperator::Or))
        }
        other => test(&other).unwrap_or(Condition::Void),
    }
}

fn chain(expression: Expr, operator: &BinaryOperator) -> Vec<Condition> {
    let mut sides = Vec::new();
    let mut rest = expression;
    loop {
        match rest {
            Expr::BinaryOp { left, op, right } if op == *operator => {
                sides.push(condition(*right));
                rest = *left;
            }
            first => {
                sides.push(condition(first));
                sides.reverse();
                return sides;
            }
        }
    }
}

fn test(expression: &Expr) -> Option<Condition> {
    match expression {
        Expr::BinaryOp { left, op, right } => match column(left)? {
            Column::Text(column) => Some(Condition::Text(column, compared(op, text(right)?)?)),
            Column::Time(column) => Some(Condition::Time(column, compared_time(op, instant(right)?)?)),
        },
        Expr::Between { expr, negated, low, high } => match column(expr)? {
            Column::Time(column) => {
                let test = TimeTest::Within(!negated, instant(low)?, instant(high)?);
                Some(Condition::Time(column, test))
            }
            Column::Text(_) => None,
        },
        Expr::IsNull(expr) => emptiness(expr, true),
        Expr::IsNotNull(expr) => emptiness(expr, false),
        _ => None,
    }
}

fn emptiness(expression: &Expr, wanted: bool) -> Option<Condition> {
    Some(match column(expression)? {
        Column::Text(column) => Condition::Text(column, TextTest::Empty(wanted)),
        Column::Time(column) => Condition::Time(column, TimeTest::Empty(wanted)),
    })
}

fn compared(op: &BinaryOperator, text: String) -> Option<TextTest> {
    match op {
        BinaryOperator::Eq => Some(TextTest::Is(true, text)),
        BinaryOperator::NotEq => Some(TextTest::Is(false, text)),
        BinaryOperator::Custom(name) if name == grammar::STARTS_WITH => Some(TextTest::Begins(true, text)),
        BinaryOperator::Custom(name) if name == grammar::NOT_STARTS_WITH => {
            Some(TextTest::Begins(false, text))
        }
        _ => None,
    }
}

fn compared_time(op: &BinaryOperator, at: Timestamp) -> Option<TimeTest> {
    let is_known = matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    );
    is_known.then(|| TimeTest::Compare(op.clone(), at))
}

/// A text in quotes that is not empty.
fn text(expression: &Expr) -> Option<String> {
    let Expr::Value(value) = expression else { return None };
    match &value.value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) if !text.is_empty() => {
            Some(text.clone())
        }
        _ => None,
    }
}

/// An instant: RFC 3339 in quotes, or nanoseconds since the epoch.
fn instant(expression: &Expr) -> Option<Timestamp> {
    let Expr::Value(value) = expression else { return None };
    match &value.value {
        Value::Number(number, _) => number.parse().ok().map(Timestamp),
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => visibility::parse_datetime(text),
        _ => None,
    }
}

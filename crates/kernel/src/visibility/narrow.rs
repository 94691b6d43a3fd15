//! What an index can tell of a query: the values that attributes of a selected row lie among. A store picks the parts
//! that it has an index for; the query itself has the last word on every row, unless a part says that it is exact.

use std::{ops::Bound, sync::Arc};

use super::{
    Value, ValueType,
    filter::{Comparison, Condition, Literal, Test},
    literal::{STATUSES, status_number},
};

/// Rows that a condition may select: never fewer than it does.
#[derive(Clone, Debug, PartialEq)]
pub enum Narrow {
    /// Nothing is known: any row.
    Unknown,
    /// Rows that lack the attribute, all of them selected.
    Absent(Arc<str>),
    /// Rows whose attribute has a value (of a keyword list: an element) in one of the spans.
    Within {
        /// The attribute.
        attribute: Arc<str>,
        /// The spans; they do not overlap.
        spans: Vec<Span>,
        /// Whether every such row is selected.
        exact: bool,
    },
    /// Rows that are in each of the parts; without parts, every row.
    All(Vec<Narrow>),
    /// Rows that are in one of the parts.
    Any(Vec<Narrow>),
}

/// A set of values.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// This value.
    Is(Value),
    /// A keyword list with this element.
    Element(String),
    /// Values of one type from a bound to a bound, of which at least one is given.
    Between(Bound<Value>, Bound<Value>),
    /// Keywords that begin with this text.
    Prefix(String),
    /// Any value.
    Present,
}

impl Condition {
    /// What an index can tell of the condition.
    pub(super) fn narrow(&self) -> Narrow {
        match self {
            Self::All(parts) => Narrow::All(parts.iter().map(Self::narrow).collect()),
            Self::Any(parts) => Narrow::Any(parts.iter().map(Self::narrow).collect()),
            Self::Test(attribute, test) => match test {
                Test::IsNull => Narrow::Absent(attribute.name.clone()),
                test => match spans(test, attribute.value_type) {
                    Some((spans, exact)) => {
                        Narrow::Within { attribute: attribute.name.clone(), spans, exact }
                    }
                    None => Narrow::Unknown,
                },
            },
        }
    }
}

fn spans(test: &Test, value_type: ValueType) -> Option<(Vec<Span>, bool)> {
    let exactly = |spans| Some((spans, true));
    match test {
        Test::Compare(comparison, literal) => compared(*comparison, literal),
        Test::OneOf(literals) => gather(literals.iter().map(|one| compared(Comparison::Equal, one))),
        Test::NoneOf(literals) => match literals.as_slice() {
            [only] => compared(Comparison::NotEqual, only),
            _ => None,
        },
        Test::Between(from, to) => between(from, to),
        Test::Outside(from, to) => {
            let (low, is_low_exact) = compared(Comparison::Less, from)?;
            let (high, is_high_exact) = compared(Comparison::Greater, to)?;
            // The two sides overlap if they are wider than their literals, or if these are the wrong way round.
            let apart =
                is_low_exact && is_high_exact && from.order(to).is_some_and(std::cmp::Ordering::is_le);
            apart.then(|| ([low, high].concat(), true))
        }
        Test::StartsWith(prefix) => exactly(vec![Span::Prefix(prefix.clone())]),
        Test::Contains(wanted) => {
            let mut wanted: Vec<_> = wanted.iter().cloned().map(Span::Element).collect();
            dedup(&mut wanted);
            exactly(wanted)
        }
        Test::IsNotNull if value_type == ValueType::KeywordList => Some((vec![Span::Present], false)),
        Test::IsNotNull => exactly(vec![Span::Present]),
        Test::NotStartsWith(_) | Test::Lacks(_) | Test::Mentions(_) | Test::Omits(_) | Test::IsNull => None,
    }
}

fn gather(parts: impl Iterator<Item = Option<(Vec<Span>, bool)>>) -> Option<(Vec<Span>, bool)> {
    let mut all = Vec::new();
    let mut exact = true;
    for part in parts {
        let (spans, is_exact) = part?;
        all.extend(spans);
        exact &= is_exact;
    }
    dedup(&mut all);
    // What is not exact may be wider than its literal, and then overlap with the next one.
    exact.then_some((all, true))
}

fn dedup(spans: &mut Vec<Span>) {
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        if !kept.contains(&span) {
            kept.push(span);
        }
    }
    *spans = kept;
}

fn compared(comparison: Comparison, literal: &Literal) -> Option<(Vec<Span>, bool)> {
    match literal {
        Literal::Status(status) => {
            let names = STATUSES.iter().filter(|name| {
                status_number(name).is_some_and(|number| comparison.accepts(number.cmp(status)))
            });
            Some((names.map(|name| Span::Is(Value::Keyword((*name).to_owned()))).collect(), true))
        }
        Literal::Keyword(text) => Some((beside(comparison, Value::Keyword(text.clone())), true)),
        Literal::Datetime(at) => Some((beside(comparison, Value::Datetime(*at)), true)),
        Literal::Bool(flag) => {
            let values = [false, true].into_iter().filter(|value| comparison.accepts(value.cmp(flag)));
            Some((values.map(|value| Span::Is(Value::Bool(value))).collect(), true))
        }
        Literal::Int(_) | Literal::Double(_) => number(comparison, literal),
    }
}

/// A value of the attribute may be of either type of number, whatever its type is by now.
fn number(comparison: Comparison, literal: &Literal) -> Option<(Vec<Span>, bool)> {
    let (ints, doubles) = match literal {
        Literal::Int(number) => {
            // Exact as long as a double can hold it; beyond, its neighbours are let through too.
            let double = *number as f64;
            let exact = number.unsigned_abs() <= 1 << 53;
            let doubles = if exact {
                beside(comparison, Value::Double(double))
            } else {
                widened(comparison, Value::Double(double.next_down()), Value::Double(double.next_up()))
            };
            (beside(comparison, Value::Int(*number)), (doubles, exact))
        }
        Literal::Double(number) => {
            let (low, high) = (number.floor() as i64, number.ceil() as i64);
            let ints = widened(comparison, Value::Int(low), Value::Int(high));
            let doubles = beside(comparison, Value::Double(*number));
            return Some(([ints, doubles].concat(), false));
        }
        _ => return None,
    };
    let (doubles, exact) = doubles;
    Some(([ints, doubles].concat(), exact))
}

fn beside(comparison: Comparison, value: Value) -> Vec<Span> {
    use Bound::{Excluded, Included, Unbounded};
    match comparison {
        Comparison::Equal => vec![Span::Is(value)],
        Comparison::NotEqual => {
            vec![Span::Between(Unbounded, Excluded(value.clone())), Span::Between(Excluded(value), Unbounded)]
        }
        Comparison::Less => vec![Span::Between(Unbounded, Excluded(value))],
        Comparison::LessOrEqual => vec![Span::Between(Unbounded, Included(value))],
        Comparison::Greater => vec![Span::Between(Excluded(value), Unbounded)],
        Comparison::GreaterOrEqual => vec![Span::Between(Included(value), Unbounded)],
    }
}

/// Like [`beside`] a value that lies between `low` and `high`.
fn widened(comparison: Comparison, low: Value, high: Value) -> Vec<Span> {
    use Bound::{Included, Unbounded};
    match comparison {
        Comparison::Equal => vec![Span::Between(Included(low), Included(high))],
        Comparison::NotEqual => vec![Span::Between(Included(smallest(&low)), Unbounded)],
        Comparison::Less | Comparison::LessOrEqual => vec![Span::Between(Unbounded, Included(high))],
        Comparison::Greater | Comparison::GreaterOrEqual => vec![Span::Between(Included(low), Unbounded)],
    }
}

fn smallest(like: &Value) -> Value {
    match like {
        Value::Double(_) => Value::Double(f64::NEG_INFINITY),
        _ => Value::Int(i64::MIN),
    }
}

fn between(from: &Literal, to: &Literal) -> Option<(Vec<Span>, bool)> {
    use Bound::Included;
    let span = |from, to| Some((vec![Span::Between(Included(from), Included(to))], true));
    match (from, to) {
        (Literal::Keyword(from), Literal::Keyword(to)) => {
            span(Value::Keyword(from.clone()), Value::Keyword(to.clone()))
        }
        (Literal::Datetime(from), Literal::Datetime(to)) => {
            span(Value::Datetime(*from), Value::Datetime(*to))
        }
        (Literal::Status(_), Literal::Status(_)) => {
            let (low, _) = compared(Comparison::GreaterOrEqual, from)?;
            let (high, _) = compared(Comparison::LessOrEqual, to)?;
            Some((low.into_iter().filter(|name| high.contains(name)).collect(), true))
        }
        (Literal::Int(_) | Literal::Double(_), Literal::Int(_) | Literal::Double(_)) => {
            let (low, high) = (outward(from, f64::floor), outward(to, f64::ceil));
            let ints = Span::Between(Included(Value::Int(low.0)), Included(Value::Int(high.0)));
            let (low, high) = (Value::Double(low.1.next_down()), Value::Double(high.1.next_up()));
            Some((vec![ints, Span::Between(Included(low), Included(high))], false))
        }
        _ => None,
    }
}

/// A number as an integer, rounded by `round`, and as a double.
fn outward(literal: &Literal, round: impl Fn(f64) -> f64) -> (i64, f64) {
    match literal {
        Literal::Int(number) => (*number, *number as f64),
        Literal::Double(number) => (round(*number) as i64, *number),
        _ => (0, 0.0),
    }
}

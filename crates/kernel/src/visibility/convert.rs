//! From SQL expressions to conditions: what may stand where, and what to say about everything else. The texts name
//! expressions as the reference does, which prints the Go types of its parser.

use std::sync::Arc;

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Sql};

use super::{
    Attribute, Attributes, ValueType,
    filter::{Comparison, Condition, Literal, Test},
    grammar::{NOT_STARTS_WITH, STARTS_WITH},
    literal::{self, Written},
    words,
};

/// An attribute that a query names: as it was written, and its canonical name.
pub(super) type Seen = (String, Arc<str>);

const UNSUPPORTED: &str = "operation is not supported";
const INVALID: &str = "invalid expression";

/// Turns an expression into a condition and notes the attributes it names. Recursion is bounded by the nesting that
/// the parser lets through: chains of one operator are unrolled.
pub(super) fn condition(
    expression: Expr,
    attributes: &Attributes,
    seen: &mut Vec<Seen>,
) -> Result<Condition, String> {
    match expression {
        Expr::Nested(inner) => condition(*inner, attributes, seen),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(condition(*expr, attributes, seen)?.negated()),
        Expr::BinaryOp { op: BinaryOperator::And, .. } => {
            chain(expression, &BinaryOperator::And, attributes, seen).map(Condition::All)
        }
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
            chain(expression, &BinaryOperator::Or, attributes, seen).map(Condition::Any)
        }
        other => {
            let (left, predicate) = predicate(other)?;
            let (alias, attribute) = column(left, attributes)?;
            seen.push((alias.clone(), attribute.name.clone()));
            let test = test(predicate, &alias, &attribute)?;
            Ok(Condition::Test(attribute, test))
        }
    }
}

/// Finds the attribute that an expression names, and the name as it was written.
pub(super) fn column(expression: Expr, attributes: &Attributes) -> Result<(String, Attribute), String> {
    let Some(alias) = name(&expression) else {
        return Err(format!("{INVALID}: must be a column name but was {}", go_type(&expression)));
    };
    match attributes.resolve(&alias) {
        Some(attribute) => Ok((alias, attribute)),
        None => Err(format!("invalid search attribute: {alias}")),
    }
}

fn chain(
    expression: Expr,
    operator: &BinaryOperator,
    attributes: &Attributes,
    seen: &mut Vec<Seen>,
) -> Result<Vec<Condition>, String> {
    let mut operands = Vec::new();
    let mut rest = expression;
    loop {
        match rest {
            Expr::BinaryOp { left, op, right } if op == *operator => {
                operands.push(*right);
                rest = *left;
            }
            first => {
                operands.push(first);
                break;
            }
        }
    }
    operands.into_iter().rev().map(|operand| condition(operand, attributes, seen)).collect()
}

/// What stands behind an attribute.
enum Predicate {
    /// An operator and a value.
    Operator(&'static str, Box<Expr>),
    /// `IN` or `NOT IN` and the values.
    List(bool, Vec<Expr>),
    /// `BETWEEN` or `NOT BETWEEN` and the bounds.
    Range(bool, Box<Expr>, Box<Expr>),
    /// `IS NULL` or `IS NOT NULL`.
    Null(bool),
    /// `IS` and something else.
    Is,
}

fn predicate(expression: Expr) -> Result<(Expr, Predicate), String> {
    let name = go_type(&expression);
    Ok(match expression {
        Expr::BinaryOp { left, op, right } => match operator(&op) {
            Some(operator) => (*left, Predicate::Operator(operator, right)),
            None => return Err(format!("{UNSUPPORTED}: expression of type {name}")),
        },
        Expr::InList { expr, list, negated } => (*expr, Predicate::List(negated, list)),
        Expr::Between { expr, negated, low, high } => (*expr, Predicate::Range(negated, low, high)),
        Expr::IsNull(expr) => (*expr, Predicate::Null(false)),
        Expr::IsNotNull(expr) => (*expr, Predicate::Null(true)),
        Expr::IsTrue(expr) | Expr::IsNotTrue(expr) | Expr::IsFalse(expr) | Expr::IsNotFalse(expr) => {
            (*expr, Predicate::Is)
        }
        Expr::Like { negated, expr, pattern, .. } => {
            (*expr, Predicate::Operator(if negated { "NOT LIKE" } else { "LIKE" }, pattern))
        }
        Expr::RLike { negated, expr, pattern, .. } => {
            (*expr, Predicate::Operator(if negated { "NOT REGEXP" } else { "REGEXP" }, pattern))
        }
        Expr::AnyOp { .. } | Expr::AllOp { .. } => return Err(format!("{UNSUPPORTED}: nested func")),
        Expr::Function(_) => return Err(format!("{UNSUPPORTED}: function expression")),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            return Err(format!("{INVALID}: incomplete expression"));
        }
        _ => return Err(format!("{UNSUPPORTED}: expression of type {name}")),
    })
}

fn operator(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "!=",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::Spaceship => "<=>",
        BinaryOperator::Custom(name) if name == STARTS_WITH => STARTS_WITH,
        BinaryOperator::Custom(name) if name == NOT_STARTS_WITH => NOT_STARTS_WITH,
        _ => return None,
    })
}

fn test(predicate: Predicate, alias: &str, attribute: &Attribute) -> Result<Test, String> {
    match predicate {
        Predicate::Null(false) => Ok(Test::IsNull),
        Predicate::Null(true) => Ok(Test::IsNotNull),
        Predicate::Is => {
            Err(format!("{INVALID}: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"))
        }
        Predicate::Range(negated, from, to) => range(negated, *from, *to, alias, attribute),
        Predicate::List(negated, list) => list_test(negated, list, alias, attribute),
        Predicate::Operator(operator, right) => comparison(operator, *right, alias, attribute),
    }
}

fn range(negated: bool, from: Expr, to: Expr, alias: &str, attribute: &Attribute) -> Result<Test, String> {
    match attribute.value_type {
        ValueType::Datetime | ValueType::Double | ValueType::Int | ValueType::Keyword => {}
        other => {
            return Err(format!(
                "{INVALID}: cannot do range condition on search attribute '{alias}' of type {other}"
            ));
        }
    }
    let (from, to) = (value(from, alias, attribute)?, value(to, alias, attribute)?);
    Ok(if negated { Test::Outside(from, to) } else { Test::Between(from, to) })
}

fn list_test(negated: bool, list: Vec<Expr>, alias: &str, attribute: &Attribute) -> Result<Test, String> {
    let literals =
        list.into_iter().map(|item| value(item, alias, attribute)).collect::<Result<Vec<_>, String>>()?;
    match attribute.value_type {
        ValueType::Text => Err(unsupported(if negated { "NOT IN" } else { "IN" }, alias, attribute)),
        ValueType::KeywordList => {
            let wanted = literals.into_iter().filter_map(keyword).collect();
            Ok(if negated { Test::Lacks(wanted) } else { Test::Contains(wanted) })
        }
        _ => Ok(if negated { Test::NoneOf(literals) } else { Test::OneOf(literals) }),
    }
}

fn comparison(operator: &str, right: Expr, alias: &str, attribute: &Attribute) -> Result<Test, String> {
    if let Expr::Tuple(items) = right {
        return Err(tuple(operator, items, alias, attribute));
    }
    let literal = value(right, alias, attribute)?;
    let refusal = || unsupported(operator, alias, attribute);
    match attribute.value_type {
        ValueType::KeywordList => {
            let wanted = keyword(literal).into_iter().collect();
            match operator {
                "=" => Ok(Test::Contains(wanted)),
                "!=" => Ok(Test::Lacks(wanted)),
                _ => Err(refusal()),
            }
        }
        ValueType::Text => {
            let phrases = words::phrases(&keyword(literal).unwrap_or_default());
            match operator {
                "=" => Ok(Test::Mentions(phrases)),
                "!=" => Ok(Test::Omits(phrases)),
                _ => Err(refusal()),
            }
        }
        ValueType::Keyword | ValueType::Int | ValueType::Double | ValueType::Bool | ValueType::Datetime => {
            match (operator, literal) {
                (STARTS_WITH, Literal::Keyword(prefix)) => Ok(Test::StartsWith(prefix)),
                (NOT_STARTS_WITH, Literal::Keyword(prefix)) => Ok(Test::NotStartsWith(prefix)),
                (STARTS_WITH | NOT_STARTS_WITH, Literal::Status(number)) => {
                    Err(no_text(operator, literal::status_name(number).unwrap_or_default()))
                }
                (operator, literal) => plain_comparison(operator)
                    .map(|comparison| Test::Compare(comparison, literal))
                    .ok_or_else(refusal),
            }
        }
    }
}

fn plain_comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "=" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn unsupported(operator: &str, alias: &str, attribute: &Attribute) -> String {
    let value_type = attribute.value_type;
    format!(
        "{UNSUPPORTED}: operator '{operator}' not supported for {value_type} type search attribute '{alias}'"
    )
}

fn no_text(operator: &str, got: &str) -> String {
    format!(
        "{INVALID}: right-hand side of \"{}\" operator must be a literal string (got: {got})",
        operator.to_lowercase()
    )
}

/// A list where one value belongs.
fn tuple(operator: &str, items: Vec<Expr>, alias: &str, attribute: &Attribute) -> String {
    let printed: Vec<String> = items.iter().map(ToString::to_string).collect();
    for item in items {
        if let Err(problem) = value(item, alias, attribute) {
            return problem;
        }
    }
    let printed = printed.join(", ");
    match operator {
        STARTS_WITH | NOT_STARTS_WITH => {
            no_text(operator, &format!("[{}]", printed.replace(['\'', ','], "")))
        }
        _ => format!("{INVALID}: unexpected value type (expected string, got ({printed}))"),
    }
}

/// Reads the literal behind an operator.
fn value(expression: Expr, alias: &str, attribute: &Attribute) -> Result<Literal, String> {
    let written = written(expression)?;
    literal::read(written, alias, attribute).map_err(|problem| format!("{INVALID}: {problem}"))
}

fn written(expression: Expr) -> Result<Written, String> {
    match expression {
        Expr::Value(value) => sql_value(value.value, ""),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, .. } => signed(expression),
        Expr::UnaryOp { op: UnaryOperator::BitwiseNot, .. } => {
            Err(format!("{UNSUPPORTED}: unary operator \"~\""))
        }
        Expr::UnaryOp { op: UnaryOperator::BangNot, .. } => {
            Err(format!("{UNSUPPORTED}: unary operator \"!\""))
        }
        Expr::Function(_) => Err(format!("{UNSUPPORTED}: nested func")),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Err(format!(
            "{UNSUPPORTED}: column name on the right side of comparison expression \
             (did you forget to quote \"{}\"?)",
            name(&expression).unwrap_or_default()
        )),
        other => Err(format!("{INVALID}: unexpected value type {}", go_type(&other))),
    }
}

/// Signs belong to the number behind them; nothing else takes one.
fn signed(expression: Expr) -> Result<Written, String> {
    let printed = expression.to_string();
    let mut negative = false;
    let mut rest = expression;
    loop {
        match rest {
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                negative = !negative;
                rest = *expr;
            }
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => rest = *expr,
            Expr::Value(value) if matches!(value.value, Sql::Number(..)) => {
                return sql_value(value.value, if negative { "-" } else { "" });
            }
            _ => return Err(format!("{INVALID}: unary operator not supported in \"{printed}\"")),
        }
    }
}

fn sql_value(value: Sql, sign: &str) -> Result<Written, String> {
    match value {
        Sql::SingleQuotedString(text) | Sql::DoubleQuotedString(text) => Ok(Written::String(text)),
        Sql::Boolean(value) => Ok(Written::Bool(value)),
        Sql::Null => Err(format!("{INVALID}: unexpected value type *sqlparser.NullVal")),
        Sql::Number(digits, _) => Written::number(&format!("{sign}{digits}"))
            .ok_or_else(|| format!("{INVALID}: unable to parse value \"{digits}\"")),
        other => Err(format!("{INVALID}: unable to parse value \"{other}\"")),
    }
}

fn name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => {
            Some(parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."))
        }
        _ => None,
    }
}

fn keyword(literal: Literal) -> Option<String> {
    match literal {
        Literal::Keyword(text) => Some(text),
        _ => None,
    }
}

/// The type that the reference's parser has for an expression.
fn go_type(expression: &Expr) -> &'static str {
    match expression {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => "*sqlparser.ColName",
        Expr::Value(value) => match value.value {
            Sql::Boolean(_) => "sqlparser.BoolVal",
            Sql::Null => "*sqlparser.NullVal",
            _ => "*sqlparser.SQLVal",
        },
        Expr::Nested(_) => "*sqlparser.ParenExpr",
        Expr::Tuple(_) => "sqlparser.ValTuple",
        Expr::Case { .. } => "*sqlparser.CaseExpr",
        Expr::Interval(_) => "*sqlparser.IntervalExpr",
        Expr::Collate { .. } => "*sqlparser.CollateExpr",
        Expr::UnaryOp { op: UnaryOperator::Not, .. } => "*sqlparser.NotExpr",
        Expr::UnaryOp { .. } => "*sqlparser.UnaryExpr",
        Expr::BinaryOp { op: BinaryOperator::And, .. } => "*sqlparser.AndExpr",
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => "*sqlparser.OrExpr",
        Expr::BinaryOp { op, .. } if operator(op).is_none() => "*sqlparser.BinaryExpr",
        Expr::BinaryOp { .. } | Expr::Like { .. } | Expr::RLike { .. } | Expr::InList { .. } => {
            "*sqlparser.ComparisonExpr"
        }
        Expr::Between { .. } => "*sqlparser.RangeCond",
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_) => "*sqlparser.IsExpr",
        _ => "*sqlparser.FuncExpr",
    }
}

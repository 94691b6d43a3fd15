//! A parsed filter as text: the query language itself, without `NOT` in front of anything and with every name written
//! in full. It is what an operator is shown who asks how a query is answered.

use std::fmt;

use super::{
    datetime,
    filter::{Comparison, Condition, Literal, Test},
    golang,
    literal::status_name,
};

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " AND "),
            Self::Any(parts) => joined(f, parts, " OR "),
            Self::Test(attribute, test) => {
                write!(f, "`{}` ", attribute.name)?;
                write!(f, "{test}")
            }
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Condition], word: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        match part {
            Condition::Test(..) => write!(f, "{part}")?,
            Condition::All(_) | Condition::Any(_) => write!(f, "({part})")?,
        }
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(comparison, literal) => write!(f, "{comparison} {literal}"),
            Self::OneOf(literals) => write!(f, "IN ({})", list(literals)),
            Self::NoneOf(literals) => write!(f, "NOT IN ({})", list(literals)),
            Self::Between(from, to) => write!(f, "BETWEEN {from} AND {to}"),
            Self::Outside(from, to) => write!(f, "NOT BETWEEN {from} AND {to}"),
            Self::StartsWith(prefix) => write!(f, "STARTS_WITH {}", quoted(prefix)),
            Self::NotStartsWith(prefix) => write!(f, "NOT STARTS_WITH {}", quoted(prefix)),
            Self::Contains(wanted) => write!(f, "IN ({})", texts(wanted)),
            Self::Lacks(wanted) => write!(f, "NOT IN ({})", texts(wanted)),
            Self::Mentions(phrases) => write!(f, "= {}", quoted(&words(phrases))),
            Self::Omits(phrases) => write!(f, "!= {}", quoted(&words(phrases))),
            Self::IsNull => f.write_str("IS NULL"),
            Self::IsNotNull => f.write_str("IS NOT NULL"),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(text) => f.write_str(&quoted(text)),
            Self::Int(number) => write!(f, "{number}"),
            Self::Double(number) => f.write_str(&golang::json_float(*number)),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Datetime(at) => write!(f, "'{}'", datetime::format(*at)),
            Self::Status(number) => write!(f, "'{}'", status_name(*number).unwrap_or_default()),
        }
    }
}

fn list(literals: &[Literal]) -> String {
    literals.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn texts(items: &[String]) -> String {
    items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ")
}

fn words(phrases: &[Vec<String>]) -> String {
    phrases.iter().map(|phrase| phrase.join("-")).collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

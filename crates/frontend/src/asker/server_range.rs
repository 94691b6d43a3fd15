//! Ranges of versions, as SDKs say which servers they work with: `>=1.0.0 <2.0.0 || >3.0.0`. Parts that stand beside
//! each other must all hold, of those between bars one must.

use longhaul_proto::Refusal;

/// Major, minor and patch number.
type Version = (u64, u64, u64);

/// Operators, longer ones before their beginnings.
const OPERATORS: [&str; 8] = [">=", "<=", "!=", "==", ">", "<", "=", "!"];

/// Whether `range` contains `version`.
pub(super) fn contains(range: &str, version: &str) -> Result<bool, Refusal> {
    let version = parse(version).ok_or_else(|| unreadable(version))?;
    let mut is_in = false;
    for alternative in range.split("||") {
        let mut holds = true;
        let mut parts = alternative.split_whitespace().peekable();
        if parts.peek().is_none() {
            return Err(Refusal::invalid("Unable to parse supported server versions: empty range"));
        }
        for part in parts {
            holds &= comparison(part, version)?;
        }
        is_in |= holds;
    }
    Ok(is_in)
}

fn comparison(part: &str, version: Version) -> Result<bool, Refusal> {
    let operator = OPERATORS.into_iter().find(|operator| part.starts_with(operator)).unwrap_or_default();
    let wanted = parse(&part[operator.len()..]).ok_or_else(|| unreadable(part))?;
    Ok(match operator {
        ">=" => version >= wanted,
        "<=" => version <= wanted,
        ">" => version > wanted,
        "<" => version < wanted,
        "!" | "!=" => version != wanted,
        _ => version == wanted,
    })
}

fn parse(text: &str) -> Option<Version> {
    let mut numbers = text.splitn(3, '.').map(|number| number.parse().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    Some(version)
}

fn unreadable(part: &str) -> Refusal {
    Refusal::invalid(format!(
        "Unable to parse supported server versions: Could not get version from string: {part:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_must_hold_and_one_alternative() {
        let cases = [
            (">=1.0.0 <2.0.0", true),
            (">=1.32.0", true),
            (">1.32.0", false),
            ("<1.0.0 || >=1.9.0", true),
            ("!=1.32.0", false),
            ("1.32.0", true),
        ];
        for (range, expected) in cases {
            assert_eq!(contains(range, "1.32.0").ok(), Some(expected), "{range}");
        }
        assert!(contains("nonsense", "1.32.0").is_err());
        assert!(contains("", "1.32.0").is_err());
    }
}

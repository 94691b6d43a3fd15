//! Properties: a printed filter means what it meant before, and no text makes the parser panic.

use proptest::prelude::*;

use super::*;

/// A filter as the test understands it.
#[derive(Clone, Debug)]
enum Filter {
    Keyword(&'static str, String),
    Int(&'static str, i64),
    Fraction(&'static str, f64),
    KeywordIn(bool, Vec<String>),
    IntBetween(bool, i64, i64),
    StartsWith(bool, String),
    Bool(bool, bool),
    Datetime(&'static str, i64),
    Contains(bool, String),
    Double(&'static str, f64),
    DoubleBetween(bool, f64, f64),
    IntIn(bool, Vec<i64>),
    DatetimeBetween(bool, i64, i64),
    KeywordBetween(bool, String, String),
    ContainsAny(bool, Vec<String>),
    Words(bool, Vec<&'static str>),
    IsNull(&'static str, bool),
    Not(Box<Filter>),
    All(Box<Filter>, Box<Filter>),
    Any(Box<Filter>, Box<Filter>),
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn negation(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn printed(filter: &Filter) -> String {
    match filter {
        Filter::Keyword(op, text) => format!("CK {op} {}", quoted(text)),
        Filter::Int(op, number) => format!("`CI` {op} {number}"),
        Filter::Fraction(op, number) => format!("CI {op} {number:?}"),
        Filter::KeywordIn(negated, items) => {
            let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
            format!("CK {}IN ({})", negation(*negated), items.join(", "))
        }
        Filter::IntBetween(negated, from, to) => format!("CI {}BETWEEN {from} AND {to}", negation(*negated)),
        Filter::StartsWith(negated, text) => format!("CK {}STARTS_WITH {}", negation(*negated), quoted(text)),
        Filter::Bool(negated, value) => format!("CB {} {value}", if *negated { "!=" } else { "=" }),
        Filter::Double(op, number) => format!("CD {op} {number:?}"),
        Filter::DoubleBetween(negated, from, to) => {
            format!("CD {}BETWEEN {from:?} AND {to:?}", negation(*negated))
        }
        Filter::IntIn(negated, numbers) => {
            let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
            format!("CI {}IN ({})", negation(*negated), numbers.join(", "))
        }
        Filter::DatetimeBetween(negated, from, to) => {
            let show = |nanos: i64| format_datetime(Timestamp(nanos));
            format!("CT {}BETWEEN '{}' AND '{}'", negation(*negated), show(*from), show(*to))
        }
        Filter::KeywordBetween(negated, from, to) => {
            format!("CK {}BETWEEN {} AND {}", negation(*negated), quoted(from), quoted(to))
        }
        Filter::ContainsAny(negated, items) => {
            let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
            format!("CL {}IN ({})", negation(*negated), items.join(", "))
        }
        Filter::Words(negated, words) => {
            format!("CX {} '{}'", if *negated { "!=" } else { "=" }, words.join(" "))
        }
        Filter::Datetime(op, nanos) => format!("CT {op} '{}'", format_datetime(Timestamp(*nanos))),
        Filter::Contains(negated, text) => {
            format!("CL {} {}", if *negated { "!=" } else { "=" }, quoted(text))
        }
        Filter::IsNull(name, negated) => format!("{name} IS {}NULL", negation(*negated)),
        Filter::Not(inner) => format!("NOT ({})", printed(inner)),
        Filter::All(left, right) => format!("({}) AND ({})", printed(left), printed(right)),
        Filter::Any(left, right) => format!("({}) OR ({})", printed(left), printed(right)),
    }
}

fn compare<T: PartialOrd>(op: &str, left: T, right: T) -> bool {
    match op {
        "=" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

/// The truth tables of SQL, spelled out.
fn naive(filter: &Filter, row: &Row) -> Option<bool> {
    let get = |name: &str| row.attributes.get(name);
    let text = || match get("CK") {
        Some(Value::Keyword(text)) => Some(text.clone()),
        _ => None,
    };
    let number = || match get("CI") {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    };
    let float = || match get("CD") {
        Some(Value::Double(number)) => Some(*number),
        _ => None,
    };
    match filter {
        Filter::Keyword(op, right) => text().map(|left| compare(op, &left, right)),
        Filter::Int(op, right) => number().map(|left| compare(op, left, *right)),
        Filter::Fraction(op, right) => number().map(|left| compare(op, left as f64, *right)),
        Filter::KeywordIn(negated, items) => text().map(|text| items.contains(&text) != *negated),
        Filter::IntBetween(negated, from, to) => {
            number().map(|number| (from <= &number && &number <= to) != *negated)
        }
        Filter::StartsWith(negated, prefix) => text().map(|text| text.starts_with(prefix) != *negated),
        Filter::Bool(negated, value) => get("CB").map(|found| (*found == Value::Bool(*value)) != *negated),
        Filter::Double(op, right) => float().map(|left| compare(op, left, *right)),
        Filter::DoubleBetween(negated, from, to) => {
            float().map(|number| (from <= &number && &number <= to) != *negated)
        }
        Filter::IntIn(negated, numbers) => number().map(|number| numbers.contains(&number) != *negated),
        Filter::DatetimeBetween(negated, from, to) => match get("CT") {
            Some(Value::Datetime(at)) => Some((*from <= at.0 && at.0 <= *to) != *negated),
            _ => None,
        },
        Filter::KeywordBetween(negated, from, to) => {
            text().map(|text| (from <= &text && &text <= to) != *negated)
        }
        Filter::ContainsAny(negated, wanted) => match get("CL") {
            Some(Value::KeywordList(items)) => {
                Some(wanted.iter().any(|item| items.contains(item)) != *negated)
            }
            _ => Some(*negated),
        },
        Filter::Words(negated, wanted) => match get("CX") {
            Some(Value::Text(text)) => {
                let found = |word: &&str| text.split(' ').any(|have| have.eq_ignore_ascii_case(word));
                Some(wanted.iter().any(found) != *negated)
            }
            _ => Some(*negated),
        },
        Filter::Datetime(op, nanos) => match get("CT") {
            Some(Value::Datetime(at)) => Some(compare(op, at.0, *nanos)),
            _ => None,
        },
        Filter::Contains(negated, item) => match get("CL") {
            Some(Value::KeywordList(items)) => Some(items.contains(item) != *negated),
            _ => Some(*negated),
        },
        Filter::IsNull(name, negated) => Some(get(name).is_none() != *negated),
        Filter::Not(inner) => naive(inner, row).map(|truth| !truth),
        Filter::All(left, right) => match (naive(left, row), naive(right, row)) {
            (Some(true), Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        },
        Filter::Any(left, right) => match (naive(left, row), naive(right, row)) {
            (Some(false), Some(false)) => Some(false),
            (Some(true), _) | (_, Some(true)) => Some(true),
            _ => None,
        },
    }
}

/// Whether a row is among those that an index finds, and whether all of those are selected.
fn among(narrow: &Narrow, row: &Row) -> (bool, bool) {
    match narrow {
        Narrow::Unknown => (true, false),
        Narrow::Absent(name) => (row.value(name).is_none(), true),
        Narrow::Within { attribute, spans, exact } => {
            let value = row.value(attribute);
            (spans.iter().any(|span| value.as_ref().is_some_and(|value| inside(span, value))), *exact)
        }
        Narrow::All(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| among(part, row)).collect();
            (parts.iter().all(|part| part.0), parts.iter().all(|part| part.1))
        }
        Narrow::Any(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| among(part, row)).collect();
            (parts.iter().any(|part| part.0), parts.iter().all(|part| part.1))
        }
    }
}

fn inside(span: &Span, value: &Value) -> bool {
    use std::{mem::discriminant, ops::Bound};
    match (span, value) {
        (Span::Present, _) => true,
        (Span::Is(wanted), value) => wanted == value,
        (Span::Element(wanted), Value::KeywordList(items)) => items.contains(wanted),
        (Span::Prefix(prefix), Value::Keyword(text)) => text.starts_with(prefix),
        (Span::Between(from, to), value) => {
            let alike = |bound: &Value| discriminant(bound) == discriminant(value);
            let from = match from {
                Bound::Included(from) => alike(from) && value.compare(from).is_ge(),
                Bound::Excluded(from) => alike(from) && value.compare(from).is_gt(),
                Bound::Unbounded => true,
            };
            let to = match to {
                Bound::Included(to) => alike(to) && value.compare(to).is_le(),
                Bound::Excluded(to) => alike(to) && value.compare(to).is_lt(),
                Bound::Unbounded => true,
            };
            from && to
        }
        _ => false,
    }
}

fn texts() -> impl Strategy<Value = String> {
    "[ab'\"\\\\%]{0,2}"
}

fn operators() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="])
}

fn halves() -> impl Strategy<Value = f64> {
    (-4..5_i64).prop_map(|half| half as f64 / 2.0)
}

fn words() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["one", "TWO", "three", "four"])
}

fn filters() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        (operators(), texts()).prop_map(|(op, text)| Filter::Keyword(op, text)),
        (operators(), -2..3_i64).prop_map(|(op, number)| Filter::Int(op, number)),
        (operators(), -4..5_i64).prop_map(|(op, half)| Filter::Fraction(op, half as f64 / 2.0)),
        (any::<bool>(), prop::collection::vec(texts(), 1..3))
            .prop_map(|(n, items)| Filter::KeywordIn(n, items)),
        (any::<bool>(), -2..3_i64, -2..3_i64).prop_map(|(n, from, to)| Filter::IntBetween(n, from, to)),
        (any::<bool>(), texts()).prop_map(|(n, text)| Filter::StartsWith(n, text)),
        (any::<bool>(), any::<bool>()).prop_map(|(n, value)| Filter::Bool(n, value)),
        (operators(), halves()).prop_map(|(op, number)| Filter::Double(op, number)),
        (any::<bool>(), halves(), halves()).prop_map(|(n, from, to)| Filter::DoubleBetween(n, from, to)),
        (any::<bool>(), prop::collection::vec(-2..3_i64, 1..3))
            .prop_map(|(n, items)| Filter::IntIn(n, items)),
        (any::<bool>(), -2..3_i64, -2..3_i64).prop_map(|(n, from, to)| Filter::DatetimeBetween(n, from, to)),
        (any::<bool>(), texts(), texts()).prop_map(|(n, from, to)| Filter::KeywordBetween(n, from, to)),
        (any::<bool>(), prop::collection::vec(texts(), 1..3))
            .prop_map(|(n, items)| Filter::ContainsAny(n, items)),
        (any::<bool>(), prop::collection::vec(words(), 1..3)).prop_map(|(n, words)| Filter::Words(n, words)),
        (operators(), -2..3_i64).prop_map(|(op, nanos)| Filter::Datetime(op, nanos)),
        (any::<bool>(), texts()).prop_map(|(n, text)| Filter::Contains(n, text)),
        (prop::sample::select(vec!["CK", "CI", "CD", "CB", "CT", "CL", "CX"]), any::<bool>())
            .prop_map(|(name, n)| Filter::IsNull(name, n)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| Filter::All(Box::new(l), Box::new(r))),
            (inner.clone(), inner).prop_map(|(l, r)| Filter::Any(Box::new(l), Box::new(r))),
        ]
    })
}

prop_compose! {
    fn some_row()(
        ck in prop::option::of(texts()),
        ci in prop::option::of(-2..3_i64),
        cb in prop::option::of(any::<bool>()),
        ct in prop::option::of(-2..3_i64),
        cl in prop::option::of(prop::collection::vec(texts(), 0..3)),
        cd in prop::option::of(halves()),
        cx in prop::option::of(prop::collection::vec(words(), 0..3)),
    ) -> Row {
        let values = [
            ck.map(|value| ("CK", Value::Keyword(value))),
            ci.map(|value| ("CI", Value::Int(value))),
            cb.map(|value| ("CB", Value::Bool(value))),
            ct.map(|value| ("CT", Value::Datetime(Timestamp(value)))),
            cl.map(|value| ("CL", Value::KeywordList(value))),
            cd.map(|value| ("CD", Value::Double(value))),
            cx.map(|value| ("CX", Value::Text(value.join(" ")))),
        ];
        row("id", None, values.into_iter().flatten().collect())
    }
}

proptest! {
    #[test]
    fn a_printed_filter_means_the_same(filter in filters(), row in some_row()) {
        let text = printed(&filter);
        let query = Query::parse(&text, &attributes())
            .map_err(|refusal| TestCaseError::fail(format!("{text}: {refusal:?}")))?;
        prop_assert_eq!(query.matches(&row), naive(&filter, &row) == Some(true), "{}", text);
    }

    #[test]
    fn a_selected_row_is_among_those_an_index_finds(filter in filters(), row in some_row()) {
        let text = printed(&filter);
        let query = Query::parse(&text, &attributes()).expect("the filter is valid");
        let (found, exact) = among(&query.narrow(), &row);
        let selected = query.matches(&row);
        prop_assert!(found || !selected, "{}", text);
        prop_assert!(selected || !found || !exact, "{}", text);
    }

    #[test]
    fn a_shown_filter_means_the_same(filter in filters(), row in some_row()) {
        let query = Query::parse(&printed(&filter), &attributes()).expect("the filter is valid");
        let shown = query.filter_text();
        let again = Query::parse(&shown, &attributes())
            .map_err(|refusal| TestCaseError::fail(format!("{shown}: {refusal:?}")))?;
        prop_assert_eq!(again.matches(&row), query.matches(&row), "{}", shown);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Query::parse(&text, &attributes());
    }

    #[test]
    fn no_sequence_of_tokens_makes_the_parser_panic(tokens in prop::collection::vec(token(), 0..24)) {
        let _ = Query::parse(&tokens.join(" "), &attributes());
        let _ = Query::parse(&tokens.concat(), &attributes());
    }

    #[test]
    fn no_payload_makes_the_decoder_panic(data in prop::collection::vec(any::<u8>(), 0..24), json in ".{0,12}") {
        for data in [data, json.into_bytes()] {
            let mut payload = payload("json/plain", b"");
            payload.data = data.into();
            for value_type in [ValueType::Keyword, ValueType::Int, ValueType::Datetime, ValueType::KeywordList] {
                let _ = decode("K", &payload, value_type);
            }
        }
    }

    #[test]
    fn a_value_survives_its_payload(number: i64, float in prop::num::f64::NORMAL, text: String, flag: bool) {
        let values = [
            Value::Int(number),
            Value::Double(float),
            Value::Bool(flag),
            Value::Datetime(Timestamp(number)),
            Value::Keyword(text.clone()),
            Value::KeywordList(vec![text.clone(), String::new()]),
            Value::Text(text),
        ];
        let types = [
            ValueType::Int,
            ValueType::Double,
            ValueType::Bool,
            ValueType::Datetime,
            ValueType::Keyword,
            ValueType::KeywordList,
            ValueType::Text,
        ];
        for (value, value_type) in values.into_iter().zip(types) {
            prop_assert_eq!(decode("K", &encode(&value), value_type), Ok(Some(value)));
        }
    }
}

fn token() -> impl Strategy<Value = String> {
    let words = "CK CI CL Foo = != < > <=> ( ) , ; . + - ~ ! && || and or not in between is null like starts_with \
                 exists case when then end select group by order limit interval cast 'a' \"b\" `CK` 'x 5 5.5 1e9 0x5 \
                 x'61' true false /* */ -- # @x $1 ? :a :: [ ] { } \\ \u{e9} \u{1f600}";
    prop::sample::select(words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

//! How Go prints values. The reference's refusals quote what they refuse in these forms, and users search for them.

use std::fmt::Write;

use serde_json::Value as Json;

/// A string as `%q` and `%#v` print it.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value of JSON as `%v` prints it.
pub(super) fn plain(value: &Json) -> String {
    match value {
        Json::Null => "<nil>".into(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => float(number.as_f64().unwrap_or_default()),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(plain).collect();
            format!("[{}]", items.join(" "))
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key}:{}", plain(value))).collect();
            fields.sort();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// A number as `%v` and `%#v` print it: the shortest digits that read back, with an exponent below -4 and from 6 on.
pub(super) fn float(number: f64) -> String {
    with_exponent_from(6, -4, number).unwrap_or_else(|| number.to_string())
}

/// A number as Go writes it in JSON: an exponent below -6 and from 21 on.
pub(super) fn json_float(number: f64) -> String {
    with_exponent_from(21, -6, number).unwrap_or_else(|| number.to_string()).replace("e-0", "e-")
}

fn with_exponent_from(large: i32, small: i32, number: f64) -> Option<String> {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (small..large).contains(&exponent) {
        return None;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{mantissa}e{sign}{:02}", exponent.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_go() {
        let cases = [
            (5.5, "5.5"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (123_456_789.5, "1.234567895e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e20, "1e+20"),
        ];
        for (number, expect) in cases {
            assert_eq!(float(number), expect);
        }
    }

    #[test]
    fn numbers_in_json_look_as_in_go() {
        let cases = [(5.0, "5"), (1e20, "100000000000000000000"), (1e30, "1e+30"), (1.5e-7, "1.5e-7")];
        for (number, expect) in cases {
            assert_eq!(json_float(number), expect);
        }
    }

    #[test]
    fn json_looks_as_in_go() {
        let cases = [
            ("null", "<nil>"),
            ("5.0", "5"),
            ("1e30", "1e+30"),
            ("1e20", "1e+20"),
            (r#"["x",1.5,true]"#, "[x 1.5 true]"),
            (r#"{"b":2,"a":[1]}"#, "map[a:[1] b:2]"),
        ];
        for (json, expect) in cases {
            let value: Json = serde_json::from_str(json).expect("the case is json");
            assert_eq!(plain(&value), expect);
        }
    }
}

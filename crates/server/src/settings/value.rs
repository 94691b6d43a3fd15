//! Values as files and the command line give them, and as people are shown them.

use std::time::Duration;

use longhaul_frontend::{Address, Addresses};
use serde_json::Value;

/// A value that a file can give.
pub(super) trait Read: Sized {
    fn read(value: &Value) -> Option<Self>;
    fn show(&self) -> String;
}

macro_rules! read_whole {
    ($($whole:ty),+) => {
        $(impl Read for $whole {
            fn read(value: &Value) -> Option<Self> {
                value.as_u64().and_then(|number| Self::try_from(number).ok())
            }
            fn show(&self) -> String {
                if *self == Self::MAX { "none".into() } else { self.to_string() }
            }
        })+
    };
}
read_whole!(usize, u64, u16, i64);

impl Read for f64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_f64()
    }
    fn show(&self) -> String {
        if self.is_finite() { self.to_string() } else { "none".into() }
    }
}

impl Read for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Read for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl Read for Vec<String> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    }
    fn show(&self) -> String {
        self.join(", ")
    }
}

/// A list of `{Pattern, AllowInsecure}`.
impl Read for Addresses {
    fn read(value: &Value) -> Option<Self> {
        let each = value.as_array()?.iter().map(|address| {
            let field = |name: &str| {
                let fields = address.as_object()?;
                fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            };
            Some(Address {
                pattern: field("Pattern")?.as_str()?.to_owned(),
                allows_insecure: field("AllowInsecure").and_then(Value::as_bool).unwrap_or(false),
            })
        });
        each.collect::<Option<_>>().map(Self)
    }
    fn show(&self) -> String {
        self.0.iter().map(|address| address.pattern.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A number of seconds, or a text such as `1m30s`.
impl Read for Duration {
    fn read(value: &Value) -> Option<Self> {
        number(value).and_then(|seconds| Self::try_from_secs_f64(seconds).ok())
    }
    fn show(&self) -> String {
        format!("{} s", self.as_secs_f64())
    }
}

/// The number that a value is, if it is one; a length of time is its seconds.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(seconds))
}

/// A length of time as the reference writes it: numbers with units, such as `1h30m` or `500ms`.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|each: char| !each.is_ascii_digit() && each != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|each: char| each.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..unit] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lengths_of_time_are_numbers_or_texts() {
        for (value, expected) in [
            (json!(1.5), Some(1.5)),
            (json!("1h30m"), Some(5_400.0)),
            (json!("500ms"), Some(0.5)),
            (json!("2d"), Some(172_800.0)),
            (json!("10"), None),
            (json!("ten"), None),
            (json!(""), None),
            (json!("1x"), None),
            (json!(true), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }
}

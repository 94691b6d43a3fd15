//! The words of a step: plain ones by their place, and options `name=value` by their name.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::{RetryState, TimeoutType},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
};
use prost::Message as _;

use crate::time::to_proto;

/// A step or a command, taken apart.
pub struct Words {
    plain: Vec<String>,
    options: BTreeMap<String, String>,
}

impl Words {
    pub fn of(text: &str) -> Self {
        let mut words = Self { plain: Vec::new(), options: BTreeMap::new() };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) => {
                    words.options.insert(name.to_owned(), value.to_owned());
                }
                None => words.plain.push(word.to_owned()),
            }
        }
        words
    }

    /// The plain word at this place, or nothing; `x*9` is repeated.
    pub fn word(&self, index: usize) -> String {
        self.plain.get(index).map_or_else(String::new, |word| repeated(word))
    }

    pub fn has(&self, word: &str) -> bool {
        self.plain.iter().any(|plain| plain == word)
    }

    pub fn number(&self, index: usize) -> i64 {
        let word = self.word(index);
        word.parse().unwrap_or_else(|_| panic!("{word:?} is no number in {:?}", self.plain))
    }

    pub fn option(&self, name: &str) -> Option<String> {
        self.options.get(name).map(|value| repeated(value))
    }

    pub fn text(&self, name: &str) -> String {
        self.option(name).unwrap_or_default()
    }

    pub fn int(&self, name: &str) -> i32 {
        self.option(name).map_or(0, |value| value.parse().expect("a number"))
    }

    pub fn duration(&self, name: &str) -> Option<prost_types::Duration> {
        self.option(name).map(|value| wire_duration(&value))
    }

    /// The words from this place on, as one payload.
    pub fn payloads(&self, index: usize) -> Option<Payloads> {
        let text = self.plain.get(index..).unwrap_or_default().join(" ");
        (!text.is_empty()).then(|| payloads(&repeated(&text)))
    }

    /// The failure these words describe; its message begins at `index`.
    pub fn failure(&self, index: usize) -> Failure {
        let flags = ["non_retryable"];
        let message: Vec<&str> = self
            .plain
            .get(index..)
            .unwrap_or_default()
            .iter()
            .map(String::as_str)
            .filter(|word| !flags.contains(word))
            .collect();
        Failure {
            message: repeated(&message.join(" ")),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type: self.option("type").unwrap_or_else(|| "Oops".into()),
                non_retryable: self.has("non_retryable"),
                next_retry_delay: self.duration("delay"),
                ..ApplicationFailureInfo::default()
            })),
            ..Failure::default()
        }
    }
}

/// `x*3` stands for `xxx`.
fn repeated(word: &str) -> String {
    match word.split_once('*') {
        Some((text, count))
            if !text.is_empty() && count.chars().all(|c| c.is_ascii_digit()) && !count.is_empty() =>
        {
            text.repeat(count.parse().expect("digits"))
        }
        _ => word.to_owned(),
    }
}

/// Reads `5s`, `1.5s`, `2m`, `3h`, `4d`, `100ms`; a minus makes it negative.
pub fn duration(text: &str) -> Duration {
    let unit_at =
        text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or_else(|| panic!("{text:?} has no unit"));
    let number: f64 = text[..unit_at].parse().unwrap_or_else(|_| panic!("{text:?} is no duration"));
    let unit = match &text[unit_at..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        unit => panic!("unknown unit {unit:?}"),
    };
    Duration::from_secs_f64(number * unit)
}

fn wire_duration(text: &str) -> prost_types::Duration {
    match text.strip_prefix('-') {
        Some(text) => prost_types::Duration { seconds: -to_proto(duration(text)).seconds, nanos: 0 },
        None => to_proto(duration(text)),
    }
}

pub fn payload(text: &str) -> Payload {
    let encoding: &[u8] = if text == "nil" { b"binary/null" } else { b"json/plain" };
    let data = if text == "nil" { String::new() } else { format!("\"{text}\"") };
    Payload {
        metadata: [("encoding".to_owned(), encoding.into())].into(),
        data: data.into_bytes().into(),
        ..Payload::default()
    }
}

pub fn payloads(text: &str) -> Payloads {
    Payloads { payloads: vec![payload(text)] }
}

/// Payloads as a transcript shows them.
pub fn show(payloads: Option<&Payloads>) -> String {
    let Some(payloads) = payloads else { return String::new() };
    if payloads.encoded_len() > 200 {
        return format!("{} bytes", payloads.encoded_len());
    }
    let shown = |payload: &Payload| String::from_utf8_lossy(&payload.data).trim_matches('"').to_owned();
    payloads.payloads.iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// A failure as a transcript shows it, with its causes.
pub fn show_failure(failure: &Failure) -> String {
    let kind = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            format!("{}{}", info.r#type, if info.non_retryable { " non-retryable" } else { "" })
        }
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            let name = TimeoutType::try_from(info.timeout_type).unwrap_or_default();
            match show(info.last_heartbeat_details.as_ref()) {
                details if details.is_empty() => format!("{name:?}"),
                details => format!("{name:?} after {details}"),
            }
        }
        Some(FailureInfo::ServerFailureInfo(_)) => "Server".into(),
        Some(_) => "other".into(),
        None => "none".into(),
    };
    let cause =
        failure.cause.as_ref().map_or_else(String::new, |cause| format!(" because {}", show_failure(cause)));
    format!("{:?}({kind}){cause}", failure.message)
}

pub fn retry_state(number: i32) -> String {
    format!("retry_state={:?}", RetryState::try_from(number).unwrap_or_default())
}

/// A length of time as a transcript shows it.
pub fn show_duration(wire: Option<&prost_types::Duration>) -> String {
    wire.map_or_else(|| "none".into(), |wire| show_seconds(wire.seconds, wire.nanos))
}

pub fn show_seconds(seconds: i64, nanos: i32) -> String {
    match nanos {
        0 => format!("{seconds}s"),
        nanos => format!("{}s", format!("{seconds}.{nanos:09}").trim_end_matches('0')),
    }
}

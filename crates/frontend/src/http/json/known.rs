//! Types that have a form of their own in JSON: points in time, durations, field masks, wrapped scalars, `Any`.

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use super::{base64, write::Writer};

const PACKAGE: &str = "google.protobuf.";

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Seconds from the first moment of year 1 to the epoch, and from there to the end of year 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Longest duration in seconds, about ten thousand years.
const DURATION_SECONDS_MAX: i64 = 315_576_000_000;

/// Writes a message of such a type; false if it is an ordinary one.
pub(super) fn write(
    writer: &mut Writer,
    message: &DynamicMessage,
    descriptor: &MessageDescriptor,
) -> Result<bool, String> {
    let Some(name) = descriptor.full_name().strip_prefix(PACKAGE) else { return Ok(false) };
    match name {
        "Timestamp" => writer.string(&timestamp(seconds(message), nanos(message))),
        "Duration" => writer.string(&duration(seconds(message), nanos(message))),
        "FieldMask" => {
            let paths = message.get_field_by_name("paths");
            let paths: Vec<String> = paths
                .as_deref()
                .and_then(Value::as_list)
                .unwrap_or_default()
                .iter()
                .filter_map(|path| path.as_str().map(camel))
                .collect();
            writer.string(&paths.join(","));
        }
        "Any" => any(writer, message, descriptor)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Writes the message inside of an `Any`, its type first. One that is not known keeps its bytes.
fn any(writer: &mut Writer, message: &DynamicMessage, descriptor: &MessageDescriptor) -> Result<(), String> {
    let url = message.get_field_by_name("type_url");
    let url = url.as_deref().and_then(Value::as_str).unwrap_or_default();
    let bytes = message.get_field_by_name("value");
    let bytes = bytes.as_deref().and_then(Value::as_bytes).cloned().unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    let inner = descriptor.parent_pool().get_message_by_name(name);
    writer.open('{');
    writer.name("@type");
    writer.string(url);
    match inner.and_then(|inner| DynamicMessage::decode(inner, bytes.clone()).ok()) {
        Some(inner) if inner.descriptor().full_name().starts_with(PACKAGE) => {
            writer.name("value");
            writer.message(&inner)?;
        }
        Some(inner) => writer.fields(&inner, &inner.descriptor())?,
        None => {
            writer.name("value");
            writer.string(&base64::encode(&bytes));
        }
    }
    writer.close('}');
    Ok(())
}

/// Reads the text of a point in time, a duration or a field mask; nothing if the type is another one.
pub(in crate::http) fn read_text(
    text: &str,
    descriptor: &MessageDescriptor,
) -> Option<Result<DynamicMessage, String>> {
    let name = descriptor.full_name().strip_prefix(PACKAGE)?;
    let mut message = DynamicMessage::new(descriptor.clone());
    let parsed = match name {
        "Timestamp" => parse_timestamp(text),
        "Duration" => parse_duration(text),
        "FieldMask" => {
            let paths =
                text.split(',').filter(|path| !path.is_empty()).map(|path| Value::String(snake(path)));
            message.set_field_by_name("paths", Value::List(paths.collect()));
            return Some(Ok(message));
        }
        _ => return None,
    };
    let range = if name == "Duration" { -DURATION_SECONDS_MAX..=DURATION_SECONDS_MAX } else { SECONDS };
    Some(match parsed {
        Some((seconds, _)) if !range.contains(&seconds) => {
            Err(format!("{PACKAGE}{name} value out of range: {text:?}"))
        }
        Some((seconds, nanos)) => {
            message.set_field_by_name("seconds", Value::I64(seconds));
            message.set_field_by_name("nanos", Value::I32(nanos));
            Ok(message)
        }
        None => Err(format!("invalid {PACKAGE}{name} value {text:?}")),
    })
}

fn seconds(message: &DynamicMessage) -> i64 {
    message.get_field_by_name("seconds").and_then(|value| value.as_i64()).unwrap_or_default()
}

fn nanos(message: &DynamicMessage) -> i32 {
    message.get_field_by_name("nanos").and_then(|value| value.as_i32()).unwrap_or_default()
}

/// A fraction of a second with a point before it, in three, six or nine digits, or nothing.
fn fraction(nanos: u32) -> String {
    let digits = format!(".{nanos:09}");
    let short = digits.strip_suffix("000").unwrap_or(&digits);
    let short = short.strip_suffix("000").unwrap_or(short);
    short.strip_suffix(".000").unwrap_or(short).to_owned()
}

fn duration(seconds: i64, nanos: i32) -> String {
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    format!("{sign}{}{}s", seconds.unsigned_abs(), fraction(nanos.unsigned_abs()))
}

fn timestamp(seconds: i64, nanos: i32) -> String {
    let (days, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let fraction = fraction(nanos.unsigned_abs());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Year, month and day of a count of days since the epoch. The year begins in March, so that a leap day is its last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days since the epoch of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Reads a point in time as RFC 3339 spells it.
fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if marks.iter().any(|(at, mark)| text.get(*at..at + 1) != Some(mark)) {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    let date = days(year, month, day);
    if civil(date) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = text.get(19..)?;
    let end = rest.find(['Z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(end);
    let nanos = if fraction.is_empty() { 0 } else { parse_fraction(fraction.strip_prefix('.')?)? };
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign, zone) => {
            let (hours, minutes) = zone.split_once(':')?;
            let length = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            if sign == "-" { -length } else { length }
        }
    };
    let seconds = date * DAY + hour * 3600 + minute * 60 + second - offset;
    Some((seconds, nanos))
}

fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let text = text.strip_suffix('s')?;
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.is_empty() || text == "." || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos = if fraction.is_empty() { 0 } else { parse_fraction(fraction)? };
    let sign = if negative { -1 } else { 1 };
    Some((seconds * sign, nanos * sign as i32))
}

/// Nanoseconds of up to nine digits behind a point.
fn parse_fraction(digits: &str) -> Option<i32> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

/// `some_field.inner_one` as `someField.innerOne`.
pub(in crate::http) fn camel(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut raise = false;
    for each in path.chars() {
        match each {
            '_' => raise = true,
            _ if raise => {
                out.push(each.to_ascii_uppercase());
                raise = false;
            }
            _ => out.push(each),
        }
    }
    out
}

/// The reverse of `camel`.
fn snake(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 4);
    for each in path.chars() {
        if each.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(each.to_ascii_lowercase());
    }
    out
}

//! The one form of a specification: structured calendars and intervals only, numbers filled in, one time zone. Finds
//! everything that can be wrong with a specification, in the order and with the texts of the reference.

use longhaul_proto::api::schedule::v1::{
    CalendarSpec, IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec,
};
use prost_types::Duration;

use super::words::{DAY, Field, HOUR, MINUTE, MONTH, SECOND, WEEKDAY, WEEKDAY_NUMBER, YEAR};
use crate::cron::{length, zone::Zone};

const COMMENT_BYTES_MAX: usize = 200;
const SECONDS_MAX: i64 = 315_576_000_000;
const CONFLICT: &str = "conflicting timezone names";

/// Brings a specification to the one form; also returns its time zone.
#[expect(deprecated, reason = "old clients send calendars to exclude as text")]
pub(super) fn canonical(spec: &ScheduleSpec) -> Result<(ScheduleSpec, Zone), String> {
    let mut spec = spec.clone();
    for calendar in std::mem::take(&mut spec.calendar) {
        spec.structured_calendar.push(structured(&calendar)?);
    }
    let mut named = None;
    for text in std::mem::take(&mut spec.cron_string) {
        let (cron, zone) = read_cron(&text)?;
        // All of them have to name the same zone, if only none.
        if named.get_or_insert_with(|| zone.clone()) != &zone {
            return Err(CONFLICT.to_owned());
        }
        match cron {
            Cron::Calendar(calendar) => spec.structured_calendar.push(structured(&calendar)?),
            Cron::Interval(interval) => spec.interval.push(interval),
        }
    }
    if let Some(name) = named.filter(|name| !name.is_empty()) {
        let other = !spec.timezone_name.is_empty() && spec.timezone_name != name;
        if other || !spec.timezone_data.is_empty() {
            return Err(CONFLICT.to_owned());
        }
        spec.timezone_name = name;
    }
    for calendar in std::mem::take(&mut spec.exclude_calendar) {
        spec.exclude_structured_calendar.push(structured(&calendar)?);
    }
    for calendar in &mut spec.structured_calendar {
        check_calendar(calendar, true)?;
    }
    for interval in &spec.interval {
        check_interval(interval)?;
    }
    let zone = zone(&spec)?;
    for calendar in &mut spec.exclude_structured_calendar {
        check_calendar(calendar, false)?;
    }
    Ok((spec, zone))
}

/// The time zone of a specification.
fn zone(spec: &ScheduleSpec) -> Result<Zone, String> {
    let name = spec.timezone_name.as_str();
    if !spec.timezone_data.is_empty() {
        return Zone::from_data(name, &spec.timezone_data)
            .ok_or_else(|| "malformed time zone information".to_owned());
    }
    if name.contains("..") || name.starts_with(['/', '\\']) {
        return Err("time: invalid location name".to_owned());
    }
    Zone::named(name).ok_or_else(|| format!("unknown time zone {name}"))
}

/// A length in nanoseconds, as near as they can be counted.
pub(super) fn saturating(length: Option<&Duration>) -> i64 {
    length.map_or(0, |length| {
        length.seconds.saturating_mul(super::NANOS).saturating_add(i64::from(length.nanos))
    })
}

/// What a cron text stands for.
enum Cron {
    Calendar(Box<CalendarSpec>),
    Interval(IntervalSpec),
}

/// Reads a cron text; also returns the name of its time zone.
fn read_cron(text: &str) -> Result<(Cron, String), String> {
    let (text, comment) = text.split_once('#').unwrap_or((text, ""));
    let (mut text, mut zone) = (text.trim(), "");
    if let Some(rest) = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
        let parts = rest.split_once(' ');
        (zone, text) = parts.ok_or("CronString has time zone but missing fields")?;
        text = text.trim();
    }
    let text = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        // An interval is counted from the epoch, whatever the zone.
        _ if text.starts_with("@every") => return Ok((Cron::Interval(every(text)?), String::new())),
        _ => text,
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (second, words, year) = match words[..] {
        [_, _, _, _, _] => ("0", &words[..], ""),
        [_, _, _, _, _, year] => ("0", &words[..5], year),
        [second, _, _, _, _, _, year] => (second, &words[1..6], year),
        _ => return Err("CronString does not have 5-7 fields".to_owned()),
    };
    let calendar = CalendarSpec {
        second: second.to_owned(),
        minute: words[0].to_owned(),
        hour: words[1].to_owned(),
        day_of_month: words[2].to_owned(),
        month: words[3].to_owned(),
        day_of_week: words[4].to_owned(),
        year: year.to_owned(),
        comment: comment.trim().to_owned(),
    };
    Ok((Cron::Calendar(Box::new(calendar)), zone.to_owned()))
}

/// Reads `@every`, a length, and perhaps a phase behind a slash.
fn every(text: &str) -> Result<IntervalSpec, String> {
    let (_, text) = text.split_once(' ').ok_or("CronString does not have interval after @every")?;
    let (interval, phase) = text.split_once('/').unwrap_or((text, ""));
    let interval = Some(read_length(interval)?);
    let phase = if phase.is_empty() { None } else { Some(read_length(phase)?) };
    Ok(IntervalSpec { interval, phase })
}

fn read_length(text: &str) -> Result<Duration, String> {
    let nanos = length::parse_with_days(text)?;
    Ok(Duration { seconds: nanos / super::NANOS, nanos: (nanos % super::NANOS) as i32 })
}

/// Reads the texts of a calendar. Every field may be wrong, and all that are, are told.
fn structured(calendar: &CalendarSpec) -> Result<StructuredCalendarSpec, String> {
    let mut faults = Vec::new();
    let mut read = |field: &Field, text: &str| {
        field.read(text).unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        })
    };
    let second = read(&SECOND, &calendar.second);
    let minute = read(&MINUTE, &calendar.minute);
    let hour = read(&HOUR, &calendar.hour);
    let day_of_week = read(&WEEKDAY, &calendar.day_of_week);
    let day_of_month = read(&DAY, &calendar.day_of_month);
    let month = read(&MONTH, &calendar.month);
    // Every year is said by no year.
    let every_year = matches!(calendar.year.trim(), "" | "*");
    let year = if every_year { Vec::new() } else { read(&YEAR, &calendar.year) };
    if !faults.is_empty() {
        return Err(faults.join(", "));
    }
    let comment = calendar.comment.clone();
    Ok(StructuredCalendarSpec { second, minute, hour, day_of_month, month, year, day_of_week, comment })
}

/// Finds what is wrong with a calendar, and fills in what may be left out of a range.
fn check_calendar(calendar: &mut StructuredCalendarSpec, comment: bool) -> Result<(), String> {
    let mut faults = Vec::new();
    let fields: [(&Field, &mut Vec<Range>); 7] = [
        (&SECOND, &mut calendar.second),
        (&MINUTE, &mut calendar.minute),
        (&HOUR, &mut calendar.hour),
        (&DAY, &mut calendar.day_of_month),
        (&MONTH, &mut calendar.month),
        (&YEAR, &mut calendar.year),
        (&WEEKDAY_NUMBER, &mut calendar.day_of_week),
    ];
    for (field, ranges) in fields {
        field.check(ranges, &mut faults);
        for range in ranges {
            range.end = range.end.max(range.start);
            range.step = range.step.max(1);
        }
    }
    // A comment on what is excluded may be of any length.
    if comment && calendar.comment.len() > COMMENT_BYTES_MAX {
        faults.push("comment is too long".to_owned());
    }
    if faults.is_empty() { Ok(()) } else { Err(format!("invalid calendar spec: {}", faults.join(", "))) }
}

/// Finds what is wrong with an interval.
fn check_interval(interval: &IntervalSpec) -> Result<(), String> {
    for (name, length) in [("interval", &interval.interval), ("phase", &interval.phase)] {
        if let Some(fault) = length.as_ref().and_then(invalid) {
            return Err(format!("{name} is not a valid duration: {fault}"));
        }
    }
    let (length, phase) = (saturating(interval.interval.as_ref()), saturating(interval.phase.as_ref()));
    if length < super::NANOS {
        return Err("interval is too small".to_owned());
    }
    if phase < 0 {
        return Err("phase is negative".to_owned());
    }
    if phase >= length {
        return Err("phase cannot be greater than Interval".to_owned());
    }
    Ok(())
}

/// Why a wire duration is none.
fn invalid(length: &Duration) -> Option<String> {
    let Duration { seconds, nanos } = *length;
    let fault = if seconds < -SECONDS_MAX {
        "exceeds -10000 years"
    } else if seconds > SECONDS_MAX {
        "exceeds +10000 years"
    } else if nanos <= -1_000_000_000 || nanos >= 1_000_000_000 {
        "has out-of-range nanos"
    } else if (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0) {
        "has seconds and nanos with different signs"
    } else {
        return None;
    };
    let fields = [
        (seconds != 0).then(|| format!("seconds:{seconds}")),
        (nanos != 0).then(|| format!("nanos:{nanos}")),
    ];
    let fields: Vec<String> = fields.into_iter().flatten().collect();
    Some(format!("proto: duration ({}) {fault}", fields.join("  ")))
}

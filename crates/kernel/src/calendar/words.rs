//! One field of a calendar as people write it: `*`, `9-17`, `mon-fri`, `*/15`, `jan,july`. Also says what is wrong
//! with a range of a structured calendar. The texts are the reference's.

use longhaul_proto::api::schedule::v1::Range;

/// What a field is called, which numbers it may hold, and how some of them are named.
pub(super) struct Field {
    pub name: &'static str,
    pub least: i32,
    pub most: i32,
    /// What an empty text stands for.
    default: &'static str,
    /// Names of the numbers from `least` on.
    names: &'static [&'static str],
    /// How much of a name is enough.
    letters_min: usize,
}

const fn number(name: &'static str, least: i32, most: i32, default: &'static str) -> Field {
    Field { name, least, most, default, names: &[], letters_min: 0 }
}

pub(super) const SECOND: Field = number("Second", 0, 59, "0");
pub(super) const MINUTE: Field = number("Minute", 0, 59, "0");
pub(super) const HOUR: Field = number("Hour", 0, 23, "0");
pub(super) const DAY: Field = number("DayOfMonth", 1, 31, "*");
pub(super) const YEAR: Field = number("Year", 2000, super::YEAR_MAX as i32, "*");
pub(super) const MONTH: Field = Field {
    names: &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    letters_min: 3,
    ..number("Month", 1, 12, "*")
};
/// Written days of the week; Sunday is also 7.
pub(super) const WEEKDAY: Field = Field {
    names: &["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    letters_min: 2,
    ..number("DayOfWeek", 0, 7, "*")
};
/// Structured days of the week.
pub(super) const WEEKDAY_NUMBER: Field = number("DayOfWeek", 0, 6, "*");

impl Field {
    /// Reads a text as ranges.
    pub fn read(&self, text: &str) -> Result<Vec<Range>, String> {
        let text = if text.is_empty() { self.default } else { text.trim() };
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let range = self.range(part)?;
            if self.most == WEEKDAY.most {
                ranges.extend(without_seven(range));
            } else {
                ranges.push(range);
            }
        }
        Ok(ranges)
    }

    /// Reads one part of a list.
    fn range(&self, text: &str) -> Result<Range, String> {
        let (text, step) = match text.split_once('/') {
            None => (text, None),
            Some((text, step)) => (text, Some(self.step(step)?)),
        };
        let (start, end) = if text == "*" {
            (self.least, self.most)
        } else if let Some((start, end)) = text.split_once('-') {
            if end.contains('-') {
                return Err(format!("{} has too many dashes", self.name));
            }
            let start = self.number(start).ok_or_else(|| self.bad_start())?;
            (start, self.number(end).filter(|end| *end >= start).ok_or_else(|| self.bad_end())?)
        } else {
            let Some(start) = self.number(text) else {
                return Err(format!("{} is not in range [{}-{}]", self.name, self.least, self.most));
            };
            (start, if step.is_some() { self.most } else { start })
        };
        Ok(Range { start, end, step: step.unwrap_or(1) })
    }

    fn step(&self, text: &str) -> Result<i32, String> {
        if text.contains('/') {
            return Err(format!("{} has too many slashes", self.name));
        }
        if text.is_empty() {
            return Err(format!("{} missing step value", self.name));
        }
        let step = text.parse::<i64>().map_err(|error| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            let why = match error.kind() {
                PosOverflow | NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            format!("strconv.Atoi: parsing {text:?}: {why}")
        })?;
        if step < 1 {
            return Err(self.bad_step());
        }
        Ok(i32::try_from(step).unwrap_or(i32::MAX))
    }

    /// Reads a number or the beginning of a name; `None` also if it is out of range.
    fn number(&self, text: &str) -> Option<i32> {
        let lower = text.to_lowercase();
        let name = |name: &&str| lower.len() >= self.letters_min && name.starts_with(&lower);
        let number = match self.names.iter().position(name) {
            Some(index) => self.least + index as i32,
            None => text.parse().ok()?,
        };
        (self.least..=self.most).contains(&number).then_some(number)
    }

    /// Adds what is wrong with ranges that were given as such.
    pub fn check(&self, ranges: &[Range], faults: &mut Vec<String>) {
        for range in ranges {
            if !(self.least..=self.most).contains(&range.start) {
                faults.push(self.bad_start());
            }
            if range.end != 0 && (range.end < range.start || range.end > self.most) {
                faults.push(self.bad_end());
            }
            if range.step < 0 {
                faults.push(self.bad_step());
            }
        }
    }

    fn bad_start(&self) -> String {
        format!("{} Start is not in range [{}-{}]", self.name, self.least, self.most)
    }

    fn bad_end(&self) -> String {
        format!("{} End is before Start or not in range [{}-{}]", self.name, self.least, self.most)
    }

    fn bad_step(&self) -> String {
        format!("{} has invalid Step", self.name)
    }
}

/// Says Sunday as 0 where it was said as 7.
///
/// From Monday to 7 in single steps loses Sunday: the reference reads it so, and a schedule must not act on other days
/// than there.
fn without_seven(range: Range) -> Vec<Range> {
    let Range { start, end, step } = range;
    let has_seven = end == 7 && (7 - start) % step == 0;
    let mut ranges = Vec::new();
    if has_seven && (start > 1 || step > 1) {
        ranges.push(Range { start: 0, end: 0, step: 1 });
    }
    if start < 7 {
        ranges.push(Range { start, end: end.min(6), step });
    }
    ranges
}

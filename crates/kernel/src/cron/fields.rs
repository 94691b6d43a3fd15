//! The five fields of a cron schedule as sets of numbers: lists, ranges, steps, names. Knows nothing of time.

/// Names of the months, from 1.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Names of the days of the week, from 0.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What the wall clock has to show at a tick; its seconds are always zero.
#[derive(Debug)]
pub(super) struct Fields {
    pub minute: Set,
    pub hour: Set,
    pub day: Set,
    pub month: Set,
    pub weekday: Set,
}

/// A set of numbers below 64.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Set {
    bits: u64,
    /// It was written as `*` or `?`: it does not restrict.
    star: bool,
}

/// Which numbers a field may hold, and the names of some of them.
struct Bounds {
    least: i64,
    most: i64,
    /// Names of the numbers from `least` on.
    names: &'static [&'static str],
}

impl Fields {
    /// Reads five fields, parted by white space.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = words[..] else { return None };
        Some(Self {
            minute: Set::parse(minute, &Bounds { least: 0, most: 59, names: &[] })?,
            hour: Set::parse(hour, &Bounds { least: 0, most: 23, names: &[] })?,
            day: Set::parse(day, &Bounds { least: 1, most: 31, names: &[] })?,
            month: Set::parse(month, &Bounds { least: 1, most: 12, names: &MONTHS })?,
            weekday: Set::parse(weekday, &Bounds { least: 0, most: 6, names: &DAYS })?,
        })
    }

    /// Whether a day is asked for. If both fields restrict, one of them is enough.
    pub fn has_day(&self, day: i8, weekday: i8) -> bool {
        let (in_month, in_week) = (self.day.has(day), self.weekday.has(weekday));
        if self.day.star || self.weekday.star { in_month && in_week } else { in_month || in_week }
    }
}

impl Set {
    /// Whether the number is in the set.
    pub fn has(self, number: i8) -> bool {
        (0..64).contains(&number) && self.bits >> number & 1 == 1
    }

    /// Reads a list; empty parts of it are passed over, so a lone comma is the empty set.
    fn parse(text: &str, bounds: &Bounds) -> Option<Self> {
        let mut set = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let part = Self::range(part, bounds)?;
            set.bits |= part.bits;
            set.star |= part.star;
        }
        Some(set)
    }

    /// Reads `*`, `?`, a number or a range, with or without a step.
    fn range(text: &str, bounds: &Bounds) -> Option<Self> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let mut ends = range.split('-');
        let first = ends.next()?;
        let star = first == "*" || first == "?";
        let (low, high) = if star {
            // What follows the star is not looked at.
            (bounds.least, bounds.most)
        } else {
            let low = bounds.number(first)?;
            match (ends.next(), ends.next()) {
                // A single number with a step means: from there to the end.
                (None, _) => (low, if step.is_some() { bounds.most } else { low }),
                (Some(high), None) => (low, bounds.number(high)?),
                (Some(_), Some(_)) => return None,
            }
        };
        let step = step.unwrap_or(1);
        if low < bounds.least || high > bounds.most || low > high || step == 0 {
            return None;
        }
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        let bits = (low..=high).step_by(step).fold(0, |bits, number| bits | 1 << number);
        Some(Self { bits, star: star && step == 1 })
    }
}

impl Bounds {
    /// Reads a number or a name of one.
    fn number(&self, text: &str) -> Option<i64> {
        let lower = text.to_lowercase();
        match self.names.iter().position(|name| *name == lower) {
            Some(index) => Some(self.least + index as i64),
            None => number(text),
        }
    }
}

/// Reads a number that is not negative; a sign is allowed.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number >= 0)
}

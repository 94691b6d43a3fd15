//! A structured calendar, ready to be matched: one set of numbers for each thing a wall clock shows.

use jiff::civil::DateTime;
use longhaul_proto::api::schedule::v1::{Range, StructuredCalendarSpec};

/// The year that bit 0 of a set of years stands for.
const YEAR_MIN: i32 = 2000;

/// A calendar: all of its fields have to fit. A field without numbers never does, except for the year.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    pub second: Set,
    pub minute: Set,
    pub hour: Set,
    pub day: Set,
    pub month: Set,
    pub year: Set,
    pub weekday: Set,
}

/// A set of at most 128 numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    least: i32,
    bits: u128,
}

impl Calendar {
    /// Takes the numbers of a calendar that was found right.
    pub fn new(spec: &StructuredCalendarSpec) -> Self {
        let any_year = [Range { start: YEAR_MIN, end: i32::from(super::YEAR_MAX), step: 1 }];
        let year = if spec.year.is_empty() { &any_year[..] } else { &spec.year };
        Self {
            second: Set::new(0, &spec.second),
            minute: Set::new(0, &spec.minute),
            hour: Set::new(0, &spec.hour),
            day: Set::new(0, &spec.day_of_month),
            month: Set::new(0, &spec.month),
            year: Set::new(YEAR_MIN, year),
            weekday: Set::new(0, &spec.day_of_week),
        }
    }

    /// Whether the wall clock fits.
    pub fn has(&self, clock: DateTime) -> bool {
        self.year.has(clock.year().into())
            && self.month.has(clock.month().into())
            && self.day.has(clock.day().into())
            && self.weekday.has(clock.weekday().to_sunday_zero_offset().into())
            && self.hour.has(clock.hour().into())
            && self.minute.has(clock.minute().into())
            && self.second.has(clock.second().into())
    }
}

impl Set {
    fn new(least: i32, ranges: &[Range]) -> Self {
        let numbers = ranges.iter().flat_map(|range| {
            let step = usize::try_from(range.step).unwrap_or(1).max(1);
            (range.start..=range.end).step_by(step)
        });
        let numbers = numbers.filter(|number| (least..least + 128).contains(number));
        Self { least, bits: numbers.fold(0, |bits, number| bits | 1 << (number - least)) }
    }

    /// Whether the number is in the set.
    pub fn has(self, number: i32) -> bool {
        (self.least..self.least + 128).contains(&number) && self.bits >> (number - self.least) & 1 == 1
    }

    /// The numbers of the set from `number` on, smallest first.
    pub fn from(self, number: i32) -> impl Iterator<Item = i32> {
        (number.max(self.least)..self.least + 128).filter(move |number| self.has(*number))
    }
}

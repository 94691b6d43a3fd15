//! The language in which a schedule says when to act: calendars, intervals and cron texts, less what is excluded,
//! within a span of time, with a jitter that is drawn from the instant itself. What is said is first brought to one
//! form (structured calendars and intervals), which is also what a client is shown; see `canonical`.
//!
//! All of it works on whole seconds and is a function of its arguments. It does not know what a schedule does, nor
//! what it has done; and it has nothing to do with the cron schedules of workflows, which follow other rules.

mod canonical;
mod fields;
mod jitter;
mod walk;
mod words;

#[cfg(test)]
mod tests;

use std::time::Duration;

use longhaul_proto::api::schedule::v1::ScheduleSpec;

use crate::{Refusal, cron::zone::Zone, time::Timestamp};
use fields::Calendar;

const NANOS: i64 = 1_000_000_000;

/// The last year in which anything happens.
const YEAR_MAX: i16 = 2100;

/// How many excluded instants in a row are passed over before the search is given up: two weeks of seconds.
const EXCLUDED_MAX: u32 = 1_209_600;

/// A specification that was understood.
#[derive(Clone, Debug)]
pub struct Spec {
    canonical: ScheduleSpec,
    calendars: Vec<Calendar>,
    excluded: Vec<Calendar>,
    intervals: Vec<Interval>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    jitter: Duration,
    zone: Zone,
}

/// An instant to act at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// The instant that the specification names.
    pub nominal: Timestamp,
    /// The instant after jitter.
    pub actual: Timestamp,
}

/// Every so many seconds, counted from the epoch.
#[derive(Clone, Copy, Debug)]
struct Interval {
    seconds: i64,
    phase: i64,
}

impl Spec {
    /// Reads a specification.
    ///
    /// # Errors
    /// The refusal, with the reference's text.
    pub fn parse(spec: &ScheduleSpec) -> Result<Self, Refusal> {
        Self::read(spec).map_err(|text| Refusal::invalid(format!("Invalid schedule spec: {text}")))
    }

    fn read(spec: &ScheduleSpec) -> Result<Self, String> {
        let (canonical, zone) = canonical::canonical(spec)?;
        let calendars = canonical.structured_calendar.iter().map(Calendar::new).collect();
        let excluded = canonical.exclude_structured_calendar.iter().map(Calendar::new).collect();
        let intervals = canonical.interval.iter().map(Interval::new).collect();
        let jitter = canonical::saturating(canonical.jitter.as_ref()).max(0);
        Ok(Self {
            calendars,
            excluded,
            intervals,
            start: canonical.start_time.as_ref().map(Timestamp::from_proto),
            end: canonical.end_time.as_ref().map(Timestamp::from_proto),
            jitter: Duration::from_nanos(jitter.unsigned_abs()),
            zone,
            canonical,
        })
    }

    /// The specification in the form that clients are shown: calendar and cron texts have become structured calendars
    /// and intervals.
    pub fn canonical(&self) -> &ScheduleSpec {
        &self.canonical
    }

    /// The first instant after `after` at which to act, if there is one. `seed` tells schedules apart, so that those
    /// with the same specification are jittered differently.
    ///
    /// # Errors
    /// Refuses a specification that excludes too many instants in a row.
    pub fn next(&self, after: Timestamp, seed: &str) -> Result<Option<Next>, Refusal> {
        let mut after = after.0.div_euclid(NANOS);
        if let Some(start) = self.start {
            // The first second of the span counts if it matches.
            after = after.max(start.0.div_euclid(NANOS) - 1);
        }
        for _ in 0..EXCLUDED_MAX {
            let Some(second) = self.matching(after).filter(|second| !self.is_over(*second)) else {
                return Ok(None);
            };
            if !self.is_excluded(second) {
                return Ok(Some(self.jittered(second, seed)));
            }
            after = second;
        }
        Err(Refusal::invalid(
            "the schedule calendar specification has too many exclusions. Please modify the specification.",
        ))
    }

    /// The first second after `after` that any calendar or interval names.
    fn matching(&self, after: i64) -> Option<i64> {
        let calendars = self.calendars.iter().filter_map(|calendar| calendar.after(&self.zone, after));
        let intervals = self.intervals.iter().map(|interval| interval.after(after));
        calendars.chain(intervals).min()
    }

    fn is_excluded(&self, second: i64) -> bool {
        let clock = self.zone.clock(second);
        self.excluded.iter().any(|calendar| calendar.has(clock))
    }

    /// Whether a second is after the end of the span, or of all calendars. Also keeps what is told countable in
    /// nanoseconds.
    fn is_over(&self, second: i64) -> bool {
        let over = self.end.is_some_and(|end| i128::from(second) * i128::from(NANOS) > i128::from(end.0));
        over || Zone::utc().clock(second).year() > YEAR_MAX
    }

    /// Moves a second on by its jitter, but not past the one that follows.
    fn jittered(&self, second: i64, seed: &str) -> Next {
        let gap = self.matching(second).map_or(u64::MAX, |following| following.abs_diff(second));
        let range = self.jitter.min(Duration::from_secs(gap));
        let nominal = Timestamp(second.saturating_mul(NANOS));
        Next { nominal, actual: nominal + jitter::of(second, seed, range) }
    }
}

impl Interval {
    /// The first second after `after` that the interval names. The division is the reference's: before the first
    /// phase it rounds towards it.
    fn after(self, after: i64) -> i64 {
        ((after - self.phase) / self.seconds + 1).saturating_mul(self.seconds).saturating_add(self.phase)
    }

    /// Takes the whole seconds of an interval that was found right.
    fn new(interval: &longhaul_proto::api::schedule::v1::IntervalSpec) -> Self {
        Self {
            seconds: (canonical::saturating(interval.interval.as_ref()) / NANOS).max(1),
            phase: (canonical::saturating(interval.phase.as_ref()) / NANOS).max(0),
        }
    }
}

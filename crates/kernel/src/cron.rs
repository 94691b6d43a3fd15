//! Cron schedules of workflows: which texts are schedules, and when the next run of a chain is due. The language and
//! its corners are those of the cron library the reference uses (robfig/cron v3, standard parser): five fields, or
//! `@` with a name or an interval, behind an optional time zone. Schedules of the Schedule API speak another language,
//! see `calendar`. Refuses to look at a clock: every answer is a function of its arguments.

mod fields;
pub(crate) mod length;
mod walk;
pub(crate) mod zone;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::time::Timestamp;
use fields::Fields;
use zone::Zone;

const NANOS: i64 = 1_000_000_000;

/// How long before the instant asked about a search begins at the earliest: two days.
const LOOK_BACK: i64 = 2 * 86_400 * NANOS;

/// A schedule that was understood.
#[derive(Debug)]
enum Schedule {
    /// Ticks so many whole seconds after the instant it is asked about.
    Every(i64),
    /// Ticks where the wall clock of a zone shows what the fields ask for.
    Fields(Box<Fields>, Zone),
}

/// When the run that follows is due: the next tick after `started`, but not before `now`. `started` is when the run at
/// hand was due itself.
///
/// The wait is a whole number of seconds from `now`, rounded up, because it is told as a backoff; so a chain drifts
/// behind its ticks by less than a second and never runs ahead of them. A run that ends before it was due (a signal
/// can wake it early) is followed by one that is due at that same time. `None` if the schedule can't be read or has no
/// tick left.
pub fn next(schedule: &str, started: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let schedule = parse(schedule)?;
    let due = if now < started { started } else { schedule.tick(started, now)? };
    let wait = due.since(now);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Some(now + Duration::from_secs(seconds))
}

/// Says what is wrong with a schedule. The empty text is right: it stands for no schedule.
///
/// # Errors
/// The text for the caller, which is the reference's.
pub fn validate(schedule: &str) -> Result<(), String> {
    if schedule.is_empty() {
        return Ok(());
    }
    let Some(parsed) = parse(schedule) else {
        return Err("invalid CronSchedule.".to_owned());
    };
    // Which instant is asked about does not matter: every five years have all dates, a leap day included.
    let any = Timestamp::from_secs(946_684_800);
    match parsed.tick(any, any) {
        Some(_) => Ok(()),
        None => Err("invalid CronSchedule, no time can be found to satisfy the schedule".to_owned()),
    }
}

impl Schedule {
    /// The first tick after `started` that is not before `now`.
    fn tick(&self, started: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(seconds) => {
                let period = i128::from(*seconds);
                // Ticks are on whole seconds, also if the run did not start on one.
                let base = i128::from(started.0.div_euclid(NANOS));
                let wanted = (i128::from(now.0) + i128::from(NANOS) - 1).div_euclid(i128::from(NANOS));
                let periods = (wanted - base + period - 1).div_euclid(period).max(1);
                let due = (base + periods * period) * i128::from(NANOS);
                Some(Timestamp(i64::try_from(due).unwrap_or(i64::MAX)))
            }
            Self::Fields(fields, zone) => {
                // The reference goes from tick to tick. Where the clock changes, a search can find another tick
                // than one from shortly before; what lies longer ago makes no difference.
                let mut tick = started.0.max(now.0.saturating_sub(LOOK_BACK)).div_euclid(NANOS);
                loop {
                    tick = walk::after(fields, zone, tick)?;
                    let due = Timestamp(tick.checked_mul(NANOS)?);
                    if due >= now {
                        return Some(due);
                    }
                }
            }
        }
    }
}

/// Reads a schedule.
fn parse(text: &str) -> Option<Schedule> {
    let (zone, text) = split_zone(text)?;
    match text.strip_prefix('@') {
        Some(name) => descriptor(name, zone),
        None => Some(Schedule::Fields(Box::new(Fields::parse(text)?), zone)),
    }
}

/// Takes the time zone off the front. `None` if it is none, or if nothing follows it.
fn split_zone(text: &str) -> Option<(Zone, &str)> {
    let Some(rest) = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) else {
        return Some((Zone::utc(), text));
    };
    let (name, rest) = rest.split_once(' ')?;
    Some((Zone::named(name)?, rest.trim()))
}

/// A schedule with a name, or an interval.
fn descriptor(name: &str, zone: Zone) -> Option<Schedule> {
    let fields = match name {
        "yearly" | "annually" => "0 0 1 1 *",
        "monthly" => "0 0 1 * *",
        "weekly" => "0 0 * * 0",
        "daily" | "midnight" => "0 0 * * *",
        "hourly" => "0 * * * *",
        _ => {
            let nanos = length::parse(name.strip_prefix("every ")?).ok()?;
            return Some(Schedule::Every((nanos / NANOS).max(1)));
        }
    };
    Some(Schedule::Fields(Box::new(Fields::parse(fields)?), zone))
}

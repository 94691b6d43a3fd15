//! The search for the next second at which the wall clock fits a calendar.
//!
//! The search runs over what the clock could show, not over instants, and decides what happens when the clock jumps.
//! Where the clock goes back west of Greenwich, every second of it counts, the repeated hour twice; east of it, some
//! of the repeated seconds are left out and some come an hour late. An hour that is skipped is passed over; a part of
//! an hour that is skipped is not noticed. That is the behaviour of the reference, second by second, and a schedule
//! that moves over from it keeps its times.

use jiff::civil::Date;

use super::{YEAR_MAX, fields::Calendar};
use crate::cron::zone::Zone;

const HOUR: i64 = 3600;

impl Calendar {
    /// The first second after `after` at which the wall clock fits.
    pub(super) fn after(&self, zone: &Zone, after: i64) -> Option<i64> {
        let mut walk = Walk::new(zone, after);
        loop {
            walk.carry()?;
            if walk.date.year() > YEAR_MAX {
                return None;
            }
            if !self.year.has(walk.date.year().into()) {
                walk.go_to(walk.date.last_of_year().tomorrow().ok()?);
            } else if !self.month.has(walk.date.month().into()) {
                walk.go_to(walk.date.last_of_month().tomorrow().ok()?);
            } else if !self.day.has(walk.date.day().into()) || !self.weekday.has(walk.weekday()) {
                walk.go_to(walk.date.tomorrow().ok()?);
            } else if self.time(&mut walk) {
                let at = walk.instant();
                if walk.again {
                    return Some(at + HOUR);
                }
                if i32::from(zone.clock(at).hour()) == walk.hour && at > after {
                    return Some(at);
                }
                walk.set_hour(walk.hour + 1);
            }
        }
    }

    /// Moves on to a time of this day that fits. If there is none in this hour or minute, leaves it full for `carry`.
    fn time(&self, walk: &mut Walk<'_>) -> bool {
        match self.hour.from(walk.hour).next() {
            Some(hour) if hour == walk.hour => {}
            hour => walk.set_hour(hour.unwrap_or(24)),
        }
        if walk.hour == 24 {
            return false;
        }
        match self.minute.from(walk.minute).next() {
            Some(minute) if minute == walk.minute => {}
            minute => (walk.minute, walk.second) = (minute.unwrap_or(60), 0),
        }
        if walk.minute == 60 {
            return false;
        }
        walk.second = self.second.from(walk.second).next().unwrap_or(60);
        walk.second < 60
    }
}

/// Where the search stands.
struct Walk<'a> {
    zone: &'a Zone,
    date: Date,
    hour: i32,
    minute: i32,
    second: i32,
    /// The hour is run through for the second time, because the clock went back.
    again: bool,
}

impl<'a> Walk<'a> {
    /// Stands a second after `after`.
    fn new(zone: &'a Zone, after: i64) -> Self {
        let clock = zone.clock(after);
        Self {
            zone,
            date: clock.date(),
            hour: clock.hour().into(),
            minute: clock.minute().into(),
            second: i32::from(clock.second()) + 1,
            again: zone.clock(after - HOUR).hour() == clock.hour(),
        }
    }

    /// Begins the next minute, hour or day if one is full.
    fn carry(&mut self) -> Option<()> {
        if self.second >= 60 {
            (self.minute, self.second) = (self.minute + 1, 0);
        }
        if self.minute >= 60 {
            self.minute = 0;
            if self.again || !self.goes_back() {
                (self.hour, self.again) = (self.hour + 1, false);
            } else {
                self.again = true;
            }
        }
        if self.hour >= 24 {
            (self.date, self.hour) = (self.date.tomorrow().ok()?, 0);
        }
        Some(())
    }

    /// Whether more than an hour lies between the beginnings of this hour and the next.
    fn goes_back(&self) -> bool {
        let begin = |hour: i32| self.zone.instant_of(self.date, i64::from(hour) * HOUR);
        begin(self.hour + 1) - begin(self.hour) > HOUR
    }

    fn go_to(&mut self, date: Date) {
        self.date = date;
        self.set_hour(0);
    }

    fn set_hour(&mut self, hour: i32) {
        (self.hour, self.minute, self.second, self.again) = (hour, 0, 0, false);
    }

    fn instant(&self) -> i64 {
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute);
        self.zone.instant_of(self.date, minutes * 60 + i64::from(self.second))
    }

    /// The day of the week at the instant at which the search stands. In a skipped midnight that is still the day
    /// before.
    fn weekday(&self) -> i32 {
        self.zone.clock(self.instant()).weekday().to_sunday_zero_offset().into()
    }
}

//! The search for the next tick of five fields: the largest field that does not fit is moved on first, until all fit.
//!
//! The search decides what happens when the wall clock jumps, so its steps are those of the reference: months and days
//! are steps of the calendar, hours and minutes are lengths of time. Hence a time that the clock skips is no tick, and
//! one that it shows twice is two.

use jiff::{ToSpan, civil::DateTime};

use super::{fields::Fields, zone::Zone};

/// How far ahead a tick is looked for.
const YEARS: i16 = 5;

/// How many moves a search may take. Five years need a few thousand at most; in a handful of past clock changes (such
/// as the day that Kwajalein left out) the steps of the reference lead in a circle.
const MOVES_MAX: u32 = 20_000;

/// The first tick after the second `after`, in seconds after the epoch.
pub(super) fn after(fields: &Fields, zone: &Zone, after: i64) -> Option<i64> {
    let mut walk = Walk { zone, at: after + 1, coarse: false, moves: 0 };
    let last_year = walk.clock().year() + YEARS;
    while walk.moves < MOVES_MAX && walk.clock().year() <= last_year {
        if walk.month(fields) && walk.day(fields) && walk.hour(fields) && walk.minute(fields) {
            return Some(walk.at);
        }
    }
    None
}

/// Where the search stands. Each step returns whether its field fits; if not, a larger field has moved on, and the
/// search begins again with the largest.
struct Walk<'a> {
    zone: &'a Zone,
    at: i64,
    /// The smaller fields were set to their least: from there on the search only moves forward.
    coarse: bool,
    /// Moves taken.
    moves: u32,
}

impl Walk<'_> {
    fn clock(&self) -> DateTime {
        self.zone.clock(self.at)
    }

    /// Counts a move; false if there were too many.
    fn may_move(&mut self) -> bool {
        self.moves += 1;
        self.moves < MOVES_MAX
    }

    fn month(&mut self, fields: &Fields) -> bool {
        while !fields.month.has(self.clock().month()) {
            let clock = self.clock();
            self.truncate(clock.date().first_of_month().at(0, 0, 0, 0));
            // A day that the next month does not have runs over into the month after it.
            let clock = self.clock();
            let next = clock.first_of_month().saturating_add(1.month());
            self.at = self.zone.instant(next.saturating_add((i64::from(clock.day()) - 1).days()));
            if !self.may_move() || self.clock().month() == 1 {
                return false;
            }
        }
        true
    }

    fn day(&mut self, fields: &Fields) -> bool {
        while !fields.has_day(self.clock().day(), self.clock().weekday().to_sunday_zero_offset()) {
            let clock = self.clock();
            self.truncate(clock.date().at(0, 0, 0, 0));
            self.at = self.zone.instant(self.clock().saturating_add(1.day()));
            // Where midnight does not exist, the nearest full hours count.
            let hour = i64::from(self.clock().hour());
            self.at += if hour > 12 { 24 - hour } else { -hour } * 3600;
            if !self.may_move() || self.clock().day() == 1 {
                return false;
            }
        }
        true
    }

    fn hour(&mut self, fields: &Fields) -> bool {
        while !fields.hour.has(self.clock().hour()) {
            let clock = self.clock();
            self.truncate(clock.date().at(clock.hour(), 0, 0, 0));
            self.at += 3600;
            if !self.may_move() || self.clock().hour() == 0 {
                return false;
            }
        }
        true
    }

    /// Also moves on to a full minute.
    fn minute(&mut self, fields: &Fields) -> bool {
        while !fields.minute.has(self.clock().minute()) {
            if !self.coarse {
                self.coarse = true;
                self.at -= self.at.rem_euclid(60);
            }
            self.at += 60;
            if !self.may_move() || self.clock().minute() == 0 {
                return false;
            }
        }
        if self.clock().second() == 0 {
            return true;
        }
        self.coarse = true;
        self.at += 60 - i64::from(self.clock().second());
        false
    }

    /// Goes back to where a field begins, once.
    fn truncate(&mut self, clock: DateTime) {
        if !self.coarse {
            self.coarse = true;
            self.at = self.zone.instant(clock);
        }
    }
}

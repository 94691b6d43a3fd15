//! Time zones: between instants and what a wall clock shows. The tz database is compiled in, so that every build of
//! ours answers alike wherever it runs.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::{Offset, TimeZone, TimeZoneDatabase},
};

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of an IANA name, spelled exactly. The empty name and `Local` mean UTC, the zone of a server.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::utc()),
            "Etc/Unknown" => None,
            _ => {
                let zone = TimeZoneDatabase::bundled().get(name).ok()?;
                (zone.iana_name() == Some(name)).then_some(Self(zone))
            }
        }
    }

    /// The zone that TZif data describe.
    pub fn from_data(name: &str, data: &[u8]) -> Option<Self> {
        TimeZone::tzif(name, data).ok().map(Self)
    }

    /// What the wall clock shows at `second` after the epoch.
    pub fn clock(&self, second: i64) -> DateTime {
        let second = clamp(second);
        self.0.to_offset(second).to_datetime(second)
    }

    /// When the wall clock shows `clock`, in seconds after the epoch. Of two such instants this is the first west
    /// of Greenwich and the second east of it; if there is none, it is one at which the clock shows another time. The
    /// rule is that of Go's `time.Date`, which decides what the reference does.
    pub fn instant(&self, clock: DateTime) -> i64 {
        let time = clock.time();
        let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute());
        self.instant_of(clock.date(), minutes * 60 + i64::from(time.second()))
    }

    /// When the wall clock shows a date and that `second` of it; it may be one of the next day.
    pub fn instant_of(&self, date: Date, second: i64) -> i64 {
        let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
        let local = midnight.as_second() + second;
        local - self.offset(local - self.offset(local))
    }

    /// Seconds by which the wall clock is ahead of UTC.
    fn offset(&self, second: i64) -> i64 {
        i64::from(self.0.to_offset(clamp(second)).seconds())
    }
}

/// Instants that can't be told count as the nearest that can.
fn clamp(second: i64) -> Timestamp {
    let nearest = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(nearest)
}

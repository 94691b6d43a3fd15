//! Whole specifications against a walk second by second, in the hours around a change of the clock: calendars of every
//! field, intervals, exclusions and a span, in twenty zones.

use super::*;

/// Seconds looked at on either side of a change.
const BEFORE: i64 = 3 * 3600;
const AFTER: i64 = 5 * 3600;

/// A calendar of any field. Hours are chosen so that something happens near a change of the clock.
fn anywhere() -> impl Strategy<Value = StructuredCalendarSpec> {
    let ranges = |least: i32, most: i32, step: i32| {
        let one =
            (least..=most, least..=most, 1..=step).prop_map(|(a, b, step)| range(a.min(b), a.max(b), step));
        prop::collection::vec(one, 1..3)
    };
    let often =
        |least, most| prop_oneof![3 => Just(vec![range(least, most, 1)]), 1 => ranges(least, most, 3)];
    let year = prop_oneof![3 => Just(Vec::new()), 1 => ranges(2010, 2030, 2)];
    let time = (ranges(0, 59, 20), ranges(0, 59, 20), often(0, 23));
    (time, often(1, 31), often(1, 12), often(0, 6), year).prop_map(
        |((second, minute, hour), day_of_month, month, day_of_week, year)| StructuredCalendarSpec {
            second,
            minute,
            hour,
            day_of_month,
            month,
            day_of_week,
            year,
            comment: String::new(),
        },
    )
}

prop_compose! {
    /// A specification, with its span given in seconds from the change of the clock.
    fn specifications()(
        calendars in prop::collection::vec(anywhere(), 0..3),
        excluded in prop::collection::vec(anywhere(), 0..2),
        intervals in prop::collection::vec((60i64..20_000, 0i64..20_000), 0..3),
        start in prop::option::of(-BEFORE..AFTER),
        end in prop::option::of(-BEFORE..AFTER),
    ) -> (ScheduleSpec, Option<i64>, Option<i64>) {
        let intervals = intervals.into_iter().map(|(length, phase)| interval(length, phase % length));
        let spec = ScheduleSpec {
            structured_calendar: calendars,
            exclude_structured_calendar: excluded,
            interval: intervals.collect(),
            ..Default::default()
        };
        (spec, start, end)
    }
}

/// Whether the clock's day begins with its change, or ends with it: a weekday is then told by the hour that is skipped.
fn is_at_midnight(zone: &Zone, change: i64) -> bool {
    (-3600..=7200).step_by(1800).any(|offset| matches!(zone.clock(change + offset).hour(), 23 | 0))
}

/// What a specification says, read as plainly as it can be.
struct Plain<'a> {
    spec: &'a ScheduleSpec,
    zone: &'a Zone,
    calendars: Vec<Calendar>,
    excluded: Vec<Calendar>,
}

impl<'a> Plain<'a> {
    fn new(spec: &'a ScheduleSpec, zone: &'a Zone) -> Self {
        let read = |all: &[StructuredCalendarSpec]| all.iter().map(Calendar::new).collect();
        let (calendars, excluded) =
            (read(&spec.structured_calendar), read(&spec.exclude_structured_calendar));
        Self { spec, zone, calendars, excluded }
    }

    /// Whether it names this second.
    fn names(&self, second: i64) -> bool {
        let seconds = |length: &Option<Length>| length.as_ref().map_or(0, |length| length.seconds);
        let inside = self.spec.start_time.as_ref().is_none_or(|start| second >= start.seconds)
            && self.spec.end_time.as_ref().is_none_or(|end| second <= end.seconds);
        let clock = self.zone.clock(second);
        let mut intervals = self.spec.interval.iter();
        let named = intervals.any(|one| (second - seconds(&one.phase)) % seconds(&one.interval) == 0)
            || self.calendars.iter().any(|calendar| calendar.has(clock));
        inside && named && !self.excluded.iter().any(|calendar| calendar.has(clock))
    }
}

/// Compares the search with the walk, from some hours before the change to some hours behind it.
fn follow(
    name: &str,
    (mut spec, start, end): (ScheduleSpec, Option<i64>, Option<i64>),
    change: i64,
) -> Result<(), TestCaseError> {
    let zone = Zone::named(name).expect("the zone exists");
    if is_at_midnight(&zone, change) {
        spec.structured_calendar.iter_mut().for_each(|calendar| calendar.day_of_week = vec![range(0, 6, 1)]);
    }
    let at = |offset: i64| prost_types::Timestamp { seconds: change + offset, nanos: 0 };
    (spec.start_time, spec.end_time) = (start.map(at), end.map(at));
    spec.timezone_name = name.to_owned();
    let parsed = Spec::parse(&spec).expect("it is right");
    let plain = Plain::new(parsed.canonical(), &zone);
    let walked: Vec<i64> =
        (change - BEFORE + 1..=change + AFTER).filter(|second| plain.names(*second)).collect();
    let mut found = Vec::new();
    let mut last = Timestamp::from_secs(change - BEFORE);
    // A specification that excludes nearly everything is refused, which is another rule.
    while let Ok(Some(next)) = parsed.next(last, "") {
        if next.nominal > Timestamp::from_secs(change + AFTER) {
            break;
        }
        prop_assert!(next.nominal > last, "{} stands still at {}", name, text(last));
        found.push(next.nominal.0 / NANOS);
        last = next.nominal;
    }
    prop_assert_eq!(found, walked, "{} around {}: {:?}", name, text(Timestamp::from_secs(change)), spec);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_specification_acts_when_a_walk_says_so(
        zone in prop::sample::select(&PLAIN[..]),
        spec in specifications(),
        (from, forward) in (1_262_304_000i64..1_893_456_000, any::<bool>()),
    ) {
        let change = change(&Zone::named(zone).expect("the zone exists"), from, forward);
        follow(zone, spec, change)?;
    }

    #[test]
    fn east_of_greenwich_it_does_so_when_the_clock_goes_forward(
        zone in prop::sample::select(&EASTERN[..]),
        spec in specifications(),
        from in 1_262_304_000i64..1_893_456_000,
    ) {
        let change = change(&Zone::named(zone).expect("the zone exists"), from, true);
        follow(zone, spec, change)?;
    }
}

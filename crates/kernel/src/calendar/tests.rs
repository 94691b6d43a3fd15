//! Specifications as the reference reads, shows, refuses and follows them, and properties of the search.

use longhaul_proto::api::schedule::v1::{CalendarSpec, IntervalSpec, Range, StructuredCalendarSpec};
use proptest::prelude::*;
use prost_types::Duration as Length;

use super::*;

mod walker;

const SEED: &str = "01a204f2-c1a3-7bbe-a0e3-7f577a792485-s-";

/// West of Greenwich or without clock changes: there, every second counts.
const PLAIN: [&str; 11] = [
    "UTC",
    "America/Asuncion",
    "America/Halifax",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Pacific/Easter",
];

/// Where seconds are left out when the clock goes back.
const EASTERN: [&str; 9] = [
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Gaza",
    "Atlantic/Azores",
    "Australia/Sydney",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Paris",
    "Pacific/Auckland",
];

fn instant(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().expect("an instant");
    Timestamp(i64::try_from(at.as_nanosecond()).expect("an instant of our time"))
}

fn text(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(at.0.into()).expect("an instant").to_string()
}

fn range(start: i32, end: i32, step: i32) -> Range {
    Range { start, end, step }
}

fn daily(hour: Vec<Range>) -> StructuredCalendarSpec {
    StructuredCalendarSpec {
        second: vec![range(0, 0, 0)],
        minute: vec![range(0, 0, 0)],
        hour,
        day_of_month: vec![range(1, 31, 1)],
        month: vec![range(1, 12, 1)],
        day_of_week: vec![range(0, 6, 1)],
        ..Default::default()
    }
}

fn calendar(hour: &str) -> CalendarSpec {
    CalendarSpec { hour: hour.to_owned(), ..Default::default() }
}

fn interval(seconds: i64, phase: i64) -> IntervalSpec {
    let length = |seconds| Some(Length { seconds, nanos: 0 });
    IntervalSpec { interval: length(seconds), phase: length(phase) }
}

/// What a specification is shown as, or why it is refused.
fn shown(spec: &ScheduleSpec) -> String {
    match Spec::parse(spec) {
        Ok(spec) => show(spec.canonical()),
        Err(Refusal::InvalidArgument(text)) => {
            format!(
                "refused: {}",
                text.strip_prefix("Invalid schedule spec: ").expect("it says what is refused")
            )
        }
        Err(other) => format!("{other:?}"),
    }
}

fn show(spec: &ScheduleSpec) -> String {
    let mut parts: Vec<String> = spec.structured_calendar.iter().map(show_calendar).collect();
    for interval in &spec.interval {
        let length = |length: &Option<Length>| length.as_ref().map(|length| show_length(*length));
        let phase = length(&interval.phase).map_or_else(String::new, |phase| format!(" phase {phase}"));
        parts.push(format!("every {}{phase}", length(&interval.interval).expect("it has a length")));
    }
    if !spec.timezone_name.is_empty() {
        parts.push(format!("in {}", spec.timezone_name));
    }
    parts.join("; ")
}

/// A length with as many digits as protobuf's JSON has.
fn show_length(length: Length) -> String {
    let (seconds, nanos) = (length.seconds, length.nanos);
    match nanos {
        0 => format!("{seconds}s"),
        _ if nanos % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{seconds}.{:06}s", nanos / 1_000),
        _ => format!("{seconds}.{nanos:09}s"),
    }
}

fn show_calendar(calendar: &StructuredCalendarSpec) -> String {
    let c = calendar;
    let fields = [&c.second, &c.minute, &c.hour, &c.day_of_month, &c.month, &c.year, &c.day_of_week];
    let fields: Vec<String> = fields.into_iter().map(|ranges| show_ranges(ranges)).collect();
    let comment = if c.comment.is_empty() { String::new() } else { format!(" #{}", c.comment) };
    fields.join(" ") + &comment
}

fn show_ranges(ranges: &[Range]) -> String {
    let show = |range: &Range| {
        let Range { start, end, step } = range;
        let range = if start == end { start.to_string() } else { format!("{start}-{end}") };
        if *step == 1 { range } else { format!("{range}/{step}") }
    };
    if ranges.is_empty() { "any".to_owned() } else { ranges.iter().map(show).collect::<Vec<_>>().join(",") }
}

#[test]
fn texts_are_read_as_by_the_reference() {
    for line in include_str!("texts.txt").lines().filter(|line| !line.starts_with('#')) {
        let [field, text, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let value = text.to_owned();
        let mut calendar = CalendarSpec::default();
        match field {
            "cron" => {}
            "second" => calendar.second = value,
            "minute" => calendar.minute = value,
            "hour" => calendar.hour = value,
            "day_of_month" => calendar.day_of_month = value,
            "month" => calendar.month = value,
            "year" => calendar.year = value,
            "day_of_week" => calendar.day_of_week = value,
            _ => panic!("{line}"),
        }
        let spec = match field {
            "cron" => ScheduleSpec { cron_string: vec![text.to_owned()], ..Default::default() },
            _ => ScheduleSpec { calendar: vec![calendar], ..Default::default() },
        };
        assert_eq!(shown(&spec), expected, "{field} {text:?}");
    }
}

#[test]
fn wrong_ranges_and_lengths_are_refused_as_by_the_reference() {
    let structured = |calendar| ScheduleSpec { structured_calendar: vec![calendar], ..Default::default() };
    let intervals = |interval| ScheduleSpec { interval: vec![interval], ..Default::default() };
    let length = |seconds, nanos| IntervalSpec { interval: Some(Length { seconds, nanos }), phase: None };
    let daily_commented =
        |comment: &str| StructuredCalendarSpec { comment: comment.to_owned(), ..daily(vec![range(0, 0, 0)]) };
    let all_wrong = CalendarSpec {
        second: "-".into(),
        minute: "-".into(),
        hour: "-".into(),
        day_of_month: "-".into(),
        month: "-".into(),
        year: "-".into(),
        day_of_week: "-".into(),
        comment: String::new(),
    };
    for (spec, expected) in [
        (structured(daily(vec![range(5, 0, 0)])), "0 0 5 1-31 1-12 any 0-6"),
        (structured(StructuredCalendarSpec::default()), "any any any any any any any"),
        (
            structured(daily(vec![range(5, 3, 0)])),
            "calendar: Hour End is before Start or not in range [0-23]",
        ),
        (structured(daily(vec![range(24, 0, 0)])), "calendar: Hour Start is not in range [0-23]"),
        (
            structured(daily(vec![range(-1, -5, -1)])),
            "calendar: Hour Start is not in range [0-23], Hour End is before Start or not in range [0-23], Hour has \
             invalid Step",
        ),
        (structured(daily_commented(&"x".repeat(201))), "calendar: comment is too long"),
        (
            ScheduleSpec { calendar: vec![all_wrong], ..Default::default() },
            "Second Start is not in range [0-59], Minute Start is not in range [0-59], Hour Start is not in range \
             [0-23], DayOfWeek Start is not in range [0-7], DayOfMonth Start is not in range [1-31], Month Start is \
             not in range [1-12], Year Start is not in range [2000-2100]",
        ),
        (intervals(interval(90, 5)), "every 90s phase 5s"),
        (intervals(IntervalSpec::default()), "interval is too small"),
        (intervals(interval(10, -1)), "phase is negative"),
        (intervals(interval(10, 10)), "phase cannot be greater than Interval"),
        (
            intervals(length(1_000_000_000_000, 0)),
            "interval is not a valid duration: proto: duration (seconds:1000000000000) exceeds +10000 years",
        ),
        (
            intervals(length(10, -5)),
            "interval is not a valid duration: proto: duration (seconds:10  nanos:-5) has seconds and nanos with \
             different signs",
        ),
    ] {
        let expected = expected.replace("calendar: ", "invalid calendar spec: ");
        let shown = shown(&spec);
        let shown = shown.strip_prefix("refused: ").unwrap_or(&shown);
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_specification_has_one_time_zone() {
    let conflict = "refused: conflicting timezone names";
    let midnight = "0 0 0 1-31 1-12 any 0-6";
    for (crons, name, expected) in [
        (&["0 0 * * *"][..], "Asia/Tokyo", format!("{midnight}; in Asia/Tokyo")),
        (&["CRON_TZ=Asia/Tokyo 0 0 * * *"], "Asia/Tokyo", format!("{midnight}; in Asia/Tokyo")),
        (&["CRON_TZ=Asia/Tokyo 0 0 * * *"], "UTC", conflict.to_owned()),
        (&["CRON_TZ=Asia/Tokyo 0 0 * * *", "0 0 * * *"], "", conflict.to_owned()),
        (&["0 0 * * *", "CRON_TZ=Asia/Tokyo 0 0 * * *"], "", conflict.to_owned()),
        (&["CRON_TZ=Asia/Tokyo 0 0 * * *", "@every 1h"], "", conflict.to_owned()),
        (&["CRON_TZ=Asia/Tokyo @every 1h", "0 0 * * *"], "", format!("{midnight}; every 3600s")),
        (&["CRON_TZ=Nope @every 1h"], "UTC", "every 3600s; in UTC".to_owned()),
        (&[], "Nope", "refused: unknown time zone Nope".to_owned()),
        (&[], "utc", "refused: unknown time zone utc".to_owned()),
        (&[], "a..b", "refused: time: invalid location name".to_owned()),
        (&[], "/etc/x", "refused: time: invalid location name".to_owned()),
    ] {
        let spec = ScheduleSpec {
            cron_string: crons.iter().map(|cron| (*cron).to_owned()).collect(),
            timezone_name: name.to_owned(),
            ..Default::default()
        };
        assert_eq!(shown(&spec), expected, "{crons:?} {name}");
    }
    let mut spec = ScheduleSpec {
        calendar: vec![calendar("12")],
        timezone_data: b"xx".to_vec().into(),
        ..Default::default()
    };
    assert_eq!(shown(&spec), "refused: malformed time zone information");
    // A zone nine hours ahead, by data.
    spec.timezone_data = tzif_ahead(9 * 3600).into();
    let spec = Spec::parse(&spec).expect("it is right");
    let next = spec.next(instant("2026-11-22T21:05:00Z"), "").expect("no exclusions").expect("it acts");
    assert_eq!(text(next.nominal), "2026-11-23T03:00:00Z");
}

/// The smallest TZif data of a zone without clock changes.
fn tzif_ahead(seconds: i32) -> Vec<u8> {
    let mut data = b"TZif".to_vec();
    data.extend([0; 16]);
    for count in [0u32, 0, 0, 0, 1, 4] {
        data.extend(count.to_be_bytes());
    }
    data.extend(seconds.to_be_bytes());
    data.extend([0, 0]);
    data.extend(b"JST\0");
    data
}

/// The instants at which a specification acts, from `2026-11-22T21:05:00Z` on.
fn times(spec: &ScheduleSpec, count: usize) -> Vec<String> {
    let spec = Spec::parse(spec).expect("it is right");
    let mut after = instant("2026-11-22T21:05:00Z");
    let mut times = Vec::new();
    while times.len() < count
        && let Some(next) = spec.next(after, SEED).expect("few exclusions")
    {
        after = next.nominal;
        times.push(text(next.nominal));
    }
    times
}

#[test]
fn spans_intervals_and_exclusions_are_those_of_the_reference() {
    let at = |text: &str| Some(instant(text).to_proto());
    let every_minute = ScheduleSpec { interval: vec![interval(60, 0)], ..Default::default() };
    let january = ScheduleSpec { start_time: at("2027-01-01T00:00:00Z"), ..every_minute.clone() };
    let hours = ScheduleSpec { calendar: vec![calendar("*")], ..Default::default() };
    for (spec, expected) in [
        (ScheduleSpec::default(), &[][..]),
        (ScheduleSpec { end_time: at("2027-01-01T00:00:00Z"), ..january.clone() }, &["2027-01-01T00:00:00Z"]),
        (
            ScheduleSpec {
                start_time: at("2027-01-01T00:00:00.5Z"),
                end_time: at("2027-01-01T00:01:59.9Z"),
                ..january.clone()
            },
            &["2027-01-01T00:00:00Z", "2027-01-01T00:01:00Z"],
        ),
        (ScheduleSpec { end_time: at("2026-12-31T00:00:00Z"), ..january }, &[]),
        (
            ScheduleSpec { interval: vec![interval(93_600, 3_600)], ..Default::default() },
            &["2026-11-23T13:00:00Z", "2026-11-24T15:00:00Z"],
        ),
        (
            ScheduleSpec {
                interval: vec![interval(86_400 * 366, 0)],
                start_time: at("2099-06-01T00:00:00Z"),
                ..Default::default()
            },
            &["2100-04-09T00:00:00Z"],
        ),
        (
            ScheduleSpec {
                interval: vec![interval(86_400 * 365 * 80, 86_400 * 365 * 70)],
                ..Default::default()
            },
            &[],
        ),
        (
            ScheduleSpec { exclude_structured_calendar: vec![daily(vec![range(0, 22, 1)])], ..hours.clone() },
            &["2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z"],
        ),
        (ScheduleSpec { exclude_structured_calendar: vec![daily(vec![range(0, 23, 1)])], ..hours }, &[]),
        (ScheduleSpec { cron_string: vec!["0 0 31 2 *".into()], ..Default::default() }, &[]),
        (
            ScheduleSpec { cron_string: vec!["0 0 13 * FRI".into()], ..Default::default() },
            &["2027-08-13T00:00:00Z", "2028-10-13T00:00:00Z"],
        ),
    ] {
        let times = times(&spec, 2);
        assert_eq!(times, expected, "{spec:?}");
    }
}

#[test]
fn too_many_exclusions_are_refused() {
    let always =
        || CalendarSpec { second: "*".into(), minute: "*".into(), hour: "*".into(), ..Default::default() };
    let mut spec = ScheduleSpec { calendar: vec![always()], ..Default::default() };
    #[allow(deprecated)] // What old clients send has to be read.
    spec.exclude_calendar.push(always());
    let spec = Spec::parse(&spec).expect("it is right");
    let refusal =
        "the schedule calendar specification has too many exclusions. Please modify the specification.";
    assert_eq!(spec.next(instant("2026-01-01T00:00:00Z"), ""), Err(Refusal::invalid(refusal)));
}

#[test]
fn jitter_is_that_of_the_reference() {
    for (schedule, seconds, jitter, expected) in [
        (
            "cd9a38a1-e282-4098-b293-dde11b79285d",
            60,
            30,
            ["2026-11-22T21:08:20.136Z", "2026-11-22T21:09:20.491Z", "2026-11-22T21:10:14.434Z"],
        ),
        (
            "a8cfb3eb-69da-4027-95cd-e237265f27e5",
            3600,
            3600,
            ["2026-11-22T22:13:04.554Z", "2026-11-22T23:29:26.404Z", "2026-11-23T00:57:16.255Z"],
        ),
        // More than 49 days do not fit.
        (
            "116b7606-428f-406e-882e-fe47d350d26f",
            5_184_000,
            5_184_000,
            ["2027-01-18T23:25:17.224Z", "2027-03-13T08:32:43.659Z", "2027-05-18T04:45:39.330Z"],
        ),
        // Not past the next one.
        (
            "3d639ced-e8dd-44a2-a10f-de9f651fffb9",
            10,
            100,
            ["2026-11-22T21:07:34.985Z", "2026-11-22T21:07:49.023Z", "2026-11-22T21:07:56.486Z"],
        ),
    ] {
        let spec = ScheduleSpec {
            interval: vec![interval(seconds, 0)],
            jitter: Some(Length { seconds: jitter, nanos: 0 }),
            ..Default::default()
        };
        let spec = Spec::parse(&spec).expect("it is right");
        let first = instant(expected[0]).0 / NANOS / seconds * seconds;
        let mut after = Timestamp::from_secs(first - 1);
        for expected in expected {
            let next =
                spec.next(after, &format!("{SEED}{schedule}")).expect("no exclusions").expect("it acts");
            assert_eq!(instant(expected), next.actual, "{schedule}");
            after = next.nominal;
        }
    }
}

#[test]
fn clock_changes_are_met_as_by_the_reference() {
    let read = |text: &str| {
        let part = |part: &str| {
            let (range, step) = part.split_once('/').unwrap_or((part, "1"));
            let (start, end) = range.split_once('-').expect("a range");
            let number = |text: &str| text.parse().expect("a number");
            Range { start: number(start), end: number(end), step: number(step) }
        };
        text.split(',').map(part).collect::<Vec<_>>()
    };
    for line in include_str!("reference.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('|').collect();
        let [zone, second, minute, hour, day, month, year, weekday, at, steps] = fields[..] else {
            panic!("{line}")
        };
        let calendar = StructuredCalendarSpec {
            second: read(second),
            minute: read(minute),
            hour: read(hour),
            day_of_month: read(day),
            month: read(month),
            year: read(year),
            day_of_week: read(weekday),
            comment: String::new(),
        };
        let spec = ScheduleSpec {
            structured_calendar: vec![calendar],
            timezone_name: zone.to_owned(),
            ..Default::default()
        };
        let spec = Spec::parse(&spec).expect("it is right");
        let mut at: i64 = at.parse().expect("a number");
        for step in steps.split(' ') {
            let next = spec.next(Timestamp::from_secs(at), "").expect("no exclusions").expect("it acts");
            assert_eq!(
                next.nominal.0 / NANOS - at,
                step.parse::<i64>().expect("a number"),
                "{line} after {at}"
            );
            at = next.nominal.0 / NANOS;
        }
    }
}

/// The hour in which the clock next changes within two years, else the instant itself.
fn change(zone: &Zone, from: i64, forward: bool) -> i64 {
    let ahead = |at: i64| {
        jiff::tz::Offset::UTC.to_timestamp(zone.clock(at)).expect("an instant of our time").as_second() - at
    };
    let changes = |at: i64, length: i64| {
        let shift = ahead(at + length) - ahead(at);
        if forward { shift > 0 } else { shift < 0 }
    };
    let day = (0..730).map(|day| from + day * 86_400).find(|at| changes(*at, 86_400));
    let hour = day.and_then(|day| (0..24).map(|hour| day + hour * 3600).find(|at| changes(*at, 3600)));
    hour.unwrap_or(from)
}

/// A calendar that acts at least daily.
fn calendars() -> impl Strategy<Value = StructuredCalendarSpec> {
    let ranges = |most: i32| {
        let one = (0..=most, 0..=most, 1..9).prop_map(|(a, b, step)| range(a.min(b), a.max(b), step));
        prop::collection::vec(one, 1..3)
    };
    (ranges(59), ranges(59), ranges(23)).prop_map(|(second, minute, hour)| StructuredCalendarSpec {
        second,
        minute,
        ..daily(hour)
    })
}

/// The first second that fits, looked for second by second.
fn naive(calendar: &Calendar, zone: &Zone, after: i64) -> i64 {
    (after + 1..).find(|second| calendar.has(zone.clock(*second))).expect("it acts daily")
}

fn compare(name: &str, spec: &StructuredCalendarSpec, from: i64) -> Result<(), TestCaseError> {
    let (zone, calendar) = (Zone::named(name).expect("the zone exists"), Calendar::new(spec));
    let mut at = from;
    for _ in 0..6 {
        let expected = naive(&calendar, &zone, at);
        prop_assert_eq!(calendar.after(&zone, at), Some(expected), "{} after {}", name, at);
        at = expected;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_plain_zones_the_search_finds_what_a_walk_finds(
        zone in prop::sample::select(&PLAIN[..]),
        spec in calendars(),
        (from, forward, before) in (1_262_304_000i64..1_893_456_000, any::<bool>(), 0i64..7200),
    ) {
        let change = change(&Zone::named(zone).expect("the zone exists"), from, forward);
        compare(zone, &spec, change - before)?;
    }

    #[test]
    fn in_eastern_zones_it_does_so_when_the_clock_goes_forward(
        zone in prop::sample::select(&EASTERN[..]),
        spec in calendars(),
        (from, before) in (1_262_304_000i64..1_893_456_000, 0i64..7200),
    ) {
        let change = change(&Zone::named(zone).expect("the zone exists"), from, true);
        compare(zone, &spec, change - before)?;
    }

    #[test]
    fn the_search_always_moves_on(
        zone in prop::sample::select([&PLAIN[..], &EASTERN, &["Australia/Lord_Howe", "Antarctica/Troll"]].concat()),
        spec in calendars(),
        (from, before) in (1_262_304_000i64..1_893_456_000, -3600i64..7200),
    ) {
        let (zone, calendar) = (Zone::named(zone).expect("the zone exists"), Calendar::new(&spec));
        let at = change(&zone, from, false) - before;
        let next = calendar.after(&zone, at).expect("it acts daily");
        prop_assert!(next > at && next < at + 2 * 90_000);
    }

    #[test]
    fn any_text_is_read_or_refused(
        text in prop_oneof![any::<String>(), "((CRON_)?TZ=[A-Za-z/]{0,9} )?(@every )?[-0-9*/, a-z@.#]{0,24}"],
        at in any::<i64>(),
    ) {
        let cron = ScheduleSpec { cron_string: vec![text.clone()], ..Default::default() };
        let calendar = CalendarSpec { year: text.clone(), day_of_week: text.clone(), ..calendar(&text) };
        let calendar = ScheduleSpec { calendar: vec![calendar], ..Default::default() };
        for spec in [cron, calendar] {
            if let Ok(spec) = Spec::parse(&spec) {
                let _ = spec.next(Timestamp(at), &text);
                let again = Spec::parse(spec.canonical()).expect("it is right");
                prop_assert_eq!(show(again.canonical()), show(spec.canonical()));
            }
        }
    }

    #[test]
    fn any_range_and_length_is_read_or_refused(
        hour in prop::collection::vec((any::<i32>(), any::<i32>(), any::<i32>()), 0..3),
        year in (0..2200, 0..2200, -1..200),
        (seconds, nanos, phase) in (any::<i64>(), any::<i32>(), any::<i64>()),
        (at, start, end, jitter) in (any::<i64>(), any::<i64>(), any::<i64>(), any::<i64>()),
        data in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let hour = hour.into_iter().map(|(start, end, step)| range(start, end, step)).collect();
        let years = StructuredCalendarSpec { year: vec![range(year.0, year.1, year.2)], ..daily(vec![range(1, 9, 3)]) };
        let length = Length { seconds, nanos };
        let parts = [
            ScheduleSpec { structured_calendar: vec![daily(hour)], ..Default::default() },
            ScheduleSpec {
                structured_calendar: vec![years],
                timezone_data: [b"TZif", &data[..]].concat().into(),
                ..Default::default()
            },
            ScheduleSpec {
                interval: vec![
                    IntervalSpec { interval: Some(length), ..interval(1, phase) },
                    interval(seconds / 2, phase),
                ],
                start_time: Some(prost_types::Timestamp { seconds: start, nanos: 0 }),
                end_time: Some(prost_types::Timestamp { seconds: end, nanos: 0 }),
                jitter: Some(Length { seconds: jitter, nanos: 0 }),
                ..Default::default()
            },
        ];
        for spec in parts {
            if let Ok(spec) = Spec::parse(&spec) {
                let _ = spec.next(Timestamp(at), "");
            }
        }
    }
}

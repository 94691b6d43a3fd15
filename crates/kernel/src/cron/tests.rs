//! Ticks as the reference's cron library tells them, the reference's rounding of backoffs, and properties of the search.

use proptest::prelude::*;

use super::*;

/// Zones whose clock changes by full hours on the hour, not at midnight, or never.
const PLAIN: [&str; 10] = [
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Paris",
];

/// Other zones. There, the reference misses ticks or takes one day for another, and so does the search.
const ODD: [&str; 13] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
];

fn instant(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().expect("an instant");
    Timestamp(i64::try_from(at.as_nanosecond()).expect("an instant of our time"))
}

/// The first tick after an instant, as text.
fn tick(schedule: &str, after: &str) -> String {
    let after = instant(after);
    match parse(schedule).expect(schedule).tick(after, after) {
        Some(tick) => jiff::Timestamp::from_second(tick.0 / NANOS).expect("an instant").to_string(),
        None => "none".to_owned(),
    }
}

#[test]
fn ticks_are_those_of_the_reference() {
    for (schedule, after, expected) in [
        ("* * * * *", "2026-11-22T20:29:49.792Z", "2026-11-22T20:30:00Z"),
        ("5/10 * * * *", "2026-11-22T20:29:49Z", "2026-11-22T20:35:00Z"),
        ("*-5 * * * *", "2026-11-22T20:29:49Z", "2026-11-22T20:30:00Z"),
        (",,1,,2 * * * *", "2026-11-22T20:29:49Z", "2026-11-22T21:01:00Z"),
        ("+5 * * * *", "2026-11-22T20:29:49Z", "2026-11-22T21:05:00Z"),
        ("*/100 * * * *", "2026-11-22T20:29:49Z", "2026-11-22T21:00:00Z"),
        // Both day fields restrict: either is enough. With a star that has no step, both have to fit.
        ("0 0 13 * FRI", "2026-11-22T20:29:49Z", "2026-11-27T00:00:00Z"),
        ("0 0 13 * ?", "2026-11-22T20:29:49Z", "2026-12-13T00:00:00Z"),
        ("0 0 */2 * MON", "2026-11-22T20:29:49Z", "2026-11-23T00:00:00Z"),
        ("* * * jan-mar mon-fri", "2026-11-22T20:29:49Z", "2027-01-01T00:00:00Z"),
        ("0 0 29 2 *", "2026-11-22T20:29:49Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2096-11-22T20:29:49Z", "none"),
        ("@yearly", "2026-11-22T20:29:49Z", "2027-01-01T00:00:00Z"),
        ("@weekly", "2026-11-22T20:29:49Z", "2026-11-29T00:00:00Z"),
        ("CRON_TZ=UTC  @hourly", "2026-11-22T20:29:49Z", "2026-11-22T21:00:00Z"),
        ("CRON_TZ=Asia/Kathmandu 0 0 * * *", "2026-11-22T20:29:49Z", "2026-11-23T18:15:00Z"),
        // The clock skips it; the clock shows it twice.
        ("CRON_TZ=America/New_York 30 2 * * *", "2026-03-08T06:00:00Z", "2026-03-09T06:30:00Z"),
        ("CRON_TZ=America/New_York 30 1 * * *", "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"),
        ("CRON_TZ=America/New_York 30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
        // Midnight does not exist.
        ("CRON_TZ=Africa/Cairo 0 0 * * *", "2026-04-23T12:00:00Z", "2026-04-24T21:00:00Z"),
        ("CRON_TZ=Africa/Cairo 24 * * * 5", "2026-04-23T12:00:00Z", "2026-04-30T21:24:00Z"),
        ("CRON_TZ=Asia/Beirut 0 0 * * *", "2026-03-28T12:00:00Z", "2026-03-29T21:00:00Z"),
        ("CRON_TZ=America/Havana 3 * * 7 *", "2011-11-13T15:39:08Z", "2012-07-02T03:03:00Z"),
        // Half an hour is lost.
        ("CRON_TZ=Australia/Lord_Howe */13 19,17 * * *", "2008-04-05T09:08:48Z", "2008-04-06T07:09:00Z"),
        ("CRON_TZ=Australia/Lord_Howe 15 2 * * *", "2026-04-04T13:08:48Z", "2026-04-05T15:45:00Z"),
    ] {
        assert_eq!(tick(schedule, after), expected, "{schedule} after {after}");
    }
}

#[test]
fn backoffs_are_those_of_the_reference() {
    // Schedule, when the run was due, when it ended, the backoff of the next run in seconds.
    for (schedule, started, now, backoff) in [
        ("* * * * *", "2026-11-22T20:29:49.792361185Z", "2026-11-22T20:29:49.792361185Z", 11),
        ("0 0 1 1 *", "2026-11-22T20:29:49.838476021Z", "2026-11-22T20:29:49.838476021Z", 3_382_211),
        ("@every 1h", "2026-11-22T20:29:49.843943729Z", "2026-11-22T20:29:49.843943729Z", 3600),
        ("@every 500ms", "2026-11-22T20:29:49.849572605Z", "2026-11-22T20:29:49.849572605Z", 1),
        ("@every -5s", "2026-11-22T20:29:49.860061765Z", "2026-11-22T20:29:49.860061765Z", 1),
        ("@every 1\u{b5}s", "2026-11-22T20:29:50.699028144Z", "2026-11-22T20:29:50.699028144Z", 1),
        ("@every 2.7s", "2026-11-22T20:34:45.273323345Z", "2026-11-22T20:34:45.273323345Z", 2),
        ("@every 2.7s", "2026-11-22T20:34:47.273323345Z", "2026-11-22T20:46:47.817682384Z", 2),
        ("@every 2.7s", "2026-11-22T20:46:49.817919986Z", "2026-11-22T20:46:50.351095059Z", 1),
        ("@every 10s", "2026-11-22T20:46:55.827426208Z", "2026-11-22T20:46:58.838382057Z", 7),
        ("CRON_TZ=America/New_York 0 12 * * *", "2026-11-22T20:29:49.9Z", "2026-11-22T20:29:49.9Z", 73_811),
        // It was woken early.
        ("@every 1h", "2026-11-22T21:34:45.278239662Z", "2026-11-22T20:46:47.935884022Z", 2878),
        ("0 0 1 1 *", "2027-01-01T00:00:00.274423381Z", "2026-11-22T20:46:47.937515246Z", 3_381_193),
    ] {
        let (started, now) = (instant(started), instant(now));
        let due = next(schedule, started, now).expect(schedule);
        assert_eq!(due.since(now), Duration::from_secs(backoff), "{schedule}");
    }
}

#[test]
fn a_tick_at_this_very_instant_is_due_at_once() {
    let (started, now) = (instant("2026-11-22T20:29:00Z"), instant("2026-11-22T20:30:00Z"));
    assert_eq!(next("* * * * *", started, now), Some(now));
    assert_eq!(next("* * * * *", now, now), Some(now + Duration::from_secs(60)));
}

#[test]
fn schedules_are_taken_and_refused_as_by_the_reference() {
    for good in [
        "",
        "@hourly",
        "@every 1h30m",
        "@every +1h",
        "@every 1\u{3bc}s",
        "? * ? * ?",
        "?/5 * * * *",
        "1, * * * *",
        "*/100 * * * *",
        "  0 0 * * *  ",
        "*\u{a0}* * * *",
        "TZ=Asia/Tokyo 0 12 * * *",
        "CRON_TZ= 0 0 * * *",
        "CRON_TZ=Local 0 0 * * *",
        "CRON_TZ=EST5EDT 0 0 * * *",
        "* * * JAN MON",
    ] {
        assert_eq!(validate(good), Ok(()), "{good}");
    }
    for bad in [
        " ",
        "@Hourly",
        "@reboot",
        " @hourly",
        "@hourly ",
        "@every",
        "@every ",
        "@every x",
        "@every 1d",
        "@every 1h ",
        "@every  1h",
        "@every 1h5",
        "@every .s",
        "@every 1.5.5s",
        "@every 9999999h",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 7",
        "* * * * 0-7",
        "* * * january *",
        "* * * * sunday",
        "mon * * * *",
        "5-1 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "*/-1 * * * *",
        "-1 * * * *",
        "1- * * * *",
        "*/ * * * *",
        "/5 * * * *",
        "- * * * *",
        "1-? * * * *",
        "1.5 * * * *",
        "99999999999999999999 * * * *",
        "* * L * *",
        "* * * * mon#1",
        "0x5 * * * *",
        "CRON_TZ=Nope/Bad 0 12 * * *",
        "CRON_TZ=utc 0 0 * * *",
        "CRON_TZ=america/new_york 0 0 * * *",
        "CRON_TZ=UTC\t0 0 * * *",
        "CRON_TZ=../x 0 0 * * *",
        "CRON_TZ=",
        "TZ=UTC",
    ] {
        assert_eq!(validate(bad), Err("invalid CronSchedule.".to_owned()), "{bad}");
    }
    for never in ["0 0 31 2 *", "0 0 30 2 *", ", * * * *"] {
        let text = "invalid CronSchedule, no time can be found to satisfy the schedule";
        assert_eq!(validate(never), Err(text.to_owned()), "{never}");
    }
}

/// The first full minute after a second at which the wall clock fits, looked for minute by minute.
fn naive(fields: &Fields, zone: &Zone, after: i64) -> Option<i64> {
    let first = after - after.rem_euclid(60) + 60;
    (first..first + 40 * 86_400).step_by(60).find(|at| {
        let clock = zone.clock(*at);
        fields.minute.has(clock.minute())
            && fields.hour.has(clock.hour())
            && fields.month.has(clock.month())
            && fields.has_day(clock.day(), clock.weekday().to_sunday_zero_offset())
    })
}

proptest! {
    #[test]
    fn the_search_finds_what_a_walk_finds(
        zone in prop::sample::select([&PLAIN[..], &ODD].concat()),
        schedule in "(\\*|[0-5]?[0-9]|\\*/7) (\\*|[0-3]|1?[0-9]|\\*/5) (\\*|[12]?[1-9]) \\* (\\*|[0-6])",
        start in 1_262_304_000i64..1_893_456_000,
    ) {
        let fields = Fields::parse(&schedule).expect("the pattern makes schedules");
        let name = zone;
        let zone = Zone::named(name).expect("the zone exists");
        // To the day before the next change of the clock, if there is one within a year.
        let ahead = |at: i64| {
            jiff::tz::Offset::UTC.to_timestamp(zone.clock(at)).expect("an instant of our time").as_second() - at
        };
        let mut days = (0..365).map(|day| start + day * 86_400);
        let start = days.find(|at| ahead(*at) != ahead(at + 86_400)).unwrap_or(start);
        let Some(expected) = naive(&fields, &zone, start) else { return Ok(()) };
        let found = walk::after(&fields, &zone, start).expect("a walk finds one");
        prop_assert!(found > start, "{name} {schedule} {start}: {found}");
        prop_assert!(ODD.contains(&name) || found == expected, "{name} {schedule} {start}: {found} not {expected}");
    }

    #[test]
    fn no_text_is_too_much(
        text in "((CRON_)?TZ=[A-Za-z/]{0,9} )?(@every )?[-0-9*/?, a-z@.h]{0,24}",
        at in any::<i64>(),
    ) {
        let _ = validate(&text);
        let _ = next(&text, Timestamp(at), Timestamp(at));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = validate(&text);
    }

    #[test]
    fn the_next_run_is_never_due_in_the_past(
        started in 0i64..4_000_000_000_000_000_000,
        ran in 0i64..10_000_000_000_000_000,
        schedule in prop::sample::select(&["@every 90s", "* * * * *", "CRON_TZ=Europe/London 30 1 * * *"][..]),
    ) {
        let (started, now) = (Timestamp(started), Timestamp(started + ran));
        let due = next(schedule, started, now).expect("it always ticks");
        prop_assert!(due >= now && due > started);
        prop_assert_eq!((due.0 - now.0) % NANOS, 0);
    }
}

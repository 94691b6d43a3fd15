//! Whether a text can be a cron schedule: five fields, or `@` with a name or an interval, behind an optional time zone.

/// Names that stand for a schedule.
const NAMES: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Whether `schedule` has the shape of a cron schedule; what its numbers mean is decided where it is followed.
pub(crate) fn is_plausible(schedule: &str) -> bool {
    let schedule = schedule.trim();
    let schedule = match schedule.strip_prefix("CRON_TZ=").or_else(|| schedule.strip_prefix("TZ=")) {
        Some(rest) => match rest.split_once(' ') {
            Some((_, rest)) => rest.trim(),
            None => return false,
        },
        None => schedule,
    };
    if let Some(interval) = schedule.strip_prefix("@every ") {
        return interval.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    }
    if schedule.starts_with('@') {
        return NAMES.contains(&schedule);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    fields.len() == 5 && fields.iter().all(|field| is_field(field))
}

fn is_field(field: &str) -> bool {
    field.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '*' | '?' | ',' | '-' | '/'))
}

#[cfg(test)]
mod tests {
    use super::is_plausible;

    #[test]
    fn schedules_are_told_from_other_texts() {
        for good in
            ["* * * * *", "0 */2 * * MON-FRI", "@every 1h30m", "@hourly", "CRON_TZ=Europe/Berlin 0 9 * * 1"]
        {
            assert!(is_plausible(good), "{good}");
        }
        for bad in
            ["", "bad", "* * * *", "* * * * * * *", "@sometimes", "@every x", "CRON_TZ=UTC", "a;b * * * *"]
        {
            assert!(!is_plausible(bad), "{bad}");
        }
    }
}

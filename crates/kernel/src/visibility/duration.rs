//! Lengths of time as text in a query: nanoseconds, Go's notation with days added (`1d2h30m`), or `hh:mm:ss`.

/// Reads a length in nanoseconds; `None` if it is none of the three forms or does not fit.
pub(super) fn parse(text: &str) -> Option<i64> {
    let nanos = text.parse().ok();
    nanos.or_else(|| with_units(text)).or_else(|| clock(text))
}

const UNITS: [(&str, i64); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

fn with_units(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, *scale)?)?;
        rest = tail;
    }
    Some(sign * total)
}

/// `number` times `scale`, in integers as far as nine digits of the fraction.
fn scaled(number: &str, scale: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let kept = fraction.get(..9).unwrap_or(fraction);
    let parts: i64 = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    let parts = i128::from(parts) * i128::from(scale) / 10_i128.pow(kept.len() as u32);
    whole.checked_mul(scale)?.checked_add(i64::try_from(parts).ok()?)
}

fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !digits(hours) {
        return None;
    }
    let whole = seconds.split_once('.').map_or(seconds, |(whole, _)| whole);
    if !sixtieth(minutes) || !sixtieth(whole) {
        return None;
    }
    let hours = scaled(hours, 3_600_000_000_000)?;
    hours.checked_add(scaled(minutes, 60_000_000_000)?)?.checked_add(scaled(seconds, 1_000_000_000)?)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn sixtieth(text: &str) -> bool {
    digits(text) && text.len() <= 2 && text < "60" || (text.len() == 1 && digits(text))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn all_three_forms_are_read() {
        const HOUR: i64 = 3_600_000_000_000;
        let cases = [
            ("5", Some(5)),
            ("-5", Some(-5)),
            ("1h", Some(HOUR)),
            ("+1h", Some(HOUR)),
            ("-1.5h", Some(-HOUR * 3 / 2)),
            ("1.5d2h", Some(38 * HOUR)),
            ("1d1d", Some(48 * HOUR)),
            (".5d", Some(12 * HOUR)),
            ("1h2m3s4ms5us6ns", Some(3_723_004_005_006)),
            ("1\u{b5}s", Some(1_000)),
            ("01:00:00", Some(HOUR)),
            ("1:0:0", Some(HOUR)),
            ("100:00:00.5", Some(100 * HOUR + 500_000_000)),
            ("99999999h", None),
            ("00:99:00", None),
            ("01:59:60", None),
            ("-01:00:00", None),
            ("1:2", None),
            ("1w", None),
            ("1dd", None),
            ("1d2", None),
            ("1D", None),
            ("d", None),
            ("1 h", None),
            ("-", None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(parse(text), expect, "{text}");
        }
    }
}

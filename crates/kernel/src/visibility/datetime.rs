//! Instants as text: RFC 3339 with up to nanoseconds, read as leniently as Go's `time.RFC3339Nano` layout is, written
//! in UTC. Years outside of the range of `Timestamp` are clamped to it.

use crate::time::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;

/// Reads an instant such as `2024-01-02T03:04:05.123456789+02:00`.
pub fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Cursor(text.as_bytes());
    let year = rest.digits(4)?;
    rest.expect(b'-')?;
    let month = rest.digits(2).filter(|month| (1..=12).contains(month))?;
    rest.expect(b'-')?;
    let day = rest.digits(2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    rest.expect(b'T')?;
    let hour = rest.digits_up_to_two().filter(|hour| *hour < 24)?;
    rest.expect(b':')?;
    let minute = rest.digits(2).filter(|minute| *minute < 60)?;
    rest.expect(b':')?;
    let second = rest.digits(2).filter(|second| *second < 60)?;
    let nanos = rest.fraction()?;
    let offset = rest.offset()?;
    if !rest.0.is_empty() {
        return None;
    }
    let seconds =
        days_from_epoch(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
    Some(Timestamp(seconds.saturating_mul(1_000_000_000).saturating_add(nanos)))
}

/// Writes an instant in UTC, without trailing zeros of the fraction.
pub fn format(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000_000_000);
    let nanos = at.0.rem_euclid(1_000_000_000);
    let (year, month, day) = date_of(seconds.div_euclid(SECONDS_PER_DAY));
    let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if nanos != 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        number(digits)
    }

    /// Go takes an hour of one digit.
    fn digits_up_to_two(&mut self) -> Option<i64> {
        let two = self.0.get(1).is_some_and(u8::is_ascii_digit);
        self.digits(if two { 2 } else { 1 })
    }

    /// A fraction may begin with a comma, and digits behind the ninth are dropped.
    fn fraction(&mut self) -> Option<i64> {
        let Some((b'.' | b',', rest)) = self.0.split_first() else { return Some(0) };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(count);
        let kept = digits.get(..9).unwrap_or(digits);
        self.0 = rest;
        Some(number(kept)? * 10_i64.pow(9 - kept.len() as u32))
    }

    fn offset(&mut self) -> Option<i64> {
        let (sign, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match sign {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.digits(2).filter(|hours| *hours <= 24)?;
        self.expect(b':')?;
        let minutes = self.digits(2).filter(|minutes| *minutes <= 60)?;
        Some(sign * (hours * 3600 + minutes * 60))
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that the leap day is last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of `days_from_epoch`.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = (shifted + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_read_as_the_reference_reads_them() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T23:59:59.5Z", Some(1_709_251_199_500_000_000)),
            ("2024-01-02T03:04:05,5Z", Some(1_704_164_645_500_000_000)),
            ("2024-01-02T3:04:05+00:00", Some(1_704_164_645_000_000_000)),
            ("2024-01-02T05:04:05.1234567899+02:00", Some(1_704_164_645_123_456_789)),
            ("9999-12-31T23:59:59Z", Some(i64::MAX)),
            ("0000-01-01T00:00:00Z", Some(i64::MIN)),
            ("2024-01-02", None),
            ("2024-01-02t03:04:05z", None),
            ("2024-02-30T03:04:05Z", None),
            ("2024-01-02T24:00:00Z", None),
            ("2024-01-02T03:04:60Z", None),
            ("2024-01-02T03:04:05.Z", None),
            ("2024-01-02T03:04:05+0000", None),
            ("2024-01-02T03:04:05-99:00", None),
            ("2024-01-02T03:04:05Z ", None),
            ("", None),
        ];
        for (text, expect) in cases {
            assert_eq!(parse(text), expect.map(Timestamp), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos: i64) {
            prop_assert_eq!(parse(&format(Timestamp(nanos))), Some(Timestamp(nanos)));
        }
    }
}

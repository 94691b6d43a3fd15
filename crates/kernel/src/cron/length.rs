//! Lengths of time as Go writes them: `1h30m`, `1.5s`, `-2ms`. The texts about wrong ones are Go's too, because the
//! reference hands them on to its callers.

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// What is wrong with a length.
enum Fault<'a> {
    Invalid,
    NoUnit,
    Unit(&'a str),
}

/// Reads a length in nanoseconds.
///
/// # Errors
/// What is wrong with it; one that is too long to be counted in 63 bits is wrong too.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    read(text).map_err(|fault| {
        let text = quote(text);
        match fault {
            Fault::Invalid => format!("time: invalid duration {text}"),
            Fault::NoUnit => format!("time: missing unit in duration {text}"),
            Fault::Unit(unit) => format!("time: unknown unit {} in duration {text}", quote(unit)),
        }
    })
}

/// Reads a length that may also count days, of 24 hours each.
///
/// # Errors
/// What is wrong with it, in terms of the hours that the days were turned into, as the reference does.
pub(crate) fn parse_with_days(text: &str) -> Result<i64, String> {
    let mut hours = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(end) = rest.find('d') {
        let (before, after) = (&rest[..end], &rest[end + 1..]);
        let whole = before.trim_end_matches(|c: char| c.is_ascii_digit());
        // Digits, or digits with one point in them.
        let start = whole.strip_suffix('.').unwrap_or(whole);
        let start = if start.len() < whole.len() {
            start.trim_end_matches(|c: char| c.is_ascii_digit()).len()
        } else {
            whole.len()
        };
        match before[start..].parse::<f64>() {
            Ok(days) => hours.push_str(&format!("{}{:.6}h", &before[..start], days * 24.0)),
            Err(_) => hours.push_str(&rest[..=end]),
        }
        rest = after;
    }
    hours.push_str(rest);
    parse(&hours)
}

fn read(text: &str) -> Result<i64, Fault<'_>> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(Fault::Invalid);
    }
    let mut nanos: u64 = 0;
    while !rest.is_empty() {
        let (part, after) = part(rest)?;
        nanos = nanos.checked_add(part).ok_or(Fault::Invalid)?;
        rest = after;
    }
    match i64::try_from(nanos) {
        Ok(nanos) => Ok(if negative { -nanos } else { nanos }),
        Err(_) if negative && nanos == i64::MIN.unsigned_abs() => Ok(i64::MIN),
        Err(_) => Err(Fault::Invalid),
    }
}

/// Reads one number with its unit; returns its nanoseconds and what follows.
fn part(text: &str) -> Result<(u64, &str), Fault<'_>> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(Fault::Invalid);
    }
    let number: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| Fault::Invalid)? };
    let (unit, rest) =
        rest.split_at(rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len()));
    if unit.is_empty() {
        return Err(Fault::NoUnit);
    }
    let unit = UNITS.iter().find(|(name, _)| *name == unit).ok_or(Fault::Unit(unit))?.1;
    let nanos = number.checked_mul(unit).and_then(|nanos| nanos.checked_add(share(fraction, unit)));
    Ok((nanos.filter(|nanos| *nanos <= 1 << 63).ok_or(Fault::Invalid)?, rest))
}

/// The nanoseconds of a decimal fraction of a unit, rounded down. Digits that can't matter are passed over.
fn share(fraction: &str, unit: u64) -> u64 {
    let (mut numerator, mut denominator) = (0u128, 1u128);
    for digit in fraction.bytes().take(18) {
        numerator = numerator * 10 + u128::from(digit - b'0');
        denominator *= 10;
    }
    u64::try_from(numerator * u128::from(unit) / denominator).unwrap_or(u64::MAX)
}

/// Splits the leading digits off.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A text in quotes; whatever is not plain is written as its bytes.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' | 0x7f => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

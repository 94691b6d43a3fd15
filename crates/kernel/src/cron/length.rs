//! Lengths of time as Go writes them: `1h30m`, `1.5s`, `-2ms`.

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

/// Reads a length in nanoseconds. `None` if it is none, or too long to be counted in 63 bits.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos: u64 = 0;
    while !rest.is_empty() {
        let (part, after) = part(rest)?;
        nanos = nanos.checked_add(part)?;
        rest = after;
    }
    match i64::try_from(nanos) {
        Ok(nanos) => Some(if negative { -nanos } else { nanos }),
        Err(_) => (negative && nanos == i64::MIN.unsigned_abs()).then_some(i64::MIN),
    }
}

/// Reads one number with its unit; returns its nanoseconds and what follows.
fn part(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let nanos = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let whole = whole.checked_mul(nanos).filter(|nanos| *nanos <= 1 << 63)?;
    Some((whole.checked_add(share(fraction, nanos)).filter(|nanos| *nanos <= 1 << 63)?, rest))
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

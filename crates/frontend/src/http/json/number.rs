//! How numbers are spelt in JSON.

/// A number in the shortest form that reads back as the same; tiny and huge ones with an exponent.
pub(super) fn float(value: f64) -> String {
    spell(value.abs(), value, format!("{value}"), format!("{value:e}"))
}

/// The same for a number of half the precision.
pub(super) fn float32(value: f32) -> String {
    spell(f64::from(value.abs()), f64::from(value), format!("{value}"), format!("{value:e}"))
}

fn spell(size: f64, value: f64, plain: String, exponent: String) -> String {
    if value.is_nan() {
        return "\"NaN\"".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }.into();
    }
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return plain;
    }
    match exponent.split_once('e') {
        Some((_, power)) if power.starts_with('-') => exponent,
        Some((digits, power)) => format!("{digits}e+{power}"),
        None => exponent,
    }
}

/// The whole number that a JSON number is, also one like `3.0` or `5e2`; nothing if it has a fraction or is too large.
pub(super) fn whole(text: &str) -> Option<i128> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, power) = match rest.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let zeros = power.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let value = match usize::try_from(zeros) {
        Ok(zeros) if digits.len() + zeros <= 30 => format!("{digits}{}", "0".repeat(zeros)).parse::<i128>(),
        Ok(_) => return None,
        Err(_) => {
            let kept = digits.len().checked_sub(usize::try_from(zeros.unsigned_abs()).ok()?)?;
            let (kept, dropped) = digits.split_at(kept);
            if dropped.bytes().any(|digit| digit != b'0') {
                return None;
            }
            kept.parse()
        }
    };
    value.ok().map(|value| if negative { -value } else { value })
}

/// Whether the text is a number as JSON spells it.
pub(super) fn is_number(text: &str) -> bool {
    let node = super::tree::read_whole(text.as_bytes());
    !text.starts_with([' ', '\t', '\n', '\r'])
        && node.is_ok_and(|node| matches!(node.kind, super::tree::Kind::Number) && node.end == text.len())
}

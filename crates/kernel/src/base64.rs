//! Bytes in JSON and in paths: base64, read in both alphabets with or without padding, written in the standard one.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (group >> (18 - 6 * place) & 0x3f) as usize;
            out.push(if place <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    out
}

/// Text as bytes.
///
/// # Errors
/// The offset of the group that can't be read.
pub fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let padded = padding > 0;
    if (padded && (!text.len().is_multiple_of(4) || padding > 2)) || digits.len() % 4 == 1 {
        return Err(digits.len() / 4 * 4);
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut group, mut bits) = (0u32, 0);
    for (at, digit) in digits.bytes().enumerate() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return Err(at),
        };
        group = group << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((group >> bits & 0xff) as u8);
        }
    }
    Ok(out)
}

//! The jitter of one instant: a pure function of the instant and a seed, so that every node, and every later look at
//! the same schedule, agrees on it. The numbers are the reference's, so that a schedule that moves over from it keeps
//! its times.

use std::time::Duration;

/// The part of `range` by which the instant `second` is late, in milliseconds.
pub(super) fn of(second: i64, seed: &str, range: Duration) -> Duration {
    let mut bytes = time_bytes(second);
    bytes.extend_from_slice(seed.as_bytes());
    // 32 bits of hash leave 32 bits for the range; in milliseconds that is 49 days.
    let millis = range.as_millis().min(u128::from(u32::MAX)) as u64;
    Duration::from_millis((u64::from(fingerprint(&bytes)) * millis) >> 32)
}

/// An instant as Go writes it: version, seconds since the year 1, nanoseconds, and -1 for UTC.
fn time_bytes(second: i64) -> Vec<u8> {
    const YEAR_1_TO_EPOCH: i64 = 62_135_596_800;
    let mut bytes = vec![1];
    bytes.extend_from_slice(&second.wrapping_add(YEAR_1_TO_EPOCH).to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0, 0xff, 0xff]);
    bytes
}

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;

/// FarmHash's `Fingerprint32`. Needs at least 13 bytes, and an instant has 15.
fn fingerprint(bytes: &[u8]) -> u32 {
    if bytes.len() > 24 { long(bytes) } else { short(bytes) }
}

/// The hash of 13 to 24 bytes.
fn short(bytes: &[u8]) -> u32 {
    let (len, half) = (bytes.len(), bytes.len() / 2);
    let [a, b, c] = [word(bytes, half - 4), word(bytes, 4), word(bytes, len - 8)];
    let [d, e, f] = [word(bytes, half), word(bytes, 0), word(bytes, len - 4)];
    let h = d.wrapping_mul(C1).wrapping_add(len as u32);
    let a = a.rotate_right(12).wrapping_add(f);
    let h = mix(c, h).wrapping_add(a);
    let a = a.rotate_right(3).wrapping_add(c);
    let h = mix(e, h).wrapping_add(a);
    let a = a.wrapping_add(f).rotate_right(12).wrapping_add(d);
    let h = mix(b, h).wrapping_add(a);
    let h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    let h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^ h >> 16
}

/// The hash of more than 24 bytes: the last 20 of them, then blocks of 20 from the front.
fn long(bytes: &[u8]) -> u32 {
    let len = bytes.len();
    let tail = |back: usize| word(bytes, len - back);
    let mut h = mix(tail(16), mix(tail(4), len as u32));
    let mut g = mix(tail(12), mix(tail(8), C1.wrapping_mul(len as u32)));
    let mut f =
        C1.wrapping_mul(len as u32).wrapping_add(scramble(tail(20))).rotate_right(19).wrapping_add(113);
    for block in bytes.chunks(20).take((len - 1) / 20) {
        let [a, b, c, d, e] = [0, 4, 8, 12, 16].map(|at| word(block, at));
        h = mix(d, h.wrapping_add(a)).wrapping_add(e);
        g = mix(c, g.wrapping_add(b)).wrapping_add(a);
        f = mix(b.wrapping_add(e.wrapping_mul(C1)), f.wrapping_add(c)).wrapping_add(d);
        f = f.wrapping_add(g);
        g = g.wrapping_add(f);
    }
    for part in [g, f] {
        let part = part.rotate_right(11).wrapping_mul(C1).rotate_right(17).wrapping_mul(C1);
        h = spread(h.wrapping_add(part).rotate_right(19)).rotate_right(17).wrapping_mul(C1);
    }
    h
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into().expect("four bytes were taken");
    u32::from_le_bytes(bytes)
}

fn scramble(word: u32) -> u32 {
    word.wrapping_mul(C1).rotate_right(17).wrapping_mul(C2)
}

fn mix(word: u32, hash: u32) -> u32 {
    spread((hash ^ scramble(word)).rotate_right(19))
}

fn spread(hash: u32) -> u32 {
    hash.wrapping_mul(5).wrapping_add(0xe654_6b64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_farmhash() {
        for (seed, expected) in [
            ("", 0x2319_4326),
            ("a", 0xeb0b_4090),
            ("abcdefghi", 0xd3b3_9479),
            ("abcdefghij", 0xed29_5fd6),
            ("abcdefghijk", 0xf8c2_f482),
            ("01a204f2-c1a3-7bbe-a0e3-7f577a792485-s", 0x793e_062f),
            ("0123456789012345678901234", 0x6409_73b3),
            ("01234567890123456789012345", 0xa109_c0b8),
            ("\u{fc}", 0xbc72_da73),
        ] {
            let bytes = [&time_bytes(1_795_381_200)[..], seed.as_bytes()].concat();
            assert_eq!(fingerprint(&bytes), expected, "{seed}");
        }
    }
}

//! Every damaged byte before the last group is found; a torn end is not taken for damage.

use super::{MAGIC, check};
use xxhash_rust::xxh3::xxh3_64;

/// A journal of three groups behind which zeros stand, and where the last group begins.
fn journal() -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut last = 0;
    for group in 1..=3u64 {
        last = bytes.len();
        bytes.push(1);
        bytes.extend(2u32.to_le_bytes());
        bytes.extend(group.to_le_bytes());
        let mut items = Vec::new();
        for key in [b"k1", b"k2"] {
            items.extend([2, 0, 0]);
            items.extend(1u64.to_le_bytes());
            items.extend(2u16.to_le_bytes());
            items.extend(5u32.to_le_bytes());
            items.extend(5u32.to_le_bytes());
            items.extend(key);
            items.extend(b"value");
        }
        bytes.extend(&items);
        bytes.push(3);
        bytes.extend(xxh3_64(&items).to_le_bytes());
        bytes.extend(MAGIC);
    }
    bytes.resize(bytes.len() + 500, 0);
    (bytes, last)
}

#[test]
fn an_intact_journal_passes() {
    let (bytes, _) = journal();
    assert_eq!(check(&bytes, true), Ok(None));
    assert_eq!(check(&bytes, false), Ok(None));
    assert_eq!(check(&[], true), Ok(None));
}

#[test]
fn every_flipped_bit_before_the_last_group_is_found() {
    let (bytes, last) = journal();
    for at in 0..last {
        // The counter of a group is not under its checksum: the engine only compares it with what it has on disk.
        let within = at % (last / 2);
        if (5..13).contains(&within) {
            continue;
        }
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(check(&damaged, true).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_torn_last_group_passes_and_a_torn_finished_journal_does_not() {
    let (bytes, last) = journal();
    let end = bytes.len() - 500;
    for cut in last + 1..end {
        assert_eq!(check(&bytes[..cut], true), Ok(Some(last)), "cut at {cut}");
        assert!(check(&bytes[..cut], false).is_err(), "cut at {cut}");
        let mut zeroed = bytes.clone();
        zeroed[cut..].fill(0);
        assert_eq!(check(&zeroed, true), Ok(Some(last)), "zeros from {cut}");
    }
}

/// A journal of two groups, the second of which fills many sectors.
fn journal_with_a_long_group() -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut last = 0;
    for (group, length) in [(1u64, 5u32), (2, 4000)] {
        last = bytes.len();
        bytes.push(1);
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(group.to_le_bytes());
        let mut item = vec![2, 0, 0];
        item.extend(1u64.to_le_bytes());
        item.extend(2u16.to_le_bytes());
        item.extend(length.to_le_bytes());
        item.extend(length.to_le_bytes());
        item.extend(b"k1");
        item.extend(std::iter::repeat_n(b'v', length as usize));
        bytes.extend(&item);
        bytes.push(3);
        bytes.extend(xxh3_64(&item).to_le_bytes());
        bytes.extend(MAGIC);
    }
    bytes.resize(bytes.len() + 500, 0);
    (bytes, last)
}

#[test]
fn a_last_group_that_lacks_a_sector_is_torn_and_one_with_a_flipped_bit_is_damaged() {
    let (bytes, last) = journal_with_a_long_group();
    for sector in 1..7 {
        let mut torn = bytes.clone();
        torn[sector * 512..(sector + 1) * 512].fill(0);
        assert_eq!(check(&torn, true), Ok(Some(last)), "sector {sector}");
        assert!(check(&torn, false).is_err(), "sector {sector} of a finished journal");
        let mut flipped = bytes.clone();
        flipped[sector * 512 + 7] ^= 1;
        assert!(check(&flipped, true).is_err(), "a bit of sector {sector}");
    }
}

#[test]
fn a_group_that_lacks_a_sector_and_has_successors_is_damaged() {
    let (mut bytes, last) = journal_with_a_long_group();
    bytes.truncate(bytes.len() - 500);
    let first = bytes[..last].to_vec();
    bytes[1024..1536].fill(0);
    bytes.extend(first);
    assert!(check(&bytes, true).is_err());
}

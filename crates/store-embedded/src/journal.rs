//! A look at the engine's journals before it opens them. The engine takes the first place it can't read for the torn
//! end of the last write and cuts the file there, which after a crash is right. If a byte in the middle is damaged it would
//! silently drop every acknowledged commit behind it; this finds such a place and refuses, with the files untouched.
//!
//! The layout of journals belongs to the pinned version of the engine: batches of a start (tag 1, number of items,
//! sequence number), items (tag 2) and an end (tag 3, checksum over the items, four magic bytes), behind them zeros.
//! The last group before a crash can be torn in any way, because nobody was told of it: it may end early, or lack sectors
//! in its middle while later ones have arrived. The engine would refuse the latter, so a torn group is cut off here. It
//! can't be told for certain from a damaged group that was the last one acknowledged; one that is complete and lacks no
//! sector is taken for damaged, for the others the file system or the disk has to answer.

#[cfg(test)]
mod tests;

use std::{fs, path::Path};

use xxhash_rust::xxh3::xxh3_64;

use crate::OpenError;

const MAGIC: [u8; 4] = *b"FJL\x03";

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// Checks every journal in the engine's folder, and cuts off what a crash has torn.
pub(crate) fn inspect(data: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { folder: data.into(), source };
    let mut journals = Vec::new();
    if !data.try_exists().map_err(io)? {
        return Ok(());
    }
    for entry in fs::read_dir(data).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        let is_journal = path.extension().is_some_and(|extension| extension == "jnl");
        journals.extend(number.filter(|_| is_journal).map(|number| (number, path)));
    }
    journals.sort();
    let last = journals.last().map(|(number, _)| *number);
    for (number, path) in journals {
        let bytes = fs::read(&path).map_err(io)?;
        match check(&bytes, Some(number) == last) {
            Ok(None) => {}
            Ok(Some(torn)) => {
                let file = fs::OpenOptions::new().write(true).open(&path).map_err(io)?;
                file.set_len(torn as u64).and_then(|()| file.sync_all()).map_err(io)?;
            }
            Err((offset, found)) => {
                return Err(OpenError::Journal { file: path, offset: offset as u64, found });
            }
        }
    }
    Ok(())
}

/// Finds the first byte that can't be what a crash left behind; otherwise answers where a torn group begins.
fn check(bytes: &[u8], is_last: bool) -> Result<Option<usize>, (usize, &'static str)> {
    let mut at = 0;
    while let Some(batch) = batch(&bytes[at..]) {
        if !batch.is_intact {
            let is_torn = is_last && lacks_a_sector(bytes, at, at + batch.length);
            if !is_torn {
                return Err((at, "a group of commits is complete, but its checksum does not match"));
            }
            break;
        }
        at += batch.length;
    }
    let rest = &bytes[at..];
    if rest.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if !is_last {
        return Err((at, "a journal that was finished ends in the middle of a group of commits"));
    }
    let is_start = |from: &usize| rest[*from] == 1;
    let follows = |from: usize| batch(&rest[from..]).is_some_and(|batch| batch.is_intact);
    if (1..rest.len()).filter(is_start).any(follows) {
        return Err((at, "a group of commits can't be read, and intact ones stand behind it"));
    }
    Ok(Some(at))
}

/// Whether a whole sector of a group never arrived. The first and the last may be shared with others, but a group that
/// lacks its part of those has no start or no end.
fn lacks_a_sector(bytes: &[u8], from: usize, upto: usize) -> bool {
    let first = from.div_ceil(SECTOR);
    (first..upto / SECTOR)
        .any(|sector| bytes[sector * SECTOR..(sector + 1) * SECTOR].iter().all(|byte| *byte == 0))
}

/// A batch that has all of its parts.
struct Whole {
    length: usize,
    is_intact: bool,
}

fn batch(bytes: &[u8]) -> Option<Whole> {
    let mut rest = Rest { bytes, at: 0 };
    let ([1], items, _seqno) = (rest.take()?, u32::from_le_bytes(rest.take()?), rest.take::<8>()?) else {
        return None;
    };
    let from = rest.at;
    for _ in 0..items {
        rest.item()?;
    }
    let upto = rest.at;
    let ([3], sum, MAGIC) = (rest.take()?, u64::from_le_bytes(rest.take()?), rest.take()?) else {
        return None;
    };
    Some(Whole { length: rest.at, is_intact: xxh3_64(&bytes[from..upto]) == sum })
}

struct Rest<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(*found)
    }

    /// Passes over an item: kind, compression, keyspace, lengths of key and value, length of the value as stored.
    fn item(&mut self) -> Option<()> {
        let [2] = self.take()? else { return None };
        let [_kind, _compression] = self.take()?;
        let _keyspace: [u8; 8] = self.take()?;
        let key = usize::from(u16::from_le_bytes(self.take()?));
        let _value: [u8; 4] = self.take()?;
        let stored = u32::from_le_bytes(self.take()?) as usize;
        let end = self.at.checked_add(key)?.checked_add(stored)?;
        self.at = end;
        (end <= self.bytes.len()).then_some(())
    }
}

//! A look at the engine's journals before it opens them. The engine takes the first place it can't read for the torn
//! end of the last write and cuts the file there, which after a crash is right. If a byte in the middle is damaged it would
//! silently drop every acknowledged commit behind it; this finds such a place and refuses, with the files untouched.
//!
//! The layout of journals belongs to the pinned version of the engine: batches of a start (tag 1, number of items,
//! sequence number), items (tag 2) and an end (tag 3, checksum over the items, four magic bytes), behind them zeros.
//! The last group before a crash can be torn in any way, because nobody was told of it. It can't be told from a damaged
//! group that was the last one acknowledged; the seal of the file system or the disk has to answer for that one.

#[cfg(test)]
mod tests;

use std::{fs, path::Path};

use xxhash_rust::xxh3::xxh3_64;

use crate::OpenError;

const MAGIC: [u8; 4] = *b"FJL\x03";

/// Checks every journal in the engine's folder.
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
        if let Err((offset, found)) = check(&bytes, Some(number) == last) {
            return Err(OpenError::Journal { file: path, offset: offset as u64, found });
        }
    }
    Ok(())
}

/// Finds the first byte that can't be what a crash left behind.
fn check(bytes: &[u8], is_last: bool) -> Result<(), (usize, &'static str)> {
    let mut at = 0;
    while let Some(batch) = batch(&bytes[at..]) {
        if !batch.is_intact {
            return Err((at, "a group of commits is complete, but its checksum does not match"));
        }
        at += batch.length;
    }
    let rest = &bytes[at..];
    if rest.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    if !is_last {
        return Err((at, "a journal that was finished ends in the middle of a group of commits"));
    }
    let is_start = |from: &usize| rest[*from] == 1;
    let follows = |from: usize| batch(&rest[from..]).is_some_and(|batch| batch.is_intact);
    if (1..rest.len()).filter(is_start).any(follows) {
        return Err((at, "a group of commits can't be read, and intact ones stand behind it"));
    }
    Ok(())
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

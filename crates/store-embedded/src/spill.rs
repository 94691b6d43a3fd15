//! Tasks that do not fit into memory, in plain files: per lane a row of segments, written at the end and read from the
//! front.
//!
//! Nothing here survives a restart, so nothing is synced and the folder is emptied when it is opened. A segment is
//! deleted as soon as it is read to its end; a lane that never runs empty gives its space back segment by segment.
//! A record is its length, its checksum and its bytes. Files are opened for one call, so that any number of lanes needs
//! no more descriptors than there are calls.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::{Buf, BufMut, Bytes};
use longhaul_store::{LaneKey, Spill, SpillError};
use parking_lot::Mutex;

/// Length from which on a segment is not appended to.
const SEGMENT_BYTES: u64 = 16 << 20;
/// Bytes read at a time, unless a single record is longer.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes in front of a record: its length and its checksum.
const FRAME_BYTES: usize = 8;

/// A spill in a folder of its own.
#[derive(Debug)]
pub struct FileSpill {
    folder: PathBuf,
    next_file: AtomicU64,
    lanes: Mutex<BTreeMap<LaneKey, Lane>>,
}

#[derive(Debug, Default)]
struct Lane {
    segments: VecDeque<Segment>,
}

/// A file; what stands between `read` and `written` is still wanted.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    read: u64,
    written: u64,
}

impl FileSpill {
    /// Opens the spill of the store in `data`, and drops whatever an earlier process left in it. The store is opened
    /// first: its lock keeps other processes out.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("spill");
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&folder)?,
        }
        Ok(Self { folder, next_file: AtomicU64::new(0), lanes: Mutex::default() })
    }

    /// Works on a lane outside of the lock: calls for one lane come one after the other.
    fn with<T>(&self, key: &LaneKey, work: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lane = self.lanes.lock().remove(key).unwrap_or_default();
        let outcome = work(&mut lane);
        if !lane.segments.is_empty() {
            self.lanes.lock().insert(key.clone(), lane);
        }
        outcome
    }

    fn begin_segment(&self) -> Segment {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        Segment { path: self.folder.join(format!("{number:016x}")), read: 0, written: 0 }
    }
}

impl Spill for FileSpill {
    fn append(&self, lane: &LaneKey, records: &[Bytes]) -> Result<(), SpillError> {
        if records.is_empty() {
            return Ok(());
        }
        let framed = frame(records)?;
        self.with(lane, |lane| {
            let is_full = lane.segments.back().is_none_or(|last| last.written >= SEGMENT_BYTES);
            let mut fresh = is_full.then(|| self.begin_segment());
            let segment = fresh.as_mut().or(lane.segments.back_mut()).ok_or_else(|| busy("no segment"))?;
            segment.append(&framed).map_err(busy)?;
            lane.segments.extend(fresh);
            Ok(())
        })
    }

    fn take(&self, lane: &LaneKey, limit: usize) -> Result<Vec<Bytes>, SpillError> {
        self.with(lane, |lane| {
            let Some(segment) = lane.segments.front_mut() else { return Ok(Vec::new()) };
            let records = segment.take(limit.max(1))?;
            if segment.read == segment.written {
                segment.delete();
                lane.segments.pop_front();
            }
            Ok(records)
        })
    }

    fn forget(&self, lane: &LaneKey) {
        if let Some(lane) = self.lanes.lock().remove(lane) {
            lane.segments.iter().for_each(Segment::delete);
        }
    }
}

impl Segment {
    /// Writes behind what is there. A failed write leaves bytes that the next one overwrites.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?;
        file.write_all_at(bytes, self.written)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Reads at least one record, and at most `limit`.
    fn take(&mut self, limit: usize) -> Result<Vec<Bytes>, SpillError> {
        let file = File::open(&self.path).map_err(busy)?;
        let left = usize::try_from(self.written - self.read).unwrap_or(usize::MAX);
        let mut length = CHUNK_BYTES.min(left);
        loop {
            let mut chunk = vec![0; length];
            file.read_exact_at(&mut chunk, self.read).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => corrupt(&self.path),
                _ => busy(error),
            })?;
            let mut rest = Bytes::from(chunk);
            let records = unframe(&mut rest, limit).ok_or_else(|| corrupt(&self.path))?;
            if !records.is_empty() {
                self.read += (length - rest.len()) as u64;
                return Ok(records);
            }
            if length == left {
                return Err(corrupt(&self.path));
            }
            length = length.saturating_mul(2).min(left);
        }
    }

    fn delete(&self) {
        // A file left behind costs space until the next start, nothing else.
        let _ = fs::remove_file(&self.path);
    }
}

fn frame(records: &[Bytes]) -> Result<Vec<u8>, SpillError> {
    let mut framed = Vec::with_capacity(records.iter().map(|record| FRAME_BYTES + record.len()).sum());
    for record in records {
        framed.put_u32_le(u32::try_from(record.len()).map_err(|_| busy("record is too long"))?);
        framed.put_u32_le(crc32fast::hash(record));
        framed.put_slice(record);
    }
    Ok(framed)
}

/// Takes up to `limit` whole records from the front of `rest`; `None` if one is damaged.
fn unframe(rest: &mut Bytes, limit: usize) -> Option<Vec<Bytes>> {
    let mut records = Vec::new();
    while records.len() < limit && rest.len() >= FRAME_BYTES {
        let mut header = &rest[..FRAME_BYTES];
        let (length, checksum) = (header.get_u32_le() as usize, header.get_u32_le());
        if rest.len() - FRAME_BYTES < length {
            break;
        }
        rest.advance(FRAME_BYTES);
        let record = rest.split_to(length);
        if crc32fast::hash(&record) != checksum {
            return None;
        }
        records.push(record);
    }
    Some(records)
}

fn busy(error: impl ToString) -> SpillError {
    SpillError::Busy(error.to_string())
}

fn corrupt(path: &Path) -> SpillError {
    SpillError::Corrupt(format!("{} can't be read back", path.display()))
}

#[cfg(test)]
mod tests;

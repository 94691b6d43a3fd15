//! Where closed runs go when their retention is over: the contract of an archive, the names and records in it, and a
//! model in memory.
//!
//! An archive is a tree of objects below an address that a namespace chose. Objects are written whole, and writing one
//! again with the same content is harmless, so that whoever was cut off begins again. A run's history is a row of
//! parts and, written last, a table of them; a run that has no table is not archived. A run's row stands below the
//! hour and the minute of its end, newest first, so that a list never reads more names than runs closed in a minute.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use longhaul_kernel::{
    codec::{self, Unreadable},
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    time::Timestamp,
    visibility::{Row, Value},
};
use minicbor::{Decode, Encode};
use parking_lot::Mutex;

const SECOND: i64 = 1_000_000_000;

/// Why something could not be archived or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The address is none that can be served.
    #[error("address of the archive can't be used: {0}")]
    Address(String),
    /// Try again later: the archive is away, full, or refuses.
    #[error("archive is away: {0}")]
    Away(String),
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Names of the folders in it, in order.
    pub folders: Vec<String>,
    /// Names of the objects in it, in order.
    pub objects: Vec<String>,
}

/// Keeps objects below the addresses of namespaces.
pub trait Archive: Send + Sync {
    /// Writes an object, in place of one of that name.
    fn put(&self, address: &str, name: &str, body: Bytes) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Reads an object.
    fn get(&self, address: &str, name: &str) -> BoxFuture<'_, Result<Option<Bytes>, ArchiveError>>;

    /// Lists a folder: a name without its last slash.
    fn list(&self, address: &str, folder: &str) -> BoxFuture<'_, Result<Listing, ArchiveError>>;
}

/// The table of an archived history's parts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ArchivedHistory {
    /// The workflow id.
    #[n(0)]
    pub workflow_id: String,
    /// First event of each part, ascending.
    #[n(1)]
    pub parts: Vec<i64>,
    /// The last event.
    #[n(2)]
    pub last_event: i64,
}

/// The row of an archived run.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ArchivedRow {
    #[n(0)]
    workflow_id: String,
    #[n(1)]
    run: RunId,
    #[n(2)]
    start_time: Timestamp,
    #[n(3)]
    close_time: Timestamp,
    #[n(4)]
    attributes: BTreeMap<String, Value>,
    #[cbor(n(5), with = "minicbor::bytes")]
    info: Vec<u8>,
}

impl ArchivedRow {
    /// The row of a closed run; `None` for one that is open.
    pub fn of(row: &Row) -> Option<Self> {
        Some(Self {
            workflow_id: row.run.execution.id.to_string(),
            run: row.run.run,
            start_time: row.start_time,
            close_time: row.close_time?,
            attributes: row
                .attributes
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect(),
            info: row.info.to_vec(),
        })
    }

    /// The row as lists know it.
    pub fn into_row(self, namespace: NamespaceId) -> Row {
        let execution =
            ExecutionKey { namespace, kind: Kind::Workflow, id: self.workflow_id.as_str().into() };
        Row {
            run: RunKey { execution, run: self.run },
            start_time: self.start_time,
            close_time: Some(self.close_time),
            attributes: self.attributes.into_iter().map(|(name, value)| (Arc::from(name), value)).collect(),
            info: self.info.into(),
        }
    }

    /// The record, for an object.
    pub fn encode(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// Reads the record.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(record: &[u8]) -> Result<Self, Unreadable> {
        codec::decode(record)
    }

    /// Name of its object.
    pub fn name(&self, namespace: NamespaceId) -> String {
        let (hour, minute, end) = countdown(self.close_time);
        format!("{}/{hour}/{minute}/{end}-{}", rows_folder(namespace), self.run)
    }
}

impl ArchivedHistory {
    /// The record, for an object.
    pub fn encode(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// Reads the record.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(record: &[u8]) -> Result<Self, Unreadable> {
        codec::decode(record)
    }
}

/// Numbers that fall as time goes on, so that names in order are newest first: of the hour, of the minute, of the instant.
fn countdown(at: Timestamp) -> (String, String, String) {
    let left = i64::MAX - at.0.max(0);
    (format!("{:08}", left / (3600 * SECOND)), format!("{:09}", left / (60 * SECOND)), format!("{left:019}"))
}

/// The folder of all rows of a namespace: in it folders of hours, in those folders of minutes.
pub fn rows_folder(namespace: NamespaceId) -> String {
    format!("{namespace}/rows")
}

/// Name of the table of a run's history.
pub fn table_name(namespace: NamespaceId, run: RunId) -> String {
    format!("{namespace}/history/{run}/table")
}

/// Name of the part of a run's history that begins with `first_event`.
pub fn part_name(namespace: NamespaceId, run: RunId, first_event: i64) -> String {
    format!("{namespace}/history/{run}/{first_event:012}")
}

/// An archive that lives as long as the process, and fails when a test wants it to.
#[derive(Debug, Default)]
pub struct MemoryArchive {
    objects: Mutex<BTreeMap<(String, String), Bytes>>,
    away: Mutex<u32>,
}

impl MemoryArchive {
    /// Lets the next `calls` calls fail.
    pub fn fail(&self, calls: u32) {
        *self.away.lock() = calls;
    }

    /// Calls that are still going to fail.
    pub fn failing(&self) -> u32 {
        *self.away.lock()
    }

    /// Names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.objects.lock().keys().map(|(_, name)| name.clone()).collect()
    }

    fn check(&self) -> Result<(), ArchiveError> {
        let mut away = self.away.lock();
        if *away == 0 {
            return Ok(());
        }
        *away -= 1;
        Err(ArchiveError::Away("a test wants it so".into()))
    }
}

impl Archive for MemoryArchive {
    fn put(&self, address: &str, name: &str, body: Bytes) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let put = self.check().map(|()| {
            self.objects.lock().insert((address.into(), name.into()), body);
        });
        ready(put).boxed()
    }

    fn get(&self, address: &str, name: &str) -> BoxFuture<'_, Result<Option<Bytes>, ArchiveError>> {
        let place = (address.to_owned(), name.to_owned());
        ready(self.check().map(|()| self.objects.lock().get(&place).cloned())).boxed()
    }

    fn list(&self, address: &str, folder: &str) -> BoxFuture<'_, Result<Listing, ArchiveError>> {
        let listed = self.check().map(|()| {
            let objects = self.objects.lock();
            let within = format!("{folder}/");
            let names = objects.keys().filter(|(at, _)| at == address).map(|(_, name)| name);
            let (mut folders, mut found) = (BTreeSet::new(), Vec::new());
            for rest in names.filter_map(|name| name.strip_prefix(&within)) {
                match rest.split_once('/') {
                    Some((folder, _)) => {
                        folders.insert(folder.to_owned());
                    }
                    None => found.push(rest.to_owned()),
                }
            }
            Listing { folders: folders.into_iter().collect(), objects: found }
        });
        ready(listed).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(run: u8, close: i64) -> ArchivedRow {
        ArchivedRow {
            workflow_id: "w/with slashes and \u{e9}".into(),
            run: RunId::from_bytes([run; 16]),
            start_time: Timestamp(5),
            close_time: Timestamp(close),
            attributes: BTreeMap::from([("WorkflowType".into(), Value::Keyword("t".into()))]),
            info: vec![1, 2],
        }
    }

    #[test]
    fn a_row_survives_its_record() {
        let namespace = NamespaceId::from_bytes([7; 16]);
        let archived = row(1, 1_700_000_000 * SECOND);
        let read = ArchivedRow::decode(&archived.encode()).expect("it was just written");
        assert_eq!(read, archived);
        assert_eq!(ArchivedRow::of(&read.clone().into_row(namespace)), Some(read));
    }

    #[test]
    fn names_are_newest_first() {
        let namespace = NamespaceId::from_bytes([7; 16]);
        let ends = [0, 1, SECOND, 59 * SECOND, 61 * SECOND, 3_700 * SECOND, 1_700_000_000 * SECOND];
        let names: Vec<String> = ends.iter().rev().map(|end| row(1, *end).name(namespace)).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}

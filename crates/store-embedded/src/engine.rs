//! The log-structured engine as this crate uses it: a keyspace per kind of record, sealed values, ordered ranges. What
//! is known to be unsafe in it is not used here: no clearing, no ingestion, no separated values.

use std::{
    ops::Bound,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use fjall::{Database, Guard, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};

use crate::{
    OpenError, Options,
    error::Failure,
    group::Changes,
    journal, key,
    lock::FolderLock,
    seal,
    young::{self, Young},
};

/// A kind of record, kept in a keyspace of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Batches of events.
    History,
    /// Snapshots and deltas of runs.
    State,
    /// Current-run records.
    Current,
    /// Outbox rows.
    Outbox,
    /// Wakes.
    Wakes,
    /// Rows of lists, in the default order.
    Rows,
    /// Positions of rows by the value of an attribute.
    Index,
    /// Documents, grants, the folder's format.
    Meta,
    /// Keys of rows whose index entries are not stored yet.
    Young,
    /// Which run reads events of which other.
    Shares,
}

impl Part {
    /// Every kind, in the order of declaration.
    pub(crate) const ALL: [Self; 10] = [
        Self::History,
        Self::State,
        Self::Current,
        Self::Outbox,
        Self::Wakes,
        Self::Rows,
        Self::Index,
        Self::Meta,
        Self::Young,
        Self::Shares,
    ];

    /// Its name on disk.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::State => "state",
            Self::Current => "current",
            Self::Outbox => "outbox",
            Self::Wakes => "wakes",
            Self::Rows => "rows",
            Self::Index => "index",
            Self::Meta => "meta",
            Self::Young => "young",
            Self::Shares => "shares",
        }
    }
}

/// A key and the body of its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// Bounds of a range of keys.
pub(crate) type Keys = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Keys that begin with `prefix`.
pub(crate) fn beginning_with(prefix: &[u8]) -> Keys {
    (Bound::Included(prefix.to_vec()), key::behind(prefix).map_or(Bound::Unbounded, Bound::Excluded))
}

/// An open folder.
pub(crate) struct Engine {
    db: Database,
    parts: [Keyspace; Part::ALL.len()],
    /// Rows whose index entries are not stored yet.
    pub(crate) young: Young,
    folder: PathBuf,
    halted: OnceLock<String>,
    // Dropped last: the folder is given away when nothing writes to it any more.
    _lock: FolderLock,
}

impl Engine {
    /// Takes the folder, checks its journals and opens it.
    pub(crate) fn open(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { folder: folder.into(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let lock = FolderLock::take(folder, options.address.as_deref())?;
        let data = folder.join("data");
        journal::inspect(&data)?;
        let damaged = |error| match Failure::of("open", error) {
            Failure::Io(text) => io(std::io::Error::other(text)),
            source @ (Failure::Corrupt(_) | Failure::Refused(_)) => {
                OpenError::Damaged { folder: folder.into(), source }
            }
        };
        let db = Database::builder(&data)
            .cache_size(options.cache_bytes)
            .max_journaling_size(options.journal_bytes)
            .worker_threads(options.maintenance_threads)
            .manual_journal_persist(true)
            .open()
            .map_err(damaged)?;
        let mut parts = Vec::with_capacity(Part::ALL.len());
        for part in Part::ALL {
            let create = || KeyspaceCreateOptions::default().max_memtable_size(options.memtable_bytes);
            parts.push(db.keyspace(part.name(), create).map_err(damaged)?);
        }
        let Ok(parts) = parts.try_into() else { unreachable!("one keyspace was pushed for each part") };
        let young = Young::default();
        Ok(Self { db, parts, young, folder: folder.into(), halted: OnceLock::new(), _lock: lock })
    }

    fn keyspace(&self, part: Part) -> &Keyspace {
        &self.parts[part as usize]
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why nothing goes on, if so.
    pub(crate) fn halted(&self) -> Option<&str> {
        self.halted.get().map(String::as_str)
    }

    /// Refuses everything from here on: what is in memory may no longer be what is on disk.
    pub(crate) fn halt(&self, why: &str) {
        let text = format!(
            "folder {} stopped after a failed write ({why}): check the disk and its free space, then start again; \
             nothing acknowledged is lost",
            self.folder.display()
        );
        // The first reason is the one that counts.
        let _ = self.halted.set(text);
    }

    /// A value.
    pub(crate) fn get(&self, part: Part, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let found = self.keyspace(part).get(key).map_err(|error| Failure::of(part.name(), error))?;
        found.map(|value| seal::open(part, key, &value).map(<[u8]>::to_vec)).transpose()
    }

    /// Whether there is a value, be it damaged or not.
    pub(crate) fn has(&self, part: Part, key: &[u8]) -> Result<bool, Failure> {
        self.keyspace(part).contains_key(key).map_err(|error| Failure::of(part.name(), error))
    }

    /// A moment at which several reads see the same.
    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment { engine: self, snapshot: self.db.snapshot(), young: None }
    }

    /// A moment at which the index has the entries of young rows too.
    pub(crate) fn moment_of_lists(&self) -> Moment<'_> {
        let young = self.young.read();
        Moment { engine: self, snapshot: self.db.snapshot(), young: Some(young.entries()) }
    }

    /// Makes `changes` durable, all or none, with what they mean for young rows.
    pub(crate) fn write_with(&self, changes: Changes, young: young::Changes) -> Result<(), WriteFailure> {
        if young.is_empty() {
            return self.write(changes);
        }
        let mut rows = self.young.write();
        self.write(changes)?;
        rows.change(young);
        Ok(())
    }

    /// Makes `changes` durable, all or none.
    pub(crate) fn write(&self, changes: Changes) -> Result<(), WriteFailure> {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncData));
        for (part, key, value) in changes {
            match value {
                Some(body) => {
                    let value = seal::seal(&key, body);
                    batch.insert(self.keyspace(part), key, value);
                }
                None => batch.remove(self.keyspace(part), key),
            }
        }
        batch.commit().map_err(|error| match error {
            // Told before the journal is touched: an earlier write or a background task failed.
            fjall::Error::Poisoned => WriteFailure::Refused("a background write failed".into()),
            other => WriteFailure::Unknown(other.to_string()),
        })
    }
}

/// Why changes were not made durable.
pub(crate) enum WriteFailure {
    /// Nothing was written.
    Refused(String),
    /// Some of it may be found after the next start, all or none of a group.
    Unknown(String),
}

/// A consistent view of everything.
pub(crate) struct Moment<'e> {
    engine: &'e Engine,
    snapshot: Snapshot,
    /// Index entries that are not stored, for those who ask for lists.
    young: Option<young::Entries>,
}

impl Moment<'_> {
    /// A value.
    pub(crate) fn get(&self, part: Part, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let found = self.snapshot.get(self.engine.keyspace(part), key);
        let found = found.map_err(|error| Failure::of(part.name(), error))?;
        found.map(|value| seal::open(part, key, &value).map(<[u8]>::to_vec)).transpose()
    }

    /// Entries of a range, in the order of their keys; read on demand.
    pub(crate) fn range(
        &self,
        part: Part,
        keys: Keys,
    ) -> impl Iterator<Item = Result<Entry, Failure>> + use<> {
        let young = self.young_of(part);
        let stored = self.guards(part, keys.clone()).map(move |guard| entry(part, guard));
        young::merged(stored, young, keys, false)
    }

    /// Entries of a range, last key first.
    pub(crate) fn backwards(
        &self,
        part: Part,
        keys: Keys,
    ) -> impl Iterator<Item = Result<Entry, Failure>> + use<> {
        let young = self.young_of(part);
        let stored = self.guards(part, keys.clone()).rev().map(move |guard| entry(part, guard));
        young::merged(stored, young, keys, true)
    }

    /// Keys of a range, in their order, whatever is in the values. Not for the index.
    pub(crate) fn keys(
        &self,
        part: Part,
        keys: Keys,
    ) -> impl Iterator<Item = Result<Vec<u8>, Failure>> + use<> {
        self.guards(part, keys).map(move |guard| {
            guard.key().map(|key| key.to_vec()).map_err(|error| Failure::of(part.name(), error))
        })
    }

    fn young_of(&self, part: Part) -> Option<young::Entries> {
        self.young.clone().filter(|_| part == Part::Index)
    }

    fn guards(&self, part: Part, keys: Keys) -> impl DoubleEndedIterator<Item = Guard> + use<> {
        // The engine takes a range whose end is before its start for a mistake of the caller; here it is empty.
        let inner = (!young::is_empty(&keys)).then(|| self.snapshot.range(self.engine.keyspace(part), keys));
        inner.into_iter().flatten()
    }
}

fn entry(part: Part, guard: Guard) -> Result<Entry, Failure> {
    let (key, value) = guard.into_inner().map_err(|error| Failure::of(part.name(), error))?;
    let body = seal::open(part, &key, &value)?.to_vec();
    Ok((key.to_vec(), body))
}

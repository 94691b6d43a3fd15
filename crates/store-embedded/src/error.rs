//! What can go wrong while opening, and how failures of the engine read as answers of the contract.

use std::{io, path::PathBuf};

use longhaul_store::{CommitError, ReadError};

/// Why a folder can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process uses the folder: stop it, or talk to it.
    #[error("folder {folder} is in use by {holder}")]
    Held {
        /// The folder.
        folder: PathBuf,
        /// What is known of the holder: its process id and address.
        holder: String,
    },
    /// The folder can't be created, read or written.
    #[error("folder {folder} can't be used")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Bytes of acknowledged commits are damaged. Nothing was changed on disk.
    #[error(
        "journal {file} is damaged at byte {offset}: {found}. Restore the folder from a copy; or copy it and then drop \
         everything from there on with `truncate --size={offset} {file}`"
    )]
    Journal {
        /// The damaged file.
        file: PathBuf,
        /// Where it can't be read.
        offset: u64,
        /// What stands there or behind it.
        found: &'static str,
    },
    /// The engine can't make sense of the folder.
    #[error("folder {folder} can't be opened: restore it from a copy")]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What the engine said.
        #[source]
        source: Failure,
    },
    /// The folder was written by a newer binary.
    #[error("folder {folder} has format {found}, this binary reads up to {known}")]
    TooNew {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
}

/// Why the engine did not do as told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Stored bytes are not what was written.
    #[error("{0}")]
    Corrupt(String),
    /// The system refused; stored bytes may be fine.
    #[error("{0}")]
    Io(String),
    /// The caller asked for more than is answered.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// Reads an error of the engine that occurred at `place`.
    pub(crate) fn of(place: &str, error: fjall::Error) -> Self {
        let text = format!("{place}: {error}");
        match error {
            fjall::Error::Io(_)
            | fjall::Error::Storage(fjall::LsmError::Io(_))
            | fjall::Error::Poisoned
            | fjall::Error::Locked
            | fjall::Error::KeyspaceDeleted => Self::Io(text),
            // Everything else, variants of newer versions included, is about bytes that can't be read.
            _ => Self::Corrupt(format!("{text}; restore the folder from a copy")),
        }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Corrupt(text) => Self::Corrupt(text),
            Failure::Io(text) => Self::Busy(text),
            Failure::Refused(text) => Self::Refused(text),
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Corrupt(text) => Self::Corrupt(text),
            // It was met while reading what the commit depends on: nothing is written yet.
            Failure::Io(text) | Failure::Refused(text) => Self::Busy(text),
        }
    }
}

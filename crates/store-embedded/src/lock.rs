//! One process per folder: an exclusive lock on a file that says who holds it. The system drops the lock with the
//! process, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use crate::OpenError;

/// The folder is ours while this lives.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes `folder`, or says who has it.
    pub(crate) fn take(folder: &Path, address: Option<&str>) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { folder: folder.into(), source };
        let path = folder.join("LOCK");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The text is a courtesy; a holder that is just writing it may be told as "another process".
                let _ = file.read_to_string(&mut holder);
                let holder = Some(holder.trim()).filter(|text| !text.is_empty()).unwrap_or("another process");
                return Err(OpenError::Held { folder: folder.into(), holder: holder.into() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let at = address.map(|address| format!(" at {address}")).unwrap_or_default();
        let text = format!("process {}{at}\n", std::process::id());
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(failed)?;
        Ok(Self { _file: file })
    }
}

//! Locks on entries of the cache that are in use.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use parking_lot::Mutex;

use super::private::open_entry;

/// An entry of the cache, locked against its removal for as long as this lives.
#[derive(Debug)]
pub struct LockedEntry {
    _file: Option<File>,
}

/// Entries that stay locked to the end of the process.
static KEPT: OnceLock<Mutex<Vec<LockedEntry>>> = OnceLock::new();

impl LockedEntry {
    /// Locks an entry that others may use too; `None` when it is not there, or is being removed.
    pub fn shared(path: &Path) -> io::Result<Option<Self>> {
        // Windows lets nobody remove an open file, and opens no folders this way.
        if cfg!(not(unix)) {
            return Ok(path.exists().then_some(Self { _file: None }));
        }
        let file = match open_entry(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // A file system without locks (some of the network): it is used without.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(path = %path.display(), %error, "no lock in the cache");
                return Ok(Some(Self { _file: None }));
            }
        }
        // It may have been removed between the two.
        Ok(is_still(path, &file).then_some(Self { _file: Some(file) }))
    }

    /// Locks an entry that nobody else uses; `None` when somebody does, or it is gone.
    #[cfg(feature = "contents")]
    pub fn exclusive(path: &Path) -> Option<Self> {
        if cfg!(not(unix)) {
            return Some(Self { _file: None });
        }
        let file = open_entry(path).ok()?;
        file.try_lock().ok()?;
        is_still(path, &file).then_some(Self { _file: Some(file) })
    }

    /// Keeps it locked to the end of the process.
    pub fn keep(self) {
        KEPT.get_or_init(Mutex::default).lock().push(self);
    }
}

/// Whether the path still leads to the opened file.
#[cfg(unix)]
pub(super) fn is_still(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;

    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    let (there, opened) = (path.symlink_metadata().map(identity), file.metadata().map(identity));
    matches!((there, opened), (Ok(there), Ok(opened)) if there == opened)
}

#[cfg(not(unix))]
pub(super) fn is_still(_path: &Path, _file: &File) -> bool {
    true
}

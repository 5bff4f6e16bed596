//! Locks on what is in use.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use parking_lot::Mutex;

use super::private::open_entry;

/// Something in the cache that is in use for as long as this lives.
#[derive(Debug)]
pub struct Held {
    _file: Option<File>,
}

/// What stays in use to the end of the process.
static KEPT: OnceLock<Mutex<Vec<Held>>> = OnceLock::new();

impl Held {
    /// A lock on a file or folder; `None` when it is not there, or is being removed.
    pub fn existing(path: &Path) -> io::Result<Option<Self>> {
        // Windows lets nobody remove what is open, and opens no folders this way.
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

    /// A lock that nobody else has; `None` when somebody uses it, or it is gone.
    #[cfg(feature = "contents")]
    pub fn alone(path: &Path) -> Option<Self> {
        if cfg!(not(unix)) {
            return Some(Self { _file: None });
        }
        let file = open_entry(path).ok()?;
        file.try_lock().ok()?;
        is_still(path, &file).then_some(Self { _file: Some(file) })
    }

    /// Keeps it to the end of the process.
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

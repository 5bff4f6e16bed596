//! One process at a time makes an entry: a hundred that start at once do not need a hundred times the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::locked_entry::is_still;
use super::private::create_file;
use super::{PATIENCE, PAUSE};

/// The suffix of the names of lock files.
pub(crate) const LOCK: &str = ".lock";

/// The right to make an entry; others wait for as long as this lives.
#[derive(Debug)]
pub struct Making {
    lock: Option<(PathBuf, File)>,
}

/// The result of [`Making::begin`].
#[derive(Debug)]
pub enum MakingResult<T> {
    /// Another process has made it.
    Made(T),
    /// It is ours to make.
    Making(Making),
}

impl Making {
    /// Waits until the entry at `path` is there, or nobody else makes it. A process that cannot get the lock in bounded time
    /// goes on without it: its owner may be stopped, or the file system may have no locks.
    pub fn begin<T, E>(
        path: &Path,
        there: impl Fn() -> Result<Option<T>, E>,
    ) -> Result<MakingResult<T>, E> {
        let end = Instant::now() + PATIENCE;
        let mut name = path.as_os_str().to_owned();
        name.push(LOCK);
        let name = PathBuf::from(name);
        let mut said = false;
        while Instant::now() < end {
            match lock(&name) {
                Ok(Some(file)) => {
                    let making = Self { lock: Some((name, file)) };
                    // Its maker may have finished in between.
                    return Ok(there()?.map_or(MakingResult::Making(making), MakingResult::Made));
                }
                Ok(None) => {
                    if !said {
                        tracing::debug!(path = %path.display(), "waiting for the process that makes it");
                        said = true;
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(error) => {
                    tracing::debug!(path = %path.display(), %error, "no lock in the cache");
                    break;
                }
            }
            if let Some(made) = there()? {
                return Ok(MakingResult::Made(made));
            }
        }
        Ok(MakingResult::Making(Self { lock: None }))
    }
}

/// The lock; `None` when another process has it, or has just removed it.
fn lock(name: &Path) -> io::Result<Option<File>> {
    let file = create_file(name)?;
    match file.try_lock() {
        Ok(()) => Ok(is_still(name, &file).then_some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if let Some((name, _locked)) = self.lock.take() {
            // It is still locked here: a process that has it open sees that it is gone, and asks for another one.
            let _not_there = fs::remove_file(name);
        }
    }
}

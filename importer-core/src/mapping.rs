//! The bytes of an archive, in memory or mapped: the one file of this crate where `unsafe` stands.
#![expect(
    unsafe_code,
    reason = "mapping a file is a promise about other processes that no compiler can check"
)]

use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Mmap, MmapOptions};

use crate::archive::open_file;
use crate::{Archive, Error};

/// The bytes of one archive.
pub(crate) enum Bytes {
    /// Read into memory.
    Owned(Vec<u8>),
    /// Mapped from a file.
    Mapped(Mmap),
}

impl Archive {
    /// Maps the archive at `path`, as [`open`](Self::open) finds it: bytes are read when they are first needed,
    /// and processes that map the same file share them.
    ///
    /// # Safety
    ///
    /// The file is neither modified nor truncated, by this or any other process, while the archive or a clone of it lives.
    /// (Renaming another file over it is fine: the map keeps the old one.)
    pub unsafe fn map(path: &Path) -> Result<Self, Error> {
        let (file, range) = open_file(path)?;
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let length = length.map_err(|error| Error::map(path, io::Error::other(error)))?;
        let mut options = MmapOptions::new();
        options.offset(range.start).len(length);
        // SAFETY: our caller promises that nobody modifies or truncates the file while the map lives, which is what `map`
        // asks for; the map is read-only, so nothing here breaks that promise either.
        let map = unsafe { options.map(&file) }.map_err(|error| Error::map(path, error))?;
        Self::from_inner(Bytes::Mapped(map), path)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

//! The bytes of an archive, in memory or mapped: the one file of this crate where `unsafe` stands.
#![expect(
    unsafe_code,
    reason = "mapping a file is a promise about other processes that no compiler can check"
)]

use std::fs;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;

#[cfg(unix)]
use memmap2::UncheckedAdvice;
use memmap2::{Mmap, MmapOptions};

use crate::format::PAGE;
use crate::locate::locate;
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
        let mut file = fs::File::open(path).map_err(|error| Error::read(path, error))?;
        // SAFETY: our caller's promise is the same.
        unsafe { Self::map_file(&mut file, path) }
    }

    /// As [`map`](Self::map), for a file that is open. `path` stands in messages and is given back by
    /// [`path`](Self::path): it may lead elsewhere by now, as that of a running executable whose successor is installed.
    ///
    /// # Safety
    ///
    /// As for [`map`](Self::map).
    pub unsafe fn map_file(file: &mut fs::File, path: &Path) -> Result<Self, Error> {
        let range = locate(file, path)?;
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let length = length.map_err(|error| Error::map(path, io::Error::other(error)))?;
        if range.start % PAGE != 0 {
            // A tool has moved the archive. Its libraries could not be mapped where their pages do not begin at those of memory.
            return Self::read_part(file, range, path);
        }
        let mut options = MmapOptions::new();
        options.offset(range.start).len(length);
        // SAFETY: our caller promises that nobody modifies or truncates the file while the map lives, which is what `map`
        // asks for; the map is read-only, so nothing here breaks that promise either.
        let map = unsafe { options.map(&*file) }.map_err(|error| Error::map(path, error))?;
        Self::from_inner(Bytes::Mapped(map), path)
    }
}

impl Bytes {
    /// Takes bytes that were read out of this process's memory, if they are a file's; they are there again when they are next
    /// read. Where the system cannot do it, they stay.
    pub(crate) fn forget(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self
            && range.end <= map.len()
        {
            // SAFETY: what `DontNeed` may lose is what was written to a private map; this one is shared and read-only, and
            // its pages are those of the file (madvise(2), "shared file mappings").
            let _ = unsafe {
                map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len())
            };
        }
        #[cfg(not(unix))]
        let _ = range;
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

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;
    use crate::{ErrorKind, Target, Writer};

    fn writer() -> Writer {
        let implementation = "cpython".to_owned();
        let mut writer = Writer::new(Target {
            implementation,
            version: (3, 12),
            bytecode_magic: 3531,
            free_threaded: false,
            optimization: 0,
        });
        writer.add_file("data", b"spam".to_vec()).unwrap();
        writer
    }

    fn map(path: &Path) -> Result<Archive, Error> {
        // SAFETY: the file lies in a folder of one test, which replaces it only by renaming another over it.
        unsafe { Archive::map(path) }
    }

    #[test]
    #[cfg_attr(windows, ignore = "Windows replaces no file that is mapped")]
    fn a_map_reads_bare_archives_and_those_behind_executables_and_outlives_a_rename() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut bare = Vec::new();
        writer().finish(&mut bare).unwrap();
        let mut executable = Cursor::new(b"\x7fELF".to_vec());
        writer().write_behind(&mut executable).unwrap();
        for bytes in [bare, executable.into_inner()] {
            fs::write(&path, bytes).unwrap();
            let archive = map(&path).unwrap();
            // Pages that are taken out of memory come back, and bytes outside of the file do no harm.
            archive.forget(0..archive.bytes().len());
            archive.forget(0..usize::MAX);
            let mut other = tempfile::NamedTempFile::new_in(&folder).unwrap();
            other.write_all(b"something else").unwrap();
            other.persist(&path).unwrap();
            assert_eq!(
                archive.file("data").unwrap().unwrap().contents().unwrap(),
                b"spam".as_slice()
            );
            assert_eq!(map(&path).unwrap_err().kind(), ErrorKind::NotAnArchive);
            fs::remove_file(&path).unwrap();
            assert_eq!(map(&path).unwrap_err().kind(), ErrorKind::Io);
        }
    }
}

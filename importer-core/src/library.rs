//! Shared libraries: large, read once, and checked while they are read.

use std::hash::Hasher as _;
use std::io::{self, Read, Write};

use twox_hash::XxHash3_64;

use crate::error::{Fault, Part};
use crate::format::{Compression, Role, bytes_at};
use crate::record::Record;
use crate::{Archive, Error};

/// How much is read at once: it stays in the processor's cache between being checked and being written.
const PART: usize = 1 << 18;

/// A shared library in an archive: found, and not checked yet.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    archive: &'a Archive,
    record: Record<'a>,
    role: Role,
    offset: u64,
    checksum: u64,
    bytes: &'a [u8],
}

/// Why a library could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It is damaged; what was written is of no use.
    #[error(transparent)]
    Damaged(#[from] Error),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl<'a> Library<'a> {
    pub(crate) fn find(
        archive: &'a Archive,
        record: Record<'a>,
        role: Role,
    ) -> Result<Option<Self>, Error> {
        let Some(reference) = record.blob(role) else { return Ok(None) };
        let (offset, checksum) = (reference.offset.get(), reference.checksum.get());
        let damaged = |fault| {
            let part = Part::Blob { role, kind: record.kind, key: record.key.to_owned() };
            archive.damaged(part, offset, fault)
        };
        let is_plain = Compression::from_byte(reference.compression) == Some(Compression::None)
            && reference.raw_length == reference.stored_length;
        if !is_plain {
            return Err(damaged(Fault::Malformed("is compressed where it must not be")));
        }
        let bytes = bytes_at(archive.bytes(), offset, reference.stored_length.get())
            .ok_or_else(|| damaged(Fault::OutOfBounds))?;
        Ok(Some(Self { archive, record, role, offset, checksum, bytes }))
    }

    /// The checksum that it should have: the same bytes have the same id in every archive.
    ///
    /// It tells libraries apart that nobody forged; it is no cryptographic digest.
    pub fn id(&self) -> u64 {
        self.checksum
    }

    /// The id that a library with these contents has.
    pub fn id_of(contents: &[u8]) -> u64 {
        crate::format::checksum(contents)
    }

    /// Whether its bytes are pages of a file, which other processes that map the file share.
    pub fn is_mapped(&self) -> bool {
        self.archive.is_mapped()
    }

    /// Takes its bytes out of this process's memory: whoever has checked or copied a library has read all of it, and it would
    /// count as the process's own. What of it is read again comes back from the file.
    pub fn forget(&self) {
        if let Ok(start) = usize::try_from(self.offset) {
            self.archive.forget(start..start.saturating_add(self.bytes.len()));
        }
    }

    /// How many bytes it has.
    #[expect(clippy::len_without_is_empty, reason = "as with `std::fs::Metadata::len`")]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Its bytes, checked.
    pub fn contents(&self) -> Result<&'a [u8], Error> {
        if crate::format::checksum(self.bytes) == self.checksum {
            return Ok(self.bytes);
        }
        Err(self.damaged())
    }

    /// Writes its bytes, which are checked on the way: after an error, what was written must be thrown away.
    pub fn copy_to(&self, out: &mut impl Write) -> Result<(), CopyError> {
        let mut hash = XxHash3_64::new();
        for part in self.bytes.chunks(PART) {
            hash.write(part);
            out.write_all(part)?;
        }
        if hash.finish() == self.checksum { Ok(()) } else { Err(self.damaged().into()) }
    }

    /// Whether what is read there is this library, by its length and its checksum.
    pub fn is_copied_in(&self, copy: &mut impl Read) -> io::Result<bool> {
        let mut hash = XxHash3_64::new();
        let mut buffer = vec![0; PART];
        let mut left = self.len();
        loop {
            let read = copy.read(&mut buffer)?;
            if read == 0 {
                return Ok(left == 0 && hash.finish() == self.checksum);
            }
            let Some(rest) = left.checked_sub(read as u64) else { return Ok(false) };
            left = rest;
            hash.write(buffer.get(..read).unwrap_or_default());
        }
    }

    fn damaged(&self) -> Error {
        let Record { kind, key, .. } = self.record;
        let part = Part::Blob { role: self.role, kind, key: key.to_owned() };
        self.archive.damaged(part, self.offset, Fault::Checksum)
    }
}

//! Shared libraries: large, read once, and checked while they are read.

use std::borrow::Cow;
use std::hash::Hasher as _;
use std::io::{self, Read, Write};

use twox_hash::XxHash3_64;

use crate::error::{Fault, Part};
use crate::format::{Compression, MAX_DECOMPRESSED, MAX_RATIO, Role, bytes_at, checksum, kept};
use crate::frames::{self, Frame};
use crate::record::Record;
use crate::{Archive, Error};

/// The length of the parts that are read at once: a part stays in the processor's cache from its check to its writing.
const PART: usize = 1 << 18;

/// A shared library in an archive: found, and not checked yet.
#[derive(Clone, Debug)]
pub struct Library<'a> {
    archive: &'a Archive,
    record: Record<'a>,
    role: Role,
    offset: u64,
    /// The checksum of the stored bytes.
    checksum: u64,
    stored: &'a [u8],
    compressed: Option<Compressed<'a>>,
}

#[derive(Clone, Debug)]
struct Compressed<'a> {
    length: u64,
    /// The checksum of the contents.
    checksum: u64,
    frames: Vec<Frame<'a>>,
}

/// A part of a compressed library: all of them can be decompressed at the same time.
#[derive(Clone, Copy, Debug)]
pub struct LibraryPart<'a, 'l> {
    library: &'l Library<'a>,
    frame: Frame<'a>,
}

/// The reason why a library could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The library is damaged; the bytes that were written are of no use.
    #[error(transparent)]
    Damaged(#[from] Error),
    /// The copy could not be written.
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
        let (offset, stored_checksum) = (reference.offset.get(), reference.checksum.get());
        let damaged = |fault| {
            let part = Part::Blob { role, kind: record.kind, key: record.key.to_owned() };
            archive.damaged(part, offset, fault)
        };
        let stored = bytes_at(archive.bytes(), offset, reference.stored_length.get())
            .ok_or_else(|| damaged(Fault::OutOfBounds))?;
        let length = reference.raw_length.get();
        let compressed = match Compression::from_byte(reference.compression) {
            Some(Compression::None) if reference.raw_length == reference.stored_length => None,
            Some(Compression::Zstd)
                if length <= MAX_DECOMPRESSED
                    && length <= (stored.len() as u64).saturating_mul(MAX_RATIO) =>
            {
                let (checksum, frames) = frames::read(stored)
                    .filter(|(_, frames)| frames_length(frames) == length)
                    .ok_or_else(|| {
                        damaged(Fault::Malformed("is not compressed as libraries are"))
                    })?;
                Some(Compressed { length, checksum, frames })
            }
            Some(_) | None => {
                return Err(damaged(Fault::Malformed("is compressed where it must not be")));
            }
        };
        Ok(Some(Self {
            archive,
            record,
            role,
            offset,
            checksum: stored_checksum,
            stored,
            compressed,
        }))
    }

    /// The checksum that its contents should have: the same bytes have the same id in every archive.
    ///
    /// It tells libraries apart that nobody forged; it is no cryptographic digest.
    pub fn id(&self) -> u64 {
        self.compressed.as_ref().map_or(self.checksum, |compressed| compressed.checksum)
    }

    /// The id that a library with these contents has.
    pub fn id_of(contents: &[u8]) -> u64 {
        checksum(contents)
    }

    /// Whether its bytes are pages of a file, which other processes that map the file share.
    pub fn is_mapped(&self) -> bool {
        self.archive.is_mapped() && self.compressed.is_none()
    }

    /// Takes its bytes out of this process's memory: checking or copying a library reads all of it, and it would count as the
    /// process's own. A part that is read again comes back from the file.
    pub fn forget(&self) {
        if let Ok(start) = usize::try_from(self.offset) {
            self.archive.forget(start..start.saturating_add(self.stored.len()));
        }
    }

    /// Its length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "as with `std::fs::Metadata::len`")]
    pub fn len(&self) -> u64 {
        self.compressed.as_ref().map_or(self.stored.len() as u64, |compressed| compressed.length)
    }

    /// Its bytes, checked; decompressed, if it is compressed.
    pub fn contents(&self) -> Result<Cow<'a, [u8]>, Error> {
        self.check()?;
        if self.compressed.is_none() {
            return Ok(Cow::Borrowed(self.stored));
        }
        let mut contents = Vec::new();
        for part in self.parts() {
            contents.extend(part.contents()?);
        }
        Ok(Cow::Owned(contents))
    }

    /// Its parts, if it is compressed, after comparing the checksum of the stored bytes; else none.
    pub fn checked_parts(
        &self,
    ) -> Result<impl ExactSizeIterator<Item = LibraryPart<'a, '_>>, Error> {
        if self.compressed.is_some() {
            self.check()?;
        }
        Ok(self.parts())
    }

    fn parts(&self) -> impl ExactSizeIterator<Item = LibraryPart<'a, '_>> {
        let frames = self.compressed.as_ref().map_or(&[][..], |compressed| &compressed.frames);
        frames.iter().map(|frame| LibraryPart { library: self, frame: *frame })
    }

    /// Writes its bytes, which are checked on the way: after an error, the output must be thrown away.
    pub fn copy_to(&self, out: &mut impl Write) -> Result<(), CopyError> {
        if self.compressed.is_some() {
            for part in self.checked_parts()? {
                out.write_all(&part.contents()?)?;
            }
            return Ok(());
        }
        let mut hash = XxHash3_64::new();
        for part in self.stored.chunks(PART) {
            hash.write(part);
            out.write_all(part)?;
        }
        if kept(hash.finish()) == self.checksum {
            Ok(())
        } else {
            Err(self.damaged(Fault::Checksum).into())
        }
    }

    /// Whether the bytes that are read there are this library, by its length and its checksum.
    pub fn is_copied_in(&self, copy: &mut impl Read) -> io::Result<bool> {
        let mut hash = XxHash3_64::new();
        let mut buffer = vec![0; PART];
        let mut left = self.len();
        loop {
            let read = copy.read(&mut buffer)?;
            if read == 0 {
                return Ok(left == 0 && kept(hash.finish()) == self.id());
            }
            let Some(rest) = left.checked_sub(read as u64) else { return Ok(false) };
            left = rest;
            hash.write(buffer.get(..read).unwrap_or_default());
        }
    }

    fn check(&self) -> Result<(), Error> {
        if checksum(self.stored) == self.checksum {
            return Ok(());
        }
        Err(self.damaged(Fault::Checksum))
    }

    fn damaged(&self, fault: Fault) -> Error {
        let Record { kind, key, .. } = self.record;
        let part = Part::Blob { role: self.role, kind, key: key.to_owned() };
        self.archive.damaged(part, self.offset, fault)
    }
}

impl LibraryPart<'_, '_> {
    /// The offset of its contents in the library.
    pub fn offset(&self) -> u64 {
        self.frame.offset
    }

    /// Its contents.
    pub fn contents(&self) -> Result<Vec<u8>, Error> {
        match zstd::bulk::decompress(self.frame.stored, self.frame.length) {
            Ok(contents) if contents.len() == self.frame.length => Ok(contents),
            Ok(_) | Err(_) => Err(self
                .library
                .damaged(Fault::Malformed("does not decompress to the size it says"))),
        }
    }
}

fn frames_length(frames: &[Frame<'_>]) -> u64 {
    frames.last().map_or(0, |last| last.offset + last.length as u64)
}

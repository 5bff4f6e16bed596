//! A spool for the bytes of an archive until it is written: in memory while they are few, and then in an unnamed file.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::locate::locate;
use crate::{Archive, Error};

/// The number of bytes that wait in memory, at most.
const IN_MEMORY: u64 = 48 << 20;

/// The number of bytes that are copied at once.
const PART: usize = 1 << 20;

/// The source of the bytes of one blob.
#[derive(Debug)]
pub(super) enum Source {
    Memory(Vec<u8>),
    Spooled(Range<u64>),
    /// A whole file of the system, which nobody changes until the archive is written.
    File(PathBuf),
    /// A part of an archive that is open.
    Archive(Archive, Range<usize>),
    /// The same, which the system copies from its file without this program's reading it.
    InFile(ArchiveFile, Range<usize>),
}

/// An archive, and the file that holds it.
#[derive(Clone, Debug)]
pub(super) struct ArchiveFile {
    archive: Archive,
    file: Arc<File>,
    /// The archive's offset in the file.
    start: u64,
}

impl ArchiveFile {
    pub(super) fn new(archive: &Archive, mut file: File) -> Result<Self, Error> {
        let start = locate(&mut file, archive.path())?.start;
        Ok(Self { archive: archive.clone(), file: Arc::new(file), start })
    }

    /// Copies a part, from file to file if `out` is one.
    fn copy(&self, range: &Range<usize>, out: &mut impl Write) -> io::Result<()> {
        let mut from: &File = &self.file;
        from.seek(SeekFrom::Start(self.start + range.start as u64))?;
        let length = range.len() as u64;
        if io::copy(&mut from.take(length), out)? == length {
            Ok(())
        } else {
            Err(io::Error::other("the archive that it is taken from was cut short"))
        }
    }
}

impl Source {
    /// Whether it is that part of an archive.
    pub(super) fn is_part_of(&self, other: &Archive, part: &Range<usize>) -> bool {
        match self {
            Self::Archive(archive, range) => archive.id() == other.id() && range == part,
            Self::InFile(file, range) => file.archive.id() == other.id() && range == part,
            Self::Memory(_) | Self::Spooled(_) | Self::File(_) => false,
        }
    }
}

/// Whether the appended bytes stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Yes,
    No,
}

/// The bytes that wait.
#[derive(Debug, Default)]
pub(super) struct Spool {
    folder: Option<PathBuf>,
    file: Option<File>,
    end: u64,
    in_memory: u64,
}

impl Spool {
    /// A spool whose file, if it needs one, lies in that folder, and not in the one for temporary files.
    pub(super) fn in_folder(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Keeps bytes.
    pub(super) fn keep(&mut self, bytes: Vec<u8>) -> Result<Source, Error> {
        let length = bytes.len() as u64;
        if self.in_memory + length <= IN_MEMORY {
            self.in_memory += length;
            return Ok(Source::Memory(bytes));
        }
        let start = self.end;
        let file = self.file().map_err(Error::write)?;
        file.seek(SeekFrom::Start(start)).map_err(Error::write)?;
        file.write_all(&bytes).map_err(Error::write)?;
        self.end = start + length;
        Ok(Source::Spooled(start..self.end))
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            self.file = Some(match &self.folder {
                Some(folder) => tempfile::tempfile_in(folder)?,
                None => tempfile::tempfile()?,
            });
        }
        self.file.as_mut().ok_or_else(|| io::Error::other("the file was made just now"))
    }

    /// The bytes that are kept there.
    pub(super) fn read<'p>(&self, source: &'p Source) -> Result<Cow<'p, [u8]>, Error> {
        Ok(match source {
            Source::Memory(bytes) => Cow::Borrowed(bytes.as_slice()),
            Source::Archive(archive, range)
            | Source::InFile(ArchiveFile { archive, .. }, range) => {
                Cow::Borrowed(archive.bytes().get(range.clone()).unwrap_or_default())
            }
            Source::File(path) => {
                Cow::Owned(fs::read(path).map_err(|error| Error::read(path, error))?)
            }
            Source::Spooled(range) => {
                let mut bytes = Vec::new();
                self.spooled(range)?.read_to_end(&mut bytes).map_err(Error::write)?;
                Cow::Owned(bytes)
            }
        })
    }

    /// Reads the bytes that are kept there.
    pub(super) fn reader<'p>(&self, source: &'p Source) -> Result<Box<dyn Read + 'p>, Error> {
        Ok(match source {
            Source::Memory(bytes) => Box::new(bytes.as_slice()),
            Source::Archive(archive, range)
            | Source::InFile(ArchiveFile { archive, .. }, range) => {
                Box::new(archive.bytes().get(range.clone()).unwrap_or_default())
            }
            Source::File(path) => {
                Box::new(File::open(path).map_err(|error| Error::read(path, error))?)
            }
            Source::Spooled(range) => Box::new(self.spooled(range)?),
        })
    }

    /// Writes the bytes that are kept there, in parts, each of which `look` sees, but for those of an archive in a file.
    pub(super) fn copy(
        &self,
        source: &Source,
        out: &mut impl Write,
        mut look: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        match source {
            Source::Memory(bytes) => {
                look(bytes);
                out.write_all(bytes).map_err(Error::write)
            }
            Source::Archive(archive, range) => {
                let mut start = range.start;
                for part in archive.bytes().get(range.clone()).unwrap_or_default().chunks(PART) {
                    look(part);
                    out.write_all(part).map_err(Error::write)?;
                    // An archive may be larger than all that a build may hold.
                    archive.forget(start..start + part.len());
                    start += part.len();
                }
                Ok(())
            }
            Source::InFile(file, range) => file.copy(range, out).map_err(Error::write),
            Source::File(path) => {
                let error = |error| Error::read(path, error);
                copy_parts(&mut File::open(path).map_err(error)?, out, error, look)
            }
            Source::Spooled(range) => {
                copy_parts(&mut self.spooled(range)?, out, Error::write, look)
            }
        }
    }

    /// Appends to the file the bytes that `write` hands to the function that it gets, and says where; nothing stays if `write`
    /// says so.
    pub(super) fn append(
        &mut self,
        write: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<Kept, Error>,
    ) -> Result<Option<Range<u64>>, Error> {
        let start = self.end;
        let file = self.file().map_err(Error::write)?;
        file.seek(SeekFrom::Start(start)).map_err(Error::write)?;
        let mut end = start;
        let kept = write(&mut |part| {
            end += part.len() as u64;
            file.write_all(part).map_err(Error::write)
        })?;
        Ok(match kept {
            Kept::Yes => {
                self.end = end;
                Some(start..end)
            }
            Kept::No => None,
        })
    }

    fn spooled(&self, range: &Range<u64>) -> Result<impl Read + use<>, Error> {
        let gone = || {
            Error::write(io::Error::other("the temporary file of the archive's contents is gone"))
        };
        let mut file = self.file.as_ref().ok_or_else(gone)?.try_clone().map_err(Error::write)?;
        file.seek(SeekFrom::Start(range.start)).map_err(Error::write)?;
        Ok(file.take(range.end - range.start))
    }
}

/// Whether two hold the same bytes.
pub(super) fn are_equal(mut one: impl Read, mut other: impl Read) -> Result<bool, Error> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        for (reader, part) in [(&mut one as &mut dyn Read, &mut left), (&mut other, &mut right)] {
            part.clear();
            reader.take(PART as u64).read_to_end(part).map_err(Error::write)?;
        }
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}

fn copy_parts(
    from: &mut impl Read,
    out: &mut impl Write,
    error: impl Fn(io::Error) -> Error,
    mut look: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let mut buffer = vec![0; PART];
    loop {
        let read = from.read(&mut buffer).map_err(&error)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { return Ok(()) };
        look(part);
        out.write_all(part).map_err(Error::write)?;
    }
}

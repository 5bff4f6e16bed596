//! The place of the archive in a file: at its start, or behind an executable.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::Error;
use crate::elf::{self, Parsed};
use crate::error::{Fault, Part};
use crate::format::{MAGIC, PAGE, TRAILER_LENGTH, TRAILER_MAGIC, Trailer};

/// Finds the archive in a file: its own bytes, without the executable and the trailer.
pub(crate) fn locate(file: &mut (impl Read + Seek), path: &Path) -> Result<Range<u64>, Error> {
    let length = file.seek(SeekFrom::End(0)).map_err(|error| Error::read(path, error))?;
    let start = read_at(file, 0, MAGIC.len() as u64, path)?;
    // The start is asked before the end: the last file in a bare archive may itself be an executable with a trailer.
    if start == MAGIC {
        return Ok(0..length);
    }
    if !start.is_empty() && MAGIC.starts_with(&start) {
        return Err(Error::cut_short(path, MAGIC.len() as u64, length));
    }
    if let Some(range) = position(file, path)? {
        return Ok(range);
    }
    // Only the error is made here, so a slow search is fine: it tells a cut executable from one that never had an archive.
    let mut offset = PAGE;
    while offset < length {
        if read_at(file, offset, MAGIC.len() as u64, path)? == MAGIC {
            return Err(Error::trailer_missing(path, offset));
        }
        offset += PAGE;
    }
    Err(Error::not_an_archive(path))
}

/// The range of the archive that an executable carries: by the trailer at its end; and when something was appended, or `strip`
/// wrote the file anew, by its section.
pub(crate) fn position(
    file: &mut (impl Read + Seek),
    path: &Path,
) -> Result<Option<Range<u64>>, Error> {
    let trailer = read_trailer(file, path);
    if let Ok(Some(_)) = trailer {
        return trailer;
    }
    let length = file.seek(SeekFrom::End(0)).map_err(|error| Error::read(path, error))?;
    match elf::parse(file).map_err(|error| Error::read(path, error))? {
        Parsed::Elf(elf) => match elf.archive() {
            Some(range) if range.end > length => Err(Error::cut_short(path, range.end, length)),
            Some(range) => Ok(Some(range)),
            None => trailer,
        },
        Parsed::Cut => trailer.and(Err(Error::executable_cut(path))),
        Parsed::Other => trailer,
    }
}

/// Reads the trailer at the end of a file and gives where the archive lies; `None` when there is no trailer.
pub(crate) fn read_trailer(
    file: &mut (impl Read + Seek),
    path: &Path,
) -> Result<Option<Range<u64>>, Error> {
    let length = file.seek(SeekFrom::End(0)).map_err(|error| Error::read(path, error))?;
    let Some(at) = length.checked_sub(TRAILER_LENGTH) else { return Ok(None) };
    let bytes = read_at(file, at, TRAILER_LENGTH, path)?;
    let Ok(trailer) = Trailer::read_from_bytes(&bytes) else { return Ok(None) };
    if trailer.magic != TRAILER_MAGIC {
        return Ok(None);
    }
    if trailer.checksum != trailer.computed_checksum() {
        return Err(Error::damaged(path, Part::Trailer, at, Fault::Checksum));
    }
    let (start, archive_length) = (trailer.offset.get(), trailer.length.get());
    // The trailer follows the archive directly: anything else means that bytes were lost or put in between.
    if start % PAGE != 0 || start.checked_add(archive_length) != Some(at) {
        return Err(Error::damaged(
            path,
            Part::Trailer,
            at,
            Fault::Malformed("does not fit the file it ends"),
        ));
    }
    Ok(Some(start..at))
}

/// The trailer of an archive of that length at that offset.
pub(crate) fn trailer(offset: u64, length: u64) -> Trailer {
    let mut trailer = Trailer {
        offset: offset.into(),
        length: length.into(),
        magic: TRAILER_MAGIC,
        ..Trailer::new_zeroed()
    };
    trailer.checksum = trailer.computed_checksum().into();
    debug_assert_eq!(trailer.as_bytes().len() as u64, TRAILER_LENGTH);
    trailer
}

/// At most `length` bytes from `offset` on; fewer only at the end of the file.
fn read_at(
    file: &mut (impl Read + Seek),
    offset: u64,
    length: u64,
    path: &Path,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset)).map_err(|error| Error::read(path, error))?;
    file.take(length).read_to_end(&mut bytes).map_err(|error| Error::read(path, error))?;
    Ok(bytes)
}

//! Records: the archive's entries for one module, file, folder, distribution or attribute.

use std::borrow::Cow;
use std::iter::FusedIterator;

use zerocopy::FromBytes;
use zerocopy::little_endian::U32;
use zstd::bulk::Decompressor;
use zstd::dict::DecoderDictionary;

use crate::error::{Fault, Part};
use crate::format::{
    BlobReference, Compression, Kind, MAX_DECOMPRESSED, MAX_RATIO, RECORD_ALIGNMENT, RecordHead,
    Role, bytes_at, checksum,
};
use crate::{Archive, Error};

/// One record, checked, in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) offset: u64,
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) blobs: &'a [BlobReference],
    pub(crate) key: &'a str,
    pub(crate) path: &'a str,
}

impl<'a> Record<'a> {
    /// Reads the record at that offset. The checksum is compared before any other field is believed.
    pub(crate) fn read(archive: &'a Archive, offset: u64) -> Result<Self, Error> {
        let damaged = |fault| archive.damaged(Part::Record, offset, fault);
        let head = bytes_at(archive.bytes(), offset, size_of::<RecordHead>() as u64)
            .and_then(|bytes| RecordHead::ref_from_bytes(bytes).ok())
            .ok_or_else(|| damaged(Fault::OutOfBounds))?;
        let bytes = bytes_at(archive.bytes(), offset, u64::from(head.length.get()))
            .ok_or_else(|| damaged(Fault::OutOfBounds))?;
        let checked =
            bytes.get(size_of_val(&head.checksum)..).ok_or_else(|| damaged(Fault::OutOfBounds))?;
        if head.checksum != checksum(checked) {
            return Err(damaged(Fault::Checksum));
        }
        let Some(kind) = Kind::from_byte(head.kind) else {
            return Err(damaged(Fault::Malformed("is of an unknown kind")));
        };
        Self::split(offset, kind, head, bytes)
            .ok_or_else(|| damaged(Fault::Malformed("has lengths or text that cannot be")))
    }

    fn split(offset: u64, kind: Kind, head: &RecordHead, bytes: &'a [u8]) -> Option<Self> {
        let blob_count = usize::from(head.blob_count.get());
        let (blobs, rest) = <[BlobReference]>::ref_from_prefix_with_elems(
            bytes.get(size_of::<RecordHead>()..)?,
            blob_count,
        )
        .ok()?;
        let (key, rest) = rest.split_at_checked(usize::try_from(head.key_length.get()).ok()?)?;
        let (path, rest) = rest.split_at_checked(usize::try_from(head.path_length.get()).ok()?)?;
        if !rest.is_empty() {
            return None;
        }
        let (key, path) = (str::from_utf8(key).ok()?, str::from_utf8(path).ok()?);
        Some(Self { offset, kind, flags: head.flags, blobs, key, path })
    }

    pub(crate) fn blob(&self, role: Role) -> Option<&'a BlobReference> {
        self.blobs.iter().find(|blob| blob.role == role as u8)
    }
}

/// Reading blobs, each checked before anybody sees it.
impl Archive {
    /// The bytes of a blob as they are stored, after comparing their checksum.
    pub(crate) fn stored<'a>(
        &'a self,
        record: &Record<'a>,
        role: Role,
    ) -> Result<Option<Blob<'a>>, Error> {
        let blob = self.unchecked(record, role)?;
        if blob.is_some_and(|blob| blob.checksum != checksum(blob.bytes)) {
            return Err(self.damaged_blob(record, role, Fault::Checksum));
        }
        Ok(blob)
    }

    fn damaged_blob(&self, record: &Record<'_>, role: Role, fault: Fault) -> Error {
        let offset = record.blob(role).map_or(0, |reference| reference.offset.get());
        let part = Part::Blob { role, kind: record.kind, key: record.key.to_owned() };
        self.damaged(part, offset, fault)
    }

    /// The bytes of a blob as they are stored. Nothing of them was read, and the checksum is the one that they should have.
    pub(crate) fn unchecked<'a>(
        &'a self,
        record: &Record<'a>,
        role: Role,
    ) -> Result<Option<Blob<'a>>, Error> {
        let Some(reference) = record.blob(role) else { return Ok(None) };
        let damaged = |fault| self.damaged_blob(record, role, fault);
        let bytes = bytes_at(self.bytes(), reference.offset.get(), reference.stored_length.get());
        let bytes = bytes.ok_or_else(|| damaged(Fault::OutOfBounds))?;
        let Some(compression) = Compression::from_byte(reference.compression) else {
            return Err(damaged(Fault::Malformed("is compressed in an unknown way")));
        };
        let (stored, raw_length) = (reference.stored_length.get(), reference.raw_length.get());
        let possible = match compression {
            Compression::None => raw_length == stored,
            Compression::Zstd | Compression::ZstdDictionary => {
                raw_length <= MAX_DECOMPRESSED && raw_length <= stored.saturating_mul(MAX_RATIO)
            }
        };
        if !possible {
            return Err(damaged(Fault::Malformed("claims to decompress to a size that cannot be")));
        }
        let checksum = reference.checksum.get();
        Ok(Some(Blob { bytes, raw_length, compression, checksum }))
    }

    /// The contents of a blob, decompressed if they are compressed.
    pub(crate) fn contents<'a>(
        &'a self,
        record: &Record<'a>,
        role: Role,
    ) -> Result<Option<Cow<'a, [u8]>>, Error> {
        let Some(blob) = self.stored(record, role)? else { return Ok(None) };
        let dictionary = match blob.compression {
            Compression::ZstdDictionary => self.dictionary()?,
            Compression::None | Compression::Zstd => None,
        };
        match blob.decompressed(dictionary) {
            Some(contents) => Ok(Some(contents)),
            None => {
                let part = Part::Blob { role, kind: record.kind, key: record.key.to_owned() };
                let offset = record.blob(role).map_or(record.offset, |blob| blob.offset.get());
                Err(self.damaged(
                    part,
                    offset,
                    Fault::Malformed("does not decompress to the size it says"),
                ))
            }
        }
    }

    /// The contents of a blob that a record of this kind always has.
    pub(crate) fn required_contents<'a>(
        &'a self,
        record: &Record<'a>,
        role: Role,
    ) -> Result<Cow<'a, [u8]>, Error> {
        self.contents(record, role)?.ok_or_else(|| self.missing_blob(record))
    }

    /// The bytes of a blob that is never compressed, in place.
    pub(crate) fn in_place<'a>(
        &'a self,
        record: &Record<'a>,
        role: Role,
    ) -> Result<Option<&'a [u8]>, Error> {
        match self.stored(record, role)? {
            None => Ok(None),
            Some(Blob { bytes, compression: Compression::None, .. }) => Ok(Some(bytes)),
            Some(Blob { compression: Compression::Zstd | Compression::ZstdDictionary, .. }) => {
                let part = Part::Blob { role, kind: record.kind, key: record.key.to_owned() };
                Err(self.damaged(
                    part,
                    record.offset,
                    Fault::Malformed("is compressed where it must not be"),
                ))
            }
        }
    }

    pub(crate) fn missing_blob(&self, record: &Record<'_>) -> Error {
        self.damaged(
            Part::Record,
            record.offset,
            Fault::Malformed("lacks the blob that its kind needs"),
        )
    }
}

/// A blob as it is stored.
#[derive(Clone, Copy)]
pub(crate) struct Blob<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) raw_length: u64,
    pub(crate) compression: Compression,
    /// The checksum that the bytes should have.
    pub(crate) checksum: u64,
}

impl<'a> Blob<'a> {
    /// `None` when the bytes cannot be decompressed to the recorded length. No more is allocated than the checked raw length.
    pub(crate) fn decompressed(
        self,
        dictionary: Option<&DecoderDictionary<'_>>,
    ) -> Option<Cow<'a, [u8]>> {
        let length = usize::try_from(self.raw_length).ok()?;
        let contents = match self.compression {
            Compression::None => return Some(Cow::Borrowed(self.bytes)),
            Compression::Zstd => zstd::bulk::decompress(self.bytes, length).ok()?,
            Compression::ZstdDictionary => {
                let mut decompressor = Decompressor::with_prepared_dictionary(dictionary?).ok()?;
                decompressor.decompress(self.bytes, length).ok()?
            }
        };
        (contents.len() == length).then_some(Cow::Owned(contents))
    }
}

/// The records of one kind in the order of the sorted list.
pub(crate) struct Records<'a> {
    archive: &'a Archive,
    offsets: Result<std::slice::Iter<'a, U32>, Option<Error>>,
}

impl<'a> Records<'a> {
    pub(crate) fn new(archive: &'a Archive, kind: Kind) -> Self {
        Self { archive, offsets: sorted_offsets(archive, kind).map(<[U32]>::iter).map_err(Some) }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = match &mut self.offsets {
            Ok(offsets) => offsets.next()?,
            Err(error) => return error.take().map(Err),
        };
        Some(Record::read(self.archive, u64::from(offset.get()) * RECORD_ALIGNMENT))
    }
}

/// Ends an iterator after its first error: items behind it are not the rest of the list.
pub(crate) fn until_error<T>(
    mut items: impl Iterator<Item = Result<T, Error>>,
) -> impl FusedIterator<Item = Result<T, Error>> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        let item = if is_over { None } else { items.next() };
        is_over = !matches!(item, Some(Ok(_)));
        item
    })
    .fuse()
}

/// The part of the sorted list that holds one kind, after comparing the checksum of the whole list.
fn sorted_offsets(archive: &Archive, kind: Kind) -> Result<&[U32], Error> {
    let header = archive.header();
    let offset = header.list_offset.get();
    let total: u64 = header.counts.iter().map(|count| u64::from(count.get())).sum();
    let bytes = bytes_at(archive.bytes(), offset, total * size_of::<U32>() as u64);
    let bytes = bytes.ok_or_else(|| archive.damaged(Part::List, offset, Fault::OutOfBounds))?;
    if header.list_checksum != checksum(bytes) {
        return Err(archive.damaged(Part::List, offset, Fault::Checksum));
    }
    let mut rest = <[U32]>::ref_from_bytes(bytes).unwrap_or_default();
    for (listed, count) in Kind::ALL.into_iter().zip(header.counts) {
        let Some((these, others)) = rest.split_at_checked(count.get() as usize) else { break };
        if listed == kind {
            return Ok(these);
        }
        rest = others;
    }
    Ok(&[])
}

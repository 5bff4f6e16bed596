//! The blobs of an archive that is being gathered: equal ones are kept once, and compressed at the end.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hasher as _;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use twox_hash::{XxHash3_64, XxHash3_128};

use super::Storage;
use super::packing::{Packers, Packing};
use super::spool::{self, ArchiveFile, Source, Spool};
use crate::format::{Compression, checksum, kept};
use crate::record::Blob;
use crate::{Archive, Error};

/// Files of this length are never held in memory.
const LARGE: u64 = 8 << 20;

/// The number of bytes that are compressed at once, at most: the results of some are written while the next wait.
const WINDOW: u64 = 48 << 20;

/// A blob in its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlobId(usize);

/// A blob as it was given.
#[derive(Debug)]
struct Given {
    source: Source,
    length: u64,
    /// A hash by which equal ones are found: of the bytes, or of the checksum of stored ones.
    hash: u128,
    /// The checksum of these bytes, if it is known.
    checksum: Option<u64>,
    /// How it is to be stored, or how it is stored in the archive that it comes from.
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Raw(Packing),
    Stored { compression: Compression, raw_length: u64 },
}

/// A blob as it is written.
#[derive(Debug)]
pub(super) struct StoredBlob {
    store: Store,
    source: Source,
    pub(super) stored_length: u64,
    pub(super) raw_length: u64,
    pub(super) compression: Compression,
    pub(super) checksum: u64,
}

/// Which spool holds the bytes.
#[derive(Clone, Copy, Debug)]
enum Store {
    Given,
    Packed,
}

#[derive(Debug, Default)]
pub(super) struct BlobPool {
    blobs: Vec<Given>,
    /// Only asked, never walked, so its order cannot leak into the bytes.
    by_contents: HashMap<(Form, u128), BlobId>,
    spool: Spool,
}

impl BlobPool {
    /// Lets bytes that do not fit into memory wait in a file of that folder.
    pub(super) fn wait_in(&mut self, folder: PathBuf) {
        if self.blobs.is_empty() {
            self.spool = Spool::in_folder(Some(folder));
        }
    }

    pub(super) fn add(&mut self, raw: Vec<u8>, packing: Packing) -> Result<BlobId, Error> {
        let form = Form::Raw(packing);
        let key = (form, XxHash3_128::oneshot(&raw));
        if let Some(id) = self.by_contents.get(&key).copied()
            // The hash is no cryptographic digest: equal hashes are a hint, equal bytes are the proof.
            && self.stored_bytes(id)?.is_some_and(|present| *present == *raw)
        {
            return Ok(id);
        }
        let length = raw.len() as u64;
        let source = self.spool.keep(raw)?;
        Ok(self.push(Given { source, length, hash: key.1, checksum: None, form }))
    }

    /// Adds a file of the system, and gives the XXH3-128 of its contents. A large one is read in parts, now and when the archive
    /// is written; it must not change in between.
    pub(super) fn add_file(
        &mut self,
        path: &Path,
        packing: Packing,
    ) -> Result<(BlobId, u128), Error> {
        let failed = |error| Error::read(path, error);
        if path.metadata().map_err(failed)?.len() < LARGE {
            let raw = std::fs::read(path).map_err(failed)?;
            let hash = XxHash3_128::oneshot(&raw);
            return Ok((self.add(raw, packing)?, hash));
        }
        let (mut hash, mut checksum, mut length) = (XxHash3_128::new(), XxHash3_64::new(), 0);
        let source = Source::File(path.to_owned());
        self.spool.copy(&source, &mut io::sink(), |part| {
            hash.write(part);
            checksum.write(part);
            length += part.len() as u64;
        })?;
        let (form, hash) = (Form::Raw(packing), hash.finish_128());
        if let Some(id) = self.by_contents.get(&(form, hash)).copied()
            && let Some(present) = self.blobs.get(id.0)
            && spool::are_equal(self.spool.reader(&present.source)?, self.spool.reader(&source)?)?
        {
            return Ok((id, hash));
        }
        let checksum = Some(kept(checksum.finish()));
        Ok((self.push(Given { source, length, hash, checksum, form }), hash))
    }

    /// Takes a blob over from another archive, as it is stored there; from its file, without reading it, if there is one.
    pub(super) fn add_stored(
        &mut self,
        archive: &Archive,
        file: Option<&ArchiveFile>,
        range: Range<usize>,
        blob: Blob<'_>,
    ) -> Result<BlobId, Error> {
        let form = Form::Stored { compression: blob.compression, raw_length: blob.raw_length };
        let key = (form, u128::from(blob.checksum));
        if let Some(id) = self.by_contents.get(&key).copied() {
            // An archive stores equal blobs once.
            let is_same =
                self.blobs.get(id.0).is_some_and(|given| given.source.is_part_of(archive, &range));
            if is_same || self.stored_bytes(id)?.is_some_and(|present| *present == *blob.bytes) {
                return Ok(id);
            }
        }
        let length = blob.bytes.len() as u64;
        let source = match file {
            Some(file) => Source::InFile(file.clone(), range),
            None => Source::Archive(archive.clone(), range),
        };
        Ok(self.push(Given { source, length, hash: key.1, checksum: Some(blob.checksum), form }))
    }

    fn push(&mut self, given: Given) -> BlobId {
        let id = BlobId(self.blobs.len());
        self.by_contents.insert((given.form, given.hash), id);
        self.blobs.push(given);
        id
    }

    fn stored_bytes(&self, id: BlobId) -> Result<Option<Cow<'_, [u8]>>, Error> {
        self.blobs.get(id.0).map(|given| self.spool.read(&given.source)).transpose()
    }

    /// Whether two blobs have the same contents.
    pub(super) fn same_contents(&self, one: BlobId, other: BlobId) -> Result<bool, Error> {
        Ok(one == other || (self.raw(one)?.is_some() && self.raw(one)? == self.raw(other)?))
    }

    /// The contents of a blob; nothing if they do not decompress.
    pub(super) fn raw(&self, id: BlobId) -> Result<Option<Cow<'_, [u8]>>, Error> {
        let Some(Given { source, form, .. }) = self.blobs.get(id.0) else { return Ok(None) };
        let bytes = self.spool.read(source)?;
        let Form::Stored { compression, raw_length } = *form else { return Ok(Some(bytes)) };
        let blob = Blob { bytes: &bytes, raw_length, compression, checksum: 0 };
        // A blob that needs a dictionary is never taken over as it is.
        Ok(blob.decompressed(None).map(|contents| Cow::Owned(contents.into_owned())))
    }

    /// Compresses all blobs that are not to be plain.
    pub(super) fn pack(
        self,
        storage: Storage,
        dictionary: Option<&[u8]>,
    ) -> Result<PackedBlobs, Error> {
        let Self { blobs, spool, .. } = self;
        let mut packed = PackedBlobs {
            blobs: Vec::new(),
            numbers: Vec::with_capacity(blobs.len()),
            by_contents: HashMap::new(),
            packed: Spool::in_folder(spool.folder().map(Path::to_owned)),
            given: spool,
        };
        let packers = Packers::new(storage, dictionary);
        let (mut waiting, mut waiting_bytes) = (Vec::new(), 0);
        for given in blobs {
            if given.length < LARGE {
                waiting_bytes += given.length;
                waiting.push(given);
            } else {
                packed.pack_all(&packers, std::mem::take(&mut waiting))?;
                packed.pack_large(&packers, given)?;
            }
            if waiting_bytes >= WINDOW {
                packed.pack_all(&packers, std::mem::take(&mut waiting))?;
                waiting_bytes = 0;
            }
        }
        packed.pack_all(&packers, waiting)?;
        Ok(packed)
    }
}

/// Blobs as they are written.
#[derive(Debug)]
pub(super) struct PackedBlobs {
    blobs: Vec<StoredBlob>,
    /// The stored blob of each given one: bytes that were given in two ways can be stored in one.
    numbers: Vec<usize>,
    /// By compression, checksum and length as they are stored.
    by_contents: HashMap<(Compression, u64, u64), usize>,
    /// The bytes of blobs that are stored as they were given.
    given: Spool,
    /// The compressed bytes of the others.
    packed: Spool,
}

impl PackedBlobs {
    /// Packs blobs of which each fits into memory, in threads.
    fn pack_all(&mut self, packers: &Packers, blobs: Vec<Given>) -> Result<(), Error> {
        let mut jobs = Vec::new();
        for given in &blobs {
            jobs.push(match given.form {
                Form::Raw(packing) if packing != Packing::Plain => {
                    Some((self.given.read(&given.source)?, packing))
                }
                Form::Raw(_) | Form::Stored { .. } => None,
            });
        }
        let results = packers.pack_all(&jobs);
        drop(jobs);
        for (given, result) in blobs.into_iter().zip(results) {
            match result {
                Some((bytes, compression)) => {
                    let (stored_length, checksum) = (bytes.len() as u64, checksum(&bytes));
                    let source = self.packed.keep(bytes)?;
                    let (store, raw_length) = (Store::Packed, given.length);
                    let blob = StoredBlob {
                        store,
                        source,
                        stored_length,
                        raw_length,
                        compression,
                        checksum,
                    };
                    self.push(blob)?;
                }
                None => self.push_as_given(given)?,
            }
        }
        Ok(())
    }

    /// Packs a blob that is never in memory as a whole.
    fn pack_large(&mut self, packers: &Packers, given: Given) -> Result<(), Error> {
        let Form::Raw(packing) = given.form else { return self.push_as_given(given) };
        if !packers.could_pack(given.length, packing) {
            return self.push_as_given(given);
        }
        let mut hash = XxHash3_64::new();
        let mut reader = self.given.reader(&given.source)?;
        let written = self.packed.append(|out| {
            packers.pack_large(&mut reader, given.length, packing, &mut |part| {
                hash.write(part);
                out(part)
            })
        })?;
        drop(reader);
        let Some(source) = written else { return self.push_as_given(given) };
        let blob = StoredBlob {
            store: Store::Packed,
            stored_length: source.end - source.start,
            source: Source::Spooled(source),
            raw_length: given.length,
            compression: Compression::Zstd,
            checksum: kept(hash.finish()),
        };
        self.push(blob)
    }

    fn push_as_given(&mut self, given: Given) -> Result<(), Error> {
        let Given { source, length, checksum, form, hash: _ } = given;
        let checksum = match checksum {
            Some(checksum) => checksum,
            None => {
                let mut hash = XxHash3_64::new();
                self.given.copy(&source, &mut io::sink(), |part| hash.write(part))?;
                kept(hash.finish())
            }
        };
        let (compression, raw_length) = match form {
            Form::Raw(_) => (Compression::None, length),
            Form::Stored { compression, raw_length } => (compression, raw_length),
        };
        let (store, stored_length) = (Store::Given, length);
        let blob = StoredBlob { store, source, stored_length, raw_length, compression, checksum };
        self.push(blob)
    }

    fn push(&mut self, blob: StoredBlob) -> Result<(), Error> {
        let key = (blob.compression, blob.checksum, blob.stored_length);
        if let Some(number) = self.by_contents.get(&key).copied()
            && let Some(present) = self.blobs.get(number)
            && present.raw_length == blob.raw_length
            && spool::are_equal(self.reader(present)?, self.reader(&blob)?)?
        {
            self.numbers.push(number);
            return Ok(());
        }
        self.numbers.push(self.blobs.len());
        self.by_contents.insert(key, self.blobs.len());
        self.blobs.push(blob);
        Ok(())
    }

    fn reader<'b>(&self, blob: &'b StoredBlob) -> Result<Box<dyn Read + 'b>, Error> {
        self.spool(blob).reader(&blob.source)
    }

    fn spool(&self, blob: &StoredBlob) -> &Spool {
        match blob.store {
            Store::Given => &self.given,
            Store::Packed => &self.packed,
        }
    }

    /// Writes a blob. A source that has changed since it was looked at, such as a file of the system, is an error.
    pub(super) fn copy(&self, blob: &StoredBlob, out: &mut impl Write) -> Result<(), Error> {
        let mut hash = XxHash3_64::new();
        self.spool(blob).copy(&blob.source, out, |part| hash.write(part))?;
        match &blob.source {
            Source::File(path) if kept(hash.finish()) != blob.checksum => {
                let changed = io::Error::other("it has changed while it was being packed");
                Err(Error::read(path, changed))
            }
            _same => Ok(()),
        }
    }

    pub(super) fn get(&self, id: BlobId) -> Option<&StoredBlob> {
        self.blobs.get(self.number(id)?)
    }

    /// The number of blobs, of which no two are stored alike.
    pub(super) fn len(&self) -> usize {
        self.blobs.len()
    }

    /// The index of a blob among them.
    pub(super) fn number(&self, id: BlobId) -> Option<usize> {
        self.numbers.get(id.0).copied()
    }
}

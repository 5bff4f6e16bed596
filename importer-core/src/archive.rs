//! The archive: one file, looked into in place.

use std::fmt;
use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use zerocopy::FromBytes;
use zstd::dict::DecoderDictionary;

use crate::error::{Fault, Part};
use crate::format::{
    BUCKET_LENGTH, DICTIONARY, HEADER_LENGTH, Header, Kind, MAGIC, Preamble, Role, VERSION,
    bytes_at,
};
use crate::locate::{locate, position};
use crate::mapping::Bytes;
use crate::record::{Record, Records, until_error};
use crate::{Directory, Error, File, Module, Target};

/// An opened archive: cheap to clone, and to share between threads.
///
/// Opening reads the header only, so it costs the same for ten modules and for a million.
/// A look-up is one hash: it allocates nothing, and checks the checksum of everything it reads on its way.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    path: PathBuf,
    bytes: Bytes,
    target: Target,
    header: Header,
    /// The dictionary of blobs that need one, once one of them was asked for.
    dictionary: OnceLock<DecoderDictionary<'static>>,
}

impl Archive {
    /// Reads the archive at `path` into memory: a bare archive, or a file with an archive behind it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut file = fs::File::open(path).map_err(|error| Error::read(path, error))?;
        let range = locate(&mut file, path)?;
        Self::read_part(&mut file, range, path)
    }

    /// Reads the archive that lies there in a file.
    pub(crate) fn read_part(
        file: &mut fs::File,
        range: Range<u64>,
        path: &Path,
    ) -> Result<Self, Error> {
        file.seek(SeekFrom::Start(range.start)).map_err(|error| Error::read(path, error))?;
        let mut bytes = Vec::new();
        file.take(range.end - range.start)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::read(path, error))?;
        Self::from_inner(Bytes::Owned(bytes), path)
    }

    /// Takes bytes that are in memory already: a bare archive, or a file with an archive behind it.
    /// `name` stands in messages and is given back by [`path`](Self::path).
    pub fn from_bytes(mut bytes: Vec<u8>, name: &Path) -> Result<Self, Error> {
        let range = locate(&mut Cursor::new(&bytes), name)?;
        if let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) {
            bytes.truncate(end);
            bytes.drain(..start.min(end));
        }
        Self::from_inner(Bytes::Owned(bytes), name)
    }

    /// Whether the executable at `path` carries an archive; reads only its last bytes, and where they say nothing its headers.
    ///
    /// A bare archive is not "contained"; a damaged trailer, or a file that ends before its parts do, is an error, because
    /// the file was meant to have one.
    pub fn contained_in(path: &Path) -> Result<bool, Error> {
        Ok(Self::position_in(path)?.is_some())
    }

    /// The range of the archive in the executable at `path`, if it carries one.
    pub fn position_in(path: &Path) -> Result<Option<Range<u64>>, Error> {
        let mut file = fs::File::open(path).map_err(|error| Error::read(path, error))?;
        Self::position_in_file(&mut file, path)
    }

    /// As [`position_in`](Self::position_in), for a file that is open; `name` stands in messages.
    pub fn position_in_file(file: &mut fs::File, name: &Path) -> Result<Option<Range<u64>>, Error> {
        position(file, name)
    }

    pub(crate) fn from_inner(bytes: Bytes, path: &Path) -> Result<Self, Error> {
        let header = read_header(&bytes, path)?;
        let Some(target) = Target::from_record(&header.target) else {
            return Err(Error::damaged(
                path,
                Part::Header,
                0,
                Fault::Malformed("has an implementation name that is not text"),
            ));
        };
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            bytes,
            target,
            header,
            dictionary: OnceLock::new(),
        })))
    }

    /// Compares the checksums of all that is in it: for an archive that can be made again where it is damaged. An import checks
    /// what it reads.
    pub fn check(&self) -> Result<(), Error> {
        for record in Kind::ALL.into_iter().flat_map(|kind| Records::new(self, kind)) {
            let record = record?;
            for role in Role::ALL {
                self.stored(&record, role)?;
            }
            self.find(record.kind, record.key)?;
        }
        Ok(())
    }

    /// The file it came from.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The Python it was built for.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// A checksum over all that it holds: no two builds of an application have the same, but for identical ones.
    pub fn id(&self) -> u64 {
        self.0.header.checksum.get()
    }

    /// Its length in bytes.
    pub fn len_bytes(&self) -> u64 {
        self.0.header.total_length.get()
    }

    /// An error that names both when `running` is not exactly the target that the archive was built for.
    pub fn check_target(&self, running: &Target) -> Result<(), Error> {
        if self.target() == running {
            Ok(())
        } else {
            Err(Error::wrong_target(self.path(), self.target(), running))
        }
    }

    /// The module of that full dotted name.
    pub fn module(&self, name: &str) -> Result<Option<Module<'_>>, Error> {
        self.find(Kind::Module, name)?.map(|record| Module::new(self, record)).transpose()
    }

    /// The file at that path of the virtual tree.
    pub fn file(&self, path: &str) -> Result<Option<File<'_>>, Error> {
        Ok(self.find(Kind::File, path)?.map(|record| File::new(self, record)))
    }

    /// The folder at that path of the virtual tree; the empty path is the root.
    pub fn directory(&self, path: &str) -> Result<Option<Directory<'_>>, Error> {
        self.find(Kind::Directory, path)?.map(|record| Directory::new(self, record)).transpose()
    }

    /// The metadata folder of a distribution, by its normalised name.
    pub fn distribution(&self, normalized: &str) -> Result<Option<String>, Error> {
        Ok(self.find(Kind::Distribution, normalized)?.map(|record| record.path.to_owned()))
    }

    /// Every distribution as (normalised name, metadata folder), sorted by name.
    pub fn distributions(&self) -> impl Iterator<Item = Result<(String, String), Error>> + '_ {
        self.walk(Kind::Distribution, |record| Ok((record.key.to_owned(), record.path.to_owned())))
    }

    /// The bytes stored under a key, such as `configuration`.
    pub fn attribute(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(record) = self.find(Kind::Attribute, key)? else { return Ok(None) };
        Ok(Some(self.required_contents(&record, Role::Contents)?.into_owned()))
    }

    /// Every attribute as (key, value), sorted by key.
    pub fn attributes(&self) -> impl Iterator<Item = Result<(String, Vec<u8>), Error>> + '_ {
        self.walk(Kind::Attribute, |record| {
            let value = self.required_contents(&record, Role::Contents)?.into_owned();
            Ok((record.key.to_owned(), value))
        })
    }

    /// Every module, sorted by name. For looking through an archive: an import asks [`module`](Self::module).
    pub fn modules(&self) -> impl Iterator<Item = Result<Module<'_>, Error>> + '_ {
        self.walk(Kind::Module, |record| Module::new(self, record))
    }

    /// Every file, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = Result<File<'_>, Error>> + '_ {
        self.walk(Kind::File, |record| Ok(File::new(self, record)))
    }

    /// The results of `read` for every record of that kind, in order, until the first error.
    pub(crate) fn walk<'a, T>(
        &'a self,
        kind: Kind,
        read: impl Fn(Record<'a>) -> Result<T, Error>,
    ) -> impl Iterator<Item = Result<T, Error>> {
        until_error(Records::new(self, kind).map(move |record| read(record?)))
    }

    pub(crate) fn find(&self, kind: Kind, key: &str) -> Result<Option<Record<'_>>, Error> {
        crate::index::find(self, kind, key).map_err(|error| error.while_looking_for(kind, key))
    }

    /// The dictionary of blobs that need one, if there is one.
    pub(crate) fn dictionary(&self) -> Result<Option<&DecoderDictionary<'static>>, Error> {
        if let Some(dictionary) = self.0.dictionary.get() {
            return Ok(Some(dictionary));
        }
        let Some(record) = self.find(Kind::Attribute, DICTIONARY)? else { return Ok(None) };
        let Some(bytes) = self.in_place(&record, Role::Contents)? else { return Ok(None) };
        Ok(Some(self.0.dictionary.get_or_init(|| DecoderDictionary::copy(bytes))))
    }

    /// The range in the archive of bytes that were borrowed from it.
    pub(crate) fn range_of(&self, part: &[u8]) -> Option<Range<usize>> {
        let start = part.as_ptr().addr().checked_sub(self.bytes().as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        (end <= self.bytes().len()).then_some(start..end)
    }

    /// Whether the bytes are pages of a file.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.0.bytes, Bytes::Mapped(_))
    }

    pub(crate) fn forget(&self, range: Range<usize>) {
        self.0.bytes.forget(range);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    pub(crate) fn damaged(&self, part: Part, offset: u64, fault: Fault) -> Error {
        Error::damaged(self.path(), part, offset, fault)
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("path", &self.path())
            .field("target", self.target())
            .finish_non_exhaustive()
    }
}

/// Reads and checks the header: its magic, then its version, then whether the archive is whole.
/// A newer version may have another header, so nothing else is asked before.
fn read_header(bytes: &[u8], path: &Path) -> Result<Header, Error> {
    let available = bytes.len() as u64;
    let Ok((preamble, _)) = Preamble::read_from_prefix(bytes) else {
        return Err(Error::cut_short(path, HEADER_LENGTH, available));
    };
    if preamble.magic != MAGIC {
        return Err(Error::damaged(
            path,
            Part::Header,
            0,
            Fault::Malformed("is not that of an archive"),
        ));
    }
    if preamble.version != VERSION {
        return Err(Error::format_version(path, preamble.version.get(), VERSION));
    }
    let Ok((header, _)) = Header::read_from_prefix(bytes) else {
        return Err(Error::cut_short(path, HEADER_LENGTH, available));
    };
    if header.checksum != header.computed_checksum() {
        return Err(Error::damaged(path, Part::Header, 0, Fault::Checksum));
    }
    if header.total_length > available {
        return Err(Error::cut_short(path, header.total_length.get(), available));
    }
    let index_length = u64::from(header.bucket_count.get()) * BUCKET_LENGTH;
    let index_fits = bytes_at(bytes, header.index_offset.get(), index_length).is_some();
    if !header.bucket_count.get().is_power_of_two() || !index_fits {
        return Err(Error::damaged(
            path,
            Part::Index,
            header.index_offset.get(),
            Fault::OutOfBounds,
        ));
    }
    Ok(header)
}

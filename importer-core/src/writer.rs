//! Gathers entries and writes archives: the same entries give the same bytes, in any order.

mod blobs;
mod derived;
mod entry;
mod layout;
mod packing;
mod spool;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use zerocopy::IntoBytes;

use crate::elf::{self, Parsed};
use crate::format::{Compression, DICTIONARY, Kind, PAGE, Role, flags};
use crate::frames;
use crate::locate::{read_trailer, trailer};
use crate::name::{check_path, folders_above};
use crate::record::Record;
use crate::{Archive, Error, ModuleKind, ModuleName, Optimization, Target};
use blobs::{BlobId, BlobPool};
pub use entry::{MainGuard, ModuleEntry};
use packing::Packing;
use spool::ArchiveFile;

/// Shorter parts are read and written, which costs less than to ask the system for a copy.
const BY_RANGE_FROM: usize = 64 << 10;

/// Gathers entries and writes an archive.
///
/// Folders and namespace packages are derived from the entries. Equal contents are stored once.
#[derive(Debug)]
pub struct Writer {
    target: Target,
    modules: BTreeMap<String, Module>,
    files: BTreeMap<String, BlobId>,
    /// Every folder that anything lies in, with one thing that does.
    folders: BTreeMap<String, String>,
    distributions: BTreeMap<String, String>,
    attributes: BTreeMap<String, BlobId>,
    blobs: BlobPool,
    storage: Storage,
    /// The file of the archive that is being added, if it is copied from there.
    file: Option<ArchiveFile>,
}

/// How an archive keeps large contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Bytecode and libraries as they are, to be read in place; sources and data compressed.
    #[default]
    InPlace,
    /// All compressed, and decompressed when it is first used.
    Compressed,
}

/// A part of an archive that another one may take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartOfArchive<'a> {
    /// A module that is no namespace package.
    Module {
        /// Its full dotted name.
        name: &'a str,
        /// Its file.
        path: &'a str,
    },
    /// A file, be it a module's.
    File {
        /// Its path in the virtual tree.
        path: &'a str,
    },
    /// Bytes that are stored under a key.
    Attribute {
        /// The key.
        key: &'a str,
    },
}

#[derive(Debug)]
struct Module {
    path: String,
    flags: u8,
    blobs: Vec<(Role, BlobId)>,
}

impl Writer {
    /// An empty archive for that Python.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            modules: BTreeMap::new(),
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            distributions: BTreeMap::new(),
            attributes: BTreeMap::new(),
            blobs: BlobPool::default(),
            storage: Storage::default(),
            file: None,
        }
    }

    /// Chooses how entries that are added from now on are stored.
    #[must_use]
    pub fn with_storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Lets what does not fit into a bounded part of memory wait in an unnamed file of that folder, and not in that of temporary
    /// files. Nothing must have been added yet.
    #[must_use]
    pub fn with_waiting_room(mut self, folder: &Path) -> Self {
        self.blobs.wait_in(folder.to_owned());
        self
    }

    /// Adds a module; its source or its library becomes the file at its path too.
    pub fn add_module(&mut self, entry: ModuleEntry) -> Result<(), Error> {
        let ModuleEntry { name, path, is_package, code, source, extension, has_main_guard } = entry;
        ModuleName::new(&name)?;
        check_path(&path)?;
        if self.modules.contains_key(&name) {
            return Err(Error::duplicate("module", &name, ""));
        }
        let is_python = source.is_some() || code.iter().any(Option::is_some);
        match (is_python, &extension) {
            (false, None) => {
                return Err(Error::invalid(
                    "module",
                    name,
                    "it has no code, no source and no library",
                ));
            }
            (true, Some(_)) => {
                return Err(Error::invalid(
                    "module",
                    name,
                    "it has both a library and Python code",
                ));
            }
            (true, None) | (false, Some(_)) => {}
        }
        self.check_place(&path)?;
        let mut blobs = Vec::new();
        for (level, code) in Optimization::ALL.into_iter().zip(code) {
            if let Some(code) = code {
                blobs.push((level.role(), self.blobs.add(code, self.packing(level.role()))?));
            }
        }
        let mut kind = flags::SOURCE;
        let mut file = None;
        if let Some(extension) = extension {
            kind = flags::EXTENSION;
            file =
                Some((Role::Extension, self.blobs.add(extension, self.packing(Role::Extension))?));
        } else if let Some(source) = source {
            file = Some((Role::Source, self.blobs.add(source, self.packing(Role::Source))?));
        }
        if let Some((role, blob)) = file {
            self.put_file(&path, blob)?;
            blobs.push((role, blob));
        }
        self.occupy_folders(&path);
        let package = if is_package { flags::PACKAGE } else { 0 };
        let guard = match has_main_guard {
            MainGuard::Absent => 0,
            MainGuard::Present => flags::MAIN_GUARD,
        };
        self.modules.insert(name, Module { path, flags: kind | package | guard, blobs });
        Ok(())
    }

    /// Whether a module of that name was added. (Namespace packages are not: they are derived at the end.)
    pub fn contains_module(&self, name: &str) -> bool {
        self.modules.contains_key(name)
    }

    /// Whether there is a file at that path, be it a module's.
    pub fn contains_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Adds a file. The same contents at the same path again are fine; other contents are an error.
    pub fn add_file(&mut self, path: &str, contents: Vec<u8>) -> Result<(), Error> {
        check_path(path)?;
        self.check_place(path)?;
        let blob = self.blobs.add(contents, self.packing(Role::Contents))?;
        self.put_file(path, blob)
    }

    /// Adds a shared library as a file: it is stored as those of extension modules are.
    pub fn add_library(&mut self, path: &str, contents: Vec<u8>) -> Result<(), Error> {
        check_path(path)?;
        self.check_place(path)?;
        let blob = self.blobs.add(contents, self.packing(Role::Extension))?;
        self.put_file(path, blob)
    }

    /// Adds a file of the system as one of the archive. A large one is never in memory as a whole: it is read now, for its
    /// checksum, and when the archive is written. Gives the XXH3-128 of its contents.
    pub fn add_file_from(&mut self, path: &str, location: &Path) -> Result<u128, Error> {
        check_path(path)?;
        self.check_place(path)?;
        let (blob, hash) = self.blobs.add_file(location, self.packing(Role::Contents))?;
        self.put_file(path, blob)?;
        Ok(hash)
    }

    /// Adds a distribution: its normalised name and its metadata folder, whose files are added as files.
    pub fn add_distribution(&mut self, normalized: &str, folder: &str) -> Result<(), Error> {
        if normalized.is_empty() || normalized.contains('\0') {
            return Err(Error::invalid(
                "distribution name",
                normalized,
                "it is empty or has a NUL in it",
            ));
        }
        check_path(folder)?;
        match self.distributions.get(normalized) {
            Some(present) if present == folder => Ok(()),
            Some(_) => Err(Error::duplicate("distribution", normalized, " with another folder")),
            None => {
                self.distributions.insert(normalized.to_owned(), folder.to_owned());
                Ok(())
            }
        }
    }

    /// Stores bytes under a key, in place of any that were there.
    pub fn set_attribute(&mut self, key: &str, value: Vec<u8>) -> Result<(), Error> {
        if key.is_empty() {
            return Err(Error::invalid("attribute", key, "its key is empty"));
        }
        let blob = self.blobs.add(value, self.packing(Role::Contents))?;
        self.attributes.insert(key.to_owned(), blob);
        Ok(())
    }

    /// Removes the value that is stored under a key.
    pub fn remove_attribute(&mut self, key: &str) {
        self.attributes.remove(key);
    }

    /// Takes over all entries that another archive has and this one has not: the entry that was added first wins.
    ///
    /// Blobs are checked and copied as they are stored. The archive must be built for the same Python.
    pub fn add_archive(&mut self, archive: &Archive) -> Result<(), Error> {
        self.add_archive_where(archive, |_| true)
    }

    /// As [`add_archive`](Self::add_archive), for an archive that `file` holds. The system copies large parts from that file, if the
    /// archive is written into a file: nothing reads them here, and they keep the checksums that they have. The file must not
    /// change until then.
    pub fn add_archive_of_file(&mut self, archive: &Archive, file: File) -> Result<(), Error> {
        self.file = Some(ArchiveFile::new(archive, file)?);
        let added = self.add_archive_where(archive, |_| true);
        self.file = None;
        added
    }

    /// As [`add_archive`](Self::add_archive), but only entries that `keeps` wants. A module's file is asked for on its own.
    pub fn add_archive_where(
        &mut self,
        archive: &Archive,
        keeps: impl Fn(PartOfArchive<'_>) -> bool,
    ) -> Result<(), Error> {
        if archive.target() != &self.target {
            return Err(Error::other_target(archive.path(), archive.target(), &self.target));
        }
        for module in archive.modules() {
            let module = module?;
            let name = module.name();
            ModuleName::new(name)?;
            // A module whose path became a folder, or lies below a path that is a file here, has lost against the first entry.
            let lost = self.contains_module(name)
                || self.check_place(module.path()).is_err()
                || !keeps(PartOfArchive::Module { name, path: module.path() });
            match module.kind() {
                ModuleKind::Namespace => {}
                ModuleKind::Source | ModuleKind::Extension if lost => {}
                ModuleKind::Source | ModuleKind::Extension => {
                    let record = module.record();
                    let blobs = self.copy_blobs(archive, record)?;
                    self.occupy_folders(record.path);
                    self.modules.insert(
                        name.to_owned(),
                        Module { path: record.path.to_owned(), flags: record.flags, blobs },
                    );
                }
            }
        }
        for file in archive.files() {
            let file = file?;
            check_path(file.path())?;
            if self.files.contains_key(file.path())
                || self.check_place(file.path()).is_err()
                || !keeps(PartOfArchive::File { path: file.path() })
            {
                continue;
            }
            for (_, blob) in self.copy_blobs(archive, file.record())? {
                self.occupy_folders(file.path());
                self.files.insert(file.path().to_owned(), blob);
            }
        }
        for distribution in archive.distributions() {
            let (name, folder) = distribution?;
            self.distributions.entry(name).or_insert(folder);
        }
        for record in archive.walk(Kind::Attribute, Ok) {
            let record = record?;
            let key = record.key;
            let is_new = key != DICTIONARY && !self.attributes.contains_key(key);
            if is_new && keeps(PartOfArchive::Attribute { key }) {
                for (_, blob) in self.copy_blobs(archive, &record)? {
                    self.attributes.insert(key.to_owned(), blob);
                }
            }
        }
        Ok(())
    }

    /// Takes a module over from another archive, with its file, as [`add_archive`](Self::add_archive) does. It must not be there
    /// yet.
    pub fn copy_module(
        &mut self,
        archive: &Archive,
        module: &crate::Module<'_>,
    ) -> Result<(), Error> {
        if archive.target() != &self.target {
            return Err(Error::other_target(archive.path(), archive.target(), &self.target));
        }
        let (name, record) = (module.name(), module.record());
        ModuleName::new(name)?;
        if self.contains_module(name) {
            return Err(Error::duplicate("module", name, ""));
        }
        self.check_place(record.path)?;
        let blobs = self.copy_blobs(archive, record)?;
        let file = blobs.iter().find(|(role, _)| matches!(role, Role::Source | Role::Extension));
        if let Some((_, blob)) = file {
            self.put_file(record.path, *blob)?;
        }
        self.occupy_folders(record.path);
        let (path, flags) = (record.path.to_owned(), record.flags);
        self.modules.insert(name.to_owned(), Module { path, flags, blobs });
        Ok(())
    }

    /// Writes the archive and gives its length.
    pub fn finish(self, out: &mut impl Write) -> Result<u64, Error> {
        layout::write(self, out)
    }

    /// Writes the archive behind an executable, from a whole page on, and a trailer; gives the archive's length. An archive that
    /// the executable carries already is replaced.
    ///
    /// The executable ends where `executable` stands afterwards: the caller cuts off a longer file there.
    pub fn write_behind(self, executable: &mut (impl Read + Write + Seek)) -> Result<u64, Error> {
        let elf = match elf::parse(executable).map_err(Error::write)? {
            Parsed::Elf(elf) => Some(elf),
            Parsed::Cut | Parsed::Other => None,
        };
        let start = match &elf {
            // The length is not known yet.
            Some(elf) => elf.name_archive(executable, 0).map_err(Error::write)?,
            None => {
                let end = match read_trailer(executable, Path::new("the executable"))? {
                    Some(position) => position.start,
                    None => executable.seek(SeekFrom::End(0)).map_err(Error::write)?,
                };
                executable.seek(SeekFrom::Start(end)).map_err(Error::write)?;
                let start = end.next_multiple_of(PAGE);
                elf::pad(executable, end, start).map_err(Error::write)?;
                start
            }
        };
        let length = self.finish(executable)?;
        if let Some(elf) = &elf {
            elf.name_archive(executable, length).map_err(Error::write)?;
            executable.seek(SeekFrom::Start(start + length)).map_err(Error::write)?;
        }
        executable.write_all(trailer(start, length).as_bytes()).map_err(Error::write)?;
        executable.flush().map_err(Error::write)?;
        Ok(length)
    }

    /// Checks that a file may lie at that path: no folder is there, and nothing above it is a file.
    fn check_place(&self, path: &str) -> Result<(), Error> {
        if let Some(inside) = self.folders.get(path) {
            return Err(Error::file_and_folder(path, inside));
        }
        match folders_above(path).find(|folder| self.files.contains_key(*folder)) {
            Some(file) => Err(Error::file_and_folder(file, path)),
            None => Ok(()),
        }
    }

    fn put_file(&mut self, path: &str, blob: BlobId) -> Result<(), Error> {
        match self.files.get(path) {
            Some(present) if self.blobs.same_contents(*present, blob)? => Ok(()),
            Some(_) => Err(Error::duplicate("file", path, " with other contents")),
            None => {
                self.occupy_folders(path);
                self.files.insert(path.to_owned(), blob);
                Ok(())
            }
        }
    }

    fn occupy_folders(&mut self, path: &str) {
        for folder in folders_above(path) {
            if self.folders.contains_key(folder) {
                // The entry that put it there put the folders above it too.
                break;
            }
            self.folders.insert(folder.to_owned(), path.to_owned());
        }
    }

    fn copy_blobs(
        &mut self,
        archive: &Archive,
        record: &Record<'_>,
    ) -> Result<Vec<(Role, BlobId)>, Error> {
        let mut copied = Vec::new();
        for role in Role::ALL {
            let Some(blob) = archive.unchecked(record, role)? else { continue };
            let file = self.file.as_ref().filter(|_| blob.bytes.len() >= BY_RANGE_FROM);
            if file.is_none() {
                archive.stored(record, role)?;
            }
            let is_library = match blob.compression {
                // The archive does not tell data that did not shrink from libraries, as which both can be stored.
                Compression::None => role == Role::Contents && self.storage == Storage::Compressed,
                Compression::Zstd => frames::read(blob.bytes).is_some(),
                Compression::ZstdDictionary => false,
            };
            let packing = self.packing(if is_library { Role::Extension } else { role });
            let range = archive.range_of(blob.bytes).filter(|_| packing.accepts(blob.compression));
            let id = match range {
                Some(range) => self.blobs.add_stored(archive, file, range, blob)?,
                None => {
                    let contents = archive.contents(record, role)?.unwrap_or_default();
                    self.blobs.add(contents.into_owned(), packing)?
                }
            };
            copied.push((role, id));
        }
        Ok(copied)
    }

    /// How a blob of that role is stored.
    fn packing(&self, role: Role) -> Packing {
        match (self.storage, role) {
            (_, Role::Entries | Role::Modules) => Packing::Plain,
            (Storage::InPlace, Role::Source | Role::Contents) => Packing::Smallest,
            (Storage::InPlace, _) => Packing::Plain,
            (Storage::Compressed, Role::Extension) => Packing::Library,
            (Storage::Compressed, _) => Packing::Dictionary,
        }
    }

    /// The dictionary for compression: of the modules' code, in the order of their names.
    fn dictionary(&self) -> Result<Option<Vec<u8>>, Error> {
        if self.storage == Storage::InPlace || cfg!(miri) {
            return Ok(None);
        }
        let mut samples = Vec::new();
        for (role, id) in self.modules.values().flat_map(|module| &module.blobs) {
            if matches!(role, Role::Code0 | Role::Code1 | Role::Code2)
                && let Some(contents) = self.blobs.raw(*id)?
            {
                samples.push(contents);
            }
        }
        Ok(packing::dictionary(samples.into_iter()))
    }
}

impl Module {
    fn is_package(&self) -> bool {
        self.flags & flags::PACKAGE != 0
    }
}

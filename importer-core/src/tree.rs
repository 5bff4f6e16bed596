//! Files and folders of an archive's virtual tree.

use std::borrow::Cow;

use crate::error::{Fault, Part};
use crate::format::Role;
use crate::listing::Listing;
use crate::record::Record;
use crate::{Archive, Error, Library};

/// A file in an archive. Its bytes are checked when they are asked for.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    archive: &'a Archive,
    record: Record<'a>,
}

impl<'a> File<'a> {
    pub(crate) fn new(archive: &'a Archive, record: Record<'a>) -> Self {
        Self { archive, record }
    }

    /// Its path in the virtual tree.
    #[expect(clippy::misnamed_getters, reason = "the key of a file's record is its path")]
    pub fn path(&self) -> &'a str {
        self.record.key
    }

    /// The length of its contents in bytes.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a file is asked for its size, as with `std::fs::Metadata::len`"
    )]
    pub fn len(&self) -> u64 {
        self.record.blob(Role::Contents).map_or(0, |blob| blob.raw_length.get())
    }

    /// The length of its stored bytes in the archive (shared with any other file or module of the same contents).
    pub fn stored_len(&self) -> u64 {
        self.record.blob(Role::Contents).map_or(0, |blob| blob.stored_length.get())
    }

    /// The checksum of its contents as they are stored: it tells files apart that nobody forged.
    pub fn id(&self) -> u64 {
        self.record.blob(Role::Contents).map_or(0, |blob| blob.checksum.get())
    }

    /// Its contents, checked.
    pub fn contents(&self) -> Result<Cow<'a, [u8]>, Error> {
        self.archive.required_contents(&self.record, Role::Contents)
    }

    /// The file as a shared library, which is stored plain; not checked yet.
    pub fn library(&self) -> Result<Library<'a>, Error> {
        let library = Library::find(self.archive, self.record, Role::Contents)?;
        library.ok_or_else(|| self.archive.missing_blob(&self.record))
    }

    /// The archive it lies in.
    pub fn archive(&self) -> &'a Archive {
        self.archive
    }

    pub(crate) fn record(&self) -> &Record<'a> {
        &self.record
    }
}

/// A folder in an archive. Its listings are checked when it is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    archive: &'a Archive,
    record: Record<'a>,
    entries: &'a [u8],
    modules: &'a [u8],
}

impl<'a> Directory<'a> {
    pub(crate) fn new(archive: &'a Archive, record: Record<'a>) -> Result<Self, Error> {
        let listing =
            |role| archive.in_place(&record, role)?.ok_or_else(|| archive.missing_blob(&record));
        Ok(Self {
            archive,
            record,
            entries: listing(Role::Entries)?,
            modules: listing(Role::Modules)?,
        })
    }

    /// Its path in the virtual tree; empty for the root.
    #[expect(clippy::misnamed_getters, reason = "the key of a folder's record is its path")]
    pub fn path(&self) -> &'a str {
        self.record.key
    }

    /// The files and folders in it, sorted by name. Ends after its first error.
    pub fn entries(&self) -> impl Iterator<Item = Result<DirectoryEntry<'a>, Error>> + use<'a> {
        self.listing(self.entries, Role::Entries).map(|entry| {
            let (name, is_directory) = entry?;
            Ok(DirectoryEntry { name, is_directory })
        })
    }

    /// The regular modules and packages that lie in it, sorted by name: also those that were stored without their source,
    /// which have no file. `pkgutil.iter_modules` asks for these. Ends after its first error.
    pub fn modules(&self) -> impl Iterator<Item = Result<DirectoryModule<'a>, Error>> + use<'a> {
        self.listing(self.modules, Role::Modules).map(|entry| {
            let (name, is_package) = entry?;
            Ok(DirectoryModule { name, is_package })
        })
    }

    fn listing(
        &self,
        bytes: &'a [u8],
        role: Role,
    ) -> impl Iterator<Item = Result<(&'a str, bool), Error>> + use<'a> {
        let (archive, record) = (self.archive, self.record);
        Listing::new(bytes).map(move |entry| {
            entry.ok_or_else(|| {
                let part = Part::Blob { role, kind: record.kind, key: record.key.to_owned() };
                archive.damaged(
                    part,
                    record.offset,
                    Fault::Malformed("has lengths or text that cannot be"),
                )
            })
        })
    }

    /// The archive it lies in.
    pub fn archive(&self) -> &'a Archive {
        self.archive
    }
}

/// One entry of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryEntry<'a> {
    /// Its name, without the folder.
    pub name: &'a str,
    /// Whether it is a folder itself.
    pub is_directory: bool,
}

/// One module of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryModule<'a> {
    /// The last part of its name.
    pub name: &'a str,
    /// Whether it is a package.
    pub is_package: bool,
}

//! Files and directories of an archive's virtual tree.

use std::borrow::Cow;

use crate::{Archive, Error};

/// A file in an archive.
#[derive(Clone, Copy, Debug)]
pub struct File<'a>(&'a Archive);

impl<'a> File<'a> {
    /// Its path in the virtual tree.
    pub fn path(&self) -> &'a str {
        todo!()
    }
    /// How many bytes its contents have.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a file is asked for its size, as in `std::fs::Metadata::len`"
    )]
    pub fn len(&self) -> u64 {
        todo!()
    }
    /// Its contents, checked.
    pub fn contents(&self) -> Result<Cow<'a, [u8]>, Error> {
        todo!()
    }
    /// The archive it lies in.
    pub fn archive(&self) -> &'a Archive {
        self.0
    }
}

/// A directory in an archive.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a>(&'a Archive);

impl<'a> Directory<'a> {
    /// Its path in the virtual tree.
    pub fn path(&self) -> &'a str {
        todo!()
    }
    /// The files and directories in it, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = Result<DirectoryEntry<'a>, Error>> + use<'a> {
        std::iter::empty()
    }
    /// The regular modules that lie in it (also those stored without a file), sorted by name.
    pub fn modules(&self) -> impl Iterator<Item = Result<DirectoryModule<'a>, Error>> + use<'a> {
        std::iter::empty()
    }
    /// The archive it lies in.
    pub fn archive(&self) -> &'a Archive {
        self.0
    }
}

/// One entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryEntry<'a> {
    /// Its name, without the folder.
    pub name: &'a str,
    /// Whether it is a directory itself.
    pub is_directory: bool,
}

/// One module of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryModule<'a> {
    /// The last part of its name.
    pub name: &'a str,
    /// Whether it is a package.
    pub is_package: bool,
}

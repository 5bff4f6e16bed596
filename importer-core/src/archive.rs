//! The archive: one file, looked into in place.

use std::path::Path;

use crate::{Directory, Error, File, Module, Target};

/// An opened archive; cheap to clone.
#[derive(Clone, Debug)]
pub struct Archive(std::sync::Arc<Target>);

impl Archive {
    /// Reads the archive at `path` into memory: a bare archive, or a file with an archive behind it.
    pub fn open(_path: &Path) -> Result<Self, Error> {
        todo!()
    }
    /// Maps the archive at `path`.
    ///
    /// # Safety
    /// The file is neither modified nor truncated while it is mapped.
    #[expect(unsafe_code, reason = "moves to mapping.rs")]
    pub unsafe fn map(_path: &Path) -> Result<Self, Error> {
        todo!()
    }
    /// Takes bytes already in memory; `name` stands in messages.
    pub fn from_bytes(_bytes: Vec<u8>, _name: &Path) -> Result<Self, Error> {
        todo!()
    }
    /// Whether an archive lies behind the file at `path`; reads only its last bytes. A bare archive is not "contained".
    pub fn contained_in(_path: &Path) -> Result<bool, Error> {
        todo!()
    }
    /// Where the archive behind the file at `path` lies, if there is one (its `start` is where the executable's own bytes end).
    pub fn position_in(_path: &Path) -> Result<Option<std::ops::Range<u64>>, Error> {
        todo!()
    }
    /// The file it came from.
    pub fn path(&self) -> &Path {
        todo!()
    }
    /// What it was built for.
    pub fn target(&self) -> &Target {
        &self.0
    }
    /// How many bytes it has.
    pub fn len_bytes(&self) -> u64 {
        todo!()
    }
    /// An error naming both when `running` is not what the archive was built for.
    pub fn check_target(&self, _running: &Target) -> Result<(), Error> {
        todo!()
    }
    /// One hash look-up.
    pub fn module(&self, _name: &str) -> Result<Option<Module<'_>>, Error> {
        todo!()
    }
    /// A file of the virtual tree.
    pub fn file(&self, _path: &str) -> Result<Option<File<'_>>, Error> {
        todo!()
    }
    /// A directory of the virtual tree; the empty path is the root.
    pub fn directory(&self, _path: &str) -> Result<Option<Directory<'_>>, Error> {
        todo!()
    }
    /// The metadata folder of a distribution, by normalised name.
    pub fn distribution(&self, _normalized: &str) -> Result<Option<String>, Error> {
        todo!()
    }
    /// Every distribution as (name, folder), sorted.
    pub fn distributions(&self) -> impl Iterator<Item = Result<(String, String), Error>> + '_ {
        std::iter::empty()
    }
    /// Bytes stored under a key, such as `configuration`.
    pub fn attribute(&self, _key: &str) -> Result<Option<Vec<u8>>, Error> {
        todo!()
    }
    /// Every module, sorted by name.
    pub fn modules(&self) -> impl Iterator<Item = Result<Module<'_>, Error>> + '_ {
        std::iter::empty()
    }
    /// Every file, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = Result<File<'_>, Error>> + '_ {
        std::iter::empty()
    }
}

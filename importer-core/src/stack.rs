//! Several archives asked in order.

use crate::{Archive, DirectoryEntry, DirectoryModule, Error, File, Module};

/// Several archives asked in order; the first that has something wins.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    archives: Vec<Archive>,
}

impl Stack {
    /// Archives in the order in which they are asked.
    pub fn new(archives: Vec<Archive>) -> Self {
        Self { archives }
    }
    /// The archives in order.
    pub fn archives(&self) -> &[Archive] {
        &self.archives
    }
    /// The first regular module or package of that name, else the first namespace package, with the place of its archive.
    pub fn module(&self, _name: &str) -> Result<Option<(usize, Module<'_>)>, Error> {
        todo!()
    }
    /// Every archive's part of a namespace package.
    pub fn portions(&self, _name: &str) -> Result<Vec<(usize, Module<'_>)>, Error> {
        todo!()
    }
    /// The first file at that path.
    pub fn file(&self, _path: &str) -> Result<Option<File<'_>>, Error> {
        todo!()
    }
    /// The entries of that directory in all archives, sorted by name.
    pub fn directory(&self, _path: &str) -> Result<Option<Vec<DirectoryEntry<'_>>>, Error> {
        todo!()
    }
    /// The regular modules in that directory in all archives, sorted by name.
    pub fn directory_modules(
        &self,
        _path: &str,
    ) -> Result<Option<Vec<DirectoryModule<'_>>>, Error> {
        todo!()
    }
    /// The metadata folder of a distribution, by normalised name.
    pub fn distribution(&self, _normalized: &str) -> Result<Option<String>, Error> {
        todo!()
    }
    /// Every distribution as (name, folder), sorted by name; the first archive wins.
    pub fn distributions(&self) -> Result<Vec<(String, String)>, Error> {
        todo!()
    }
    /// Bytes stored under a key in the first archive that has it.
    pub fn attribute(&self, _key: &str) -> Result<Option<Vec<u8>>, Error> {
        todo!()
    }
}

//! Writes archives.

use std::io::{Read, Seek, Write};

use crate::{Archive, Error, Target};

/// Whether a module guards its entry point with `if __name__ == "__main__"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MainGuard {
    /// It does not, or nobody looked.
    #[default]
    Absent,
    /// It does.
    Present,
}

/// A module to be written: either an extension, or code and source (at least one of them).
#[derive(Clone, Debug, Default)]
pub struct ModuleEntry {
    /// Full dotted name.
    pub name: String,
    /// Path in the virtual tree, such as `json/__init__.py`.
    pub path: String,
    /// Whether it is a package.
    pub is_package: bool,
    /// Marshalled code at the levels 0, 1 and 2.
    pub code: [Option<Vec<u8>>; 3],
    /// Source text as it lies on disk.
    pub source: Option<Vec<u8>>,
    /// The shared library of an extension module.
    pub extension: Option<Vec<u8>>,
    /// Whether it has a main guard.
    pub has_main_guard: MainGuard,
}

/// Gathers entries and writes an archive.
#[derive(Debug)]
pub struct Writer {
    _target: Target,
}

impl Writer {
    /// An empty archive for that Python.
    pub fn new(target: Target) -> Self {
        Self { _target: target }
    }
    /// Adds a module; its source or extension becomes a file at its path too.
    pub fn add_module(&mut self, _entry: ModuleEntry) -> Result<(), Error> {
        todo!()
    }
    /// Whether a module of that name was added.
    pub fn contains_module(&self, _name: &str) -> bool {
        todo!()
    }
    /// Whether there is a file at that path.
    pub fn contains_file(&self, _path: &str) -> bool {
        todo!()
    }
    /// Adds a file; the same contents twice are fine, others at the same path are an error.
    pub fn add_file(&mut self, _path: &str, _contents: Vec<u8>) -> Result<(), Error> {
        todo!()
    }
    /// Adds a distribution: its normalised name and its metadata folder.
    pub fn add_distribution(&mut self, _normalized: &str, _folder: &str) -> Result<(), Error> {
        todo!()
    }
    /// Stores bytes under a key, replacing what was there.
    pub fn set_attribute(&mut self, _key: &str, _value: Vec<u8>) -> Result<(), Error> {
        todo!()
    }
    /// Takes over the entries of another archive that are not there yet.
    pub fn add_archive(&mut self, _archive: &Archive) -> Result<(), Error> {
        todo!()
    }
    /// Writes the archive and gives its length.
    pub fn finish(self, _out: &mut impl Write) -> Result<u64, Error> {
        todo!()
    }
    /// Appends the archive, page-aligned, and a trailer to an executable; gives the archive's length.
    pub fn write_behind(self, _executable: &mut (impl Read + Write + Seek)) -> Result<u64, Error> {
        todo!()
    }
}

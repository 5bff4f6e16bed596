//! A module found in an archive.

use std::borrow::Cow;

use crate::{Archive, Error};

/// What a module is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// Python code, with or without its source.
    Source,
    /// An extension module.
    Extension,
    /// A namespace package: a folder that holds modules but no `__init__`.
    Namespace,
}

/// An optimisation level of bytecode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Optimization {
    /// As written.
    #[default]
    Zero,
    /// Without asserts (`-O`).
    One,
    /// Without asserts and docstrings (`-OO`).
    Two,
}

/// A module in an archive.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a>(&'a Archive);

impl<'a> Module<'a> {
    /// Its full dotted name.
    pub fn name(&self) -> &'a str {
        todo!()
    }
    /// What it is made of.
    pub fn kind(&self) -> ModuleKind {
        todo!()
    }
    /// Whether it is a package (a namespace package is one).
    pub fn is_package(&self) -> bool {
        todo!()
    }
    /// Its virtual path: `json/__init__.py`; of a namespace package, its folder.
    pub fn path(&self) -> &'a str {
        todo!()
    }
    /// Its bytecode, checked, in place.
    pub fn code(&self, _level: Optimization) -> Result<Option<&'a [u8]>, Error> {
        todo!()
    }
    /// Its source, checked.
    pub fn source(&self) -> Result<Option<Cow<'a, [u8]>>, Error> {
        todo!()
    }
    /// Its shared library, checked.
    pub fn extension(&self) -> Result<Option<Cow<'a, [u8]>>, Error> {
        todo!()
    }
    /// Whether its source guards its entry point with `if __name__ == "__main__"`.
    pub fn has_main_guard(&self) -> bool {
        todo!()
    }
    /// The checksum of its shared library (0 without one): equal ids mean equal bytes.
    pub fn extension_id(&self) -> u64 {
        todo!()
    }
    /// The archive it lies in.
    pub fn archive(&self) -> &'a Archive {
        self.0
    }
}

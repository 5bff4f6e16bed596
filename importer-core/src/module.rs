//! A module found in an archive.

use std::borrow::Cow;

use crate::error::{Fault, Part};
use crate::format::{Role, flags};
use crate::record::Record;
use crate::{Archive, Error, Library};

/// The kind of a module's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// Python code, with or without its source.
    Source,
    /// A shared library.
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

impl Optimization {
    /// Every level, in order.
    pub const ALL: [Self; 3] = [Self::Zero, Self::One, Self::Two];

    pub(crate) fn role(self) -> Role {
        match self {
            Self::Zero => Role::Code0,
            Self::One => Role::Code1,
            Self::Two => Role::Code2,
        }
    }
}

/// A module in an archive. Its bytes are checked when they are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    archive: &'a Archive,
    record: Record<'a>,
    kind: ModuleKind,
    /// A package's own code, asked for as a module in it.
    is_initialiser: bool,
}

impl<'a> Module<'a> {
    pub(crate) fn new(archive: &'a Archive, record: Record<'a>) -> Result<Self, Error> {
        let kind = match record.flags & flags::KIND_MASK {
            flags::SOURCE => ModuleKind::Source,
            flags::EXTENSION => ModuleKind::Extension,
            flags::NAMESPACE => ModuleKind::Namespace,
            // A byte from the file, which may be no kind at all.
            _ => {
                return Err(archive.damaged(
                    Part::Record,
                    record.offset,
                    Fault::Malformed("is of an unknown module kind"),
                ));
            }
        };
        Ok(Self { archive, record, kind, is_initialiser: false })
    }

    /// The code of a package as the module `__init__` in it, which is no package; `None` for all but packages with source.
    pub(crate) fn into_initialiser(self) -> Option<Self> {
        let has_one = self.kind == ModuleKind::Source && self.is_package();
        has_one.then_some(Self { is_initialiser: true, ..self })
    }

    /// Its full dotted name.
    pub fn name(&self) -> &'a str {
        self.record.key
    }

    /// The kind of its contents.
    pub fn kind(&self) -> ModuleKind {
        self.kind
    }

    /// Whether it is a package (a namespace package is one).
    pub fn is_package(&self) -> bool {
        self.record.flags & flags::PACKAGE != 0 && !self.is_initialiser
    }

    /// Its path in the virtual tree, such as `json/__init__.py`; of a namespace package, its folder.
    pub fn path(&self) -> &'a str {
        self.record.path
    }

    /// Its marshalled code at that level, checked: in place, and aligned to 16 bytes from the start of the archive, unless it is
    /// compressed.
    pub fn code(&self, level: Optimization) -> Result<Option<Cow<'a, [u8]>>, Error> {
        self.archive.contents(&self.record, level.role())
    }

    /// Its source as it was on disk, checked.
    pub fn source(&self) -> Result<Option<Cow<'a, [u8]>>, Error> {
        self.archive.contents(&self.record, Role::Source)
    }

    /// Its shared library, checked.
    pub fn extension(&self) -> Result<Option<Cow<'a, [u8]>>, Error> {
        self.archive.contents(&self.record, Role::Extension)
    }

    /// Its shared library, not checked yet; `None` for other modules.
    pub fn library(&self) -> Result<Option<Library<'a>>, Error> {
        Library::find(self.archive, self.record, Role::Extension)
    }

    /// Whether it was written with a main guard; see [`MainGuard`](crate::MainGuard).
    pub fn has_main_guard(&self) -> bool {
        self.record.flags & flags::MAIN_GUARD != 0
    }

    /// A number that its shared library alone has in this archive. 0 for other modules.
    pub fn extension_id(&self) -> u64 {
        self.record.blob(Role::Extension).map_or(0, |blob| blob.checksum.get())
    }

    /// The archive it lies in.
    pub fn archive(&self) -> &'a Archive {
        self.archive
    }

    pub(crate) fn record(&self) -> &Record<'a> {
        &self.record
    }
}

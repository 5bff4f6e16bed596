//! What is known of a function of `posix` that takes a path, and what is decided for it.

use pyo3_ffi as ffi;

/// What is answered for a path below the executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// What is known of a file or folder.
    Stat,
    /// Whether something is there, a folder, or a file; and whether it is one of the kinds that are not packed (Windows).
    Exists,
    IsFolder,
    IsFile,
    Never,
    /// Whether it can be used so.
    Access,
    /// A descriptor.
    Open,
    /// The names in a folder.
    List,
    /// Its entries.
    Scan,
    /// That it is no link.
    Link,
    /// That nothing there can be changed.
    Change,
    /// That nothing can be made there, if it is not there already.
    Make,
    /// That there are no extended attributes.
    Attribute,
    Attributes,
    /// What the executable's own path says.
    Around,
    /// What is done in a folder, which is put on disk.
    Enter,
    /// That a program is started, with what it and its arguments name put on disk.
    Start,
}

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) decision: Decision,
    /// The names of its parameters; how many of them may be given without a name, and how many must be given.
    pub(super) parameters: &'static [&'static str],
    pub(super) unnamed: usize,
    pub(super) required: usize,
    /// Which of its parameters are paths that it looks at.
    pub(super) paths: &'static [usize],
    /// What stands in its place, for the three ways in which such functions are called.
    pub(super) by_name: ffi::PyCFunctionFastWithKeywords,
    pub(super) by_position: ffi::PyCFunctionFast,
    pub(super) single: ffi::PyCFunction,
}

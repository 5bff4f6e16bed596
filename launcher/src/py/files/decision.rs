//! The functions of `posix` that take a path: facts about each, and the decision for it.

use pyo3_ffi as ffi;

/// The kind of answer for a path below the executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Facts about a file or folder.
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
    /// An error: it is no link.
    Link,
    /// An error: nothing there can be changed.
    Change,
    /// An error: nothing can be made there, if it is not there already.
    Make,
    /// An error: there are no extended attributes.
    Attribute,
    Attributes,
    /// The answer for the executable's own path.
    Around,
    /// The folder is put on disk, and entered there.
    Enter,
    /// A program is started; the files that it and its arguments name are put on disk.
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
    /// The functions in its place, for the three ways in which such functions are called.
    pub(super) by_name: ffi::PyCFunctionFastWithKeywords,
    pub(super) by_position: ffi::PyCFunctionFast,
    pub(super) single: ffi::PyCFunction,
}

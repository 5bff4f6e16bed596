//! The parts of the launcher that the `coldframe` command uses, and no other program: they change with it.

use std::ffi::OsString;
use std::path::Path;

use importer_core::Archive;

pub use crate::as_python::{
    PYTHON_VARIABLE, configuration as python_configuration, is_called as is_python_called,
    is_started_by_this,
};
pub use crate::interpreter::Children;
pub use crate::py::builtin_modules;
pub use crate::runtime::{application, configuration, report, start_log};
pub use crate::support_modules::{STUB, SUPPORT_MODULES, SupportSource};
use crate::{py, surroundings};

/// Maps an archive, under the promise that its writers keep.
///
/// # Errors
///
/// The file cannot be read, or is no archive.
pub fn map_archive(path: &Path) -> Result<Archive, importer_core::Error> {
    py::map_archive(path)
}

/// Reads a variable of ours, which counts for nothing where who starts the program has fewer rights.
pub fn variable(name: &str) -> Option<OsString> {
    surroundings::variable(name)
}

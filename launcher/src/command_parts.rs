//! The parts of the launcher that the `coldframe` command uses, and no other program: they change with it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use importer_core::{Archive, Stack};

pub use crate::as_python::{
    PYTHON_VARIABLE, configuration as python_configuration, is_called as is_python_called,
    is_started_by_this,
};
use crate::error::Error;
use crate::file_access::FileAccess;
pub use crate::interpreter::Children;
pub use crate::open_log::{Opened, read as opened_files};
pub use crate::py::builtin_modules;
#[cfg(unix)]
pub use crate::py::{end_by_signal, pass_signals_to};
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

/// Puts the files of the packages that these archives serve from the cache there, as their first import would.
///
/// # Errors
///
/// An archive cannot be read, or the cache not be written to.
pub fn put_served_files(archives: Vec<Archive>, cache: PathBuf) -> Result<(), Error> {
    let archives = Stack::new(archives);
    FileAccess::read(&archives, Some(cache))?.make_all_ready(&archives)
}

/// Reads a variable of ours, which counts for nothing where who starts the program has fewer rights.
pub fn variable(name: &str) -> Option<OsString> {
    surroundings::variable(name)
}

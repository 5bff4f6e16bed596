//! The parts of the launcher that the `coldframe` command uses, and no other program: they change with it.

#[cfg(feature = "runtime")]
use std::ffi::OsString;
#[cfg(feature = "runtime")]
use std::path::{Path, PathBuf};

#[cfg(feature = "runtime")]
use importer_core::{Archive, Stack};

#[cfg(feature = "runtime")]
pub use crate::as_python::{
    PYTHON_VARIABLE, configuration as python_configuration, is_called as is_python_called,
    is_started_by_this,
};
pub use crate::build_kind::{
    BUILD_PYTHON, DEBUG, FREE_THREADED, LINKAGE, Linkage, PYTHON_BUILD, PYTHON_VERSION, SOURCES,
};
#[cfg(feature = "runtime")]
use crate::error::Error;
pub use crate::error::exit_code;
#[cfg(feature = "runtime")]
use crate::file_access::FileAccess;
#[cfg(feature = "runtime")]
pub use crate::interpreter::Children;
#[cfg(feature = "runtime")]
pub use crate::open_log::{Opened, read as opened_files};
#[cfg(feature = "runtime")]
pub use crate::py::builtin_modules;
#[cfg(all(unix, feature = "runtime"))]
pub use crate::py::{end_by_signal, pass_signals_to};
#[cfg(feature = "runtime")]
pub use crate::runtime::{application, configuration, main as runtime_main, report, start_log};
pub use crate::start_method::decision as start_method_decision;
#[cfg(feature = "runtime")]
pub use crate::support_modules::{STUB, SUPPORT_MODULES, SupportSource};
pub use crate::worker::{is_for_python, parse as parse_worker};
#[cfg(feature = "runtime")]
use crate::{py, surroundings};

/// Maps an archive, under the promise that its writers keep.
///
/// # Errors
///
/// The file cannot be read, or is no archive.
#[cfg(feature = "runtime")]
pub fn map_archive(path: &Path) -> Result<Archive, importer_core::Error> {
    py::map_archive(path)
}

/// Puts the files of the packages that these archives serve from the cache there, as their first import would.
///
/// # Errors
///
/// An archive cannot be read, or the cache not be written to.
#[cfg(feature = "runtime")]
pub fn put_served_files(archives: Vec<Archive>, cache: PathBuf) -> Result<(), Error> {
    let archives = Stack::new(archives);
    FileAccess::read(&archives, Some(cache))?.make_all_ready(&archives)
}

/// Reads a variable of ours, which counts for nothing where who starts the program has fewer rights.
#[cfg(feature = "runtime")]
pub fn variable(name: &str) -> Option<OsString> {
    surroundings::variable(name)
}

//! The contents of our built-in module `_coldframe` in an interpreter, and the outcome of booting.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module};

/// The name of our built-in module, which holds the finder.
pub(in crate::py) const MODULE: &str = "_coldframe";

/// The name of the exception for damage in an archive, here and in the module `coldframe`.
pub(in crate::py) const DAMAGED_ARCHIVE: &str = "DamagedArchive";

/// The module's name for importlib's own.
pub(in crate::py) const BOOTSTRAP: &str = "importlib";

/// Why booting failed, in our words: CPython's own status says no more than that `encodings` could not be imported.
pub(in crate::py) static BOOT_FAILURE: OnceLock<String> = OnceLock::new();

/// Notes what went wrong in a module of the archive, if Python is not up yet.
pub(in crate::py) fn note_failure(py: Token<'_>, exception: &Exception) {
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } == 0 {
        let _the_first_counts = BOOT_FAILURE.set(exception.describe(py));
    }
}

/// The finder of this interpreter, where it is installed.
pub(in crate::py) fn finder(py: Token<'_>) -> Result<Object, Exception> {
    match loaded_module(py, MODULE)? {
        Some(module) => module.attribute(py, "finder"),
        None => Err(Exception::new(py, Kind::Runtime, "the finder of Coldframe is not installed")),
    }
}

/// `importlib._bootstrap`, which is there before `importlib` can be imported, and also while a program that tests imports
/// blocks it in `sys.modules`.
pub(in crate::py) fn bootstrap(py: Token<'_>) -> Result<Object, Exception> {
    import(py, MODULE)?.attribute(py, BOOTSTRAP)
}

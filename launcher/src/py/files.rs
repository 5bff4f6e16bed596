//! A read-only file system below the executable's path, for Python code.
//!
//! The functions of `posix` that take a path, and `io.FileIO`, stay the objects that they are: only the C function is ours
//! that their tables name. So names, signatures, documentation, pickling, and membership in sets of `os` are CPython's, and
//! what a program replaces itself is the program's. The tables are the process's, and with them all interpreters have it.
//!
//! A call goes on to CPython's own function unless its path begins with the executable's and a slash. Where the system then
//! says that something on the way is no folder, the path may lead below the executable in another way (`links`).

mod answer;
mod call;
mod decision;
mod descriptor;
mod dispatch;
mod dynamic;
mod fault;
#[cfg(unix)]
mod folder;
#[cfg(interposes)]
pub(super) mod interposed;
mod location;
mod memory;
mod open;
mod real;
mod stat_result;
mod table;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;

pub(super) use real::{path as real_path, redirect_dlopen};

/// The module of `os` with the functions in C.
const POSIX: &str = if cfg!(windows) { "nt" } else { "posix" };

/// Puts our functions into the tables, those that are not there yet; for each interpreter, before `os` is imported.
pub(super) fn install(py: Token<'_>) -> Result<(), Exception> {
    #[cfg(interposes)]
    interposed::find_originals();
    let posix = import(py, POSIX)?;
    table::redirect(py, &posix)?;
    dynamic::redirect(py)?;
    open::redirect(py, &import(py, "_io")?)
}

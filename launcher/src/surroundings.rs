//! Environment variables, which count for nothing where the starter of this program has fewer rights than it has.

use std::ffi::OsString;

use crate::py;

/// Whether this process has rights that its starter lacks: a set user, a set group, capabilities of the file.
///
/// `sudo` is not seen here: it changes the user before it starts the program.
pub(crate) fn is_privileged() -> bool {
    py::is_privileged()
}

/// Reads a variable of ours. In a program with more rights than its starter none is believed.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    if is_privileged() { None } else { std::env::var_os(name) }
}

//! The build of a program that a process runs: pure, read from and written to one environment variable.
//!
//! Workers are started by the path of their parent's executable, and that may be another program by then. A process tells
//! its children the identity of its archive, and a worker with another archive ends with an error. This check is a second
//! net: workers of `multiprocessing` are started by the running file (`python/workers_support.py`), other libraries' are not.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The environment variable that holds it.
pub(crate) const VARIABLE: &str = "COLDFRAME_BUILD";

/// The length of the build's identity, with the tab behind it.
const LENGTH: usize = 17;

/// The message to the children of a program: the identity of its archive, and its path.
pub(crate) fn identity(id: u64, executable: &Path) -> OsString {
    let mut value = OsString::from(format!("{id:016x}\t"));
    value.push(executable);
    value
}

/// Whether the parent is another build of the same program; a value of another program counts for nothing.
pub(crate) fn is_another(parent: Option<&OsStr>, own: &OsStr) -> bool {
    let path = |value: &OsStr| value.as_encoded_bytes().get(LENGTH..).map(<[u8]>::to_vec);
    parent.is_some_and(|parent| parent != own && path(parent) == path(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_is_one_of_the_same_path() {
        let own = identity(7, Path::new("/an/app"));
        for (value, expected) in [
            (Some(own.clone()), false),
            (Some(identity(8, Path::new("/an/app"))), true),
            (Some(identity(8, Path::new("/another"))), false),
            (Some(OsString::from("x")), false),
            (None, false),
        ] {
            assert_eq!(is_another(value.as_deref(), &own), expected, "{value:?}");
        }
    }
}

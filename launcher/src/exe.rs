//! Where this program lies: the only place that asks.

use std::path::PathBuf;

use importer_core::Archive;

use crate::carried;
use crate::error::Error;

/// The path of the running executable.
///
/// # Errors
///
/// [`Error::File`], when the system does not tell.
pub fn own_executable() -> Result<PathBuf, Error> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    std::env::current_exe().map_err(|source| Error::File {
        action: "find the path of",
        path: "this executable".into(),
        source,
        way_out: "",
    })
}

/// The running executable, when an archive lies behind it.
///
/// # Errors
///
/// [`Error::Archive`], when there is one and it is damaged; [`Error::Cut`], when the program was made with one and it is gone.
pub fn executable_with_archive() -> Result<Option<PathBuf>, Error> {
    let executable = own_executable()?;
    match Archive::contained_in(&executable)? {
        true => Ok(Some(executable)),
        false if carried::is_promised() => Err(Error::Cut { executable }),
        false => Ok(None),
    }
}

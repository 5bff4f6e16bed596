//! The promise under which archives are mapped.

use std::path::Path;

use importer_core::Archive;

use crate::exe;

/// Maps an archive for an interpreter to import from.
pub(crate) fn map_archive(path: &Path) -> Result<Archive, importer_core::Error> {
    let mut file = exe::open(path).map_err(|error| importer_core::Error::read(path, error))?;
    // SAFETY: the contract is that the file does not change while it is mapped. `coldframe` writes executables and
    // cached archives into a temporary file and renames it into place, never into a file that is there; who overwrites
    // a running program's file in place breaks that program on every system, with or without us.
    unsafe { Archive::map_file(&mut file, path) }
}

//! The promise under which archives are mapped.

use std::path::Path;

use importer_core::Archive;

/// Maps an archive for an interpreter to import from.
pub(crate) fn map_archive(path: &Path) -> Result<Archive, importer_core::Error> {
    // SAFETY: the contract is that the file does not change while it is mapped. `coldframe` writes executables and
    // cached archives into a temporary file and renames it into place, never into a file that is there; who overwrites
    // a running program's file in place breaks that program on every system, with or without us.
    unsafe { Archive::map(path) }
}

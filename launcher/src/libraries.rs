//! Libraries that extension modules need, where the archive has them: they must be loaded first.
//!
//! Which ones an extension module needs is found when the archive is built: its attribute [`NEEDED_PREFIX`] and the
//! module's path holds their paths, a line each, in the order in which they are to be loaded.

use importer_core::{Error, File, Stack};

/// How the names of the attributes begin that hold the paths of needed libraries.
pub const NEEDED_PREFIX: &str = "libraries:";

/// The libraries that the extension module at `path` needs, in the order in which they are to be loaded.
pub(crate) fn needed<'a>(archives: &'a Stack, path: &str) -> Result<Vec<File<'a>>, Error> {
    let Some(list) = archives.attribute(&format!("{NEEDED_PREFIX}{path}"))? else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for path in String::from_utf8_lossy(&list).lines() {
        files.extend(archives.file(path)?);
    }
    Ok(files)
}

/// Whether a file is called as a shared library: `libx.so`, `libx.so.1.2`.
pub fn is_library_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".so") || name.contains(".so.")
}

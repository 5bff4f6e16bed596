//! Libraries that extension modules need, where the archive has them: they must be loaded first.
//!
//! Which ones an extension module needs is found when the archive is built: its attribute [`NEEDED_PREFIX`] and the
//! module's path holds their paths, a line each, in the order in which they are to be loaded. Those that need each other
//! share a line, with tabs between them.

use importer_core::{Error, File, Stack};
use manifest::NEEDED_PREFIX;

/// The libraries that the extension module at `path` needs, in the order in which they are to be loaded; those of a group
/// need each other.
pub(crate) fn needed<'a>(archives: &'a Stack, path: &str) -> Result<Vec<Vec<File<'a>>>, Error> {
    let Some(list) = archives.attribute(&format!("{NEEDED_PREFIX}{path}"))? else {
        return Ok(Vec::new());
    };
    let mut groups = Vec::new();
    for line in String::from_utf8_lossy(&list).lines() {
        let mut group = Vec::new();
        for path in line.split('\t') {
            group.extend(archives.file(path)?);
        }
        groups.push(group);
    }
    Ok(groups)
}

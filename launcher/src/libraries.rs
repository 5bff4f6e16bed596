//! Libraries that extension modules need, where the archive has them: they must be loaded first.
//!
//! The list for each extension module is made when the archive is built, and stands in its manifest
//! ([`manifest::NeededLibraries`]).

use importer_core::{File, Stack};
use manifest::{Error, needed_libraries};

/// The libraries that the extension module at `path` needs, in the order in which they are to be loaded; those of a group
/// need each other.
pub(crate) fn needed<'a>(archives: &'a Stack, path: &str) -> Result<Vec<Vec<File<'a>>>, Error> {
    let mut groups = Vec::new();
    // An extension module without a list needs nothing from the archive.
    for paths in needed_libraries(path).read(archives)?.unwrap_or_default().groups {
        let mut group = Vec::new();
        for path in paths {
            group.extend(archives.file(&path)?);
        }
        groups.push(group);
    }
    Ok(groups)
}

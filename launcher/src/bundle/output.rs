//! Writes the executable: a copy of the launcher with the archive behind it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use importer_core::{Archive, Writer};
use tempfile::NamedTempFile;

use super::BundleError;
use crate::file_mode::set_mode;

/// Writes the executable at `out` and gives its length. An archive behind `launcher` itself is not copied.
///
/// A file at `out` is replaced at the very end, in one step: whatever fails, it survives.
pub fn write_executable(launcher: &Path, writer: Writer, out: &Path) -> Result<u64, BundleError> {
    let mut temporary = beside(out)?;
    let alone = match Archive::position_in(launcher)? {
        Some(position) => position.start,
        None => u64::MAX,
    };
    let source = File::open(launcher).map_err(BundleError::io("read the launcher", launcher))?;
    io::copy(&mut source.take(alone), &mut temporary).map_err(BundleError::io("write", out))?;
    writer.write_behind(temporary.as_file_mut())?;
    let length = temporary.as_file().metadata().map_err(BundleError::io("write", out))?.len();
    publish(temporary, out)?;
    Ok(length)
}

/// A new file in the folder of `out`, where it can take the place of `out` in one step.
pub(super) fn beside(out: &Path) -> Result<NamedTempFile, BundleError> {
    let error = |reason: String| BundleError::Output { path: out.to_owned(), reason };
    if out.is_dir() {
        return Err(error("it is a folder; give the name of a file in it".to_owned()));
    }
    if out.file_name().is_none() {
        return Err(error("it does not name a file".to_owned()));
    }
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(error(format!("there is no folder `{}`", folder.display())));
    }
    tempfile::Builder::new().prefix(".coldframe-").tempfile_in(folder).map_err(|source| {
        error(format!("its folder `{}` cannot be written ({source})", folder.display()))
    })
}

/// Makes the file executable and puts it in place of `out`.
pub(super) fn publish(temporary: NamedTempFile, out: &Path) -> Result<(), BundleError> {
    set_mode(temporary.as_file(), 0o755).map_err(BundleError::io("make executable", out))?;
    temporary.persist(out).map_err(|error| BundleError::io("replace", out)(error.error))?;
    Ok(())
}

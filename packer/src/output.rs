//! Writes the executable: a copy of the launcher with the archive behind it.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::Path;

use importer_core::Writer;
use manifest::{SYSTEM_FOLDER, mark_carrier};
use tempfile::NamedTempFile;

use super::elf::dynamic::search_beside_only;
use super::elf::strip::strip;
use super::pe::defer_python;
use super::replacement;
use super::{BundleError, DebugSymbols, Problem};

/// Writes the executable at `out` and gives its length. An archive that `launcher` itself carries is not copied.
///
/// A file at `out` is replaced at the very end, in one step: whatever fails, it survives.
pub fn write_executable(launcher: &Path, writer: Writer, out: &Path) -> Result<u64, BundleError> {
    // This comes before the launcher is read: a place that cannot be written to is the more frequent mistake.
    drop(beside(out)?);
    let bytes = fs::read(launcher).map_err(BundleError::io("read the launcher", launcher))?;
    write_executable_from(bytes, DebugSymbols::Keep, writer, out)
}

/// Does the same with the contents of the launcher, without the sections for debuggers unless they are to be kept.
pub fn write_executable_from(
    launcher: Vec<u8>,
    symbols: DebugSymbols,
    writer: Writer,
    out: &Path,
) -> Result<u64, BundleError> {
    let mut temporary = beside(out)?;
    let mut bytes = launcher;
    if symbols == DebugSymbols::Remove {
        strip(&mut bytes);
    }
    let defers_python =
        defer_python(&mut bytes, |name| writer.contains_file(&format!("{SYSTEM_FOLDER}/{name}")));
    mark_carrier(&mut bytes, defers_python);
    // A library of Python lies beside the executable, and nowhere else.
    search_beside_only(&mut bytes);
    let write = BundleError::io("write", out);
    temporary.write_all(&bytes).map_err(write)?;
    writer.write_behind(temporary.as_file_mut())?;
    let file = temporary.as_file_mut();
    let length = file.stream_position().map_err(BundleError::io("write", out))?;
    // The launcher may have carried a longer archive.
    file.set_len(length).map_err(BundleError::io("write", out))?;
    publish(temporary, out)?;
    Ok(length)
}

/// A new file in the folder of `out`, where it can take the place of `out` in one step.
pub(super) fn beside(out: &Path) -> Result<NamedTempFile, BundleError> {
    let error =
        |reason: String| BundleError::from(Problem::Output { path: out.to_owned(), reason });
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
    let mut builder = tempfile::Builder::new();
    builder.prefix(".coldframe-");
    // The user's `umask` takes its part away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempfile_in(folder).map_err(|source| {
        error(format!("its folder `{}` cannot be written ({source})", folder.display()))
    })
}

/// Puts the file in place of `out`.
pub(super) fn publish(temporary: NamedTempFile, out: &Path) -> Result<(), BundleError> {
    // The sync comes before the rename: after a crash of the machine, there is the whole file or the one before.
    temporary.as_file().sync_all().map_err(BundleError::io("write", out))?;
    replacement::persist(temporary, out).map_err(BundleError::io("replace", out))
}

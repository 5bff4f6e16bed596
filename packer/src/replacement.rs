//! A file that takes the place of another, which somebody may have open.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// Puts the file in the place of `out`, in one step.
#[cfg(not(windows))]
pub(super) fn persist(temporary: NamedTempFile, out: &Path) -> io::Result<()> {
    temporary.persist(out).map(drop).map_err(|failed| failed.error)
}

/// The names of programs that were running when they were replaced begin so.
#[cfg(windows)]
const IN_USE: &str = ".coldframe-in-use-";

/// Puts the file in the place of `out`: in one step, unless that is in use. Windows replaces no such file, but gives it another
/// name, under which a running program goes on; the next file that is put into the folder takes it away.
#[cfg(windows)]
pub(super) fn persist(temporary: NamedTempFile, out: &Path) -> io::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(IN_USE) {
            // One that still runs stays.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let Err(failed) = temporary.persist(out) else { return Ok(()) };
    let aside = tempfile::Builder::new().prefix(IN_USE).tempdir_in(folder)?.keep();
    std::fs::remove_dir(&aside)?;
    // The first error says more than this one would.
    if std::fs::rename(out, &aside).is_err() {
        return Err(failed.error);
    }
    match failed.file.persist(out) {
        Ok(_) => Ok(()),
        Err(failed) => std::fs::rename(&aside, out).and(Err(failed.error)),
    }
}

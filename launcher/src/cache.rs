//! The user's cache folder, and files that appear in it whole or not at all.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

use crate::error::Error;

/// The variable that names another cache folder.
pub(crate) const CACHE_VARIABLE: &str = "COLDFRAME_CACHE_DIR";

const WAY_OUT: &str = "; name a folder that can be written to with `COLDFRAME_CACHE_DIR`";

/// The cache folder: the one asked for, else that of the environment variable [`CACHE_VARIABLE`], else `coldframe` in
/// the user's cache as the system has it; `None` when there is no home folder either.
pub(crate) fn locate(asked: Option<&Path>, variable: Option<&OsStr>) -> Option<PathBuf> {
    let named = asked.or_else(|| variable.filter(|value| !value.is_empty()).map(Path::new));
    match named {
        Some(folder) => Some(folder.to_owned()),
        None => Some(choose_base_strategy().ok()?.cache_dir().join("coldframe")),
    }
}

/// Makes sure that `folder` holds what `fill` puts into it: it appears by one rename, when all is there.
///
/// Any number of processes may do this at once; the first one's folder stays, and the others' are thrown away.
pub(crate) fn folder_once(
    folder: &Path,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(folder);
    create_private(parent)?;
    let temporary = temporary_name(folder);
    create_private(&temporary)?;
    let filled = fill(&temporary).and_then(|()| match fs::rename(&temporary, folder) {
        Err(_) if folder.is_dir() => Ok(()),
        renamed => renamed.map_err(cannot("put in place", folder)),
    });
    drop(fs::remove_dir_all(&temporary));
    filled
}

/// Writes a file in a folder that is not yet to be seen by others.
pub(crate) fn write_file(path: &Path, contents: &[u8]) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        create_private(parent)?;
    }
    let mut file = fs::File::create(path).map_err(cannot("write", path))?;
    file.write_all(contents).map_err(cannot("write", path))
}

/// Creates a folder, and those above it, that only this user can look into.
fn create_private(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(cannot("create the cache folder", folder))
}

/// A name beside `path` that no other process and no other call uses.
fn temporary_name(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}.tmp", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    name.into()
}

/// Makes an error of what the system said.
fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { action, path, source, way_out: WAY_OUT }
}

//! The shared library of Python that a launcher may be linked to.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::{File as ObjectFile, Object};

use super::elf::dynamic::search_beside_only;
use super::output::{beside, publish};
use super::pe::is_python_dll;
use super::{BundleError, Problem, PythonInstallation};

/// The name of the shared Python library that an executable needs, as it stands in its header; `None` when Python is
/// linked into it.
pub fn needed_libpython(executable: &Path) -> Result<Option<String>, BundleError> {
    let file = File::open(executable).map_err(BundleError::io("read", executable))?;
    let unreadable = |error: object::Error| {
        BundleError::from(Problem::Executable {
            path: executable.to_owned(),
            reason: error.to_string(),
        })
    };
    // Only the parts that are looked at are read.
    let cache = ReadCache::new(file);
    let parsed = ObjectFile::parse(&cache).map_err(unreadable)?;
    for library in parsed.import_libraries().map_err(unreadable)? {
        let library = library.map_err(unreadable)?;
        let name = String::from_utf8_lossy(library.name()).into_owned();
        let file_name = name.rsplit('/').next().unwrap_or(&name);
        // `libpython3.12.so.1.0`, `@rpath/libpython3.12.dylib`, `Python.framework/Versions/3.12/Python`, `python312.dll`.
        if file_name.starts_with("libpython") || file_name == "Python" || is_python_dll(file_name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Copies the library that the launcher needs into the folder of `out`, where the executable looks first. Gives its
/// new place, or `None` when there is nothing to copy.
pub fn copy_libpython_beside(
    launcher: &Path,
    python: &PythonInstallation,
    out: &Path,
) -> Result<Option<PathBuf>, BundleError> {
    // The written executable may have it in its archive, which the launcher has not.
    let program = if out.is_file() { out } else { launcher };
    let Some(needed) = needed_libpython(program)? else { return Ok(None) };
    let name = needed.rsplit('/').next().unwrap_or(&needed);
    let target = out.with_file_name(name);
    let library = find(name, launcher, python)?;
    let mut contents = fs::read(&library).map_err(BundleError::io("read", &library))?;
    search_beside_only(&mut contents);
    // Both may be one file: a launcher may be asked to write beside itself.
    if fs::read(&target).is_ok_and(|present| present == contents) {
        return Ok(Some(target));
    }
    let mut temporary = beside(&target)?;
    temporary.write_all(&contents).map_err(BundleError::io("write", &target))?;
    publish(temporary, &target)?;
    Ok(Some(target))
}

fn find(name: &str, launcher: &Path, python: &PythonInstallation) -> Result<PathBuf, BundleError> {
    let folders = [
        launcher.parent().map(Path::to_owned),
        python.libpython.as_deref().and_then(Path::parent).map(Path::to_owned),
        Some(python.base_prefix.join("lib")),
        Some(python.base_prefix.clone()),
    ];
    let folders: Vec<PathBuf> = folders.into_iter().flatten().collect();
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        let searched: Vec<String> =
            folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
        BundleError::from(Problem::NoLibpython {
            name: name.to_owned(),
            searched: searched.join(", "),
        })
    })
}

//! The libraries of a Python for Windows: those beside its extension modules, those beside its program, and Python itself.
//!
//! They lie in the archive's folder for libraries of the system, under small letters. A library that is in neither folder belongs
//! to Windows, and stays there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::linking::Linking;
use super::packer::Packer;
use super::pe::is_python_dll;
use super::{BundleError, BundleRequest, Origin, PythonInstallation, StandardLibrary};
use manifest::{SYSTEM_FOLDER, SystemLibrary, system_library, system_name};

/// The forwarder that extension modules of the stable interface need.
const STABLE: &str = "python3.dll";

/// Packs what packed extension modules and libraries need, with Python itself, which goes before all of them.
pub(super) fn pack(
    request: &BundleRequest<'_>,
    stdlib: StandardLibrary<'_>,
    packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    if matches!(stdlib, StandardLibrary::Beside(_) | StandardLibrary::None) {
        return Ok(());
    }
    let archived = stdlib.copied().or(stdlib.archive());
    let places = places(request.python)?;
    let mut waiting: Vec<(String, String)> = Vec::new();
    for (path, _, linking) in packer.libraries.objects() {
        waiting.extend(linking.needed.iter().map(|name| (path.to_owned(), name.clone())));
    }
    let itself = request.python.libpython.as_deref().and_then(Path::file_name);
    let itself = itself.map(|name| name.to_string_lossy().to_ascii_lowercase());
    let archived_names = archived_names(archived)?;
    let itself = itself.or_else(|| archived_names.iter().find(|name| is_python_dll(name)).cloned());
    waiting.extend(itself.iter().map(|name| (String::new(), name.clone())));
    // Programs open it by name, and extension modules that are put beside the application need it.
    waiting.push((String::new(), STABLE.to_owned()));
    let mut seen = BTreeSet::new();
    while let Some((user, name)) = waiting.pop() {
        let name = name.to_ascii_lowercase();
        let is_there = !user.is_empty() && packer.libraries.finds(&user, &name);
        if is_there || !seen.insert(name.clone()) {
            continue;
        }
        let path = format!("{SYSTEM_FOLDER}/{name}");
        let packed = match archived.map(|archive| archive.file(&path)).transpose()?.flatten() {
            Some(file) => Some(file.contents()?.into_owned()),
            None => None,
        };
        let contents = match (packed, places.get(&name)) {
            (Some(contents), _) => contents,
            (None, Some(location)) => {
                packer.outside.push(location.clone());
                fs::read(location).map_err(BundleError::io("read", location))?
            }
            (None, None) => continue,
        };
        let Some(linking) = Linking::read(&contents) else { continue };
        waiting.extend(linking.needed.into_iter().map(|needed| (path.clone(), needed)));
        packer.libraries.system(&path, &contents);
        let (key, value) = system_library(&name).entry(&SystemLibrary::Packed);
        packer.writer.set_attribute(&key, value)?;
        if packer.writer.contains_file(&path) {
            continue;
        }
        let part = packer.report.parts.entry(Origin::StandardLibrary).or_default();
        part.files += 1;
        part.file_bytes += contents.len() as u64;
        packer.writer.add_library(&path, contents)?;
    }
    Ok(())
}

/// The libraries among which `pack` finds those that are needed. One more may be needed, or hide another.
pub(super) fn offered(python: &PythonInstallation) -> Result<Vec<PathBuf>, BundleError> {
    if !python.is_for_windows() {
        return Ok(Vec::new());
    }
    Ok(places(python)?.into_values().collect())
}

/// The libraries that lie beside a Python's extension modules and beside its program, by their names in small letters.
fn places(python: &PythonInstallation) -> Result<BTreeMap<String, PathBuf>, BundleError> {
    let mut found = BTreeMap::new();
    if !python.is_installed() {
        return Ok(found);
    }
    for folder in [&python.lib_dynload, &python.base_prefix] {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.map_err(BundleError::io("read", folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            if name.ends_with(".dll") && path.is_file() {
                found.entry(name).or_insert(path);
            }
        }
    }
    Ok(found)
}

fn archived_names(
    archive: Option<&importer_core::Archive>,
) -> Result<Vec<String>, importer_core::Error> {
    let Some(archive) = archive else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for file in archive.files() {
        names.extend(system_name(file?.path()).map(str::to_owned));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each is added to those above it. A build that takes over parts of the last one must notice what changes the choice.
    #[test]
    fn an_added_library_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        let python = |suffix: &str| {
            let facts = serde_json::json!({
                "version": [3, 13, 0],
                "free_threaded": false,
                "bytecode_magic": 0,
                "cache_tag": "",
                "extension_suffixes": [suffix],
                "soabi": "",
                "debug": false,
                "builtin_modules": [],
                "standard_names": [],
            });
            let mut python: PythonInstallation = serde_json::from_value(facts).unwrap();
            python.stdlib = folder.path().join("Lib");
            python.lib_dynload = folder.path().join("DLLs");
            folder.path().clone_into(&mut python.base_prefix);
            python
        };
        let (windows, linux) = (python(".pyd"), python(".so"));
        let table: &[(&str, &[&str])] = &[
            ("python313.dll", &["python313.dll"]),
            ("new.dll", &["new.dll", "python313.dll"]),
            ("DLLs/_socket.pyd", &["new.dll", "python313.dll"]),
            ("DLLs/new.dll", &["DLLs/new.dll", "python313.dll"]),
            ("DLLs/Other.DLL", &["DLLs/new.dll", "DLLs/Other.DLL", "python313.dll"]),
        ];
        for (added, expected) in table {
            let path = folder.path().join(added);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
            let expected: Vec<_> = expected.iter().map(|name| folder.path().join(name)).collect();
            assert_eq!(offered(&windows).unwrap(), expected, "{added}");
            assert!(offered(&linux).unwrap().is_empty(), "{added}");
        }
    }
}

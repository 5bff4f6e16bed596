//! A Python for Windows in a folder of this machine, read without running any of it.

use std::fs;
use std::path::{Path, PathBuf};

use object::Object as _;
use object::read::pe::{ExportTarget, PeFile64};

use super::pe::is_python_dll;
use super::{BundleError, Problem, PythonInstallation};

/// The table of the modules inside of Python, which its library exports.
const BUILT_IN: &[u8] = b"PyImport_Inittab";

/// An entry of that table has two addresses: of the name, and of the function that makes the module.
const ENTRY: u64 = 16;

/// No name of a module is longer; a damaged library may hold anything.
const LONGEST: usize = 200;

/// More modules than any Python has inside.
const MOST: u64 = 1000;

impl PythonInstallation {
    /// The Python for Windows in `folder`. Facts that its files do not tell are taken from `like`, a Python of this machine: both have
    /// one minor version, or the caller refuses them.
    pub fn of_windows(folder: &Path, like: &Self) -> Result<Self, BundleError> {
        let refused = |reason: String| {
            BundleError::from(Problem::NotWindowsPython { folder: folder.to_owned(), reason })
        };
        let (name, library) = library(folder, like).ok_or_else(|| {
            refused("there is no library of Python's in it, such as `python313.dll`".to_owned())
        })?;
        let contents = fs::read(&library).map_err(BundleError::io("read", &library))?;
        let kind = Kind::of(&name).ok_or_else(|| refused(format!("`{name}` has no version")))?;
        let facts = Facts::read(&contents)
            .ok_or_else(|| refused(format!("`{name}` is no library of Python's for x86-64")))?;
        let stdlib = below(folder, "Lib").filter(|stdlib| stdlib.join("os.py").is_file());
        let stdlib = stdlib.ok_or_else(|| {
            refused("there is no standard library in its folder `Lib` (the embeddable package has none there)".to_owned())
        })?;
        let (threaded, debug) =
            (if kind.free_threaded { "t" } else { "" }, if kind.debug { "_d" } else { "" });
        let tag = format!("cp3{}{threaded}-win_amd64", kind.minor);
        Ok(Self {
            executable: folder.join("python.exe"),
            version: (3, kind.minor, facts.micro),
            site_packages: vec![stdlib.join("site-packages")],
            lib_dynload: below(folder, "DLLs").unwrap_or_else(|| folder.join("DLLs")),
            stdlib,
            base_prefix: folder.to_owned(),
            free_threaded: kind.free_threaded,
            bytecode_magic: like.bytecode_magic,
            cache_tag: like.cache_tag.clone(),
            extension_suffixes: vec![format!("{debug}.{tag}.pyd"), format!("{debug}.pyd")],
            soabi: tag,
            libpython: Some(library),
            debug: kind.debug,
            builtin_modules: facts.built_in,
            standard_names: like.standard_names.clone(),
        })
    }
}

/// Python's library in a folder: the one for the kind of `like`, if there are several.
fn library(folder: &Path, like: &PythonInstallation) -> Option<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().to_ascii_lowercase(), entry.path()))
        .filter(|(name, path)| is_python_dll(name) && path.is_file())
        .collect();
    let is_like = |name: &str| {
        Kind::of(name).is_some_and(|kind| {
            (kind.minor, kind.free_threaded, kind.debug)
                == (like.version.1, like.free_threaded, like.debug)
        })
    };
    found.sort_by_key(|(name, _)| (!is_like(name), name.clone()));
    found.into_iter().next()
}

/// A folder or file with that name in letters of any case.
fn below(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let found =
        entries.find(|entry| entry.file_name().to_string_lossy().eq_ignore_ascii_case(name));
    found.map(|entry| entry.path())
}

/// The version in the name of Python's library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    minor: u8,
    free_threaded: bool,
    debug: bool,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let version = name.strip_prefix("python3")?.strip_suffix(".dll")?;
        let (version, debug) = match version.strip_suffix("_d") {
            Some(version) => (version, true),
            None => (version, false),
        };
        let (version, free_threaded) = match version.strip_suffix('t') {
            Some(version) => (version, true),
            None => (version, false),
        };
        Some(Self { minor: version.parse().ok()?, free_threaded, debug })
    }
}

/// The facts in Python's library.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    micro: u8,
    /// The names of the modules inside of it.
    built_in: Vec<String>,
}

impl Facts {
    fn read(contents: &[u8]) -> Option<Self> {
        let file = PeFile64::parse(contents).ok()?;
        (file.architecture() == object::Architecture::X86_64).then_some(())?;
        Some(Self {
            micro: micro(contents).unwrap_or_default(),
            built_in: built_in(&file, contents)?,
        })
    }
}

/// The third number of the version is in the third number of the file's version, a thousand times, with other things behind.
fn micro(contents: &[u8]) -> Option<u8> {
    let image = editpe::Image::parse(contents).ok()?;
    let version = image.resource_directory()?.get_version_info().ok()??;
    u8::try_from((version.info.file_version.minor >> 16) / 1000).ok()
}

fn built_in(file: &PeFile64<'_>, contents: &[u8]) -> Option<Vec<String>> {
    let exports = file.export_table().ok()??.exports().ok()?;
    let table = exports.iter().find(|export| export.name == Some(BUILT_IN))?;
    let ExportTarget::Address(table) = table.target else { return None };
    let sections = file.section_table();
    let base = file.relative_address_base();
    // In the file, addresses are those for the place that the library would like to be loaded at.
    let at = |address: u64| sections.pe_data_at(contents, u32::try_from(address).ok()?);
    let pointer = |address: u64| -> Option<u64> {
        let bytes = at(address)?.get(..8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let first = pointer(u64::from(table))?.checked_sub(base)?;
    let mut names = Vec::new();
    for number in 0..MOST {
        let name = pointer(first.checked_add(number * ENTRY)?)?;
        if name == 0 {
            return Some(names);
        }
        let text = at(name.checked_sub(base)?)?;
        let length = text.iter().take(LONGEST).position(|&byte| byte == 0)?;
        names.push(String::from_utf8(text.get(..length)?.to_vec()).ok()?);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_in_the_name() {
        let kind = |minor, free_threaded, debug| Some(Kind { minor, free_threaded, debug });
        for (name, expected) in [
            ("python313.dll", kind(13, false, false)),
            ("python39.dll", kind(9, false, false)),
            ("python314t.dll", kind(14, true, false)),
            ("python313_d.dll", kind(13, false, true)),
            ("python314t_d.dll", kind(14, true, true)),
            ("python3.dll", None),
        ] {
            assert_eq!(Kind::of(name), expected, "{name}");
        }
    }

    #[test]
    fn damaged_libraries_are_refused() {
        for contents in [&b""[..], b"MZ", &[0; 4096]] {
            assert_eq!(Facts::read(contents), None);
        }
    }
}

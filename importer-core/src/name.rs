//! Names: of modules (dotted) and of files (with slashes).

use std::fmt;

use crate::Error;

/// A dotted module name that can be imported.
///
/// Any name that `importlib.import_module` takes is allowed, also one that is no identifier (`foo-bar`, `2to3`):
/// only an empty part, a slash and NUL are refused.
///
/// ```
/// use importer_core::ModuleName;
///
/// let name = ModuleName::new("json.decoder")?;
/// assert_eq!(name.parent().map(|parent| parent.as_str()), Some("json"));
/// assert_eq!(name.last(), "decoder");
/// assert!(ModuleName::new("json..decoder").is_err());
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleName<'a>(&'a str);

impl<'a> ModuleName<'a> {
    /// Checks a name.
    pub fn new(name: &'a str) -> Result<Self, Error> {
        let why = if name.is_empty() {
            "it is empty"
        } else if name.contains(['/', '\0']) {
            "it has a slash or a NUL in it"
        } else if name.split('.').any(str::is_empty) {
            "a part between its dots is empty"
        } else {
            return Ok(Self(name));
        };
        Err(Error::invalid("module name", name, why))
    }

    /// The name as text.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The package it belongs to, if it has a dot.
    pub fn parent(self) -> Option<Self> {
        self.0.rsplit_once('.').map(|(parent, _)| Self(parent))
    }

    /// The part after the last dot.
    pub fn last(self) -> &'a str {
        self.0.rsplit_once('.').map_or(self.0, |(_, last)| last)
    }
}

impl fmt::Display for ModuleName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Checks a path of the virtual tree: relative, with `/` between parts, and no part that a file system would interpret.
pub(crate) fn check_path(path: &str) -> Result<(), Error> {
    let why = if path.is_empty() {
        "it is empty"
    } else if path.contains('\0') {
        "it has a NUL in it"
    } else if path.starts_with('/') {
        "it is absolute"
    } else if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "a part between its slashes is empty, `.` or `..`"
    } else {
        return Ok(());
    };
    Err(Error::invalid("path", path, why))
}

/// The folder a path lies in; `None` of the root itself.
pub fn folder_of(path: &str) -> Option<&str> {
    match path.rsplit_once('/') {
        Some((folder, _)) => Some(folder),
        None if path.is_empty() => None,
        None => Some(""),
    }
}

/// Every folder above a path, from the nearest to the root.
pub fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(folder_of(path), |folder| folder_of(folder))
}

/// The last part of a path.
pub(crate) fn last_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

/// The folder in which a module lies for those who search folders: of a package, the folder above its own.
pub(crate) fn home_of(path: &str, is_package: bool) -> Option<&str> {
    let folder = folder_of(path)?;
    if is_package { folder_of(folder) } else { Some(folder) }
}

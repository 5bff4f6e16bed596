//! Shared libraries: those that others need, in the order in which they are loaded, and those of the system.

use crate::error::Malformed;
use crate::key::{Key, Value};
use crate::text::{escaped, from_list, lines, to_list, unescaped};

/// The folder of the archive with libraries of the system on which it was built; no module can have that name.
pub const SYSTEM_FOLDER: &str = "coldframe.libs";

const NEEDED_PREFIX: &str = "libraries:";

/// The libraries that an extension module needs, or a library that code opens by its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeededLibraries {
    /// Their paths in the archive, in the order in which they are to be loaded. The libraries of a group need each other.
    pub groups: Vec<Vec<String>>,
}

/// The source of a packed library of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemLibrary {
    /// The archive, always.
    Packed,
    /// The running system, where that one offers as much.
    SystemFirst {
        /// The versions and symbols that packed files ask for.
        asked: Vec<String>,
    },
}

/// The names of packed libraries of the system that packed code opens by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedLibraries {
    /// The names, as `SONAME` has them.
    pub names: Vec<String>,
}

/// The libraries that the file at that path of the archive needs.
pub fn needed_libraries(path: &str) -> Key<NeededLibraries> {
    Key::of(format!("{NEEDED_PREFIX}{path}"))
}

/// The path of the file whose needed libraries stand under that name of an attribute, if they do.
pub fn user_of_needed(name: &str) -> Option<&str> {
    name.strip_prefix(NEEDED_PREFIX)
}

/// The source of the packed library of the system with that `SONAME`.
pub fn system_library(name: &str) -> Key<SystemLibrary> {
    Key::of(format!("system-library:{name}"))
}

/// The packed libraries of the system that packed code opens by name.
pub const fn opened_libraries() -> Key<OpenedLibraries> {
    Key::new("opened-libraries")
}

/// The name of a library of the system, from its path in the archive; `None` for a library of a package.
pub fn system_name(path: &str) -> Option<&str> {
    path.strip_prefix(SYSTEM_FOLDER)?.strip_prefix('/')
}

impl Value for NeededLibraries {
    fn to_bytes(&self) -> Vec<u8> {
        let line = |group: &Vec<String>| {
            group.iter().map(|path| escaped(path)).collect::<Vec<_>>().join("\t")
        };
        self.groups.iter().map(line).collect::<Vec<_>>().join("\n").into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let group = |(line, text): (usize, &str)| {
            text.split('\t').map(|path| unescaped(line, path)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { groups: lines(bytes)?.map(group).collect::<Result<_, _>>()? })
    }
}

const SYSTEM_FIRST: &str = "system-first";

impl Value for SystemLibrary {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Packed => Vec::new(),
            Self::SystemFirst { asked } => {
                [&[SYSTEM_FIRST.to_owned()], asked.as_slice()].concat().join("\n").into_bytes()
            }
        }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = lines(bytes)?.map(|(_, line)| line);
        match lines.next() {
            None => Ok(Self::Packed),
            Some(SYSTEM_FIRST) => {
                Ok(Self::SystemFirst { asked: lines.map(str::to_owned).collect() })
            }
            Some(_) => Err(Malformed::line(0, "it is no way to take a library")),
        }
    }
}

impl Value for OpenedLibraries {
    fn to_bytes(&self) -> Vec<u8> {
        to_list(&self.names)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { names: from_list(bytes)? })
    }
}

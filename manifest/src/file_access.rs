//! Packages whose files are served from the cache, for C code opens them.

use crate::error::Malformed;
use crate::key::{Key, Value};
use crate::text::{escaped, lines, unescaped};

/// All packages whose files are served from the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedPackages {
    /// Each of them; of two with one folder the first counts.
    pub packages: Vec<ServedPackage>,
}

/// A package whose files are served from the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedPackage {
    /// Its folder, which is a name at the top of the archive, or the path of a module there.
    pub folder: String,
    /// The digest of its files, in hexadecimal digits: it names their folder in the cache, and their list ([`served_files`]).
    pub digest: String,
    /// Whether its code looks into its folders, and takes for modules the files that it finds there.
    pub lists: bool,
    /// Whether its libraries lie with its files.
    pub has_libraries: bool,
}

/// The files of one such package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedFiles {
    /// Their paths in the archive.
    pub paths: Vec<ServedPath>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServedPath {
    /// A file.
    File(String),
    /// A folder without files.
    Folder(String),
}

const LISTS: &str = "lists";
const HAS_LIBRARIES: &str = "libraries";

/// The packages whose files are served from the cache.
pub const fn file_access() -> Key<ServedPackages> {
    Key::new("file-access")
}

/// The files of the package with that digest.
pub fn served_files(digest: &str) -> Key<ServedFiles> {
    Key::of(format!("{FILES_PREFIX}{digest}"))
}

const FILES_PREFIX: &str = "files:";

impl ServedFiles {
    /// The key of that name, if it is one of these.
    pub fn key_of(name: &str) -> Option<Key<Self>> {
        name.strip_prefix(FILES_PREFIX).map(served_files)
    }
}

impl ServedPath {
    /// The path, of a folder without a slash at its end.
    pub fn as_str(&self) -> &str {
        match self {
            Self::File(path) | Self::Folder(path) => path,
        }
    }
}

impl From<&str> for ServedPath {
    /// A path with a slash at its end is that of a folder.
    fn from(path: &str) -> Self {
        match path.strip_suffix('/') {
            Some(folder) => Self::Folder(folder.to_owned()),
            None => Self::File(path.to_owned()),
        }
    }
}

impl Value for ServedPackages {
    fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        for ServedPackage { folder, digest, lists, has_libraries } in &self.packages {
            text.push_str(&format!("{}\t{digest}", escaped(folder)));
            for (is_so, word) in [(lists, LISTS), (has_libraries, HAS_LIBRARIES)] {
                if *is_so {
                    text.push('\t');
                    text.push_str(word);
                }
            }
            text.push('\n');
        }
        text.into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut packages = Vec::new();
        for (line, text) in lines(bytes)? {
            let mut fields = text.split('\t');
            let folder = unescaped(line, fields.next().unwrap_or(text))?;
            let digest = fields.next().unwrap_or("").to_owned();
            // It becomes a part of a path.
            if digest.is_empty() || !digest.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(Malformed::line(line, "there is no digest"));
            }
            let mut package = ServedPackage { folder, digest, ..ServedPackage::default() };
            for word in fields {
                match word {
                    LISTS => package.lists = true,
                    HAS_LIBRARIES => package.has_libraries = true,
                    _other => return Err(Malformed::line(line, "a word of it is unknown")),
                }
            }
            packages.push(package);
        }
        Ok(Self { packages })
    }
}

impl Value for ServedFiles {
    fn to_bytes(&self) -> Vec<u8> {
        let lines: Vec<_> = self
            .paths
            .iter()
            .map(|path| match path {
                ServedPath::File(path) => escaped(path),
                ServedPath::Folder(path) => format!("{}/", escaped(path)),
            })
            .collect();
        lines.join("\n").into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let paths = lines(bytes)?.map(|(line, path)| {
            let path = unescaped(line, path)?;
            match ServedPath::from(path.as_str()) {
                path if path.as_str().is_empty() => Err(Malformed::line(line, "a path is empty")),
                path => Ok(path),
            }
        });
        Ok(Self { paths: paths.collect::<Result<_, _>>()? })
    }
}

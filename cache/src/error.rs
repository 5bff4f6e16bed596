//! The error of everything here.

use std::io;
use std::path::{Path, PathBuf};

/// A file or folder of the cache could not be used.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{path}`: {source}{way_out}")]
pub struct Error {
    /// A verb: `write`.
    action: &'static str,
    path: PathBuf,
    source: io::Error,
    /// A hint for the user, or nothing; it begins with its own punctuation.
    way_out: &'static str,
}

impl Error {
    /// An error without a hint. The action that failed is a verb: `write`.
    pub fn new(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::with_way_out(action, path, source, "")
    }

    pub(crate) fn with_way_out(
        action: &'static str,
        path: impl Into<PathBuf>,
        source: io::Error,
        way_out: &'static str,
    ) -> Self {
        Self { action, path: path.into(), source, way_out }
    }

    /// The file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The system's reason alone, for a caller who says the rest in other words.
    #[must_use]
    pub fn into_source(self) -> io::Error {
        self.source
    }

    /// The kind of the system's reason.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

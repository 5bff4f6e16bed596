//! The error of everything here.

use std::path::PathBuf;

/// A file or folder of the cache could not be used.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} `{path}`: {source}{way_out}")]
#[non_exhaustive]
pub struct Error {
    /// The action that failed, as a verb: `write`.
    pub action: &'static str,
    /// Its file or folder.
    pub path: PathBuf,
    /// The system's reason.
    pub source: std::io::Error,
    /// A hint for the user, or nothing; it begins with its own punctuation.
    pub way_out: &'static str,
}

impl Error {
    /// An error without a hint.
    pub fn new(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self { action, path: path.into(), source, way_out: "" }
    }
}

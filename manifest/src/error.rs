//! The errors of reading.

use std::path::PathBuf;

/// An attribute could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The archive is damaged.
    #[error(transparent)]
    Archive(#[from] importer_core::Error),
    /// The archive was packed for a launcher that reads other attributes.
    #[error(
        "archive `{}` has manifest version {found}, and this program reads manifest version {supported}; build it again with \
         the `coldframe` that is to run it",
        path.display()
    )]
    Version {
        /// The archive.
        path: PathBuf,
        /// The version in it, as it stands there.
        found: String,
        /// The version that can be read.
        supported: u32,
    },
    /// The value of an attribute is none that the packer writes.
    #[error(
        "the attribute `{name}` of the archive is not understood: {why}; build the application again"
    )]
    Malformed {
        /// The attribute.
        name: String,
        /// The reason.
        why: Malformed,
    },
    /// The settings in the archive cannot be read.
    #[error(transparent)]
    Configuration(#[from] interp_config::ConfigError),
}

/// A reason why a value is none that the packer writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    /// An error with a reason, which completes a sentence.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// The same for a line of a value, counted from 0.
    pub(crate) fn line(index: usize, why: &str) -> Self {
        Self(format!("line {}: {why}", index + 1))
    }
}

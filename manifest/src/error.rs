//! The errors of reading.

use std::path::PathBuf;

/// An attribute could not be read; its `Display` names the archive or the attribute, and the way out.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Problem>);

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The archive is damaged.
    Archive,
    /// The archive was packed for a launcher that reads other attributes.
    Version,
    /// The value of an attribute is none that the packer writes.
    Malformed,
    /// The settings in the archive cannot be read.
    Configuration,
}

impl Error {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Problem::Archive(_) => ErrorKind::Archive,
            Problem::Version { .. } => ErrorKind::Version,
            Problem::Malformed { .. } => ErrorKind::Malformed,
            Problem::Configuration(_) => ErrorKind::Configuration,
        }
    }

    /// The error of a damaged archive, or else this one again: damage is told in the archive's own words.
    ///
    /// # Errors
    ///
    /// It is of another kind than [`ErrorKind::Archive`].
    pub fn into_archive(self) -> Result<importer_core::Error, Self> {
        match *self.0 {
            Problem::Archive(error) => Ok(error),
            other => Err(other.into()),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<importer_core::Error> for Error {
    fn from(error: importer_core::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<interp_config::ConfigError> for Error {
    fn from(error: interp_config::ConfigError) -> Self {
        Problem::from(error).into()
    }
}

/// Every message of the crate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Archive(#[from] importer_core::Error),
    #[error(
        "archive `{}` has manifest version {found}, and this program reads manifest version {supported}; build it again with \
         the `coldframe` that is to run it",
        path.display()
    )]
    Version { path: PathBuf, found: String, supported: u32 },
    #[error(
        "the attribute `{name}` of the archive is not understood: {why}; build the application again"
    )]
    Malformed { name: String, why: Malformed },
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

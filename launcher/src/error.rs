//! The errors before, around and instead of a run of Python.

use std::path::PathBuf;

use thiserror::Error as ThisError;

use crate::ancestry::Runaway;
use crate::worker::Refused;

/// A reason why an interpreter could not be run. An exception of the application is not an error of ours: it is an exit code.
///
/// Its `Display` names the thing, and the way out.
#[derive(Debug, ThisError)]
#[error(transparent)]
pub struct Error(Box<Problem>);

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is unknown or impossible here, or the command line of a worker process was refused.
    Usage,
    /// The program has started itself again and again.
    Runaway,
    /// An archive is missing, damaged, or made for something else; or there is none to boot from.
    Archive,
    /// A file or folder could not be used.
    File,
    /// The interpreter could not be started.
    Start,
}

/// Every message of the crate.
#[derive(Debug, ThisError)]
pub(crate) enum Problem {
    #[error("could not start Python {version}: {message}", version = env!("COLDFRAME_PYTHON_VERSION"))]
    Start { message: String },
    #[error(
        "no archive holds the standard library: add one that does, or set `filesystem-importer = true` to use the one \
         of the Python that this program was built with"
    )]
    NoStandardLibrary,
    #[error(transparent)]
    Archive(#[from] importer_core::Error),
    #[error(
        "`{}` was made with an archive in it, and has lost it: the file was cut short, or rewritten by a tool that \
         does not keep it; copy it again or build it again",
        executable.display()
    )]
    Cut { executable: PathBuf },
    #[cfg(feature = "runtime")]
    #[error(
        "`{}` is the runtime that `coldframe build` puts before an application, and has none: build one with \
         `coldframe build`",
        executable.display()
    )]
    NoApplication { executable: PathBuf },
    #[error(transparent)]
    Manifest(manifest::Error),
    #[error(transparent)]
    Cache(#[from] cache::Error),
    #[error(transparent)]
    Config(#[from] interp_config::ConfigError),
    #[error(transparent)]
    StartMethod(#[from] platform_policy::Impossible),
    #[error(transparent)]
    Worker(#[from] Refused),
    #[error(transparent)]
    Runaway(#[from] Runaway),
    #[error(
        "this worker was started by another build of `{path}`, which was replaced while it ran; they cannot work \
         together: start the application anew"
    )]
    Replaced { path: PathBuf },
    #[error("could not {action} `{path}`: {source}{way_out}")]
    File { action: &'static str, path: PathBuf, source: std::io::Error, way_out: &'static str },
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<manifest::Error> for Error {
    fn from(error: manifest::Error) -> Self {
        match error.into_archive() {
            Ok(error) => error.into(),
            Err(error) => Problem::Manifest(error).into(),
        }
    }
}

macro_rules! problems {
    ($($source:ty),* $(,)?) => {
        $(impl From<$source> for Error {
            fn from(error: $source) -> Self {
                Problem::from(error).into()
            }
        })*
    };
}

problems! {
    cache::Error,
    importer_core::Error,
    interp_config::ConfigError,
    platform_policy::Impossible,
    Refused,
    Runaway,
}

impl Error {
    /// An error of the phase in which the interpreter starts.
    pub(crate) fn start(message: impl Into<String>) -> Self {
        Problem::Start { message: message.into() }.into()
    }

    /// The error of a damaged archive, or else this one again: damage is told to Python in a class of its own.
    pub(crate) fn into_archive(self) -> Result<importer_core::Error, Self> {
        match *self.0 {
            Problem::Archive(error) => Ok(error),
            other => Err(other.into()),
        }
    }

    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Problem::StartMethod(_) | Problem::Config(_) | Problem::Worker(_) => ErrorKind::Usage,
            Problem::Manifest(error) if error.kind() == manifest::ErrorKind::Configuration => {
                ErrorKind::Usage
            }
            Problem::Runaway(_) => ErrorKind::Runaway,
            Problem::Archive(_)
            | Problem::Manifest(_)
            | Problem::Cut { .. }
            | Problem::NoStandardLibrary
            | Problem::Replaced { .. } => ErrorKind::Archive,
            #[cfg(feature = "runtime")]
            Problem::NoApplication { .. } => ErrorKind::Archive,
            Problem::Cache(_) | Problem::File { .. } => ErrorKind::File,
            Problem::Start { .. } => ErrorKind::Start,
        }
    }

    /// The exit code that `--help` documents for this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            ErrorKind::Usage | ErrorKind::Runaway => exit_code::USAGE,
            ErrorKind::Archive => exit_code::INPUT,
            ErrorKind::File => exit_code::OUTPUT,
            ErrorKind::Start => exit_code::PYTHON,
        }
    }
}

/// The exit codes of the `coldframe` command, apart from those that an application ends with.
pub mod exit_code {
    /// A wrong command line, or a setting that is unknown or impossible.
    pub const USAGE: u8 = 2;
    /// Something that was to be read is missing, damaged, or made for something else.
    pub const INPUT: u8 = 3;
    /// Something could not be written: the output, or the cache.
    pub const OUTPUT: u8 = 4;
    /// There is no Python that fits, or it cannot be started.
    pub const PYTHON: u8 = 5;
}

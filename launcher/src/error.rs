//! The errors before, around and instead of a run of Python.

use std::path::PathBuf;

use thiserror::Error as ThisError;

use crate::ancestry::Runaway;
use crate::worker::Refused;

/// A reason why an interpreter could not be run. An exception of the application is not an error of ours: it is an exit code.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The interpreter could not be started.
    #[error("could not start Python {version}: {message}", version = env!("COLDFRAME_PYTHON_VERSION"))]
    Start {
        /// The reason, in CPython's words or ours.
        message: String,
    },
    /// There is nothing to boot from.
    #[error(
        "no archive holds the standard library: add one that does, or set `filesystem-importer = true` to use the one \
         of the Python that this program was built with"
    )]
    NoStandardLibrary,
    /// An archive is damaged, or was made for something else.
    #[error(transparent)]
    Archive(#[from] importer_core::Error),
    /// The executable was made to carry an archive, and there is none.
    #[error(
        "`{}` was made with an archive in it, and has lost it: the file was cut short, or rewritten by a tool that \
         does not keep it; copy it again or build it again",
        executable.display()
    )]
    Cut {
        /// The executable.
        executable: PathBuf,
    },
    /// The runtime alone, with no application behind it.
    #[error(
        "`{}` is the runtime that `coldframe build` puts before an application, and has none: build one with \
         `coldframe build`",
        executable.display()
    )]
    NoApplication {
        /// The executable.
        executable: PathBuf,
    },
    /// The archive was packed for another launcher, or says something of itself that is not understood.
    #[error(transparent)]
    Manifest(manifest::Error),
    /// The configuration in the archive cannot be read.
    #[error(transparent)]
    Config(#[from] interp_config::ConfigError),
    /// The start method is impossible on this system.
    #[error(transparent)]
    StartMethod(#[from] platform_policy::Impossible),
    /// The command line of a worker process was refused.
    #[error(transparent)]
    Worker(#[from] Refused),
    /// The program has started itself again and again.
    #[error(transparent)]
    Runaway(#[from] Runaway),
    /// A worker process is of another build than the program that started it.
    #[error(
        "this worker was started by another build of `{path}`, which was replaced while it ran; they cannot work \
         together: start the application anew"
    )]
    Replaced {
        /// The executable.
        path: PathBuf,
    },
    /// A file or folder could not be used.
    #[error("could not {action} `{path}`: {source}{way_out}")]
    File {
        /// The action that failed.
        action: &'static str,
        /// The file of the action.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
        /// The way out for the user, or nothing.
        way_out: &'static str,
    },
}

impl From<manifest::Error> for Error {
    fn from(error: manifest::Error) -> Self {
        match error {
            manifest::Error::Archive(error) => Self::Archive(error),
            manifest::Error::Configuration(error) => Self::Config(error),
            other => Self::Manifest(other),
        }
    }
}

impl From<cache::Error> for Error {
    fn from(cache::Error { action, path, source, way_out, .. }: cache::Error) -> Self {
        Self::File { action, path, source, way_out }
    }
}

impl Error {
    /// An error of the phase in which the interpreter starts.
    pub(crate) fn start(message: impl Into<String>) -> Self {
        Self::Start { message: message.into() }
    }

    /// The exit code that the README and `--help` document for this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::StartMethod(_) | Self::Config(_) | Self::Worker(_) | Self::Runaway(_) => {
                exit_code::USAGE
            }
            Self::Archive(_)
            | Self::Manifest(_)
            | Self::Cut { .. }
            | Self::NoApplication { .. }
            | Self::NoStandardLibrary
            | Self::Replaced { .. } => exit_code::INPUT,
            Self::File { .. } => exit_code::OUTPUT,
            Self::Start { .. } => exit_code::PYTHON,
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

//! The errors of the command.

use std::path::PathBuf;

use launcher::command_parts::exit_code;
use packer::{BundleError, BundleErrorKind, CacheError, FileNeed, GlibcVersion};
use thiserror::Error;

#[derive(Debug, Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    Launcher(#[from] launcher::Error),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Archive(#[from] importer_core::Error),
    #[error(transparent)]
    Config(#[from] interp_config::ConfigError),
    #[error(transparent)]
    StartMethod(#[from] platform_policy::Impossible),
    #[error(transparent)]
    Target(#[from] platform_policy::UnknownTriple),
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error(
        "the rules that `--record-files` finds cannot be written to `{}`: {source}; make that possible, or give \
         `--file-access PACKAGE=cache` for each package whose C code opens files",
        path.display()
    )]
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "runs are recorded on Linux"))]
    Settings { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Usage(String),
    #[error("could not install `{}`:\n{said}", requirements.display())]
    Requirements { requirements: PathBuf, said: String },
    #[error("{0}")]
    Python(String),
    #[error(
        "`--strict`: the application would miss what warnings above name ({0} of them); nothing was written"
    )]
    Absent(usize),
    /// The files that need more are sorted, the highest version first.
    #[error(
        "the executable would need glibc {}, and `--glibc {allowed}` (or the setting `build.glibc`) allows no more:\n{}\nleave out what needs it with `--exclude`, or allow more",
        highest(needs),
        lines(needs)
    )]
    Glibc { allowed: GlibcVersion, needs: Vec<FileNeed> },
    #[error("{0}")]
    Launch(String),
    #[error("cannot print: {0}")]
    Print(#[source] std::io::Error),
}

impl From<cache::Error> for CommandError {
    fn from(error: cache::Error) -> Self {
        Self::Launcher(error.into())
    }
}

impl CommandError {
    /// The exit code that `--help` documents.
    pub(super) fn exit_code(&self) -> u8 {
        if is_about_writing(self) {
            return exit_code::OUTPUT;
        }
        match self {
            Self::Launcher(error) => error.exit_code(),
            Self::Usage(_) | Self::Config(_) | Self::StartMethod(_) | Self::Target(_) => {
                exit_code::USAGE
            }
            Self::Archive(_)
            | Self::Io { .. }
            | Self::Launch(_)
            | Self::Requirements { .. }
            | Self::Absent(_)
            | Self::Glibc { .. } => exit_code::INPUT,
            Self::Cache(_) | Self::Print(_) | Self::Settings { .. } => exit_code::OUTPUT,
            Self::Python(_) => exit_code::PYTHON,
            Self::Bundle(error) => bundle_exit_code(error),
        }
    }
}

/// Whether the system had no room for a file, in whatever phase that was.
fn is_about_writing(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};

    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    matches!(kind, Some(StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem))
        || error.source().is_some_and(is_about_writing)
}

fn bundle_exit_code(error: &BundleError) -> u8 {
    match error.kind() {
        BundleErrorKind::Output => exit_code::OUTPUT,
        BundleErrorKind::Selection => exit_code::USAGE,
        BundleErrorKind::Python | BundleErrorKind::CompileProcess => exit_code::PYTHON,
        _ => exit_code::INPUT,
    }
}

/// The highest needed version: the error is made only when a file needs more than is allowed.
fn highest(needs: &[FileNeed]) -> String {
    needs.first().map(|need| need.glibc.to_string()).unwrap_or_default()
}

fn lines(needs: &[FileNeed]) -> String {
    needs.iter().map(|need| format!("  {need}")).collect::<Vec<_>>().join("\n")
}

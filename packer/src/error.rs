//! The errors between an application's folder and its archive.

use std::io;
use std::path::{Path, PathBuf};

/// A mistake in a file of rules for distributions, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleError {
    pub(crate) path: PathBuf,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The column, counted from 1, in characters.
    pub(crate) column: usize,
    /// The complaint, and a suggestion.
    pub(crate) message: String,
}

/// A reason why an application could not be packed; its `Display` names the thing, and the way out where there is one.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BundleError(Box<Problem>);

/// The kinds of [`BundleError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BundleErrorKind {
    /// A file or folder could not be read or written.
    Io,
    /// The path given as the application is none, or holds nothing that could be run.
    Application,
    /// The entry point is not there.
    EntryPoint,
    /// The environment is none, or for another Python; or a package in it cannot be packed as it is installed.
    Environment,
    /// The Python is none that can be packed, or does not run.
    Python,
    /// A compile process could not be started, is another Python, or died.
    CompileProcess,
    /// A name or a path that was to be packed or left out cannot be.
    Selection,
    /// A file of rules for distributions is wrong.
    Rules,
    /// Modules of the application do not compile ([`BundleError::broken`]).
    Broken,
    /// A file is no executable that can be read.
    Executable,
    /// The place for the output cannot be one.
    Output,
    /// The archive's reader or writer refused.
    Archive,
}

/// Every message of the crate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("could not {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "data cannot lie at `{0}`: give a path below the application's, such as `assets/images`"
    )]
    DataTarget(String),
    #[error("there is no application at `{}`: give a folder, or a `.py` file", .0.display())]
    NoApplication(PathBuf),
    #[error("`{}` is not an application: give a folder, or a `.py` file", .0.display())]
    NotAnApplication(PathBuf),
    #[error("`{}` holds no `__main__.py`: add one, or name an entry point with `--entry package.module:function`", .0.display())]
    NothingToRun(PathBuf),
    #[error("`{}` holds no `__main__.py`: give its script, `{}`, or name an entry point with `--entry package.module:function`", folder.display(), script.display())]
    OnlyAScript { folder: PathBuf, script: PathBuf },
    #[error("`{}` does not work as a Python interpreter: {reason}", python.display())]
    NotPython { python: PathBuf, reason: String },
    #[error(
        "`{}` is no Python for Windows: {reason}; name a folder as its installer or the NuGet package `python` makes it, with \
         `python313.dll`, `Lib` and `DLLs`",
        folder.display()
    )]
    NotWindowsPython { folder: PathBuf, reason: String },
    #[error("`{}` is {implementation}, and only CPython can be packed", python.display())]
    NotCPython { python: PathBuf, implementation: String },
    #[error("`{}` is not a virtual environment: it has no `pyvenv.cfg`", .0.display())]
    NotAnEnvironment(PathBuf),
    #[error("the virtual environment `{}` has no `site-packages` folder for Python {}.{}", folder.display(), version.0, version.1)]
    NoSitePackages { folder: PathBuf, version: (u8, u8) },
    #[error(
        "the environment `{}` is for {found}, and this `coldframe` runs {wanted}: use a `coldframe` for {found} (`pip \
         install coldframe` there gives one), or make the environment with {wanted}",
        folder.display()
    )]
    EnvironmentVersion { folder: PathBuf, found: String, wanted: String },
    #[error("{0}")]
    Rules(Box<RuleError>),
    #[error("`--include {name}`: no module, package or distribution of that name in {searched}")]
    IncludeNotFound { name: String, searched: String },
    #[error("`--exclude {pattern}` leaves out `{module}`, without which Python does not start")]
    ExcludedEssential { pattern: String, module: &'static str },
    #[error(
        "the entry point `{entry}` needs the module `{module}`, and it is neither in the application nor in {searched}"
    )]
    EntryModule { entry: String, module: String, searched: String },
    #[error(
        "the entry point `{entry}` does not exist: the module `{module}` defines no `{attribute}`"
    )]
    EntryAttribute { entry: String, module: String, attribute: String },
    #[error(
        "`{name}` is needed and installed in editable mode through an import hook (from `{location}`): install it normally, without `-e`"
    )]
    Editable { name: String, location: String },
    #[error("{}\n(`--allow-broken` packs them without code; importing one is this error then)", list(.0))]
    Broken(Vec<Broken>),
    #[error("could not start the compile process `{}`: {source}", program.display())]
    WorkerStart { program: PathBuf, source: io::Error },
    #[error("the compile process is Python {found}, but the archive is for Python {wanted}")]
    WorkerVersion { found: String, wanted: String },
    #[error("the compile process {reason} while compiling `{}`{}", module.display(), said(stderr))]
    Worker { module: PathBuf, reason: String, stderr: String },
    #[error("cannot write the executable `{}`: {reason}", path.display())]
    Output { path: PathBuf, reason: String },
    #[error("`{}` is not an executable that can be examined: {reason}", path.display())]
    Executable { path: PathBuf, reason: String },
    #[error(
        "the executable needs the library `{name}`, which is not in {searched}: name a Python that has it with `--python`, or build with a `coldframe` that has Python inside"
    )]
    NoLibpython { name: String, searched: String },
    #[error(transparent)]
    Archive(importer_core::Error),
    #[error(transparent)]
    Manifest(manifest::Error),
}

impl From<Problem> for BundleError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<importer_core::Error> for BundleError {
    fn from(error: importer_core::Error) -> Self {
        Problem::Archive(error).into()
    }
}

impl From<manifest::Error> for BundleError {
    fn from(error: manifest::Error) -> Self {
        match error.into_archive() {
            Ok(error) => error.into(),
            Err(error) => Problem::Manifest(error).into(),
        }
    }
}

impl BundleError {
    /// An error of the system, with the failed action and its file; for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Problem::Io { action, path, source }.into()
    }

    /// The place for an output cannot be one, for a caller who writes it.
    pub fn output(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Problem::Output { path: path.into(), reason: reason.into() }.into()
    }

    /// A folder or an archive has nothing in it that could be run, for a caller who runs it.
    pub fn nothing_to_run(path: impl Into<PathBuf>) -> Self {
        Problem::NothingToRun(path.into()).into()
    }

    /// The modules that do not compile; none by an error of another kind.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        match &*self.0 {
            Problem::Broken(broken) => broken,
            _ => &[],
        }
    }

    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> BundleErrorKind {
        match &*self.0 {
            Problem::Io { .. } => BundleErrorKind::Io,
            Problem::NoApplication(_)
            | Problem::NotAnApplication(_)
            | Problem::NothingToRun(_)
            | Problem::OnlyAScript { .. } => BundleErrorKind::Application,
            Problem::EntryModule { .. } | Problem::EntryAttribute { .. } => {
                BundleErrorKind::EntryPoint
            }
            Problem::NotAnEnvironment(_)
            | Problem::NoSitePackages { .. }
            | Problem::EnvironmentVersion { .. }
            | Problem::Editable { .. } => BundleErrorKind::Environment,
            Problem::NotPython { .. }
            | Problem::NotWindowsPython { .. }
            | Problem::NotCPython { .. }
            | Problem::NoLibpython { .. } => BundleErrorKind::Python,
            Problem::WorkerStart { .. }
            | Problem::WorkerVersion { .. }
            | Problem::Worker { .. } => BundleErrorKind::CompileProcess,
            Problem::IncludeNotFound { .. }
            | Problem::ExcludedEssential { .. }
            | Problem::DataTarget(_) => BundleErrorKind::Selection,
            Problem::Rules(_) => BundleErrorKind::Rules,
            Problem::Broken(_) => BundleErrorKind::Broken,
            Problem::Executable { .. } => BundleErrorKind::Executable,
            Problem::Output { .. } => BundleErrorKind::Output,
            Problem::Archive(_) | Problem::Manifest(_) => BundleErrorKind::Archive,
        }
    }
}

fn list(broken: &[Broken]) -> String {
    broken.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; it said: {stderr}") }
}

/// A source file that does not compile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}`{} does not compile: {message}{}", file.display(), line_suffix(*line), text_suffix(text))]
#[non_exhaustive]
pub struct Broken {
    /// The path of the file.
    pub file: PathBuf,
    /// The line, where Python names one.
    pub line: Option<u32>,
    /// Python's own words, `SyntaxError: …`.
    pub message: String,
    /// The line's text, where Python gives it.
    pub text: String,
}

fn line_suffix(line: Option<u32>) -> String {
    line.map(|line| format!(", line {line},")).unwrap_or_default()
}

fn text_suffix(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!("\n    {}", text.trim()) }
}

/// A reason why the cache could not be used; its `Display` has the way out.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CacheError(CacheProblem);

#[derive(Debug, thiserror::Error)]
enum CacheProblem {
    #[error("no cache folder is known (there is no home folder): {WAY_OUT}")]
    NoHome,
    #[error("could not {action} in the cache folder `{}`: {source}; {WAY_OUT}", folder.display())]
    Io { action: &'static str, folder: PathBuf, source: io::Error },
}

const WAY_OUT: &str = "name another with `--cache-dir` or `COLDFRAME_CACHE_DIR`";

/// The kinds of [`CacheError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheErrorKind {
    /// No folder is known: there is no home folder, and none was named.
    NoHome,
    /// The folder cannot be made, read or written.
    Io(io::ErrorKind),
}

impl CacheError {
    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> CacheErrorKind {
        match &self.0 {
            CacheProblem::NoHome => CacheErrorKind::NoHome,
            CacheProblem::Io { source, .. } => CacheErrorKind::Io(source.kind()),
        }
    }

    /// The system does not say where the user's cache is.
    pub(crate) fn no_home() -> Self {
        Self(CacheProblem::NoHome)
    }

    /// The folder cannot be made or written.
    pub(crate) fn io(action: &'static str, folder: &Path, source: io::Error) -> Self {
        Self(CacheProblem::Io { action, folder: folder.to_owned(), source })
    }
}

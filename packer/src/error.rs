//! The errors between an application's folder and its archive.

use std::io;
use std::path::{Path, PathBuf};

use super::{FileNeed, GlibcVersion};

/// A mistake in a file of rules for distributions, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in characters.
    pub column: usize,
    /// The complaint, and a suggestion.
    pub message: String,
}

/// A reason why an application could not be packed; each message names the thing, and the way out where there is one.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or folder could not be read or written.
    #[error("could not {action} `{}`: {source}", path.display())]
    Io {
        /// The failed action, as it reads after "could not".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A path that data is to have in the archive leads elsewhere.
    #[error(
        "data cannot lie at `{0}`: give a path below the application's, such as `assets/images`"
    )]
    DataTarget(String),
    /// The path given as the application is not there.
    #[error("there is no application at `{}`: give a folder, or a `.py` file", .0.display())]
    NoApplication(PathBuf),
    /// The path given as the application is neither a folder nor Python source.
    #[error("`{}` is not an application: give a folder, or a `.py` file", .0.display())]
    NotAnApplication(PathBuf),
    /// A folder with nothing in it that could be run.
    #[error("`{}` holds no `__main__.py`: add one, or name an entry point with `--entry package.module:function`", .0.display())]
    NothingToRun(PathBuf),
    /// The program named as the Python to take the standard library from does not answer like one.
    #[error("`{}` does not work as a Python interpreter: {reason}", python.display())]
    NotPython {
        /// The program.
        python: PathBuf,
        /// Its behaviour instead.
        reason: String,
    },
    /// The folder named as a Python for Windows is none.
    #[error(
        "`{}` is no Python for Windows: {reason}; name a folder as its installer or the NuGet package `python` makes it, with \
         `python313.dll`, `Lib` and `DLLs`",
        folder.display()
    )]
    NotWindowsPython {
        /// The folder.
        folder: PathBuf,
        /// The part that it lacks.
        reason: String,
    },
    /// A Python which is not CPython.
    #[error("`{}` is {implementation}, and only CPython can be packed", python.display())]
    NotCPython {
        /// The program.
        python: PathBuf,
        /// Its name for itself.
        implementation: String,
    },
    /// The folder given as the virtual environment is none.
    #[error("`{}` is not a virtual environment: it has no `pyvenv.cfg`", .0.display())]
    NotAnEnvironment(PathBuf),
    /// A virtual environment without a `site-packages` folder where one must be.
    #[error("the virtual environment `{}` has no `site-packages` folder for Python {}.{}", folder.display(), version.0, version.1)]
    NoSitePackages {
        /// The environment.
        folder: PathBuf,
        /// The Python that was looked for.
        version: (u8, u8),
    },
    /// The environment's packages were installed for another Python than the one that will run them.
    #[error(
        "the environment `{}` is for {found}, and this `coldframe` runs {wanted}: use a `coldframe` for {found} (`pip \
         install coldframe` there gives one), or make the environment with {wanted}",
        folder.display()
    )]
    EnvironmentVersion {
        /// The environment.
        folder: PathBuf,
        /// Its Python.
        found: String,
        /// The launcher's Python.
        wanted: String,
    },
    /// Something would be absent when the application runs, and that was not to be.
    #[error(
        "`--strict`: the application would miss what warnings above name ({0} of them); nothing was written"
    )]
    Absent(usize),
    /// A file of rules for distributions is wrong.
    #[error("{0}")]
    Rules(Box<RuleError>),
    /// `--include` names nothing that is installed.
    #[error("`--include {name}`: no module, package or distribution of that name in {searched}")]
    IncludeNotFound {
        /// The given name.
        name: String,
        /// The places where it was looked for.
        searched: String,
    },
    /// `--exclude` takes away a module that the interpreter itself needs.
    #[error("`--exclude {pattern}` leaves out `{module}`, without which Python does not start")]
    ExcludedEssential {
        /// The given pattern.
        pattern: String,
        /// The module that it matches.
        module: &'static str,
    },
    /// A module that must run first is nowhere in the archive.
    #[error(
        "the entry point `{entry}` needs the module `{module}`, and it is neither in the application nor in {searched}"
    )]
    EntryModule {
        /// The entry point or module, as given.
        entry: String,
        /// The missing module.
        module: String,
        /// The other places where it was looked for.
        searched: String,
    },
    /// The entry point's module does not define the function.
    #[error(
        "the entry point `{entry}` does not exist: the module `{module}` defines no `{attribute}`"
    )]
    EntryAttribute {
        /// The entry point, as given.
        entry: String,
        /// Its module.
        module: String,
        /// The attribute that the module lacks.
        attribute: String,
    },
    /// A package that is needed is installed in a way that cannot be packed.
    #[error(
        "`{name}` is needed and installed in editable mode through an import hook (from `{location}`): install it normally, without `-e`"
    )]
    Editable {
        /// The distribution.
        name: String,
        /// The place of its source.
        location: String,
    },
    /// Modules of the application do not compile.
    #[error("{}\n(`--allow-broken` packs them without code; importing one is this error then)", list(.0))]
    Broken(Vec<Broken>),
    /// A compile process could not be started.
    #[error("could not start the compile process `{}`: {source}", program.display())]
    WorkerStart {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A compile process is not the Python that the archive is for.
    #[error("the compile process is Python {found}, but the archive is for Python {wanted}")]
    WorkerVersion {
        /// The Python that answered.
        found: String,
        /// The Python that was to answer.
        wanted: String,
    },
    /// A compile process died or answered nonsense.
    #[error("the compile process {reason} while compiling `{}`{}", module.display(), said(stderr))]
    Worker {
        /// The file being compiled.
        module: PathBuf,
        /// The process's end, as a verb.
        reason: String,
        /// The end of its output on standard error.
        stderr: String,
    },
    /// The place for the executable cannot be one.
    #[error("cannot write the executable `{}`: {reason}", path.display())]
    Output {
        /// The path given.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An executable that cannot be read as one.
    #[error("`{}` is not an executable that can be examined: {reason}", path.display())]
    Executable {
        /// The file.
        path: PathBuf,
        /// The reader's reason.
        reason: String,
    },
    /// The shared library that the launcher needs is not there to be copied.
    #[error(
        "the executable needs the library `{name}`, which is not in {searched}: name a Python that has it with `--python`, or build with a `coldframe` that has Python inside"
    )]
    NoLibpython {
        /// The library.
        name: String,
        /// The folders that were searched.
        searched: String,
    },
    /// Something needs a newer glibc than the executable may.
    #[error(
        "the executable would need glibc {}, and `--glibc {allowed}` (or the setting `build.glibc`) allows no more:\n{}\nleave out what needs it with `--exclude`, or allow more",
        needed(needs),
        lines(needs)
    )]
    Glibc {
        /// The version that was asked for.
        allowed: GlibcVersion,
        /// The files that need more, the highest version first.
        needs: Vec<FileNeed>,
    },
    /// The archive's reader or writer refused.
    #[error(transparent)]
    Archive(#[from] importer_core::Error),
    /// An attribute of an archive to pack again is not understood.
    #[error(transparent)]
    Manifest(manifest::Error),
}

impl From<manifest::Error> for BundleError {
    fn from(error: manifest::Error) -> Self {
        match error {
            manifest::Error::Archive(error) => Self::Archive(error),
            other => Self::Manifest(other),
        }
    }
}

impl BundleError {
    /// An error of the system, with the failed action and its file; for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// The highest needed version: the error is made only when a file needs more than is allowed.
fn needed(needs: &[FileNeed]) -> String {
    needs.first().map(|need| need.glibc.to_string()).unwrap_or_default()
}

fn lines(needs: &[FileNeed]) -> String {
    needs.iter().map(|need| format!("  {need}")).collect::<Vec<_>>().join("\n")
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

/// A reason why the cache could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The system does not say where the user's cache is.
    #[error("no cache folder is known (there is no home folder): {WAY_OUT}")]
    NoHome,
    /// The folder cannot be made or written.
    #[error("could not {action} in the cache folder `{}`: {source}; {WAY_OUT}", folder.display())]
    Io {
        /// The failed action, as it reads after "could not".
        action: &'static str,
        /// The cache folder.
        folder: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

const WAY_OUT: &str = "name another with `--cache-dir` or `COLDFRAME_CACHE_DIR`";

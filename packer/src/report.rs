//! The report of a build: the packed parts, the reasons, and the warnings.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::{Broken, Needs, Trace};

/// The report of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The packed parts, by their origin.
    pub parts: BTreeMap<Origin, Part>,
    /// The packages taken from the environment, sorted by name.
    pub packages: Vec<Package>,
    /// The application's and the environment's packages whose files are opened by path: they are put into the user's
    /// cache when a module that does so is imported.
    pub file_users: Vec<FileUse>,
    /// The part of the standard library that is packed.
    pub standard_library: StandardLibraryPart,
    /// Imports that nothing answers, neither the application nor a package nor the standard library.
    pub missing: Vec<Missing>,
    /// Installed distributions that something imports, and that were left out.
    pub left_out: Vec<LeftOut>,
    /// The way to each module and distribution.
    pub trace: Trace,
    /// The packed libraries' needs of the system; the launcher is not among them.
    pub needs: Needs,
    /// The warnings for the user.
    pub warnings: Vec<Warning>,
}

/// A package whose files are put into the user's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileUse {
    /// The package whose files they are.
    pub package: String,
    /// The reason.
    pub because: String,
}

/// The part of the standard library that is packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StandardLibraryPart {
    /// All of it, for this reason.
    All(String),
    /// The modules that imports lead to, and those that every application gets.
    Reached {
        /// The number of packed modules.
        modules: usize,
        /// The number of all its modules.
        of: usize,
    },
    /// None: another archive or the Python installation has it.
    #[default]
    Elsewhere,
}

/// An import that nothing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// The module's dotted name.
    pub name: String,
    /// The importing file.
    pub file: String,
    /// The line of the import, counted from 1.
    pub line: u32,
    /// Whether the importing module may do without it: the import is in a function or under `try`.
    pub is_optional: bool,
}

/// An installed distribution that is imported, and was left out all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Its name.
    pub distribution: String,
    /// The name in the import, or the group of entry points.
    pub import: String,
    /// The first importing file.
    pub file: String,
    /// The line of the import, counted from 1; 0 for entry points.
    pub line: u32,
    /// The reason.
    pub why: &'static str,
}

/// The origin of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The application.
    Application,
    /// Modules that the builder adds.
    Support,
    /// The standard library.
    StandardLibrary,
    /// Packages of the virtual environment.
    Environment,
    /// Shared libraries of the build machine's system.
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Support => "support modules",
            Self::StandardLibrary => "standard library",
            Self::Environment => "packages",
            Self::System => "system libraries",
        })
    }
}

/// Counts of one origin's entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Modules with code.
    pub modules: usize,
    /// Extension modules.
    pub extensions: usize,
    /// Other files.
    pub files: usize,
    /// Bytes of source.
    pub source_bytes: u64,
    /// Bytes of compiled code.
    pub code_bytes: u64,
    /// Bytes of extension modules.
    pub extension_bytes: u64,
    /// Bytes of other files.
    pub file_bytes: u64,
}

/// A distribution (or a module that none owns) taken from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, if it has metadata.
    pub version: Option<String>,
    /// The reason why it was taken.
    pub reason: Reason,
    /// The bytes that it takes in the archive, before anything is compressed.
    pub bytes: u64,
}

/// A reason why a package was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It holds the entry point, or a module that the settings name.
    EntryPoint(String),
    /// A module of the application imports it.
    Application {
        /// The imported name.
        import: String,
        /// The importing file.
        file: String,
    },
    /// A packed package imports it, although it does not require it.
    ImportedBy {
        /// The imported name.
        import: String,
        /// The importing file.
        file: String,
    },
    /// A packed distribution requires it.
    RequiredBy(String),
    /// It has an entry point in a group that packed code names.
    PlugIn {
        /// The group, such as `pytest11`.
        group: String,
        /// The file whose code names it.
        file: String,
    },
    /// `--include` names it.
    Included(String),
    /// A rule for that distribution names it.
    Rule(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntryPoint(name) => write!(f, "`{name}` is run"),
            Self::Application { import, file } => {
                write!(f, "the application imports `{import}` in `{file}`")
            }
            Self::ImportedBy { import, file } => write!(f, "`{file}` imports `{import}`"),
            Self::RequiredBy(name) => write!(f, "`{name}` requires it"),
            Self::PlugIn { group, file } => {
                write!(f, "it plugs into `{group}`, which `{file}` asks for")
            }
            Self::Included(pattern) => write!(f, "`--include {pattern}`"),
            Self::Rule(name) => write!(f, "a rule for `{name}` names it"),
        }
    }
}

/// Something that did not stop the build and may matter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A module that does not compile: its source is packed without code, and importing it is the error that Python gives.
    Broken(Broken),
    /// A module of the application has the name of one in the standard library, which it hides.
    Shadows(String),
    /// `--exclude` with a pattern that matches nothing.
    ExcludeUnused(String),
    /// `--exclude` of a module that another one cannot do without.
    ExcludedNeeded {
        /// The given pattern.
        pattern: String,
        /// The imported name.
        import: String,
        /// The importing file.
        file: String,
        /// The line of the import, counted from 1.
        line: u32,
    },
    /// A rule of `file-access` for a package that is not packed.
    FileAccessUnused(String),
    /// A `.pth` file with code, which a built application does not run.
    PathFileCode(PathBuf),
    /// Modules were taken from a folder that a `.pth` file names (an editable installation).
    PathFileFolder {
        /// The `.pth` file.
        file: PathBuf,
        /// The folder it names.
        folder: PathBuf,
    },
    /// Metadata without a name, such as a folder without `METADATA`: the rest of an interrupted installation.
    NoMetadata(PathBuf),
    /// A file whose name is not Unicode, left out.
    NotUtf8(PathBuf),
    /// A symbolic link to a folder that it lies in, left out.
    LinkLoop(PathBuf),
    /// A symbolic link to nothing, left out.
    DanglingLink(PathBuf),
    /// A shared library that a packed one needs, and that this machine does not have.
    LibraryMissing {
        /// The library's name.
        name: String,
        /// The packed file that needs it.
        file: String,
    },
    /// A module of the standard library that packed code imports and that is not in the archive.
    NotPacked {
        /// The missing module.
        name: String,
        /// The name in the import, which may be one that needs it.
        import: String,
        /// The importing file.
        file: String,
        /// The line of the import, counted from 1.
        line: usize,
        /// Whether it was left out of the standard library, and not missing in the Python.
        is_left_out: bool,
    },
    /// A call of the application that is an error, for the launcher sets the method.
    SetsStartMethod {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u32,
    },
    /// Code that the builder could not look into: its imports are unknown.
    NotScanned(String),
}

impl Warning {
    /// Whether something would be absent when the application runs.
    pub fn is_about_absence(&self) -> bool {
        matches!(self, Self::NotPacked { .. } | Self::LibraryMissing { .. })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "{broken}"),
            Self::Shadows(name) => {
                write!(
                    f,
                    "the application's `{name}` hides the standard library's module of that name"
                )
            }
            Self::ExcludeUnused(pattern) => write!(f, "`--exclude {pattern}` matches nothing"),
            Self::ExcludedNeeded { pattern, import, file, line } => {
                write!(
                    f,
                    "`--exclude {pattern}` leaves out what `{file}`, line {line}, cannot do without: `{import}`"
                )
            }
            Self::FileAccessUnused(package) => {
                write!(f, "`file-access` names `{package}`, of which nothing is packed")
            }
            Self::PathFileCode(file) => {
                write!(f, "the code in `{}` does not run in a built application", file.display())
            }
            Self::PathFileFolder { file, folder } => {
                write!(
                    f,
                    "`{}` adds the folder `{}` (an editable installation)",
                    file.display(),
                    folder.display()
                )
            }
            Self::NoMetadata(folder) => {
                write!(
                    f,
                    "`{}` has no METADATA (or PKG-INFO) with a name, and was ignored",
                    folder.display()
                )
            }
            Self::NotUtf8(path) => {
                write!(f, "`{}` was left out: its name is not Unicode", path.display())
            }
            Self::LinkLoop(path) => {
                write!(f, "`{}` was left out: it links to a folder it lies in", path.display())
            }
            Self::DanglingLink(path) => {
                write!(f, "`{}` was left out: it links to nothing", path.display())
            }
            Self::LibraryMissing { name, file } => {
                write!(
                    f,
                    "`{file}` needs `{name}`, which is not on this machine, and was not packed: install it here, or say \
                     `--system-library {name}=leave`"
                )
            }
            Self::NotPacked { name, import, file, line, is_left_out } => {
                write!(f, "not packed: `{name}`, for `{file}`, line {line}, imports `{import}`; ")?;
                if *is_left_out {
                    write!(
                        f,
                        "tests are left out of the standard library: `--include {name}` takes it along"
                    )
                } else {
                    write!(f, "this Python was built without it: name another one with `--python`")
                }
            }
            Self::SetsStartMethod { file, line } => {
                write!(
                    f,
                    "`{file}`, line {line}, calls `set_start_method()`, which will raise RuntimeError, for the method is set when \
                     `multiprocessing` is imported: name it by the setting `multiprocessing-start-method` (or `--start-method`), \
                     `none` to leave it to the code, or call it with `force=True`"
                )
            }
            Self::NotScanned(path) => {
                write!(f, "the imports of `{path}` are unknown: name them with `--include`")
            }
        }
    }
}

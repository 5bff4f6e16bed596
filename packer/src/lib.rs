//! Turns an application, a virtual environment and a standard library into an archive, and an archive into an executable.
//!
//! ```no_run
//! use std::path::Path;
//! use packer::{Application, BundleRequest, CompileCommand, COMPILE_WORKER, PythonInstallation, StandardLibrary};
//!
//! # fn main() -> Result<(), packer::BundleError> {
//! let python = PythonInstallation::inspect(Path::new("python3"))?;
//! let application = Application::read(Path::new("app"), None, &python.extension_suffixes, &[])?;
//! let compile = CompileCommand {
//!     program: python.executable.clone(),
//!     arguments: ["-I", "-S", "-B", "-c", COMPILE_WORKER].map(Into::into).into(),
//!     environment: Vec::new(),
//! };
//! let request = BundleRequest {
//!     application: Some(&application),
//!     ..BundleRequest::new(&python, &compile, StandardLibrary::Whole)
//! };
//! let bundle = request.build(&mut |_progress| {})?;
//! packer::write_executable(Path::new("coldframe"), bundle.writer, Path::new("dist/app"))?;
//! # Ok(())
//! # }
//! ```
//!
//! An archive holds the whole application; the whole standard library but [`DEFAULT_EXCLUDES`]; and of the environment the
//! modules that imports lead to from there ([`Trace`] has the way to each), or that are included by name, with the data
//! and metadata of their distributions. As on Python's own search path the application's modules
//! hide those of the standard library, and these hide the environment's.
//!
//! Nothing here prints; progress goes to a callback, and what the user should know is in the [`Report`]. The same input
//! gives the same bytes, however many processes compile.

mod application;
mod builder;
mod cache_folder;
mod checks;
mod compile;
mod developers;
mod distribution;
mod distribution_name;
mod elf;
mod environment;
mod environment_folders;
mod error;
mod file_users;
mod glibc;
mod installation;
mod item;
mod kept_code;
mod libpython;
mod libraries;
mod marshal;
mod metadata;
mod needs;
mod not_packed;
mod output;
mod owner;
mod packer;
mod pattern;
mod protocol;
mod reach;
mod rebuild;
mod report;
mod requirement;
mod roles;
mod rules;
mod source;
mod standard_needs;
mod stdlib;
mod stdlib_archive;
#[cfg(target_os = "linux")]
mod system_data;
#[cfg(target_os = "linux")]
mod system_libraries;
mod tree;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use importer_core::{Archive, Storage, Writer};
use interp_config::{
    EntryPoint, FileAccessRule, OptimizationLevel, Settings, StandardLibraryExtent,
    SystemLibraryRule,
};

pub use application::{Application, Layout};
pub use cache_folder::{CacheFolder, KeyBuilder};
pub use compile::{COMPILE_WORKER, CompileCommand};
pub use elf::lower::GlibcFloor;
pub use environment::Environment;
pub use error::{Broken, BundleError, CacheError, RuleError};
pub use glibc::{GlibcVersion, ParseGlibcError};
pub use installation::PythonInstallation;
pub use libpython::{copy_libpython_beside, needed_libpython};
pub use manifest::TRACE;
pub use needs::{FileNeed, Needs};
pub use output::{write_executable, write_executable_from};
pub use reach::{Step, Trace};
pub use rebuild::{Rebuild, RebuildMemory, Rebuilt};
pub use report::{
    FileUse, LeftOut, Missing, Origin, Package, Part, Reason, Report, StandardLibraryPart, Warning,
};
pub use stdlib::DEFAULT_EXCLUDES;

use compile::MainGuardQuestion;

/// All that a bundle is made from.
#[derive(Clone, Debug)]
pub struct BundleRequest<'a> {
    /// The user's program; none when an installed package is the application.
    pub application: Option<&'a Application>,
    /// The function to call, which must exist.
    pub entry: Option<&'a EntryPoint>,
    /// Where installed packages are taken from.
    pub environment: Option<&'a Environment>,
    /// The Python that the archive is for.
    pub python: &'a PythonInstallation,
    /// How compile processes are started.
    pub compile: &'a CompileCommand,
    /// Where the standard library comes from.
    pub stdlib: StandardLibrary<'a>,
    /// Modules, packages and distributions to take although nothing imports them; `*` is the whole environment.
    pub include: Vec<String>,
    /// Modules, packages and distributions to leave out; `*` stands for any text. They win over `include`.
    pub exclude: Vec<String>,
    /// Files with rules for single distributions, beside the built-in ones.
    pub distribution_rules: Vec<PathBuf>,
    /// Where the files of packages are served from that are not to be judged by their code.
    pub file_access: Vec<FileAccessRule>,
    /// Which libraries of this machine's system are packed, before the built-in rules.
    pub system_libraries: Vec<SystemLibraryRule>,
    /// The version of glibc that packed libraries are lowered to, as far as an older glibc has the same functions.
    pub glibc_floor: Option<&'a GlibcFloor>,
    /// How much of the standard library is packed.
    pub standard_library: StandardLibraryExtent,
    /// The setting for the sections of libraries that only debuggers read.
    pub debug_symbols: DebugSymbols,
    /// Whether bytecode and libraries are compressed too.
    pub storage: Storage,
    /// Where what does not fit into memory waits until it is written; the folder of temporary files if not given.
    pub waiting_room: Option<PathBuf>,
    /// The level to compile for.
    pub optimization: OptimizationLevel,
    /// The contents of the archive's attribute `configuration`; modules that it names are packed.
    pub settings: Settings,
    /// The purpose of the archive.
    pub purpose: Purpose,
    /// The setting for modules of the application that do not compile.
    pub broken: BrokenModules,
    /// Where compiled modules are kept for the next time.
    pub cache: Option<&'a CacheFolder>,
    /// How many processes compile; as many as the machine can run when not given.
    pub jobs: Option<NonZeroUsize>,
    /// Modules of the builder's own, compiled like others.
    pub support: &'a [SupportModule],
}

/// Where the standard library comes from.
#[derive(Clone, Copy, Debug)]
pub enum StandardLibrary<'a> {
    /// From the Python installation, but [`DEFAULT_EXCLUDES`].
    Whole,
    /// From an archive that has it already (its entries are copied, not compiled again).
    FromArchive(&'a Archive),
    /// From the sources in an archive that has it for another level, or that is to be packed in another way.
    FromSources(&'a Archive),
    /// From nowhere: this archive in the same stack serves it.
    Beside(&'a Archive),
    /// From nowhere: it is found as the Python installation has it.
    None,
}

impl<'a> StandardLibrary<'a> {
    /// The archive that knows which modules it has.
    pub(crate) fn archive(self) -> Option<&'a Archive> {
        match self {
            Self::FromArchive(archive) | Self::FromSources(archive) | Self::Beside(archive) => {
                Some(archive)
            }
            Self::Whole | Self::None => None,
        }
    }

    /// The archive whose entries are copied.
    fn copied(self) -> Option<&'a Archive> {
        match self {
            Self::FromArchive(archive) => Some(archive),
            Self::FromSources(_) | Self::Beside(_) | Self::Whole | Self::None => None,
        }
    }

    /// The archive whose entries are packed again.
    #[cfg(target_os = "linux")]
    fn sources(self) -> Option<&'a Archive> {
        match self {
            Self::FromSources(archive) => Some(archive),
            Self::FromArchive(_) | Self::Beside(_) | Self::Whole | Self::None => None,
        }
    }
}

/// The purpose of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To be run: its settings are in it.
    #[default]
    Application,
    /// To be packed into others: what the Python says of itself is in it ([`PythonInstallation::carried`]).
    StandardLibrary,
}

/// The setting for the sections of libraries that only debuggers read. The way a library is loaded does not depend on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DebugSymbols {
    /// Leave them out.
    #[default]
    Remove,
    /// Pack them.
    Keep,
}

/// The setting for modules of the application that do not compile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokenModules {
    /// Stop, and name it.
    #[default]
    Refuse,
    /// Pack its source without code, and warn: importing it is the error that Python gives.
    Pack,
}

/// A module whose source is part of the builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupportModule {
    /// Its full dotted name.
    pub name: &'static str,
    /// Its path in the archive.
    pub path: &'static str,
    /// Whether it is a package.
    pub is_package: bool,
    /// Its source.
    pub source: &'static str,
}

/// The result of [`BundleRequest::build`].
#[derive(Debug)]
pub struct Bundle {
    /// The archive, ready to be written.
    pub writer: Writer,
    /// The archive's contents, and the reasons for them.
    pub report: Report,
    /// Files of this machine's system that are in it.
    pub outside: Vec<PathBuf>,
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// So many files were found and are read now.
    Reading {
        /// How many.
        files: usize,
    },
    /// A module was compiled.
    Compiling {
        /// How many of this round are done.
        done: usize,
        /// How many this round has; each newly needed package begins a round.
        total: usize,
        /// The module's path.
        path: &'a str,
    },
}

impl<'a> BundleRequest<'a> {
    /// A request with nothing but a standard library; set the other fields with the update syntax.
    pub fn new(
        python: &'a PythonInstallation,
        compile: &'a CompileCommand,
        stdlib: StandardLibrary<'a>,
    ) -> Self {
        Self {
            application: None,
            entry: None,
            environment: None,
            python,
            compile,
            stdlib,
            include: Vec::new(),
            exclude: Vec::new(),
            distribution_rules: Vec::new(),
            file_access: Vec::new(),
            system_libraries: Vec::new(),
            glibc_floor: None,
            standard_library: StandardLibraryExtent::default(),
            debug_symbols: DebugSymbols::default(),
            storage: Storage::default(),
            waiting_room: None,
            optimization: OptimizationLevel::default(),
            settings: Settings::default(),
            purpose: Purpose::default(),
            broken: BrokenModules::default(),
            cache: None,
            jobs: None,
            support: &[],
        }
    }

    /// Finds, compiles and packs.
    pub fn build(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Bundle, BundleError> {
        builder::build(self, progress)
    }
}

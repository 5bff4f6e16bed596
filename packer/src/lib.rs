//! Turns an application, a virtual environment and a standard library into an archive, and an archive into an executable.
//!
//! ```no_run
//! use std::path::Path;
//! use packer::{Application, BundleRequest, CompileCommand, COMPILE_WORKER, PythonInstallation, StandardLibrary};
//!
//! # fn main() -> Result<(), packer::BundleError> {
//! let python = PythonInstallation::inspect(Path::new("python3"))?;
//! let application = Application::read(Path::new("app"), None, &python, &[])?;
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
//! # Why use this crate
//!
//! Build systems use it to make archives and executables from Rust, without the command `coldframe`. A running application
//! never has it inside.
//!
//! An archive holds the whole application; the whole standard library but [`DEFAULT_EXCLUDES`]; and of the environment the
//! modules that imports lead to from there ([`Trace`] has the way to each), or that are included by name, with the data
//! and metadata of their distributions. As on Python's own search path the application's modules
//! hide those of the standard library, and these hide the environment's.
//!
//! Nothing here prints; progress goes to a callback, and warnings for the user are in the [`Report`]. The same input
//! gives the same bytes, however many processes compile.

mod application;
mod builder;
mod cache_folder;
mod checks;
mod compile;
mod compiler;
mod developers;
mod distribution;
mod distribution_name;
mod elf;
mod environment;
mod environment_folders;
mod error;
mod file_users;
#[cfg(fuzzing)]
pub mod fuzzing;
mod glibc;
mod installation;
mod item;
mod kept_code;
mod libpython;
mod libraries;
mod linking;
mod mapped_layouts;
mod marshal;
mod metadata;
mod needs;
mod not_packed;
mod output;
mod owner;
mod packer;
mod pattern;
mod pe;
mod pe_resources;
mod protocol;
mod reach;
mod real_path;
mod rebuild;
mod replacement;
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
mod windows_libraries;
mod windows_python;

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
pub use error::{Broken, BundleError, BundleErrorKind, CacheError, CacheErrorKind};
use error::{Problem, RuleError};
pub use glibc::{GlibcVersion, ParseGlibcError};
pub use installation::PythonInstallation;
pub use libpython::{copy_libpython_beside, needed_libpython};
pub use manifest::TRACE;
pub use needs::{FileNeed, Needs};
pub use output::{write_executable, write_executable_from};
pub use pe_resources::{WindowsProgram, WindowsVersion};
pub use reach::{Step, Trace};
pub use real_path::real_path;
pub use rebuild::{Rebuild, RebuildMemory, Rebuilt};
pub use report::{
    FileUse, LeftOut, Missing, Origin, Package, Part, Reason, Report, StandardLibraryPart, Warning,
};
pub use stdlib::DEFAULT_EXCLUDES;

use compile::MainGuardQuestion;

/// The input of a build.
#[derive(Clone, Debug)]
pub struct BundleRequest<'a> {
    /// The user's program; none when an installed package is the application.
    pub application: Option<&'a Application>,
    /// The function to call, which must exist.
    pub entry: Option<&'a EntryPoint>,
    /// The environment of installed packages.
    pub environment: Option<&'a Environment>,
    /// The Python that the archive is for.
    pub python: &'a PythonInstallation,
    /// The command of compile processes.
    pub compile: &'a CompileCommand,
    /// The source of the standard library.
    pub stdlib: StandardLibrary<'a>,
    /// Modules, packages and distributions to take although nothing imports them; `*` is the whole environment.
    pub include: Vec<String>,
    /// Modules, packages and distributions to leave out; `*` stands for any text. They win over `include`.
    pub exclude: Vec<String>,
    /// Files with rules for single distributions, beside the built-in ones.
    pub distribution_rules: Vec<PathBuf>,
    /// User rules from `file-access`.
    pub file_access: Vec<FileAccessRule>,
    /// User rules for the libraries of this machine's system, before the built-in ones.
    pub system_libraries: Vec<SystemLibraryRule>,
    /// The version of glibc that packed libraries are lowered to, as far as an older glibc has the same functions.
    pub glibc_floor: Option<&'a GlibcFloor>,
    /// The part of the standard library that is packed.
    pub standard_library: StandardLibraryExtent,
    /// The setting for the sections of libraries that only debuggers read.
    pub debug_symbols: DebugSymbols,
    /// Whether bytecode and libraries are compressed too.
    pub storage: Storage,
    /// The folder for contents that wait to be written and do not fit into memory; the folder of temporary files if not given.
    pub waiting_room: Option<PathBuf>,
    /// The level to compile for.
    pub optimization: OptimizationLevel,
    /// The contents of the archive's attribute `configuration`; modules that it names are packed.
    pub settings: Settings,
    /// The purpose of the archive.
    pub purpose: Purpose,
    /// The setting for modules of the application that do not compile.
    pub broken: BrokenModules,
    /// The folder that keeps compiled modules for the next time.
    pub cache: Option<&'a CacheFolder>,
    /// The number of compile processes; as many as the machine can run when not given.
    pub jobs: Option<NonZeroUsize>,
    /// Modules of the builder's own, compiled like others.
    pub support: &'a [SupportModule],
}

/// The source of the standard library.
#[derive(Clone, Copy, Debug)]
pub enum StandardLibrary<'a> {
    /// The Python installation, but [`DEFAULT_EXCLUDES`].
    Whole,
    /// An archive that has it already (its entries are copied, not compiled again).
    FromArchive(&'a Archive),
    /// The sources in an archive that has it for another level, or that is to be packed in another way.
    FromSources(&'a Archive),
    /// Another archive of the same stack, which serves it; nothing is packed.
    Beside(&'a Archive),
    /// The Python installation at run time; nothing is packed.
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
    /// An application to be run: its settings are in it.
    #[default]
    Application,
    /// A standard library to be packed into others: the facts about its Python are in it ([`PythonInstallation::carried`]).
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
#[non_exhaustive]
pub struct Bundle {
    /// The archive, ready to be written.
    pub writer: Writer,
    /// The archive's contents, and the reasons for them.
    pub report: Report,
    /// Files of this machine's system that are in it.
    pub outside: Vec<PathBuf>,
}

/// The progress of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The files were found and are read now.
    Reading {
        /// The number of files.
        files: usize,
    },
    /// A module was compiled.
    Compiling {
        /// The number of modules of this round that are done.
        done: usize,
        /// The number of modules of this round; each newly needed package begins a round.
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

//! The settings of `coldframe build`, and both groups together.

use crate::choices::{FileAccess, StandardLibraryExtent, SystemLibrary};
use crate::config::PythonInterpreterConfig;
use crate::entry_point::EntryPoint;

/// Settings of `coldframe build`: the contents of the result, and its path.
///
/// Paths are relative to the file they were read from; the one who read the file joins them. A command line option of the
/// same name wins over each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildSettings {
    /// The function that the built application calls, as by `--entry`.
    pub entry: Option<EntryPoint>,
    /// The virtual environment whose packages are taken, as by `--venv`.
    pub venv: Option<String>,
    /// Modules that are packed although no import of them was found, as by `--include`.
    pub include: Vec<String>,
    /// Modules that are left out although an import of them was found, as by `--exclude`.
    pub exclude: Vec<String>,
    /// Files with rules for single distributions, as by `--distribution-rules`.
    pub distribution_rules: Vec<String>,
    /// Packages whose files are served otherwise than the packer would decide, as by `--file-access`.
    pub file_access: Vec<FileAccessRule>,
    /// Files and folders that are packed beside the application, as by `--add-data`.
    pub data: Vec<AddedData>,
    /// How much of the standard library is packed, as by `--standard-library`.
    pub standard_library: StandardLibraryExtent,
    /// The newest version of glibc that the executable may need, such as `2.31`, as by `--glibc`.
    pub glibc: Option<String>,
    /// Whether the sections of libraries that only debuggers read are packed, as by `--keep-symbols`.
    pub keep_symbols: bool,
    /// Whether bytecode and libraries are compressed too, as by `--compress`.
    pub compress: bool,
    /// Which libraries of the build machine's system are packed, as by `--system-library`.
    pub system_libraries: Vec<SystemLibraryRule>,
    /// The executable that is written, as by `--output`.
    pub output: Option<String>,
    /// The application: a folder with a `__main__.py`, or a file.
    pub app: Option<String>,
}

/// The place from which the files of some packages are served, for all of their code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAccessRule {
    /// The name of a package, or of a module at the top; `*` stands for any text. The first rule that fits holds.
    pub package: String,
    /// The place that its files are served from.
    pub access: FileAccess,
}

/// A file, or a folder with all that is in it, that is packed as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedData {
    /// Where it lies.
    pub from: String,
    /// Its path in the archive; its own name at the top without one.
    pub to: Option<String>,
}

/// Whether a shared library of the build machine's system travels with the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemLibraryRule {
    /// The library's name (`libfoo.so.2`); `*` stands for any text. The first rule that fits holds.
    pub name: String,
    /// Whether it is packed.
    pub place: SystemLibrary,
}

/// Everything that one settings file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// How the interpreter is set up: the keys at the top of the table.
    pub interpreter: PythonInterpreterConfig,
    /// How the application is packed: the keys of its `build` table.
    pub build: BuildSettings,
}

//! The kind of Python that this program is linked with: facts of the build, not guesses.

use platform_policy::PythonBuild;

/// Whether Python is a macOS framework.
pub const PYTHON_BUILD: PythonBuild =
    if cfg!(python_framework) { PythonBuild::Framework } else { PythonBuild::NonFramework };

/// The version of Python that this program is linked with, `3.12`.
pub const PYTHON_VERSION: &str = env!("COLDFRAME_PYTHON_VERSION");

/// The linkage of Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// A shared libpython, which has to lie beside the program or where it was built.
    Shared,
    /// Python is inside of the program, which needs nothing.
    Static,
}

/// The linkage of Python in this program.
pub const LINKAGE: Linkage = if matches!(env!("COLDFRAME_PYTHON_SHARED").as_bytes(), b"true") {
    Linkage::Shared
} else {
    Linkage::Static
};

/// The interpreter whose standard library belongs to this program; empty when the build did not know one.
pub const BUILD_PYTHON: &str = env!("COLDFRAME_BUILD_PYTHON");

/// Whether that Python is a free-threaded build.
pub const FREE_THREADED: bool = cfg!(Py_GIL_DISABLED);

/// Whether that Python is a debug build.
pub const DEBUG: bool = cfg!(py_sys_config = "Py_DEBUG");

/// The sign of the sources of this program: a text that stands in each program that was built of them.
#[used]
pub static SOURCES: &str = concat!("coldframe built of ", env!("COLDFRAME_SOURCES"));

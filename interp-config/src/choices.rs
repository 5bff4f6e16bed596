//! The settings that are a choice among a few words.

use crate::string_enum::string_enum;

string_enum! {
    /// The start method of `multiprocessing` that the user asks for.
    ///
    /// This is the wish; the `platform-policy` crate, which owns the concrete method, decides for a given system. Its decision
    /// takes effect on the first import of `multiprocessing`, so that the application needs no `set_start_method()` early in
    /// its `__main__`.
    pub enum StartMethodSetting: "start method" {
        /// Change nothing: the interpreter keeps the default that `python` itself would have.
        None = "none",
        /// Take the fastest method that works on the system.
        #[default]
        Auto = "auto",
        /// A worker is a copy of the parent, made by `fork()`.
        Fork = "fork",
        /// A worker is forked from a clean server process, which was started for that purpose.
        Forkserver = "forkserver",
        /// A worker is a new process that starts the executable again.
        Spawn = "spawn",
    }
}

string_enum! {
    /// The ground on which the other settings are laid: `PyConfig_InitIsolatedConfig` or `PyConfig_InitPythonConfig`.
    pub enum Profile: "profile" {
        /// The surroundings have no say: no `PYTHON*` variables, no user site, no current directory on `sys.path`.
        ///
        /// This is the default because a built application must behave alike on every machine.
        #[default]
        Isolated = "isolated",
        /// Variables and paths are read as `python` reads them.
        Python = "python",
    }
}

string_enum! {
    /// The place that the files of a package are served from.
    pub enum FileAccess: "file access" {
        /// From the archive: code that asks for them by path finds none.
        #[default]
        Memory = "memory",
        /// From the user's cache, where all that the package's folder holds is put when it is first imported.
        Cache = "cache",
    }
}

string_enum! {
    /// Whether a shared library of the build machine's system is packed.
    pub enum SystemLibrary: "place for a system library" {
        /// The library travels with the application, and is loaded from the archive.
        #[default]
        Pack = "pack",
        /// The system that the application runs on must have it.
        Leave = "leave",
    }
}

string_enum! {
    /// The place that extension modules, and the libraries that they need, are loaded from.
    pub enum ExtensionLoading: "place for extension modules" {
        /// From memory where the system can, and else from the user's cache.
        #[default]
        Auto = "auto",
        /// From memory, or not at all: nothing is ever written.
        Memory = "memory",
        /// From the user's cache, where they are put when they are first imported.
        Cache = "cache",
    }
}

string_enum! {
    /// How much of the standard library is packed.
    pub enum StandardLibraryExtent: "extent of the standard library" {
        /// The modules that imports lead to; all modules where the application may run code that the packer has not seen.
        #[default]
        Auto = "auto",
        /// All of it.
        Whole = "whole",
        /// The modules that imports lead to, even where the application may run code that the packer has not seen.
        Reached = "reached",
    }
}

string_enum! {
    /// Whether the executable can be a `python`, and for whom.
    pub enum PythonMode: "way to be `python`" {
        /// For nobody: it is its application under any name, with any variables and any command line.
        Never = "never",
        /// For processes that the application itself starts as `sys.executable`, with `-c`, `-m` or a script, or by the variable
        /// or a name.
        #[default]
        Children = "children",
        /// For the same processes, and for all others that ask by the variable or by a name.
        Always = "always",
    }
}

string_enum! {
    /// The memory allocators of the interpreter (`PyPreConfig.allocator`).
    pub enum Allocator: "allocator" {
        /// The allocator that the interpreter was built with (`PYMEM_ALLOCATOR_DEFAULT`).
        #[default]
        Default = "default",
        /// The C library's `malloc` for everything (`PYMEM_ALLOCATOR_MALLOC`); a free-threaded Python refuses it.
        Malloc = "malloc",
        /// Python's allocator for small objects (`PYMEM_ALLOCATOR_PYMALLOC`); a free-threaded Python does not have it.
        Pymalloc = "pymalloc",
        /// The default allocator with debug hooks, which find writes out of bounds (`PYMEM_ALLOCATOR_DEBUG`).
        Debug = "debug",
    }
}

string_enum! {
    /// How far bytecode is stripped (`PyConfig.optimization_level`). In TOML it is an integer.
    pub enum OptimizationLevel: "optimization level" {
        /// Everything is kept.
        #[default]
        Zero = "0",
        /// Assertions are removed and `__debug__` is false, as by `-O`.
        One = "1",
        /// Docstrings are removed as well, as by `-OO`.
        Two = "2",
    }
}

impl OptimizationLevel {
    /// The level as the number that CPython counts with.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

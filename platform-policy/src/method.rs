//! The start methods and the kinds of Python that the policy speaks of.

use std::fmt;

/// How `multiprocessing` starts a worker: the decision, as opposed to the setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartMethod {
    /// The worker is a copy of the parent, made by `fork()`.
    Fork,
    /// The worker is forked from a clean server process.
    Forkserver,
    /// The worker is a new process that runs the executable again.
    Spawn,
}

impl StartMethod {
    /// Every method, in the order in which Python's documentation names them.
    pub const ALL: &'static [Self] = &[Self::Fork, Self::Forkserver, Self::Spawn];

    /// The name by which `multiprocessing.set_start_method()` knows it. No other code makes this text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Forkserver => "forkserver",
            Self::Spawn => "spawn",
        }
    }
}

impl fmt::Display for StartMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether Python was built as a macOS framework (`sysconfig`'s `PYTHONFRAMEWORK`). Elsewhere it makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PythonBuild {
    /// Installed as `Python.framework`, as python.org and Homebrew do.
    Framework,
    /// A plain library or a static one.
    NonFramework,
}

impl PythonBuild {
    /// Both kinds.
    pub const ALL: &'static [Self] = &[Self::Framework, Self::NonFramework];

    /// The name, as tables and the `coldframe policy` command show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Framework => "framework",
            Self::NonFramework => "non-framework",
        }
    }
}

impl fmt::Display for PythonBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

//! The words of a decision: its reason, its caution, and the refusal.

use std::fmt;

use interp_config::StartMethodSetting;

use crate::os::Os;

/// The reason of a decision. It is shown in one line, so that it cannot rot as a comment would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The setting names the method.
    Asked,
    /// The setting is `none`.
    LeftToPython,
    /// The system has processes but no `fork()`.
    NoForkHere,
    /// A framework build of Python on macOS.
    ForkBreaksFrameworks,
    /// The fastest method works.
    ForkIsFaster,
    /// Python can start no process on the system.
    NoProcessesHere,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::Asked,
        Self::LeftToPython,
        Self::NoForkHere,
        Self::ForkBreaksFrameworks,
        Self::ForkIsFaster,
        Self::NoProcessesHere,
    ];
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Asked => "the setting asks for it",
            Self::LeftToPython => "the setting leaves Python's own default in place",
            Self::NoForkHere => "Windows has no fork()",
            Self::ForkBreaksFrameworks => {
                "fork and forkserver are buggy in a framework build of Python (bugs.python.org/issue33725)"
            }
            Self::ForkIsFaster => "fork is the fastest method that works here",
            Self::NoProcessesHere => "Python cannot start processes on this system",
        })
    }
}

/// A caution about a method that was chosen or honoured. The log and `coldframe doctor` show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Caution {
    /// `auto` has taken `fork` on macOS.
    ForkOnMacOs,
    /// `fork` or `forkserver` was asked for, with a framework build on macOS.
    ForkInFramework,
}

impl Caution {
    /// Every caution.
    pub const ALL: &'static [Self] = &[Self::ForkOnMacOs, Self::ForkInFramework];
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ForkOnMacOs => {
                "a forked worker on macOS can crash when a library has used threads or Apple's frameworks before; \
                 choose `spawn` if workers crash or hang, or `fork` to accept this"
            }
            Self::ForkInFramework => {
                "workers can crash or hang in a framework build of Python (bugs.python.org/issue33725); \
                 `spawn` and `auto` are safe"
            }
        })
    }
}

/// A start method was asked for that the system cannot do. It is reported before Python starts.
///
/// ```
/// use interp_config::StartMethodSetting;
/// use platform_policy::{Os, PythonBuild, decide};
///
/// let error = decide(Os::Windows, PythonBuild::NonFramework, StartMethodSetting::Fork).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the start method `fork` is impossible on Windows, which has no fork(); use `spawn` or `auto`"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the start method `{setting}` is impossible on {}, {}", .os.in_words(), Self::way_out(*.os))]
pub struct Impossible {
    setting: StartMethodSetting,
    os: Os,
}

impl Impossible {
    pub(crate) const fn new(setting: StartMethodSetting, os: Os) -> Self {
        Self { setting, os }
    }

    /// The setting that was asked for.
    #[must_use]
    pub const fn setting(&self) -> StartMethodSetting {
        self.setting
    }

    /// The system that cannot do it.
    #[must_use]
    pub const fn os(&self) -> Os {
        self.os
    }

    const fn way_out(os: Os) -> &'static str {
        match os {
            Os::Windows => "which has no fork(); use `spawn` or `auto`",
            Os::NoProcesses => {
                "such as iOS, Android or WebAssembly; use `auto` or `none`, with which nothing is called"
            }
            // Nothing is refused on these.
            Os::MacOs | Os::Forking => "use `auto`",
        }
    }
}

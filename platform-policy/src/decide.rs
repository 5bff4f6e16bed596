//! The policy: one match from (system, build of Python, setting) to a decision.

use interp_config::StartMethodSetting;

use crate::method::{PythonBuild, StartMethod};
use crate::os::Os;
use crate::words::{Caution, Impossible, Reason};

/// The launcher's task for the start method, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Decision {
    /// The method that is set when `multiprocessing` is first imported; with `None`, nothing is called.
    pub method: Option<StartMethod>,
    /// The reason for this method, or for none.
    pub reason: Reason,
    /// A caution for the user who relies on it.
    pub caution: Option<Caution>,
}

impl Decision {
    const fn new(method: Option<StartMethod>, reason: Reason, caution: Option<Caution>) -> Self {
        Self { method, reason, caution }
    }
}

/// Decides which start method a program gets.
///
/// | setting | Windows | macOS, framework | macOS, non-framework | other systems with `fork` | no processes |
/// |---|---|---|---|---|---|
/// | `none` | nothing | nothing | nothing | nothing | nothing |
/// | `auto` | `spawn` | `spawn` | `fork`, with a caution | `fork` | nothing |
/// | `fork` | error | `fork`, with a caution | `fork` | `fork` | error |
/// | `forkserver` | error | `forkserver`, with a caution | `forkserver` | `forkserver` | error |
/// | `spawn` | `spawn` | `spawn` | `spawn` | `spawn` | error |
///
/// "Nothing" means that nothing is called, so that `multiprocessing` keeps its own default: see
/// [`documented_default`](crate::documented_default).
///
/// # Why `auto` differs on macOS
///
/// A process that has used Apple's Objective-C or Core Foundation code and then forks can crash or hang in the child; for that
/// reason Python itself went over to `spawn` on macOS in 3.8 (<https://bugs.python.org/issue33725>). The reports there are
/// about framework builds, so these are spared. With another build `fork` usually works and is much faster; but the abort comes from
/// Apple's runtime and not from the way Python was built, and an extension module that has started a thread is enough to
/// provoke it, hence the caution. A user who writes `fork` has accepted the caution, and it is not repeated then; a
/// framework build is cautioned all the same, because there the trouble is known and not only possible.
///
/// # Errors
///
/// `fork` or `forkserver` on Windows, and any explicit method on a system without processes. `none` and `auto` never fail.
pub fn decide(
    os: Os,
    build: PythonBuild,
    setting: StartMethodSetting,
) -> Result<Decision, Impossible> {
    match setting {
        StartMethodSetting::None => Ok(Decision::new(None, Reason::LeftToPython, None)),
        StartMethodSetting::Auto => Ok(automatic(os, build)),
        StartMethodSetting::Fork => asked(os, build, setting, StartMethod::Fork),
        StartMethodSetting::Forkserver => asked(os, build, setting, StartMethod::Forkserver),
        StartMethodSetting::Spawn => asked(os, build, setting, StartMethod::Spawn),
    }
}

const fn automatic(os: Os, build: PythonBuild) -> Decision {
    match (os, build) {
        (Os::Windows, PythonBuild::Framework | PythonBuild::NonFramework) => {
            Decision::new(Some(StartMethod::Spawn), Reason::NoForkHere, None)
        }
        (Os::MacOs, PythonBuild::Framework) => {
            Decision::new(Some(StartMethod::Spawn), Reason::ForkBreaksFrameworks, None)
        }
        (Os::MacOs, PythonBuild::NonFramework) => {
            Decision::new(Some(StartMethod::Fork), Reason::ForkIsFaster, Some(Caution::ForkOnMacOs))
        }
        (Os::Forking, PythonBuild::Framework | PythonBuild::NonFramework) => {
            Decision::new(Some(StartMethod::Fork), Reason::ForkIsFaster, None)
        }
        (Os::NoProcesses, PythonBuild::Framework | PythonBuild::NonFramework) => {
            Decision::new(None, Reason::NoProcessesHere, None)
        }
    }
}

fn asked(
    os: Os,
    build: PythonBuild,
    setting: StartMethodSetting,
    method: StartMethod,
) -> Result<Decision, Impossible> {
    let caution = match (os, build, method) {
        (Os::NoProcesses, _, _) | (Os::Windows, _, StartMethod::Fork | StartMethod::Forkserver) => {
            return Err(Impossible::new(setting, os));
        }
        (Os::MacOs, PythonBuild::Framework, StartMethod::Fork | StartMethod::Forkserver) => {
            Some(Caution::ForkInFramework)
        }
        (Os::MacOs, PythonBuild::NonFramework, StartMethod::Fork | StartMethod::Forkserver)
        | (Os::Windows | Os::MacOs, _, StartMethod::Spawn)
        | (Os::Forking, _, StartMethod::Fork | StartMethod::Forkserver | StartMethod::Spawn) => {
            None
        }
    };
    Ok(Decision::new(Some(method), Reason::Asked, caution))
}

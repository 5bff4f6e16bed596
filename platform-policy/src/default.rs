//! Python's own default, which the setting `none` leaves in place.

use crate::method::StartMethod;
use crate::os::Os;

/// The start method that CPython 3.`python_minor` itself takes on a system, as `Doc/library/multiprocessing.rst` lists it.
///
/// * Windows: always `spawn`.
/// * macOS: `spawn` since 3.8, because `fork` can crash there (<https://bugs.python.org/issue33725>).
/// * Other POSIX systems: `forkserver` since 3.14, because `fork` is unsafe in a process with threads
///   (<https://github.com/python/cpython/issues/84559>); `fork` before.
/// * No processes: none; `multiprocessing` cannot even be imported on most of them.
///
/// One refinement is not in that list: where sockets cannot pass file descriptors (`multiprocessing.reduction.HAVE_SEND_HANDLE`
/// is false), 3.14 has no fork server and takes `spawn`. No system on which Python is common is like that.
///
/// ```
/// use platform_policy::{Os, StartMethod, documented_default};
///
/// assert_eq!(documented_default(Os::Forking, 13), Some(StartMethod::Fork));
/// assert_eq!(documented_default(Os::Forking, 14), Some(StartMethod::Forkserver));
/// ```
#[must_use]
pub const fn documented_default(os: Os, python_minor: u8) -> Option<StartMethod> {
    match os {
        Os::Windows => Some(StartMethod::Spawn),
        Os::MacOs if python_minor < 8 => Some(StartMethod::Fork),
        Os::MacOs => Some(StartMethod::Spawn),
        Os::Forking if python_minor < 14 => Some(StartMethod::Fork),
        Os::Forking => Some(StartMethod::Forkserver),
        Os::NoProcesses => None,
    }
}

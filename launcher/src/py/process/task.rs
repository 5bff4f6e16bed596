//! The tasks that an interpreter is started for.

use crate::worker::Worker;

/// The task of an interpreter.
pub(crate) enum Task {
    /// The run target of the configuration.
    Application,
    /// A process of `multiprocessing` or a library like it; the application's entry point is not touched.
    Worker(Worker),
    /// To behave as `python`: it reads its command line itself.
    Python,
}

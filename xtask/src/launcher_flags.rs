//! The options of the tasks that link a launcher.

use clap::Args;

use crate::glibc::Glibc;

/// The launcher that is linked, and the way of linking.
#[derive(Clone, Debug, Args)]
pub(crate) struct Launcher {
    /// The Python to link: a version (`3.12`) or the path of an interpreter.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: String,

    /// Link against this version of glibc in place of the machine's.
    #[arg(long, value_name = "2.28")]
    pub(crate) glibc: Option<Glibc>,

    /// Build without optimisation: quicker to build, slower to run.
    #[arg(long)]
    pub(crate) debug: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

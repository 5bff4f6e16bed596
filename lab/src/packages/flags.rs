//! The command line of `cargo xtask packages`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use xtask::flags::EXIT_CODES;

use crate::results::Results;

const EXAMPLES: &str = "\
Examples:
  cargo xtask packages                                        every package of every group
  cargo xtask packages --group workers --python 3.12
  cargo xtask packages --group hooks
  cargo xtask packages --package loky --package joblib
  cargo xtask packages --group index --resume --pairs 1       the second time, quicker
  cargo xtask packages --table docs/packages.md

Each package is installed into a virtual environment of its own, from the index. \
A small application that uses it is run there and as one built executable; \
both must print what `lab/packages/GROUP/NAME/expected.txt` says, and leave no process behind.

They run in an empty folder, with a home folder in which nothing can be made. \
An application that fails there and names `COLDFRAME_CACHE_DIR` is given a cache, whose files are counted; \
one that fails in another way, or goes on without its files, has failed. \
To add one: a line in `lab/src/packages/list.rs`, and a folder with `__main__.py` and `expected.txt`.";

/// Build applications on real packages from the index, and compare their output with that in the virtual environment.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Packages {
    /// Try the packages of this group only; can be given again.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Vec<Group>,

    /// Try this package only; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Vec<String>,

    /// The Python to use: a version (`3.12`) or the path of an interpreter. Default: the highest found.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: Option<String>,

    /// Build the applications with this `coldframe`, which was built for the Python that is named.
    #[arg(long, value_name = "PATH", requires = "python")]
    pub(crate) launcher: Option<PathBuf>,

    /// Keep the virtual environments that are there already.
    #[arg(long)]
    pub(crate) resume: bool,

    /// How long an application may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) time_limit: u64,

    /// How many pairs of runs of the group `index` are timed, after the first ones; the table has the medians.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub(crate) pairs: usize,

    #[command(flatten)]
    pub(crate) results: Results,
}

/// The property by which packages are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// They start processes that run functions of the application.
    Workers,
    /// Many applications use them; each brings something that importers get wrong.
    Index,
    /// They look where they lie in ways that nothing tells: libraries opened by path, plug-ins, stubs.
    Places,
    /// They register post-import hooks, or instrument imported modules.
    Hooks,
}

impl Group {
    /// The name of its folder in `lab/packages`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::Index => "index",
            Self::Places => "places",
            Self::Hooks => "hooks",
        }
    }
}

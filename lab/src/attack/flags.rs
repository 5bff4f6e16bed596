//! The command line of `cargo xtask attack`.

use std::path::PathBuf;

use clap::Args;
use xtask::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask attack                      all attacks, on our application, on python's and on PyInstaller's
  cargo xtask attack --quick              fewer mutations and starts, and ours alone
  cargo xtask attack --only mutations --only stampede
  cargo xtask attack --write              the table becomes docs/reliability.md

It needs Linux, the superuser (other users, mounts and namespaces) and `unshare`, `setpriv` and `setcap`; an attack that cannot be
tried here is named, and with `--require` it is a failure. The application is `lab/attack/application`.";

/// Attack a built application from the outside: rights, limits, damage, full disks, and ends without notice.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Attack {
    /// Try only the attacks whose names begin so; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// The Python to use: a version or the path of an interpreter.
    #[arg(long, value_name = "PATH_OR_VERSION", default_value = "3.12")]
    pub(crate) python: String,

    /// Build with this `coldframe`, which has the Python inside that is named.
    #[arg(long, value_name = "PATH")]
    pub(crate) launcher: Option<PathBuf>,

    /// Take a part of the attacks that are tried often, and no peers.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Try neither python nor PyInstaller.
    #[arg(long)]
    pub(crate) no_peers: bool,

    /// Fail where something cannot be tried.
    #[arg(long)]
    pub(crate) require: bool,

    /// Write the table, with the date, to docs/reliability.md.
    #[arg(long)]
    pub(crate) write: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

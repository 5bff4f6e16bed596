//! The command line of `cargo xtask elsewhere`.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};
use xtask::dist::Glibc;
use xtask::flags::EXIT_CODES;

use super::QUICK_ROOTS;
use super::roots::Root;

const EXAMPLES: &str = "\
Examples:
  cargo xtask elsewhere                                 every application in every root, beside PyInstaller's
  cargo xtask elsewhere --quick                         the standard library and pools in two roots, ours alone
  cargo xtask elsewhere --root trixie --application numpy --no-peers
  cargo xtask elsewhere --glibc 2.28 --write            the table becomes docs/elsewhere.md

It needs Linux, the superuser (mounts and namespaces), and apt with Debian's archive. `debootstrap` is installed where it is missing;
the roots are kept below `target/elsewhere/roots`, and made again when they are removed there.
Each application runs in namespaces of its own, without a network but the loopback, as the superuser and as an ordinary user.";

/// Run built applications in root file systems of other systems, beside PyInstaller's of the same code.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Elsewhere {
    /// Run in this root only; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) root: Vec<Root>,

    /// Run this application only; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Vec<String>,

    /// The Python to use: a version or the path of an interpreter.
    #[arg(long, value_name = "PATH_OR_VERSION", default_value = "3.12")]
    pub(crate) python: String,

    /// Build with this `coldframe`, which has the Python inside that is named.
    #[arg(long, value_name = "PATH")]
    pub(crate) launcher: Option<PathBuf>,

    /// Link the launcher against this version of glibc.
    #[arg(long, value_name = "2.28", conflicts_with = "launcher")]
    pub(crate) glibc: Option<Glibc>,

    /// Take few roots and applications, and no peers: as many as CI has time for.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Build nothing with PyInstaller.
    #[arg(long)]
    pub(crate) no_peers: bool,

    /// How long an application may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) time_limit: u64,

    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the table, with the date, to docs/elsewhere.md.
    #[arg(long)]
    pub(crate) write: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

impl Elsewhere {
    /// The roots that were named, or those that are meant when none was.
    pub(super) fn roots(&self) -> Vec<Root> {
        if !self.root.is_empty() {
            return self.root.clone();
        }
        let all = if self.quick { QUICK_ROOTS } else { Root::value_variants() };
        all.to_vec()
    }
}

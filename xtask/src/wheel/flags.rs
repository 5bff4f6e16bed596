//! The command line of `cargo xtask wheel`.

use std::path::PathBuf;

use clap::Args;

use crate::dist::Glibc;
use crate::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask wheel --python 3.12                        wheels/coldframe-0.1.0-cp312-none-manylinux_2_36_x86_64.whl
  cargo xtask wheel --python 3.12 --glibc 2.28           for systems whose glibc is older than this machine's
  pip install wheels/coldframe-0.1.0-cp312-none-*.whl    and `coldframe`, or `python -m coldframe`, is there

The wheel has the `coldframe` that `cargo xtask dist` makes, which carries its standard library: it needs no Rust, no compiler and no
matching Python. Its platform tag is what the command and all that is in it need. Before it is done, the wheel is judged by auditwheel,
installed by pip and by uv into clean environments, and has to build and run an application with workers there.";

/// Make a wheel of a whole `coldframe`, so that pip and uv install it.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Wheel {
    /// The Python to link: a version (`3.12`) or the path of an interpreter.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: String,

    /// The folder to put the wheel in.
    #[arg(long, value_name = "DIR", default_value = "wheels")]
    pub(crate) out: PathBuf,

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

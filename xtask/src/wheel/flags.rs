//! The command line of `cargo xtask wheel`.

use std::path::PathBuf;

use clap::Args;

use crate::exit_codes::EXIT_CODES;
use crate::launcher_flags::Launcher;

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
    #[command(flatten)]
    pub(crate) launcher: Launcher,

    /// The folder to put the wheel in.
    #[arg(long, value_name = "DIR", default_value = "wheels")]
    pub(crate) out: PathBuf,
}

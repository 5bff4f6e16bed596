//! The command line of `cargo xtask api`.

use clap::Args;
use xtask::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask api                         compare all libraries with `docs/api`
  cargo xtask api --write                 write the listings anew
  cargo xtask api --require               a missing nightly compiler is a failure

It needs a nightly compiler (`rustup toolchain install nightly`), whose rustdoc tells about a crate as JSON. Where there is none, the
command says so and does nothing. All features are on, and the system is the one that runs this: the listings are Linux's.
Items that are hidden in the documentation are in no listing, nor are derived traits.";

/// Compare the public API of each library with its listing in `docs/api`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Api {
    /// Write the listings.
    #[arg(long)]
    pub(crate) write: bool,

    /// Look at this crate only, by the name of its folder; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Vec<String>,

    /// Fail where there is no nightly compiler.
    #[arg(long)]
    pub(crate) require: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

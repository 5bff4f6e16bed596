//! The command line of `cargo xtask miri`.

use clap::Args;
use xtask::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask miri                             the tests of every pure crate that Miri can run
  cargo xtask miri --package importer-core     those of one crate
  cargo xtask miri --require                   a missing Miri is a failure

Miri interprets the tests and stops at undefined behaviour: memory that is not there, wrong references, data races. It runs no code
in C, maps no file and starts no program, and takes a thousand times as long; the table says what is left out, and why. It is a
component of the nightly toolchain (`rustup toolchain install nightly --component miri,rust-src`). Where it cannot be had, the
command says so and does nothing.";

/// Run tests of the pure crates under Miri, which finds undefined behaviour.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Miri {
    /// Look at this crate only, by the name of its folder; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Vec<String>,

    /// Fail where Miri cannot be had.
    #[arg(long)]
    pub(crate) require: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

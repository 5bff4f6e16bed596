//! The command line of `cargo xtask fuzz`.

use clap::Args;
use xtask::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask fuzz                                  every target, a minute in all
  cargo xtask fuzz --seconds 600 --target archive   ten minutes for one of them
  cargo xtask fuzz --inputs 20000                   20,000 inputs for each target, from the same random numbers: what CI does
  cargo xtask fuzz --require                        a missing nightly compiler, or no cargo-fuzz, is a failure

The targets are in `fuzz/targets`. It needs a nightly compiler (`rustup toolchain install nightly`) and a C++ compiler; cargo-fuzz
is installed below `target/fuzz/tools` where it is missing. Where they cannot be had, the command says so and does nothing.
New inputs are kept below `target/fuzz/corpus`, and inputs that make a target fail below `target/fuzz/found`.
For the targets all checksums of an archive are 0, as if an attacker had forged them.";

/// Give random bytes to the readers of archives, executables, command lines and settings.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Fuzz {
    /// How long all targets run together, in seconds, once they are built.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,

    /// How many inputs each target gets, made from the same random numbers at each run, without earlier findings: a
    /// failure then hardly ever comes from luck. Inputs still differ where the code that they reach does (hash tables).
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) inputs: Option<u64>,

    /// Run this target only; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Vec<String>,

    /// The Python to link: a version or the path of an interpreter. Default: the highest found.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: Option<String>,

    /// Fail where the tools cannot be had.
    #[arg(long)]
    pub(crate) require: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

//! The command line of `cargo xtask platforms`.

use std::path::PathBuf;

use clap::Args;
use xtask::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask platforms windows-3.13                     the Windows build, under wine
  cargo xtask platforms linux-aarch64 -- settings        ARM64 under qemu, only tests with `settings` in their names
  cargo xtask platforms all --write README.md --write docs/platforms.md   every platform, and the table of them

`cargo xtask test --platforms NAME...` is the same. A platform that cannot be had is named with the reason, and fails the run.
Compilers, wine, qemu and Pythons are fetched from package registries once, and kept below `target/platforms`.";

/// Test on other systems: Windows under wine, ARM64 under qemu, fetched Pythons; link what cannot be run here.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Platforms {
    /// The platforms: `native` (the Pythons of this machine), fetched ones (`3.14`, `3.15t`), `windows-3.13`, `linux-aarch64`,
    /// `macos-aarch64`, `macos-x86_64`, `freebsd`, `musl`, or `all`.
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,

    /// Write the table of platforms into this file, between its marks.
    #[arg(long, value_name = "FILE")]
    pub(crate) write: Vec<PathBuf>,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Run only tests whose names contain one of these.
    #[arg(last = true, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
}

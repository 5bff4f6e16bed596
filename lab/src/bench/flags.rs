//! The command line of `cargo xtask bench`.

use std::path::PathBuf;

use clap::Args;
use xtask::flags::EXIT_CODES;

const EXAMPLES: &str = "\
Examples:
  cargo xtask bench                                 the highest Python found, 20 pairs
  cargo xtask bench --python 3.11 --pairs 50
  cargo xtask bench --launcher dist/py3.12/coldframe --python 3.12 --json
  cargo xtask bench --sizes --python 3.12 --write   sizes and builds beside PyInstaller's; the tables become docs/size.md
  cargo xtask bench --sizes --apps hello,pandas --no-others --python 3.12

The interpreter runs as `python -I` in an empty virtual environment. Both sides of a pair run right after one another, and the
ratio is the median of the pairs' own ratios: a machine's speed drifts from minute to minute, and both sides of a pair see the same.
The row `numpy` and the sums of memory have numpy from the index, in an environment of its own.
Last, a built application starts and ends many workers, and must leave nothing behind.

`--sizes` takes none of these, but the applications in `xtask/sizes`, with the launcher of `cargo xtask dist`. Environments are made
once, below `target/sizes`, with `uv` where it is; they take 4 GB, a build up to
10 GB and the row on large files 25 GB for a time. `table.md` there grows with each row.";

/// Time built applications against the interpreter itself, pair by pair in one run.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Bench {
    /// The Python to compare with: a version (`3.12`) or the path of an interpreter. Default: the highest found.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: Option<String>,

    /// How many pairs are run for each row of the table.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pairs: u32,

    /// Build the applications with this `coldframe` instead of a release build of the launcher.
    #[arg(long, value_name = "PATH")]
    pub(crate) launcher: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) sizes: super::sizes::flags::Sizes,

    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

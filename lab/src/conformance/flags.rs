//! The command line of `cargo xtask conformance`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use xtask::flags::EXIT_CODES;
use xtask::version::Version;

use crate::results::Results;

const EXAMPLES: &str = "\
Examples:
  cargo xtask conformance                                  every suite on every Python found: an hour or more
  cargo xtask conformance --python 3.12 --suite test_fork1
  cargo xtask conformance --fetched 3.15 --suite test_import
  cargo xtask conformance --resume --table docs/conformance.md
  cargo xtask conformance --all --python 3.12 --resume --table docs/conformance-all.md

A test that passes under the stock interpreter only is run again, alone, on both sides. \
A test that then passes is called unsteady. \
A difference that remains must be explained in `lab/conformance/explained.json`, or the command fails and names it.";

/// Run CPython's own test suites in the self-contained interpreter and in the stock one, and compare test by test.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Conformance {
    /// A version (`3.12`) or the path of an interpreter; can be given again. Default: all that are found.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: Vec<String>,

    /// A Python of `cargo xtask fetched`, fetched if it is not there yet: `3.14`, `3.15t`; can be given again. Others are
    /// then run only where `--python` names them.
    #[arg(long, value_name = "X.Y[t]")]
    pub(crate) fetched: Vec<Version>,

    /// Run this suite only; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Vec<String>,

    /// Run every suite of CPython's that the Python's package `test` has, without the resources that CPython's own runner
    /// leaves out as well: the network, sound, windows, large files. With `--suite`, those of them that are named.
    #[arg(long)]
    pub(crate) all: bool,

    /// Build the interpreter with this `coldframe`, which was built for the Python that is named.
    #[arg(long, value_name = "PATH", requires = "python")]
    pub(crate) launcher: Option<PathBuf>,

    /// How many suites run at the same time.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) jobs: NonZeroUsize,

    /// Run only the I-th of N parts of the work.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub(crate) shard: Option<(usize, usize)>,

    /// Keep the results that are there already.
    #[arg(long)]
    pub(crate) resume: bool,

    /// How long one test may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub(crate) time_limit: u64,

    #[command(flatten)]
    pub(crate) results: Results,
}

fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parts =
        text.split_once('/').and_then(|(part, all)| Some((part.parse().ok()?, all.parse().ok()?)));
    match parts {
        Some((part, all)) if 1 <= part && part <= all => Ok((part, all)),
        _ => Err("expected two numbers such as `1/4`".to_owned()),
    }
}

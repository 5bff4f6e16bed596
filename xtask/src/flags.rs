//! What can be typed: the command line, and the help that teaches it.

use crate::dist::Glibc;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::version::Version;

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  everything asked for was done, and was good
  1  something that was checked is bad: a failed test, a lint, a required Python that is missing
  2  the command line was wrong
  3  the command could not do its work: no cargo, no Python, a file that cannot be written";

/// Coldframe's tasks: test on every Python, check, build a self-contained launcher, measure.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Test(Test),
    Dist(Dist),
    Fetched(crate::fetched::flags::Fetched),
    Conformance(crate::conformance::flags::Conformance),
    Packages(crate::packages::flags::Packages),
    Elsewhere(crate::elsewhere::flags::Elsewhere),
    Wheel(crate::wheel::flags::Wheel),
    Fuzz(crate::fuzz::flags::Fuzz),
    #[cfg(target_os = "linux")]
    Attack(crate::attack::flags::Attack),
    Ci(Ci),
    Bench(Bench),
    /// Check what no compiler checks: module headers, file lengths, where `unsafe` stands, names that must not appear.
    #[command(after_help = EXIT_CODES)]
    Tidy,
}

const TEST_EXAMPLES: &str = "\
Examples:
  cargo xtask test                                  every layer on every Python found
  cargo xtask test --python 3.12 --layer launcher   one layer on one Python
  cargo xtask test --python ~/venv/bin/python       on this very interpreter
  cargo xtask test --layer launcher -- workers      only tests with `workers` in their names
  cargo xtask test --platforms windows-3.13         the Windows build, under wine
  cargo xtask test --platforms all --write README.md   every platform, and the table of them
  cargo xtask test --require 3.9,3.10,3.11          as CI does: a missing Python, or a test that skips itself, fails

Pythons are found in pyenv's versions folder and as `python3.X` on PATH; of each minor version the highest patch release is taken.
Tests see COLDFRAME_TEST_PYTHON (the interpreter) and COLDFRAME_SKIP_LOG (a file: a test that cannot run appends `name<TAB>why`);
a line `SKIPPED: name: why` that a test prints counts as well.
Everything is built below `target/pyX.Y`, so that one Python's build is never linked with another's.";

/// Build and test every layer on every CPython found, and end with a table.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{TEST_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Test {
    /// Test on this Python only: a version (`3.12`) or the path of an interpreter; can be given again.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: Vec<String>,

    /// Fail when one of these versions cannot be tested, or when any test skips itself.
    #[arg(long, value_name = "X.Y,...", value_delimiter = ',')]
    pub(crate) require: Vec<Version>,

    /// Test on these platforms, one table for all: `native` (the Pythons of this machine), fetched ones (`3.14`, `3.15t`),
    /// `windows-3.13`, `linux-aarch64`, `macos-aarch64`, `macos-x86_64`, `freebsd`, `musl`, or `all`.
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with_all = ["python", "require", "layer"])]
    pub(crate) platforms: Vec<String>,

    /// Write the table of platforms into this file, between its marks.
    #[arg(long, value_name = "FILE", requires = "platforms")]
    pub(crate) write: Vec<PathBuf>,

    /// Test this crate only; can be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Vec<String>,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Run only tests whose names contain one of these.
    #[arg(last = true, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
}

const DIST_EXAMPLES: &str = "\
Examples:
  cargo xtask dist --python 3.12                    dist/py3.12/coldframe, which needs no libpython
  cargo xtask dist --python 3.11 --out /tmp/tools   another folder
  cargo xtask dist --python 3.12 --glibc 2.28       for systems whose glibc is older than this machine's

It needs a Python that has its static library (`libpythonX.Y.a`): `pyenv install` builds one. Before anything is put into the
folder, an application built with the new launcher has to run in an empty folder with no environment and, where the system
allows it, with the Python hidden. The launcher carries the standard library. `--glibc` fetches a compiler that has the symbols of
each glibc (the wheel `ziglang`), and the finished program may need no more than the version that was asked for.";

/// Build a release launcher with CPython linked into it, so that it and what it builds need no Python.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{DIST_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Dist {
    #[command(flatten)]
    pub(crate) launcher: Launcher,

    /// The folder to fill; the launcher becomes `pyX.Y/coldframe` in it, or with `--glibc 2.28` `pyX.Y-glibc2.28/coldframe`.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    pub(crate) out: PathBuf,
}

/// Which launcher is linked, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct Launcher {
    /// The Python to link: a version (`3.12`) or the path of an interpreter.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: String,

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

/// Check formatting, lints (on the lowest and the highest Python found), documentation and tidiness.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Ci {
    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  cargo xtask bench                                 the highest Python found, 20 pairs
  cargo xtask bench --python 3.11 --pairs 50
  cargo xtask bench --launcher dist/py3.12/coldframe --python 3.12 --json
  cargo xtask bench --sizes --python 3.12 --write   sizes and builds beside PyInstaller's; the tables become docs/size.md
  cargo xtask bench --sizes --apps hello,pandas --no-others --python 3.12

The interpreter runs as `python -I` in an empty virtual environment. Both sides of a pair run right after one another, and the
ratio is the median of the pairs' own ratios: a machine's speed drifts from minute to minute, and a pair sees the same weather.
The row `numpy` and the sums of memory have numpy from the index, in an environment of its own.
Last, a built application starts and ends many workers, and must leave nothing behind.

`--sizes` takes none of these, but the applications in `xtask/sizes`, with the launcher of `cargo xtask dist`. Environments are made
once, below `target/sizes`, with `uv` where it is; they take 4 GB, a build up to
10 GB and the row on large files 25 GB for a time. `table.md` there grows with each row.";

/// Time built applications against the interpreter itself, pair by pair in one run.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{BENCH_EXAMPLES}\n\n{EXIT_CODES}"))]
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
    pub(crate) sizes: crate::bench::sizes::flags::Sizes,

    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Where a command that compares leaves what it found.
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// Where what is built, and results as JSON, are kept [default: a folder of the command's name in the target folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Write the table as Markdown to this file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

impl Results {
    /// Where results are kept. What runs has other folders as its current one, so the path is a whole one.
    pub(crate) fn folder(&self, default: PathBuf) -> anyhow::Result<PathBuf> {
        let folder = self.out.clone().unwrap_or(default);
        std::path::absolute(&folder)
            .with_context(|| format!("`{}` is no path of a folder", folder.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::CommandFactory as _;

    #[test]
    fn results_are_kept_below_a_whole_path() {
        let results = |out: Option<&str>| super::Results {
            out: out.map(PathBuf::from),
            table: None,
            verbose: false,
        };
        let here = std::env::current_dir().expect("a current folder");
        let default = here.join("default");
        assert_eq!(results(None).folder(default.clone()).expect("a path"), default);
        let relative = results(Some("some/results")).folder(default).expect("a path");
        assert_eq!(relative, here.join("some/results"));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        super::Xtask::command().debug_assert();
    }
}

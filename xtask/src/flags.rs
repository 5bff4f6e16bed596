//! The command line, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::exit_codes::EXIT_CODES;
use crate::launcher_flags::Launcher;
use crate::version::Version;

/// Coldframe's tasks: test on every Python, check, build a self-contained launcher, measure.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", after_help = EXIT_CODES, max_term_width = 100)]
pub struct Xtask {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Test(Test),
    Dist(Dist),
    Wheel(crate::wheel::flags::Wheel),
    Ci(Ci),
    /// Check what no compiler checks: module headers, file lengths, where `unsafe` stands, names, how sentences begin.
    #[command(after_help = EXIT_CODES)]
    Tidy,
}

const TEST_EXAMPLES: &str = "\
Examples:
  cargo xtask test                                  every layer on every Python found
  cargo xtask test --python 3.12 --layer launcher   one layer on one Python
  cargo xtask test --python ~/venv/bin/python       on this very interpreter
  cargo xtask test --layer command -- workers       only tests with `workers` in their names
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
#[derive(Default)]
pub(crate) struct Test {
    /// Test on this Python only: a version (`3.12`) or the path of an interpreter; can be given again.
    #[arg(long, value_name = "PATH_OR_VERSION")]
    pub(crate) python: Vec<String>,

    /// Fail when one of these versions cannot be tested, or when any test skips itself.
    #[arg(long, value_name = "X.Y,...", value_delimiter = ',')]
    pub(crate) require: Vec<Version>,

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

/// Build a release launcher with CPython linked into it, so that it and the applications that it builds need no Python.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{DIST_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Dist {
    #[command(flatten)]
    pub(crate) launcher: Launcher,

    /// The folder to fill; the launcher becomes `pyX.Y/coldframe` in it, or with `--glibc 2.28` `pyX.Y-glibc2.28/coldframe`.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    pub(crate) out: PathBuf,
}

/// Check formatting, lints (on the lowest and the highest Python found), documentation and tidiness.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Ci {
    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Xtask::command().debug_assert();
    }
}

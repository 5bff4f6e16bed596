//! The command line of `cargo xtask fetched`.

use clap::Args;
use xtask::flags::EXIT_CODES;
use xtask::version::Version;

const EXAMPLES: &str = "\
Examples:
  cargo xtask fetched                               all tests of the launcher on 3.14
  cargo xtask fetched --python 3.15t                all tests on free-threaded 3.15
  cargo xtask fetched --python 3.15 -- workers      only tests with `workers` in their names
  cargo xtask conformance --fetched 3.14            CPython's own suites on the same Python

It needs Linux on x86-64, `apt-get` with Debian's archive, `dpkg`, `cc`, and pip of a Python that is here; nothing is installed.
A fetched Python is kept below `target/fetched`, and fetched again, in the newest release of its version, when it is removed there.

A Python with a GIL is Debian's, from its next suite, with all libraries that it needs, the C library among them: programs that
are linked with it are started by that one's dynamic linker.
Of a free-threaded one there is no package. Its interpreter is the one in the wheel `freeze-core`, an executable: every program
that is built here becomes a library that is started by a copy of it.";

/// Fetch a Python that this machine does not have, and run the launcher's tests on it.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Fetched {
    /// Its version; one with a `t` has no GIL.
    #[arg(long, value_name = "X.Y[t]", default_value = "3.14")]
    pub(crate) python: Version,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Run only tests whose names contain one of these.
    #[arg(last = true, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
}

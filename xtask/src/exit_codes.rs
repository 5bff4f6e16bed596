//! The exit codes of the tasks.

/// The exit codes of all tasks, for `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  everything asked for was done, and was good
  1  something that was checked is bad: a failed test, a lint, a required Python that is missing
  2  the command line was wrong
  3  the command could not do its work: no cargo, no Python, a file that cannot be written";

//! The task runner: `cargo xtask help` lists its tasks.
//!
//! Each check runs the same way on a developer's machine and in CI, whose files hold no logic of their own.
//! The crate `lab` has the tasks that take long or are seldom needed. It uses the public modules of this library.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's results are for its user to read"
)]

pub mod child;
mod ci;
mod counts;
pub mod dist;
pub mod environment;
mod exit_codes;
pub mod flags;
mod glibc;
pub mod lab;
mod launcher_flags;
pub mod launcher_tests;
mod layers;
pub mod libpython;
mod linkage;
mod matrix;
pub mod members;
pub mod nightly;
pub mod platform_rows;
pub mod progress;
pub mod pythons;
mod report;
mod source;
mod suite;
mod test;
mod tidy;
pub mod version;
mod wheel;
pub mod workspace;

use std::process::ExitCode;

use crate::flags::{Command, Xtask};
use crate::workspace::Workspace;

/// Runs the task that the command line names.
pub fn run(flags: Xtask) -> anyhow::Result<Verdict> {
    let workspace = Workspace::load()?;
    match flags.command {
        Command::Test(flags) => test::run(&workspace, &flags),
        Command::Dist(flags) => dist::run(&workspace, &flags),
        Command::Wheel(flags) => wheel::run(&workspace, &flags),
        Command::Ci(flags) => ci::run(&workspace, &flags),
        Command::Tidy => tidy::run(&workspace),
    }
}

/// The result of a task, as against an error that kept it from having one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that was asked for was done, and was good.
    Good,
    /// Something that was checked is bad.
    Bad,
}

impl Verdict {
    /// The verdict on so many failures.
    pub fn from_failures(n_failures: usize) -> Self {
        if n_failures == 0 { Self::Good } else { Self::Bad }
    }
}

/// The exit code of a task, as `--help` explains it; an error is told on standard error.
pub fn exit_code(result: anyhow::Result<Verdict>) -> ExitCode {
    match result {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}

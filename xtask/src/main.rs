//! The task runner: `cargo xtask help` lists what it does.
//!
//! Whatever is checked here is checked the same way on a developer's machine and in CI, whose files hold no logic of their own.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's results are for its user to read"
)]

#[cfg(target_os = "linux")]
mod attack;
mod bench;
mod child;
mod ci;
mod conformance;
mod counts;
mod dist;
mod elsewhere;
mod environment;
mod fetched;
mod flags;
mod fuzz;
mod layers;
mod libpython;
mod matrix;
mod packages;
mod platforms;
mod progress;
mod pythons;
mod report;
mod source;
mod suite;
mod test;
mod tidy;
mod version;
mod wheel;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use crate::flags::{Command, Xtask};
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let flags = Xtask::parse();
    match run(flags) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn run(flags: Xtask) -> anyhow::Result<Verdict> {
    let workspace = Workspace::load()?;
    match flags.command {
        Command::Test(flags) => test::run(&workspace, &flags),
        Command::Conformance(flags) => conformance::run(&workspace, &flags),
        Command::Fetched(flags) => fetched::run(&workspace, &flags),
        Command::Packages(flags) => packages::run(&workspace, &flags),
        Command::Elsewhere(flags) => elsewhere::run(&workspace, &flags),
        Command::Dist(flags) => dist::run(&workspace, &flags),
        Command::Wheel(flags) => wheel::run(&workspace, &flags),
        Command::Ci(flags) => ci::run(&workspace, &flags),
        #[cfg(target_os = "linux")]
        Command::Attack(flags) => attack::run(&workspace, &flags),
        Command::Fuzz(flags) => fuzz::run(&workspace, &flags),
        Command::Bench(flags) => bench::run(&workspace, &flags),
        Command::Tidy => tidy::run(&workspace),
    }
}

/// What a command found, as against an error that kept it from finding out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
}

impl Verdict {
    fn from_failures(n_failures: usize) -> Self {
        if n_failures == 0 { Self::Good } else { Self::Bad }
    }
}

//! The lab: tasks that take long or are seldom needed, each run by `cargo xtask NAME`.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's results are for its user to read"
)]

mod api;
#[cfg(target_os = "linux")]
mod attack;
mod bench;
mod conformance;
mod elsewhere;
mod fetched;
mod flags;
mod fuzz;
mod miri;
mod packages;
mod platforms;
mod results;

use std::process::ExitCode;

use clap::Parser as _;
use xtask::Verdict;
use xtask::workspace::Workspace;

use crate::flags::{Command, Lab};

fn main() -> ExitCode {
    xtask::exit_code(run(Lab::parse()))
}

fn run(flags: Lab) -> anyhow::Result<Verdict> {
    let workspace = Workspace::load()?;
    match flags.command {
        Command::Conformance(flags) => conformance::run(&workspace, &flags),
        Command::Fetched(flags) => fetched::run(&workspace, &flags),
        Command::Platforms(flags) => platforms::run(&workspace, &flags),
        Command::Packages(flags) => packages::run(&workspace, &flags),
        Command::Elsewhere(flags) => elsewhere::run(&workspace, &flags),
        #[cfg(target_os = "linux")]
        Command::Attack(flags) => attack::run(&workspace, &flags),
        Command::Fuzz(flags) => fuzz::run(&workspace, &flags),
        Command::Miri(flags) => miri::run(&workspace, &flags),
        Command::Api(flags) => api::run(&workspace, &flags),
        Command::Bench(flags) => bench::run(&workspace, &flags),
    }
}

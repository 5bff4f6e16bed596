//! The program `xtask`: its own tasks are run here, and those of the lab by the lab.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use xtask::flags::Xtask;
use xtask::lab;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if lab::is_asked(&arguments) {
        return lab::run(&arguments);
    }
    // Clap ends the program when the command line is wrong.
    let matches = lab::listed_in(Xtask::command()).get_matches();
    let flags = Xtask::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    xtask::exit_code(xtask::run(flags))
}

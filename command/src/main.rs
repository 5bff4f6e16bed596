//! The `coldframe` command, and the behaviour of executables that carry it.
//!
//! One program is all of these, in this order: an application, when an archive with a configuration lies behind it;
//! a worker process of an application that `coldframe run` started; `python`, when it is called so; and the command.

mod arguments;
mod build;
mod build_summary;
mod build_target;
mod cache;
mod context;
mod doctor;
mod error;
mod inspect;
mod needs;
mod packed_python;
mod plan;
mod policy;
mod progress;
mod python;
mod record;
mod requirements;
mod run;
mod runtime_file;
mod settings_file;
mod stubs;
mod warnings;
mod whole;
mod why;
mod windows_program;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use launcher::command_parts::{
    self, application, is_for_python, is_python_called, is_started_by_this, parse_worker, report,
    start_log,
};

use self::arguments::{Arguments, Command};
use self::error::CommandError;

/// The environment variable by which `coldframe run` tells the workers of its application where their archives are.
/// It is read by nothing but command lines that such an application writes, so it changes no other program.
const ARCHIVES_VARIABLE: &str = "COLDFRAME_ARCHIVES";

launcher::program!();

/// Runs the command with this process's command line, and prints errors: the only place that does.
fn main() -> ExitCode {
    start_log();
    dispatch().unwrap_or_else(|error| report(&error, error.exit_code()))
}

fn dispatch() -> Result<ExitCode, CommandError> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(exit_code) = application(&arguments)? {
        return Ok(exit_code);
    }
    // A process may be started without even the program's name, and then has no arguments.
    let is_worker = parse_worker(arguments.get(1..).unwrap_or_default())
        .map_err(launcher::Error::from)?
        .is_some();
    if is_worker && let Some(archives) = variable(ARCHIVES_VARIABLE) {
        let archives: Vec<PathBuf> = std::env::split_paths(&archives).collect();
        return run::start(archives, arguments, None, open_log());
    }
    if is_python_called(&arguments)? {
        return python::run(arguments);
    }
    // `python` for an application of `coldframe run`, which knows no `coldframe` in its `sys.executable`.
    if is_for_python(arguments.get(1..).unwrap_or_default())
        && let Some(archives) = variable(ARCHIVES_VARIABLE)
        && is_started_by_this()?
    {
        let archives = std::env::split_paths(&archives).collect();
        return run::start(archives, arguments, None, open_log());
    }
    match Arguments::parse().command {
        Command::Run(options) if options.record_files => record::run(*options),
        Command::Run(options) => run::run(*options),
        Command::Build(options) => build::run(options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Policy(options) => policy::run(&options),
        Command::Cache(options) => cache::run(&options),
        Command::Python(options) => python::run_command(options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Stubs => stubs::run(),
        Command::Whole(options) => whole::run(&options),
        Command::Recorded(options) => record::become_application(*options),
    }
}

/// The log of a recorded application, in a process that it started.
fn open_log() -> Option<run::OpenLog> {
    variable(run::LOG_VARIABLE).map(|file| run::OpenLog::Inherited(file.into()))
}

/// Reads an environment variable: the one place of the command that does.
fn variable(name: &str) -> Option<OsString> {
    command_parts::variable(name)
}

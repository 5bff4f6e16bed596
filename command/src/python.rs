//! `coldframe python`: a `python` with the standard library from an archive.

use std::ffi::OsString;
use std::process::ExitCode;

use launcher::command_parts::{Children, PYTHON_VARIABLE, python_configuration};
use launcher::{Interpreter, Mode};

use super::error::CommandError;
use super::{arguments, run};

pub(super) fn run_command(options: arguments::Python) -> Result<ExitCode, CommandError> {
    let mut arguments = vec![OsString::from("python")];
    arguments.extend(options.arguments);
    run(arguments)
}

/// Runs with a command line of `python`'s own shape, the program's name first.
pub(super) fn run(arguments: Vec<OsString>) -> Result<ExitCode, CommandError> {
    let archive = run::standard_library_only()?;
    let interpreter = Interpreter::builder(python_configuration())
        .archive(archive)
        .arguments(arguments)
        // Another application of ours below would become `python` too; this one's children are told in another way.
        .taken_variable(PYTHON_VARIABLE)
        .mode(Mode::Python)
        .children(Children::Python);
    Ok(interpreter.run()?)
}

//! `coldframe python`: what `python` does, with the standard library from an archive.

use std::ffi::OsString;
use std::process::ExitCode;

use interp_config::{Profile, PythonInterpreterConfig, StartMethodSetting};

use super::error::CommandError;
use super::{arguments, run};
use crate::interpreter::{Interpreter, Mode};

pub(super) fn run_command(options: arguments::Python) -> Result<ExitCode, CommandError> {
    let mut arguments = vec![OsString::from("python")];
    arguments.extend(options.arguments);
    run(arguments)
}

/// Runs with a command line of `python`'s own shape, the program's name first.
pub(super) fn run(arguments: Vec<OsString>) -> Result<ExitCode, CommandError> {
    let config = PythonInterpreterConfig {
        profile: Profile::Python,
        filesystem_importer: true,
        site_import: true,
        utf8_mode: false,
        sys_frozen: false,
        // As `python` would: and its children are started with `-c`, which is python's own business.
        multiprocessing_start_method: StartMethodSetting::None,
        multiprocessing_auto_dispatch: false,
        ..PythonInterpreterConfig::default()
    };
    let archive = run::standard_library_only()?;
    let interpreter = Interpreter::builder(config)
        .archive(archive)
        .arguments(arguments)
        .mode(Mode::Python)
        // A child that runs `sys.executable` is to be a `python` as well.
        .inherited_variable(super::PYTHON_VARIABLE, "1".into());
    Ok(interpreter.run()?)
}

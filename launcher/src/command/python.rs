//! `coldframe python`: what `python` does, with the standard library from an archive.

use std::ffi::OsString;
use std::process::ExitCode;

use interp_config::{Profile, PythonInterpreterConfig, RunTarget, StartMethodSetting};

use super::error::CommandError;
use super::{PYTHON_VARIABLE, arguments, run};
use crate::interpreter::{Children, Interpreter, Mode};

pub(super) fn run_command(options: arguments::Python) -> Result<ExitCode, CommandError> {
    let mut arguments = vec![OsString::from("python")];
    arguments.extend(options.arguments);
    run(arguments)
}

/// Runs with a command line of `python`'s own shape, the program's name first.
pub(super) fn run(arguments: Vec<OsString>) -> Result<ExitCode, CommandError> {
    let archive = run::standard_library_only()?;
    let interpreter = Interpreter::builder(configuration())
        .archive(archive)
        .arguments(arguments)
        // Another application of ours below would become `python` too; this one's children are told in another way.
        .taken_variable(PYTHON_VARIABLE)
        .mode(Mode::Python)
        .children(Children::Python);
    Ok(interpreter.run()?)
}

/// The settings of a program that is `python`.
pub(super) fn configuration() -> PythonInterpreterConfig {
    PythonInterpreterConfig {
        profile: Profile::Python,
        run: RunTarget::Repl,
        filesystem_importer: true,
        site_import: true,
        utf8_mode: false,
        sys_frozen: false,
        // As `python` would: and its children are started with `-c`, which is python's own business.
        multiprocessing_start_method: StartMethodSetting::None,
        multiprocessing_auto_dispatch: false,
        ..PythonInterpreterConfig::default()
    }
}

/// Whether these are the settings of a program that is `python`: it reads its whole command line as `python` does. An
/// application that begins with the prompt has others.
pub(super) fn is_interpreter(config: &PythonInterpreterConfig) -> bool {
    *config == configuration()
}

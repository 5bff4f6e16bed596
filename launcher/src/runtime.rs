//! The behaviour of an executable that `coldframe build` made: it finds its archive, and runs the application in it.
//!
//! The program `coldframe-runtime` does nothing else: the packer copies it before each archive. The `coldframe` command does the
//! same first, for it may itself be copied so.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use interp_config::PythonInterpreterConfig;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::as_python::{self, PYTHON_VARIABLE};
use crate::error::{Error, Problem};
use crate::interpreter::{Children, Interpreter, Mode};
use crate::python_mode::{PythonRequest, is_heard};
use crate::{exe, surroundings};

/// Runs the application behind this program, and prints errors: the only place of a built application that does.
pub fn main() -> ExitCode {
    start_log();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let ran = application(&arguments).and_then(|ran| match ran {
        Some(exit_code) => Ok(exit_code),
        None => Err(Problem::NoApplication { executable: exe::own_executable()? }.into()),
    });
    ran.unwrap_or_else(|error| report(&error, error.exit_code()))
}

/// Runs the application behind this program; nothing when there is none.
pub fn application(arguments: &[OsString]) -> Result<Option<ExitCode>, Error> {
    let Some(executable) = exe::executable_with_archive()? else { return Ok(None) };
    // An archive without a configuration is the standard library of the command itself.
    let Some(config) = configuration(&executable)? else { return Ok(None) };
    let called_python = as_python::is_called(arguments)?
        && is_heard(config.python_mode, PythonRequest::ByWord, as_python::is_started_by_this()?);
    let (mode, children) = if as_python::is_interpreter(&config) {
        (Mode::Python, Children::Untold)
    } else if called_python {
        (Mode::Python, Children::Python)
    } else {
        (Mode::Application, Children::ByCommandLine)
    };
    let interpreter = Interpreter::builder(config).archive(executable);
    let interpreter =
        if called_python { interpreter.taken_variable(PYTHON_VARIABLE) } else { interpreter };
    Ok(Some(interpreter.mode(mode).children(children).run()?))
}

/// The configuration in an archive, if it has one.
pub fn configuration(path: &Path) -> Result<Option<PythonInterpreterConfig>, Error> {
    // The archive is mapped, for a start costs the pages that it reads; the interpreter maps the same pages again.
    let archive = crate::py::map_archive(path)?;
    Ok(manifest::configuration(&archive)?.map(|settings| settings.interpreter))
}

/// Prints an error, and gives the exit code for it.
pub fn report(error: &dyn std::error::Error, exit_code: u8) -> ExitCode {
    let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {}", with_causes(error));
    ExitCode::from(exit_code)
}

/// The message of an error, and those of its causes that it does not hold already.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !message.contains(&said) {
            message = format!("{message}: {said}");
        }
        cause = inner.source();
    }
    message
}

/// The log goes to standard error, filtered by `COLDFRAME_LOG`; without it there is none, and no cost.
pub fn start_log() {
    let filter = surroundings::variable("COLDFRAME_LOG").and_then(|text| text.into_string().ok());
    let Some(filter) = filter else { return };
    // A misspelt filter means less output, and stops no program.
    let filter: Targets = filter.parse().unwrap_or_default();
    let colours = std::io::stderr().is_terminal()
        && surroundings::variable("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

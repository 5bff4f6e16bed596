//! The `coldframe` command, and what an executable that it built does.
//!
//! One program is all of these, in this order: an application, when an archive with a configuration lies behind it;
//! a worker process of an application that `coldframe run` started; `python`, when it is called so; and the command.

mod arguments;
mod build;
mod build_summary;
mod cache;
mod context;
mod doctor;
mod error;
mod inspect;
mod needs;
mod packed_python;
mod policy;
mod progress;
mod python;
mod requirements;
mod run;
mod settings_file;
mod stubs;
mod whole;
mod why;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use interp_config::{Document, PythonInterpreterConfig};

use self::arguments::{Arguments, Command};
use self::error::CommandError;
use crate::ancestry::{self, Ancestry};
use crate::interpreter::{Children, Interpreter, Mode};
use crate::{exe, surroundings, worker};

/// The environment variable by which `coldframe run` tells the workers of its application where their archives are.
/// It is read by nothing but a command line that is a worker's, so it changes no other program.
const ARCHIVES_VARIABLE: &str = "COLDFRAME_ARCHIVES";

/// The environment variable that asks for `python`.
const PYTHON_VARIABLE: &str = "COLDFRAME_PYTHON";

/// Runs the command with this process's command line, and prints what went wrong: the only place that does.
pub fn main() -> ExitCode {
    start_log();
    dispatch().unwrap_or_else(|error| {
        let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {}", with_causes(&error));
        ExitCode::from(error.exit_code())
    })
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
fn start_log() {
    if let Some(filter) = variable("COLDFRAME_LOG").and_then(|filter| filter.into_string().ok()) {
        let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(filter);
        let colours = std::io::stderr().is_terminal()
            && variable("NO_COLOR").is_none_or(|value| value.is_empty());
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(colours);
        let _ = log.try_init();
    }
}

fn dispatch() -> Result<ExitCode, CommandError> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let called_python = is_called_python(&arguments)?;
    if let Some(executable) = exe::executable_with_archive()? {
        // An archive without a configuration is the standard library of the command itself.
        if let Some(config) = configuration(&executable)? {
            let (mode, children) = if python::is_interpreter(&config) {
                (Mode::Python, Children::Untold)
            } else if called_python {
                (Mode::Python, Children::Python)
            } else {
                (Mode::Application, Children::ByCommandLine)
            };
            let interpreter = Interpreter::builder(config).archive(executable);
            let interpreter = if called_python {
                interpreter.taken_variable(PYTHON_VARIABLE)
            } else {
                interpreter
            };
            return Ok(interpreter.mode(mode).children(children).run()?);
        }
    }
    let is_worker = worker::parse(arguments.get(1..).unwrap_or_default())
        .map_err(crate::Error::from)?
        .is_some();
    if is_worker && let Some(archives) = variable(ARCHIVES_VARIABLE) {
        let archives: Vec<PathBuf> = std::env::split_paths(&archives).collect();
        return run::start(archives, arguments, None);
    }
    if called_python {
        return python::run(arguments);
    }
    match Arguments::parse().command {
        Command::Run(options) => run::run(*options),
        Command::Build(options) => build::run(options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Policy(options) => policy::run(&options),
        Command::Cache(options) => cache::run(&options),
        Command::Python(options) => python::run_command(options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Stubs => stubs::run(),
        Command::Whole(options) => whole::run(&options),
    }
}

/// Whether this process is to be `python`: by the user's word, by its name, or because the process of this program that
/// started it is one.
fn is_called_python(arguments: &[OsString]) -> Result<bool, CommandError> {
    if surroundings::is_privileged() {
        return Ok(false);
    }
    if variable(PYTHON_VARIABLE).is_some_and(|value| value == "1")
        || arguments.first().is_some_and(|name| is_python_name(Path::new(name)))
    {
        return Ok(true);
    }
    let Some(left) = variable(ancestry::VARIABLE) else { return Ok(false) };
    let executable = exe::own_executable()?;
    Ok(Ancestry::read(Some(&left), &executable, std::process::id()).is_python)
}

/// The configuration in an archive, if it has one.
fn configuration(path: &Path) -> Result<Option<PythonInterpreterConfig>, CommandError> {
    // Mapped, for a start costs what it reads; the interpreter maps the same pages again.
    let archive = crate::py::map_archive(path)?;
    let Some(text) = archive.attribute("configuration")? else { return Ok(None) };
    let name = format!("{}: configuration", path.display());
    let settings =
        interp_config::parse(&String::from_utf8_lossy(&text), &name, Document::Coldframe)?;
    Ok(Some(settings.unwrap_or_default().interpreter))
}

/// Whether a program of that name is to be `python`: `python`, `python3`, `python3.12`, `python.exe`.
fn is_python_name(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    // `file_stem` takes `.12` for an ending.
    name.strip_prefix("python")
        .is_some_and(|rest| rest.chars().all(|rest| rest.is_ascii_digit() || rest == '.'))
}

/// Reads an environment variable: the one place of the command that does.
fn variable(name: &str) -> Option<OsString> {
    surroundings::variable(name)
}

//! Programs that are to be `python`, and their settings.

use std::ffi::OsString;
use std::path::Path;

use interp_config::{Profile, PythonInterpreterConfig, PythonMode, RunTarget, StartMethodSetting};

use crate::ancestry::{self, Ancestry};
use crate::error::Error;
use crate::{ancestors, exe, surroundings};

/// The environment variable that asks for `python`.
pub const PYTHON_VARIABLE: &str = "COLDFRAME_PYTHON";

/// Whether this process is to be `python`: by the user's word, by its name, or because the process of this program that
/// started it is one.
pub fn is_called(arguments: &[OsString]) -> Result<bool, Error> {
    if surroundings::is_privileged() {
        return Ok(false);
    }
    if surroundings::variable(PYTHON_VARIABLE).is_some_and(|value| value == "1")
        || arguments.first().is_some_and(|name| is_python_name(Path::new(name)))
    {
        return Ok(true);
    }
    Ok(ancestry()?.is_python)
}

/// Whether a process of this program started this one.
pub fn is_started_by_this() -> Result<bool, Error> {
    Ok(ancestors::is_started_by_this(ancestry()?.is_marked()))
}

/// The mark that the process above has left in the environment, if it runs this program.
fn ancestry() -> Result<Ancestry, Error> {
    let left = surroundings::variable(ancestry::VARIABLE);
    let Some(left) = left else { return Ok(Ancestry::default()) };
    Ok(Ancestry::read(Some(&left), &exe::own_executable()?, std::process::id()))
}

/// Whether a program of that name is to be `python`: `python`, `python3`, `python3.12`, `python.exe`.
fn is_python_name(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    // `file_stem` takes `.12` for an ending.
    name.strip_prefix("python")
        .is_some_and(|rest| rest.chars().all(|rest| rest.is_ascii_digit() || rest == '.'))
}

/// The settings of a program that is `python`.
pub fn configuration() -> PythonInterpreterConfig {
    PythonInterpreterConfig {
        profile: Profile::Python,
        run: RunTarget::Repl,
        filesystem_importer: true,
        site_import: true,
        utf8_mode: false,
        sys_frozen: false,
        // `python` would do the same: its children are started with `-c`, which is python's own business.
        multiprocessing_start_method: StartMethodSetting::None,
        multiprocessing_auto_dispatch: false,
        python_mode: PythonMode::Always,
        ..PythonInterpreterConfig::default()
    }
}

/// Whether these are the settings of a program that is `python`: it reads its whole command line as `python` does. An
/// application that begins with the prompt has others.
pub(crate) fn is_interpreter(config: &PythonInterpreterConfig) -> bool {
    *config == configuration()
}

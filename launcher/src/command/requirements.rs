//! `--requirements`: an environment made for a build, and kept in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::context::environment_python;
use super::error::CommandError;
use crate::bundle::{CacheFolder, KeyBuilder, PythonInstallation};
use crate::cache::contents::ENVIRONMENTS;
use crate::cache::{folder_once, private_folder};

/// The environment with these requirements installed; made when the file's text is new for this Python.
pub(super) fn environment(
    requirements: &Path,
    python: &PythonInstallation,
    cache: &CacheFolder,
) -> Result<PathBuf, CommandError> {
    let text = fs::read_to_string(requirements).map_err(|source| CommandError::Io {
        action: "read the requirements",
        path: requirements.to_owned(),
        source,
    })?;
    let key =
        KeyBuilder::new().text("python", &python.identity()).text("requirements", &text).finish();
    let environment = private_folder(cache.path(), ENVIRONMENTS)?.join(key);
    let mut failure = None;
    folder_once(&environment, |folder| {
        let made = python_runs(&python.executable, &["-m", "venv"], folder).and_then(|()| {
            let pip =
                ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--requirement"];
            python_runs(&environment_python(folder), &pip, requirements)
        });
        made.map_err(|said| {
            failure = Some(said);
            crate::Error::start("the requirements were not installed")
        })
    })
    .map(crate::cache::Held::keep)
    .map_err(|error| match failure.take() {
        Some(said) => CommandError::Requirements { requirements: requirements.to_owned(), said },
        None => error.into(),
    })?;
    Ok(environment)
}

/// Runs a Python; what it said, when it failed.
fn python_runs(python: &Path, arguments: &[&str], path: &Path) -> Result<(), String> {
    let output = Command::new(python)
        .args(arguments)
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{}` does not run: {error}", python.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

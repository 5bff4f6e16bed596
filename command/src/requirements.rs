//! `--requirements`: an environment made for a build, and kept in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cache::ENVIRONMENTS;
use cache::{folder_once, private_folder};
use packer::{CacheFolder, KeyBuilder, PythonInstallation};

use super::error::CommandError;
use super::packed_python::environment_python;
use super::variable;

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
    let program = maker(python)?;
    let environment = private_folder(cache.path(), ENVIRONMENTS)?.join(key);
    folder_once(&environment, |folder| {
        let made = python_runs(&program, &["-m", "venv"], folder).and_then(|()| {
            let pip =
                ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--requirement"];
            python_runs(&environment_python(folder), &pip, requirements)
        });
        made.map_err(|said| CommandError::Requirements {
            requirements: requirements.to_owned(),
            said,
        })
    })
    .map(cache::LockedEntry::keep)?;
    Ok(environment)
}

/// A Python that can make an environment. The one inside of this program cannot, for it carries no `pip`.
fn maker(python: &PythonInstallation) -> Result<PathBuf, CommandError> {
    if python.is_installed() {
        return Ok(python.executable.clone());
    }
    let (major, minor, _) = python.version;
    let names = [format!("python{major}.{minor}"), "python3".to_owned(), "python".to_owned()];
    // Without `PATH` there are no folders: the empty text would mean the current one.
    let path = variable("PATH");
    let folders: Vec<PathBuf> = path.iter().flat_map(std::env::split_paths).collect();
    let mut programs =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let fits = |program: &PathBuf| {
        program.is_file()
            && PythonInstallation::inspect(program)
                .is_ok_and(|found| (found.version.0, found.version.1) == (major, minor))
    };
    programs.find(fits).ok_or_else(|| {
        CommandError::Python(format!(
            "`--requirements` installs with pip, and no Python {major}.{minor} is on `PATH` to run it; name one with \
             `--python`, or make the environment yourself (`uv venv --python {major}.{minor}`) and name that with `--venv`"
        ))
    })
}

/// Runs a Python; its output is the error when it failed.
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

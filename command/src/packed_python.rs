//! The Python whose standard library is packed: one that is named, the launcher's own, or one of this machine.

use std::path::{Path, PathBuf};

use importer_core::Archive;
use launcher::command_parts::{BUILD_PYTHON, DEBUG, FREE_THREADED, PYTHON_VERSION};
use launcher::command_parts::{builtin_modules, map_archive};
use launcher::{executable_with_archive, own_executable};
use packer::{COMPILE_WORKER, CompileCommand, Environment, PythonInstallation};

use super::error::CommandError;

/// A Python to pack, and how modules are compiled for it.
pub(super) struct PackedPython {
    pub(super) installation: PythonInstallation,
    /// The archive behind this program, when the standard library comes from there.
    pub(super) carried: Option<Archive>,
    pub(super) compile: CompileCommand,
}

/// The one named, the one that this program carries, that of the build, or (where that is gone) that of the virtual
/// environment. It must be of the version that this program is linked with.
pub(super) fn find(
    named: Option<&Path>,
    venv: Option<&Path>,
) -> Result<PackedPython, CommandError> {
    if named.is_none()
        && let Some(carried) = carried()?
    {
        return Ok(carried);
    }
    let of_build = Some(Path::new(BUILD_PYTHON)).filter(|path| path.is_file());
    let of_venv = venv.map(environment_python).filter(|path| path.is_file());
    let Some(path) = named.or(of_build).or(of_venv.as_deref()) else {
        return Err(CommandError::Python(format!(
            "no Python {PYTHON_VERSION} was found to take the standard library from; name one with `--python`"
        )));
    };
    let installation = PythonInstallation::inspect(path)?;
    check_kind(&installation, path)?;
    check_built_in(&installation, path)?;
    let compile = compile(&installation.executable, &[]);
    Ok(PackedPython { installation, carried: None, compile })
}

/// The Python whose standard library lies behind this program. Modules are then compiled by the program itself.
pub(super) fn carried() -> Result<Option<PackedPython>, CommandError> {
    let Some(executable) = executable_with_archive()? else { return Ok(None) };
    let archive = map_archive(&executable)?;
    let Some(installation) = PythonInstallation::carried(&archive, &executable)? else {
        return Ok(None);
    };
    let compile = compile(&executable, &["python"]);
    Ok(Some(PackedPython { installation, carried: Some(archive), compile }))
}

fn compile(program: &Path, before: &[&str]) -> CompileCommand {
    CompileCommand {
        program: program.to_owned(),
        arguments: before
            .iter()
            .chain(&["-I", "-S", "-B", "-c", COMPILE_WORKER])
            .map(Into::into)
            .collect(),
        environment: Vec::new(),
    }
}

/// The environment whose `bin` this program lies in, when it was installed there as a distribution.
pub(super) fn own_environment(python: &PythonInstallation) -> Option<PathBuf> {
    let executable = own_executable().ok()?;
    let prefix = executable.parent()?.parent()?;
    Environment::has_distribution(prefix, DISTRIBUTION, python).then(|| prefix.to_owned())
}

/// The virtual environment of that interpreter, if it is one's: its packages are meant, for they are those that it finds.
pub(super) fn environment_around(interpreter: &Path) -> Option<PathBuf> {
    let prefix = folder_around(interpreter)?;
    prefix.join("pyvenv.cfg").is_file().then_some(prefix)
}

/// The installation that an interpreter outside of all virtual environments belongs to, if packages are installed there.
pub(super) fn prefix_around(interpreter: &Path, python: &PythonInstallation) -> Option<PathBuf> {
    folder_around(interpreter).filter(|prefix| Environment::has_packages(prefix, python))
}

/// The folder above the interpreter's `bin`. A link is not followed: an environment's interpreter is one.
fn folder_around(interpreter: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(interpreter).ok()?;
    Some(absolute.parent()?.parent()?.to_owned())
}

/// The name under which this program is installed from a package index.
const DISTRIBUTION: &str = "coldframe";

/// The interpreter of a virtual environment.
pub(super) fn environment_python(venv: &Path) -> PathBuf {
    venv.join(if cfg!(windows) { r"Scripts\python.exe" } else { "bin/python" })
}

/// Whether a standard library is of the version and the kind of this program's own interpreter.
pub(super) fn check_kind(python: &PythonInstallation, path: &Path) -> Result<(), CommandError> {
    let name = path.display();
    let (major, minor, _) = python.version;
    if format!("{major}.{minor}") != PYTHON_VERSION {
        return Err(CommandError::Python(format!(
            "`{name}` is Python {major}.{minor}, and this `coldframe` is built for Python {PYTHON_VERSION}; name a Python \
             {PYTHON_VERSION} with `--python`, or use a `coldframe` built for {major}.{minor}"
        )));
    }
    let way_out = way_out();
    for (has, wanted, build) in [
        (python.free_threaded, FREE_THREADED, "a free-threaded build"),
        (python.debug, DEBUG, "a debug build"),
    ] {
        if has != wanted {
            let (is, own) = if has { ("is", "is not") } else { ("is not", "is") };
            return Err(CommandError::Python(format!(
                "`{name}` {is} {build}, and the Python of this `coldframe` {own}; {way_out}"
            )));
        }
    }
    Ok(())
}

fn way_out() -> String {
    format!(
        "name another Python {PYTHON_VERSION} with `--python`{}, or use a `coldframe` built with this one",
        match BUILD_PYTHON {
            "" => String::new(),
            of_build => format!(" (this `coldframe` was built with `{of_build}`)"),
        }
    )
}

/// Whether it has files for all modules that this program's own interpreter lacks.
fn check_built_in(python: &PythonInstallation, path: &Path) -> Result<(), CommandError> {
    let Some(builtin) = builtin_modules() else { return Ok(()) };
    let lacking = python.lacking(&builtin);
    if lacking.is_empty() {
        return Ok(());
    }
    let lacking: Vec<String> = lacking.iter().map(|name| format!("`{name}`")).collect();
    Err(CommandError::Python(format!(
        "`{}` has modules inside that the Python of this `coldframe` lacks, and no files of them to pack: {}; {}",
        path.display(),
        lacking.join(", "),
        way_out()
    )))
}

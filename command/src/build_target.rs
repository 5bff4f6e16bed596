//! The system that `coldframe build` makes an executable for: this one, or Windows, whose launcher is then a file beside this
//! program or a named one.

use std::fs;
use std::path::{Path, PathBuf};

use interp_config::PythonInterpreterConfig;
use launcher::command_parts::{PYTHON_VERSION, start_method_decision};
use launcher::own_executable;
use packer::{Environment, PythonInstallation, needed_libpython};
use platform_policy::{Os, PythonBuild, decide};
use target_lexicon::{Architecture, HOST, OperatingSystem, Triple};

use super::error::CommandError;
use super::packed_python::{self, PackedPython};
use super::runtime_file::{self, RuntimeFile};

/// The name of the launcher for Windows, beside this program.
const NAME: &str = "coldframe-runtime.exe";

/// The triple of those other systems that can be built for.
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The system that an executable is built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BuildTarget {
    /// The one on which this program runs.
    Here,
    /// Windows, from another system.
    Windows {
        /// The launcher, if one was named.
        launcher: Option<PathBuf>,
    },
}

impl BuildTarget {
    /// Reads the options.
    pub(super) fn new(triple: Option<&str>, launcher: Option<&Path>) -> Result<Self, CommandError> {
        let Some(name) = triple else { return Ok(Self::Here) };
        let os = Os::of_name(name)?;
        let triple: Triple = name.parse().unwrap_or_else(|_| Triple::unknown());
        let is_windows = os == Os::Windows && triple.architecture == Architecture::X86_64;
        if is_system_of(&triple, &HOST) {
            return match launcher {
                None => Ok(Self::Here),
                Some(_) => Err(CommandError::Usage(format!(
                    "`--launcher` names the launcher of another system, and `{name}` is this one: leave it out"
                ))),
            };
        }
        if is_windows {
            return Ok(Self::Windows { launcher: launcher.map(Path::to_owned) });
        }
        Err(CommandError::Usage(format!(
            "executables for `{name}` are built there: from here, they are built for this system, and for Windows on x86-64 \
             (`--target {WINDOWS}`)"
        )))
    }

    /// Whether it is another system, whose programs cannot be run here.
    pub(super) fn is_elsewhere(&self) -> bool {
        *self != Self::Here
    }

    /// An error for a start method that the system lacks.
    pub(super) fn check_start_method(
        &self,
        config: &PythonInterpreterConfig,
    ) -> Result<(), CommandError> {
        match self {
            Self::Here => start_method_decision(config).map(drop)?,
            Self::Windows { .. } => {
                let method = config.multiprocessing_start_method;
                decide(Os::Windows, PythonBuild::NonFramework, method).map(drop)?;
            }
        }
        Ok(())
    }

    /// The Python to pack; what compiles its modules runs here.
    pub(super) fn python(
        &self,
        named: Option<&Path>,
        venv: Option<&Path>,
    ) -> Result<PackedPython, CommandError> {
        if !self.is_elsewhere() {
            return packed_python::find(named, venv);
        }
        let Some(folder) = named else {
            return Err(CommandError::Usage(format!(
                "`--target {WINDOWS}` packs a Python for Windows: name its folder with `--python` (the one with \
                 `python{}.dll`, `Lib` and `DLLs`)",
                PYTHON_VERSION.replace('.', "")
            )));
        };
        let own = packed_python::find(None, None)?;
        let installation = PythonInstallation::of_windows(folder, &own.installation)?;
        packed_python::check_kind(&installation, folder)?;
        Ok(PackedPython { installation, carried: None, compile: own.compile })
    }

    /// The virtual environment of the interpreter that is packed.
    pub(super) fn environment_around(&self, python: &Path) -> Option<PathBuf> {
        if self.is_elsewhere() { None } else { packed_python::environment_around(python) }
    }

    /// The installation that is packed, if packages are installed there.
    pub(super) fn prefix_around(
        &self,
        named: &Path,
        python: &PythonInstallation,
    ) -> Option<PathBuf> {
        if !self.is_elsewhere() {
            return packed_python::prefix_around(named, python);
        }
        Environment::has_packages(named, python).then(|| named.to_owned())
    }

    /// The error for requirements to install, which only the other system's own `pip` can.
    pub(super) fn no_requirements(&self) -> CommandError {
        CommandError::Usage(
            "`--requirements` installs for this system alone: for another, install with `pip install --platform win_amd64 \
             --only-binary :all: --target FOLDER/Lib/site-packages`, and name that folder with `--venv FOLDER`"
                .to_owned(),
        )
    }

    /// The program to put before the archive.
    pub(super) fn runtime(&self, packed: &PackedPython) -> Result<RuntimeFile, CommandError> {
        let Self::Windows { launcher } = self else {
            return runtime_file::find(packed.carried.as_ref());
        };
        let way_out = format!(
            "build one with `cargo build --package coldframe-launcher --features runtime --target {WINDOWS}` from the sources of \
             this `coldframe`, and name it with `--launcher`, or lay it beside `coldframe` as `{NAME}`"
        );
        let path = match launcher {
            Some(path) => path.clone(),
            None => own_executable()?.with_file_name(NAME),
        };
        let Ok(contents) = fs::read(&path) else {
            let reason = format!("there is no launcher for Windows at `{}`", path.display());
            return Err(CommandError::Launch(format!("{reason}: {way_out}")));
        };
        let refused = |reason: String| {
            let path = path.display();
            Err(CommandError::Launch(format!("`{path}` is not the launcher: {reason}; {way_out}")))
        };
        let Some(runtime) = RuntimeFile::of_same_sources(contents) else {
            return refused("it was built of other sources".to_owned());
        };
        let wanted = packed.installation.libpython.as_deref().and_then(Path::file_name);
        let wanted = wanted.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match needed_libpython(&path)? {
            Some(needed) if needed.eq_ignore_ascii_case(&wanted) => Ok(runtime),
            Some(needed) => refused(format!("it runs `{needed}`, and `{wanted}` is packed")),
            None => refused("it asks for no library of Python's".to_owned()),
        }
    }
}

/// Whether programs for `triple` run on `host`, as far as it matters here.
fn is_system_of(triple: &Triple, host: &Triple) -> bool {
    let is_linux = |triple: &Triple| triple.operating_system == OperatingSystem::Linux;
    triple.architecture == host.architecture
        && triple.operating_system == host.operating_system
        // A C library is part of the system there.
        && (!is_linux(triple) || triple.environment == host.environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let check = |name: Option<&str>, expected: Result<bool, &str>| {
            let found = BuildTarget::new(name, None).map(|target| target.is_elsewhere());
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name:?}"),
                (Err(found), Err(part)) => {
                    assert!(found.to_string().contains(part), "{name:?}: {found}");
                }
                (found, _) => panic!("{name:?}: {found:?}"),
            }
        };
        let here = HOST.to_string();
        check(None, Ok(false));
        check(Some(&here), Ok(false));
        check(Some("x86_64-pc-windows-gnu"), Ok(!cfg!(windows)));
        check(Some("x86_64-pc-windows-msvc"), Ok(!cfg!(windows)));
        check(Some("i686-pc-windows-gnu"), Err("built there"));
        check(Some("riscv64gc-unknown-linux-gnu"), Err("built there"));
        check(Some("windows"), Err("unknown system"));
    }
}

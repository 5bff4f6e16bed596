//! The folders of an environment's packages: of a virtual one, or of the prefix of an installation (a system's, conda's).

use std::fs;
use std::path::{Path, PathBuf};

use super::real_path::real_path;
use super::{BundleError, Problem, PythonInstallation};

/// The folders with the packages of the environment in `folder`, first the one that Python searches first.
pub(super) fn find(
    folder: &Path,
    python: &PythonInstallation,
) -> Result<Vec<PathBuf>, BundleError> {
    let wanted = Interpreter::of(python);
    let other = |found: &Interpreter| {
        BundleError::from(Problem::EnvironmentVersion {
            folder: folder.to_owned(),
            found: found.to_string(),
            wanted: wanted.to_string(),
        })
    };
    let configuration = Configuration::read(folder)?;
    if let Some(found) = configuration.as_ref().and_then(Configuration::interpreter)
        && (found.name, found.version) != (wanted.name, wanted.version)
    {
        return Err(other(&found));
    }
    let mut found = packages_of(folder, &wanted);
    if found.is_empty() {
        return Err(match (Interpreter::in_prefix(folder).first(), &configuration) {
            (Some(found), _) => other(found),
            (None, None) => BundleError::from(Problem::NotAnEnvironment(folder.to_owned())),
            (None, Some(_)) => BundleError::from(Problem::NoSitePackages {
                folder: folder.to_owned(),
                version: wanted.version,
            }),
        });
    }
    if let Some(configuration) = configuration.filter(Configuration::has_system_packages) {
        let of_base = match configuration.value("home") {
            // The launcher's own Python has no folders: the environment names the one that it was made from.
            Some(home) if !python.is_installed() => {
                Path::new(home).parent().map_or(Vec::new(), |base| packages_of(base, &wanted))
            }
            _ => python.site_packages.clone(),
        };
        found.extend(of_base.into_iter().filter(|folder| folder.is_dir()));
    }
    Ok(found)
}

/// Whether there is a folder for packages of a Python like this one below `prefix`.
pub(super) fn has_packages(prefix: &Path, python: &PythonInstallation) -> bool {
    !packages_of(prefix, &Interpreter::of(python)).is_empty()
}

/// Whether that distribution is installed for a Python like this one below `prefix`.
pub(super) fn has_distribution(prefix: &Path, name: &str, python: &PythonInstallation) -> bool {
    let folders = packages_of(prefix, &Interpreter::of(python));
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.any(|found| {
        let version = found.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        version.is_some_and(|version| version.ends_with(".dist-info"))
    })
}

/// The folders of packages below a prefix, as `site.getsitepackages` and Debian's form of it have them.
fn packages_of(prefix: &Path, interpreter: &Interpreter) -> Vec<PathBuf> {
    let versioned = interpreter.folder();
    let below =
        |lib: &str, folder: &str, packages: &str| prefix.join(lib).join(folder).join(packages);
    if interpreter.is_for_windows {
        // Packages for another system may lie beside: they are not meant.
        return real_path(&below("Lib", "site-packages", "")).into_iter().collect();
    }
    let candidates = [
        below("lib", &versioned, "site-packages"),
        // `lib64` is usually a link to `lib`.
        below("lib64", &versioned, "site-packages"),
        below("Lib", "site-packages", ""),
        below("lib", &versioned, "dist-packages"),
        below("lib", "python3", "dist-packages"),
    ];
    let mut found: Vec<PathBuf> = Vec::new();
    for candidate in candidates {
        if let Ok(real) = real_path(&candidate)
            && !found.contains(&real)
        {
            found.push(real);
        }
    }
    found
}

/// The interpreter that packages were installed for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interpreter {
    name: &'static str,
    version: (u8, u8),
    free_threaded: bool,
    is_for_windows: bool,
}

impl Interpreter {
    fn of(python: &PythonInstallation) -> Self {
        let (major, minor, _) = python.version;
        Self {
            name: CPYTHON,
            version: (major, minor),
            free_threaded: python.free_threaded,
            is_for_windows: python.is_for_windows(),
        }
    }

    /// The name of its folder in `lib` (`sysconfig`, the scheme `posix_prefix`).
    fn folder(&self) -> String {
        let threaded = if self.free_threaded { "t" } else { "" };
        format!("python{}.{}{threaded}", self.version.0, self.version.1)
    }

    /// The Pythons that have packages below a prefix.
    fn in_prefix(prefix: &Path) -> Vec<Self> {
        let entries = fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| entry.path().join("site-packages").is_dir());
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.iter().filter_map(|name| Self::from_folder(name)).collect()
    }

    fn from_folder(folder: &str) -> Option<Self> {
        let (name, version) = match (folder.strip_prefix("python"), folder.strip_prefix("pypy")) {
            (Some(version), _) => (CPYTHON, version),
            (None, version) => (PYPY, version?),
        };
        let free_threaded = version.ends_with('t');
        let version = major_minor(version.trim_end_matches('t'))?;
        Some(Self { name, version, free_threaded, is_for_windows: false })
    }
}

impl std::fmt::Display for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let threaded = if self.free_threaded { "free-threaded " } else { "" };
        let system = if self.is_for_windows { " for Windows" } else { "" };
        write!(f, "{threaded}{} {}.{}{system}", self.name, self.version.0, self.version.1)
    }
}

const CPYTHON: &str = "Python";
const PYPY: &str = "PyPy";

/// A `pyvenv.cfg` (PEP 405).
#[derive(Debug)]
struct Configuration {
    text: String,
}

impl Configuration {
    /// Nothing where there is none: the folder is no virtual environment.
    fn read(folder: &Path) -> Result<Option<Self>, BundleError> {
        let path = folder.join("pyvenv.cfg");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self { text })),
            Err(error) => match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Ok(None),
                _other => Err(BundleError::io("read", &path)(error)),
            },
        }
    }

    fn value(&self, wanted: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }

    /// The interpreter that it was made for, as far as it tells.
    fn interpreter(&self) -> Option<Interpreter> {
        // `venv` and `uv` write the one, `virtualenv` both; `uv` and `virtualenv` name the implementation.
        let version = self.value("version").or_else(|| self.value("version_info"));
        let is_pypy =
            self.value("implementation").is_some_and(|name| name.eq_ignore_ascii_case(PYPY));
        let name = if is_pypy { PYPY } else { CPYTHON };
        let version = major_minor(version?)?;
        Some(Interpreter { name, version, free_threaded: false, is_for_windows: false })
    }

    fn has_system_packages(&self) -> bool {
        self.value("include-system-site-packages")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

fn major_minor(version: &str) -> Option<(u8, u8)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

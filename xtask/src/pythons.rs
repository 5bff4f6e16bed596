//! Finds the CPythons of this machine and asks each for its version, its build and its libraries.

use std::collections::HashSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::linkage::{Linkage, Sources};
use crate::version::{Threads, Version};
use crate::workspace::Workspace;

/// Prints one JSON object. It runs on every Python 3, so that an unsupported one is told from a broken one.
const PROBE: &str = "\
import json, platform, struct, sys, sysconfig
v = sysconfig.get_config_var
print(json.dumps({
    'implementation': platform.python_implementation(), 'version': list(sys.version_info[:3]), 'executable': sys.executable,
    'virtual': sys.prefix != sys.base_prefix, 'pointer_width': struct.calcsize('P') * 8, 'windows': sys.platform == 'win32',
    'framework': v('PYTHONFRAMEWORK') or '', 'free_threaded': bool(v('Py_GIL_DISABLED')), 'debug': bool(v('Py_DEBUG')),
    'shared': bool(v('Py_ENABLE_SHARED')), 'libdir': v('LIBDIR') or '', 'libpl': v('LIBPL') or '', 'ldlibrary': v('LDLIBRARY') or '',
    'library': v('LIBRARY') or '', 'modlibs': v('MODLIBS') or '',
}))";

/// One CPython, as it describes itself.
#[derive(Clone, Debug)]
pub struct Python {
    /// The interpreter.
    pub executable: PathBuf,
    /// Its minor version and its threads.
    pub version: Version,
    pub(crate) patch: u64,
    pub(crate) sources: Sources,
    /// A virtual environment: usable when asked for by its path, not a Python of its own to be found.
    virtual_environment: bool,
}

impl Python {
    /// Its version with the patch release: `3.12.1`.
    pub fn release(&self) -> String {
        format!("3.{}.{}", self.version.minor, self.patch)
    }

    /// The reason why nothing can be built with this Python, or `None`.
    pub(crate) fn obstacle(&self) -> Option<String> {
        // pyo3-ffi knows the free-threaded structures from 3.14 on.
        if self.version.threads == Threads::Free && self.version.minor < 14 {
            return Some("pyo3-ffi supports free-threaded builds from 3.14 on".to_owned());
        }
        match self.sources.linkage() {
            Linkage::Shared | Linkage::Static(_) => None,
            Linkage::Missing(why) => Some(why),
        }
    }

    /// Runs the interpreter at `path` and reads its description of itself.
    pub fn probe(path: &Path) -> anyhow::Result<Self> {
        let output = Command::new(path)
            .args(["-I", "-c", PROBE])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("could not start `{}`", path.display()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().last().unwrap_or("it printed nothing");
            bail!("`{}` does not answer as a Python 3 does: {last}", path.display());
        }
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`{}` does not answer as a Python 3 does", path.display()))?;
        Self::from_answer(&answer).with_context(|| format!("`{}` cannot be used", path.display()))
    }

    fn from_answer(answer: &Value) -> anyhow::Result<Self> {
        let text =
            |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |key: &str| answer.get(key).and_then(Value::as_bool).unwrap_or_default();
        let number = |index: usize| {
            answer
                .get("version")
                .and_then(|version| version.get(index))
                .and_then(Value::as_u64)
                .unwrap_or_default()
        };
        let implementation = text("implementation");
        if implementation != "CPython" {
            bail!("it is {implementation}, not CPython");
        }
        if number(0) != 3 {
            bail!("it is Python {}", number(0));
        }
        let threads = if flag("free_threaded") { Threads::Free } else { Threads::Gil };
        let version = Version {
            minor: u8::try_from(number(1)).context("it has no sensible version")?,
            threads,
        };
        Ok(Self {
            executable: PathBuf::from(text("executable")),
            version,
            patch: number(2),
            sources: Sources {
                version,
                pointer_width: answer.get("pointer_width").and_then(Value::as_u64).unwrap_or(64),
                always_shared: flag("windows") || !text("framework").is_empty(),
                enable_shared: flag("shared"),
                debug: flag("debug"),
                lib_dir: PathBuf::from(text("libdir")),
                config_dir: PathBuf::from(text("libpl")),
                shared_name: text("ldlibrary"),
                static_name: text("library"),
                module_libraries: text("modlibs"),
            },
            virtual_environment: flag("virtual"),
        })
    }
}

/// The Pythons of this machine, the most suitable one of each version, lowest version first.
pub fn discover() -> Vec<Python> {
    let pyenv = pyenv_root();
    let mut candidates = pyenv.as_deref().map(in_pyenv).unwrap_or_default();
    candidates.extend(on_path(pyenv.as_deref()));
    let mut seen = HashSet::new();
    candidates.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));

    // A candidate that does not answer is no Python: its version's row then says that none was found.
    let found = candidates.iter().filter_map(|path| Python::probe(path).ok());
    best_of_each(found.filter(|python| !python.virtual_environment).collect())
}

/// One Python for each version: one that can be built with before one that cannot, then the highest patch release.
fn best_of_each(mut pythons: Vec<Python>) -> Vec<Python> {
    // The sort is stable: of two equals the one found first, pyenv's, is kept.
    pythons.sort_by_key(|python| {
        (python.version, python.obstacle().is_some(), u64::MAX - python.patch)
    });
    pythons.dedup_by_key(|python| python.version);
    pythons
}

/// The Python that `--python` names: a version that was found, or an interpreter by its path.
pub fn choose(found: &[Python], path_or_version: &str) -> anyhow::Result<Python> {
    if let Ok(version) = path_or_version.parse::<Version>() {
        let python = found.iter().find(|python| python.version == version);
        return python.cloned().with_context(|| {
            let versions: Vec<_> = found.iter().map(|python| python.version.to_string()).collect();
            format!(
                "no Python {version} was found (found: {}); give the path of its interpreter, or `pyenv install {version}`",
                if versions.is_empty() { "none".to_owned() } else { versions.join(", ") }
            )
        });
    }
    Python::probe(Path::new(path_or_version))
}

/// The supported Pythons that can be built with, lowest first.
pub fn usable(workspace: &Workspace) -> Vec<Python> {
    let mut found = discover();
    found.retain(|python| workspace.range.contains(python.version) && python.obstacle().is_none());
    found
}

/// The Python that was asked for, or the highest one that can be built with.
pub fn chosen(workspace: &Workspace, wanted: Option<&str>) -> anyhow::Result<Python> {
    if let Some(wanted) = wanted {
        return choose(&discover(), wanted);
    }
    usable(workspace).pop().context(
        "no Python that can be built with was found; `cargo xtask test` lists all that were found",
    )
}

fn pyenv_root() -> Option<PathBuf> {
    if let Some(root) = env::var_os("PYENV_ROOT") {
        return Some(PathBuf::from(root));
    }
    let asked = Command::new("pyenv").arg("root").stdin(Stdio::null()).output();
    if let Ok(output) = asked
        && output.status.success()
    {
        return Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    env::home_dir().map(|home| home.join(".pyenv"))
}

fn in_pyenv(root: &Path) -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir(root.join("versions")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = versions
        .flatten()
        .map(|version| version.path().join("bin/python3"))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
}

/// Every `python3.X` in the folders of `PATH`, but for pyenv's shims: they run whichever version the folder they are started in asks for.
fn on_path(pyenv: Option<&Path>) -> Vec<PathBuf> {
    let shims = pyenv.map(|root| root.join("shims"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut paths = Vec::new();
    for folder in env::split_paths(&path).filter(|folder| shims.as_ref() != Some(folder)) {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut here: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| is_versioned_python(&entry.file_name()))
            .map(|entry| entry.path())
            .collect();
        here.sort();
        paths.extend(here);
    }
    paths
}

fn is_versioned_python(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    name.strip_prefix("python").is_some_and(|version| version.parse::<Version>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(release: &str, libdir: &str) -> Python {
        let numbers: Vec<u64> =
            release.split('.').map(|number| number.parse().expect("a number")).collect();
        let answer = serde_json::json!({
            "implementation": "CPython", "version": numbers, "executable": format!("/{libdir}/{release}/python"),
            "windows": libdir == "windows", "libdir": libdir, "ldlibrary": "no-such-library.so", "library": "no-such-library.a",
        });
        Python::from_answer(&answer).expect("a good answer")
    }

    #[test]
    fn one_python_of_each_version_is_kept() {
        let found = vec![
            python("3.10.13", "windows"),
            python("3.9.2", "windows"),
            python("3.9.18", "windows"),
            python("3.9.19", "without-a-library"),
        ];
        let kept: Vec<_> = best_of_each(found).iter().map(Python::release).collect();
        assert_eq!(kept, ["3.9.18", "3.10.13"], "the highest patch release that can be built with");
    }

    #[test]
    fn a_python_without_a_library_says_what_was_looked_for() {
        let obstacle = python("3.9.19", "no-such-folder").obstacle().expect("an obstacle");
        assert!(
            obstacle.contains("no-such-library.so") && obstacle.contains("no-such-folder"),
            "{obstacle}"
        );
    }

    #[test]
    fn other_implementations_are_refused() {
        let answer = serde_json::json!({ "implementation": "PyPy", "version": [3, 11, 1] });
        let error = Python::from_answer(&answer).expect_err("PyPy is not CPython");
        assert_eq!(error.to_string(), "it is PyPy, not CPython");
    }

    #[test]
    fn names_on_path_are_told_apart() {
        for (name, expected) in [
            ("python3.9", true),
            ("python3.14t", true),
            ("python3.12.exe", true),
            ("python3", false),
            ("python3.9-config", false),
        ] {
            assert_eq!(is_versioned_python(OsStr::new(name)), expected, "{name}");
        }
    }
}

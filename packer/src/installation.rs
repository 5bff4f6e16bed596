//! The Python whose standard library is packed.

use std::path::{Path, PathBuf};
use std::process::Command;

use importer_core::{Archive, Target};
use interp_config::OptimizationLevel;
use manifest::PYTHON;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pattern::Pattern;
use super::protocol::level_number;
use super::{BundleError, DEFAULT_EXCLUDES, Problem};

/// A CPython on this machine, as it describes itself; or the one inside of the launcher, which has no folders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PythonInstallation {
    /// The program, as it calls itself: the given one may be a script that looks for the right one.
    #[serde(skip)]
    pub executable: PathBuf,
    /// Major, minor and micro version.
    pub version: (u8, u8, u8),
    /// The folder of the standard library.
    #[serde(skip)]
    pub stdlib: PathBuf,
    /// The folder of its extension modules.
    #[serde(skip)]
    pub lib_dynload: PathBuf,
    /// The installation's prefix (of a virtual environment: the one that it was made from).
    #[serde(skip)]
    pub base_prefix: PathBuf,
    /// The installation's own `site-packages` folders.
    #[serde(skip)]
    pub site_packages: Vec<PathBuf>,
    /// Whether it is a free-threaded build.
    pub free_threaded: bool,
    /// The magic number of its bytecode (its lower two bytes, such as 3531).
    pub bytecode_magic: u32,
    /// The tag in the names of compiled files, such as `cpython-312`.
    pub cache_tag: String,
    /// The suffixes of extension modules, in the order in which Python tries them.
    pub extension_suffixes: Vec<String>,
    /// The name of its binary interface, such as `cpython-312-x86_64-linux-gnu`.
    pub soabi: String,
    /// Its shared library, if it has one.
    #[serde(skip)]
    pub libpython: Option<PathBuf>,
    /// Whether it is a debug build, which names extension modules in another way.
    pub debug: bool,
    /// The modules that are inside of the interpreter.
    pub builtin_modules: Vec<String>,
    /// The first names of all modules that the standard library of this version has on some system; none for Python 3.9,
    /// which does not tell.
    pub standard_names: Vec<String>,
}

/// The code that prints the values of the fields, on one line. `-S` leaves `site` out, so its folders are asked for by hand.
const QUESTIONS: &str = r#"
import sys
if sys.implementation.name != "cpython":
    sys.stdout.write('{"implementation": "%s"}' % sys.implementation.name)
    raise SystemExit
import _imp, importlib.util, json, os, site, sysconfig
var = sysconfig.get_config_var
paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
library = None
for folder in (var("LIBDIR"), os.path.join(sys.base_prefix, "lib")):
    for name in (var("INSTSONAME"), var("LDLIBRARY")):
        if library is None and folder and name and var("Py_ENABLE_SHARED"):
            path = os.path.join(folder, name)
            library = path if os.path.isfile(path) else None
extensions = os.path.join(paths["platstdlib"], "lib-dynload")
if os.name == "nt":
    extensions = os.path.join(sys.base_prefix, "DLLs")
    path = os.path.join(sys.base_prefix, "python%d%d.dll" % sys.version_info[:2])
    library = path if os.path.isfile(path) else None
sys.stdout.write(json.dumps({
    "implementation": "cpython",
    "executable": sys.executable or "",
    "version": sys.version_info[:3],
    "stdlib": paths["stdlib"],
    "lib_dynload": extensions,
    "base_prefix": sys.base_prefix,
    "site_packages": site.getsitepackages([sys.base_prefix, sys.base_exec_prefix]),
    "free_threaded": bool(var("Py_GIL_DISABLED")),
    "bytecode_magic": int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
    "cache_tag": sys.implementation.cache_tag,
    "extension_suffixes": _imp.extension_suffixes(),
    "soabi": var("SOABI") or "",
    "libpython": library,
    "debug": hasattr(sys, "gettotalrefcount"),
    "builtin_modules": sys.builtin_module_names,
    "standard_names": sorted(getattr(sys, "stdlib_module_names", ())),
}))
"#;

impl PythonInstallation {
    /// Asks that Python about itself.
    pub fn inspect(python: &Path) -> Result<Self, BundleError> {
        let not_python = |reason: String| {
            BundleError::from(Problem::NotPython { python: python.to_owned(), reason })
        };
        if python.is_dir() {
            return Err(not_python("it is a folder; name the program itself".to_owned()));
        }
        let output = Command::new(python)
            .args(["-I", "-S", "-B", "-X", "utf8", "-c", QUESTIONS])
            .output()
            .map_err(|error| not_python(error.to_string()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
            return Err(not_python(format!("{} ({})", last.trim(), output.status)));
        }
        let answers: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| not_python(format!("its answer is not JSON ({error})")))?;
        if let Some(implementation) = answers.get("implementation").and_then(Value::as_str)
            && implementation != "cpython"
        {
            return Err(Problem::NotCPython {
                python: python.to_owned(),
                implementation: implementation.to_owned(),
            }
            .into());
        }
        let found = Self::from_answers(python, &answers)
            .ok_or_else(|| not_python("its answer lacks a part".to_owned()))?;
        if found.stdlib.join("os.py").is_file() {
            Ok(found)
        } else {
            Err(not_python(format!("there is no standard library in `{}`", found.stdlib.display())))
        }
    }

    fn from_answers(python: &Path, answers: &Value) -> Option<Self> {
        let text = |key: &str| answers.get(key)?.as_str().map(str::to_owned);
        let path = |key: &str| text(key).map(PathBuf::from);
        let texts = |key: &str| -> Option<Vec<String>> {
            answers
                .get(key)?
                .as_array()?
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect()
        };
        let version = answers.get("version")?.as_array()?;
        let part = |index: usize| u8::try_from(version.get(index)?.as_u64()?).ok();
        Some(Self {
            executable: path("executable")
                .filter(|path| path.is_file())
                .unwrap_or_else(|| python.to_owned()),
            version: (part(0)?, part(1)?, part(2)?),
            stdlib: path("stdlib")?,
            lib_dynload: path("lib_dynload")?,
            base_prefix: path("base_prefix")?,
            site_packages: texts("site_packages")?.into_iter().map(PathBuf::from).collect(),
            free_threaded: answers.get("free_threaded")?.as_bool()?,
            bytecode_magic: u32::try_from(answers.get("bytecode_magic")?.as_u64()?).ok()?,
            cache_tag: text("cache_tag")?,
            extension_suffixes: texts("extension_suffixes")?,
            soabi: text("soabi")?,
            libpython: path("libpython"),
            debug: answers.get("debug")?.as_bool()?,
            builtin_modules: texts("builtin_modules")?,
            standard_names: texts("standard_names")?,
        })
    }

    /// The Python whose standard library lies in an archive; `executable` is what runs it. There is none in an archive that
    /// was made to be run.
    pub fn carried(archive: &Archive, executable: &Path) -> Result<Option<Self>, BundleError> {
        let Some(text) = archive.attribute(PYTHON)? else { return Ok(None) };
        let found: Self = serde_json::from_slice(&text).map_err(|error| {
            BundleError::from(Problem::NotPython {
                python: archive.path().to_owned(),
                reason: format!("what its archive says of Python is not understood ({error})"),
            })
        })?;
        Ok(Some(Self { executable: executable.to_owned(), ..found }))
    }

    /// The text that [`PythonInstallation::carried`] reads.
    pub(super) fn description(&self) -> String {
        serde_json::to_string(self).expect("numbers, flags and texts have a form in JSON")
    }

    /// Whether it is one for Windows, by how its extension modules are called.
    pub fn is_for_windows(&self) -> bool {
        self.extension_suffixes.iter().any(|suffix| suffix.ends_with(".pyd"))
    }

    /// Whether its standard library is in folders of this machine.
    pub fn is_installed(&self) -> bool {
        !self.stdlib.as_os_str().is_empty()
    }

    /// The modules of its standard library that an interpreter with these built-in modules would not find: they are
    /// inside of this one (Debian and Ubuntu have `_struct` there), and no file that could be packed.
    pub fn lacking(&self, builtin_elsewhere: &[String]) -> Vec<&str> {
        let unwanted: Vec<Pattern> =
            DEFAULT_EXCLUDES.iter().map(|text| Pattern::new(text)).collect();
        let is_file = |name: &str| {
            let mut files = self.extension_suffixes.iter().map(|suffix| format!("{name}{suffix}"));
            files.any(|file| self.lib_dynload.join(file).is_file())
        };
        let names = self.builtin_modules.iter().filter(|name| {
            !builtin_elsewhere.contains(name)
                && !unwanted.iter().any(|pattern| pattern.matches(name))
                && !is_file(name)
        });
        names.map(String::as_str).collect()
    }

    /// The target of an archive for this Python.
    pub fn target(&self, level: OptimizationLevel) -> Target {
        Target {
            implementation: "cpython".to_owned(),
            version: (self.version.0, self.version.1),
            bytecode_magic: self.bytecode_magic,
            free_threaded: self.free_threaded,
            optimization: level_number(level),
        }
    }

    /// A line that differs whenever an archive made from this Python may differ (a part of the cache's keys).
    pub fn identity(&self) -> String {
        let (major, minor, micro) = self.version;
        let (stdlib, soabi, magic) = (self.stdlib.display(), &self.soabi, self.bytecode_magic);
        format!("{major}.{minor}.{micro} {magic} {soabi} {stdlib}")
    }
}

//! The interpreters that are compared, and the suites that an installation of Python has or lacks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use xtask::dist;
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::Python;
use xtask::workspace::Workspace;

use super::flags::Conformance;

/// Modules of the standard library that `coldframe build` leaves out and the suites need.
pub(super) const INCLUDED: &[&str] = &[
    "test",
    "test.*",
    "_test*",
    "_ctypes_test",
    "_xxtest*",
    "*.test",
    "idlelib.idle_test*",
    "xxlimited*",
];

/// A suite of another Python.
pub(super) struct Borrowed {
    pub(super) path: PathBuf,
    pub(super) from: String,
}

/// A Python and the interpreter that was built from it.
pub(super) struct Target {
    pub(super) python: Python,
    pub(super) ours: PathBuf,
    /// The `coldframe` that builds for it, once it has been made: two jobs at a time would get in each other's way.
    launcher: Mutex<Option<PathBuf>>,
    pub(super) folder: PathBuf,
    /// Its `test` package.
    tests: PathBuf,
}

/// Builds the interpreter, unless results are to be kept and it is there; with this launcher, or one that is made for it.
pub(super) fn target(
    workspace: &Workspace,
    flags: &Conformance,
    progress: &Progress,
    python: Python,
    launcher: Option<PathBuf>,
    out: &Path,
) -> anyhow::Result<Target> {
    let folder = out.join(format!("py{}", python.version));
    fs::create_dir_all(&folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
    let ours = folder.join("interpreter").join("python");
    let (tests, launcher) = (tests_of(&python)?, Mutex::new(launcher));
    let target = Target { python, ours, launcher, folder, tests };
    if !(flags.resume && target.ours.exists()) {
        let mut build = Command::new(target.launcher(workspace, flags)?);
        build.args(["build", "--interpreter", "--allow-broken", "--output"]).arg(&target.ours);
        build.arg("--python").arg(&target.python.executable);
        build.arg("--cache-dir").arg(out.join("cache"));
        for name in INCLUDED {
            build.args(["--include", name]);
        }
        let folder = &target.folder;
        fs::create_dir_all(folder.join("interpreter"))
            .with_context(|| format!("could not make a folder in `{}`", folder.display()))?;
        let label = format!("an interpreter from Python {}", target.python.release());
        if progress.run(&label, &mut build, Show::AtFailure)?.status == Status::Failed {
            bail!("the interpreter for Python {} could not be built", target.python.release());
        }
    }
    Ok(target)
}

/// The folder of a Python's package `test`.
fn tests_of(python: &Python) -> anyhow::Result<PathBuf> {
    let question = "import os, test; print(os.path.dirname(test.__file__), end='')";
    let answer = Command::new(&python.executable)
        .args(["-I", "-c", question])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{}`", python.executable.display()))?;
    let tests = PathBuf::from(String::from_utf8_lossy(&answer.stdout).into_owned());
    if !answer.status.success() || !tests.is_dir() {
        bail!("Python {} was installed without its package `test`", python.release());
    }
    Ok(tests)
}

/// The suite of another Python, the nearest one that has it, where this one's installation lacks it.
pub(super) fn borrowed(
    target: &Target,
    suite: &str,
    found: &[Python],
) -> anyhow::Result<Option<Borrowed>> {
    let tests = &target.tests;
    let in_folder = |tests: &Path| {
        [tests.join(suite), tests.join(format!("{suite}.py"))]
            .into_iter()
            .find(|path| path.exists())
    };
    // The driver writes the files that only instantiate `test._test_multiprocessing` itself.
    let is_written =
        suite.starts_with("test_multiprocessing_") && suite != "test_multiprocessing_main_handling";
    if is_written || in_folder(tests).is_some() {
        return Ok(None);
    }
    let minor = target.python.version.minor;
    let mut others: Vec<&Python> = found.iter().collect();
    others.sort_by_key(|python| (python.version.minor.abs_diff(minor), python.version.minor));
    let lent = others.into_iter().find_map(|python| {
        // The `test` package lies at the same place below the library folder in each installation.
        let library = tests.parent()?.parent()?.strip_prefix(prefix(&target.python)?).ok()?;
        let tests = prefix(python)?
            .join(library)
            .join(format!("python3.{}", python.version.minor))
            .join("test");
        Some(Borrowed { path: in_folder(&tests)?, from: python.version.to_string() })
    });
    match lent {
        Some(lent) => Ok(Some(lent)),
        None => bail!(
            "no Python that was found has `{suite}`, and {} lacks it",
            target.python.release()
        ),
    }
}

/// The prefix of a Python: the folder above its `bin`.
fn prefix(python: &Python) -> Option<PathBuf> {
    let executable = fs::canonicalize(&python.executable).ok()?;
    executable.parent()?.parent().map(Path::to_owned)
}

impl Target {
    /// The names of all suites in its package `test`, or of those that are wanted, in the order in which they are.
    pub(super) fn suites(&self, wanted: &[String]) -> anyhow::Result<Vec<String>> {
        let folder = &self.tests;
        let entries = fs::read_dir(folder)
            .with_context(|| format!("could not read `{}`", folder.display()))?;
        let names = entries.filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_suite = path.join("__init__.py").is_file()
                || path.extension().is_some_and(|extension| extension == "py");
            let name = path.file_stem()?.to_str()?.to_owned();
            (is_suite && name.starts_with("test_")).then_some(name)
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
            bail!("Python {} has no suite `{unknown}`", self.python.release());
        }
        Ok(if wanted.is_empty() { names } else { wanted.to_vec() })
    }

    /// The `coldframe` that builds for this Python.
    pub(super) fn launcher(
        &self,
        workspace: &Workspace,
        flags: &Conformance,
    ) -> anyhow::Result<PathBuf> {
        let mut made = self.launcher.lock().map_err(|_| anyhow::anyhow!("a job panicked"))?;
        if let Some(launcher) = &*made {
            return Ok(launcher.clone());
        }
        let launcher = dist::launcher(workspace, &self.python, None, flags.results.verbose)?;
        Ok(made.insert(launcher).clone())
    }
}

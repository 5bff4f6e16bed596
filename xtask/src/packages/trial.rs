//! One package: an environment, an executable, and what both print.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::list::{Kind, Package};
use crate::progress::{Progress, Show, Status};
use crate::pythons::Python;
use crate::{child, workspace};

/// How long processes may take to end after the application has.
const GRACE: Duration = Duration::from_secs(5);

/// What came of one package.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) package: &'static Package,
    pub(super) version: String,
    /// Why the application is not right in the virtual environment; nothing when it is.
    pub(super) python_fault: Option<String>,
    pub(super) built_fault: Option<String>,
    pub(super) python_time: Duration,
    pub(super) built_time: Duration,
    /// Of the executable, in bytes.
    pub(super) size: u64,
    /// How many files the executable has put into the cache.
    pub(super) cached: usize,
}

/// What all trials have in common.
pub(super) struct Trials<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    pub(super) launcher: &'a Path,
    /// `xtask/packages`.
    pub(super) applications: PathBuf,
    pub(super) out: PathBuf,
    pub(super) time_limit: Duration,
    /// Whether environments that are there are kept.
    pub(super) resume: bool,
}

impl Trials<'_> {
    pub(super) fn run(&self, package: &'static Package) -> anyhow::Result<Outcome> {
        let group = self.applications.join(package.group.as_str());
        let application = group.join(package.name);
        let expected_path = application.join("expected.txt");
        let expected = fs::read_to_string(&expected_path)
            .with_context(|| format!("could not read `{}`", expected_path.display()))?;
        let of_python = self.out.join(format!("py{}", self.python.version));
        let folder = of_python.join(package.group.as_str()).join(package.name);
        let interpreter = self.environment(package, &folder)?;
        let version = self.version(package, &interpreter)?;
        let executable = self.build(package, &application, &folder)?;
        let size = fs::metadata(&executable).map_or(0, |metadata| metadata.len());

        let run = |label: &str, command: &[&Path]| {
            self.progress.note(&format!("{} {label}", package.name));
            let server = group.join("serve.py");
            let mut all: Vec<&Path> = Vec::new();
            if package.kind == Kind::Serves {
                all.extend([self.python.executable.as_path(), &server]);
            }
            all.extend(command);
            self.run_once(&all, &folder.join(label))
        };
        let main = application.join("__main__.py");
        let python = run("venv", &[&interpreter, &main])?;
        let built = run("built", &[&executable])?;
        let mut built_fault = built.fault(&expected);
        if built_fault.is_none() && !gone(&executable) {
            built_fault = Some(format!("processes were left behind after {GRACE:?}"));
        }
        Ok(Outcome {
            package,
            version,
            python_fault: python.fault(&expected),
            built_fault,
            python_time: python.elapsed,
            built_time: built.elapsed,
            size,
            cached: n_files(&folder.join("built").join("cache")),
        })
    }

    /// A virtual environment with the package; its interpreter.
    fn environment(&self, package: &Package, folder: &Path) -> anyhow::Result<PathBuf> {
        let environment = folder.join("environment");
        let interpreter = environment.join("bin").join("python");
        let marker = environment.join("requirements");
        let wanted = package.requirements.join("\n");
        if self.resume && fs::read_to_string(&marker).is_ok_and(|there| there == wanted) {
            return Ok(interpreter);
        }
        let mut make = Command::new(&self.python.executable);
        make.args(["-I", "-m", "venv", "--clear"]).arg(&environment);
        self.step(&format!("{}: a virtual environment", package.name), &mut make)?;
        let mut install = Command::new(&interpreter);
        install.args(["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(package.requirements);
        self.step(&format!("{}: pip install", package.name), &mut install)?;
        fs::write(&marker, wanted)
            .with_context(|| format!("could not write `{}`", marker.display()))?;
        Ok(interpreter)
    }

    fn version(&self, package: &Package, interpreter: &Path) -> anyhow::Result<String> {
        let name = package.requirements.first().copied().unwrap_or(package.name);
        let question = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]), end='')";
        let output = Command::new(interpreter)
            .args(["-I", "-c", question, name])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("could not start `{}`", interpreter.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn build(
        &self,
        package: &Package,
        application: &Path,
        folder: &Path,
    ) -> anyhow::Result<PathBuf> {
        let executable = folder.join("executable").join(package.name);
        let mut build = Command::new(self.launcher);
        build.arg("build").arg(application).arg("--output").arg(&executable);
        build.arg("--venv").arg(folder.join("environment"));
        build.arg("--cache-dir").arg(self.out.join("cache"));
        build.env_remove("VIRTUAL_ENV");
        self.step(&format!("{}: coldframe build", package.name), &mut build)?;
        Ok(executable)
    }

    fn step(&self, label: &str, command: &mut Command) -> anyhow::Result<()> {
        match self.progress.run(label, command, Show::AtFailure)?.status {
            Status::Good => Ok(()),
            Status::Failed => bail!("{label} failed"),
        }
    }

    /// Runs a command in an empty folder, with an environment in which nothing of this one's is left but where programs are.
    fn run_once(&self, command: &[&Path], folder: &Path) -> anyhow::Result<Ran> {
        let work = folder.join("work");
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        fs::create_dir_all(&work)
            .with_context(|| format!("could not make `{}`", work.display()))?;
        let output = |name: &str| {
            let path = folder.join(name);
            File::create(&path).with_context(|| format!("could not write `{}`", path.display()))
        };
        let temporary = workspace::temporary_folder()?;
        let (program, arguments) = command.split_first().context("there is nothing to run")?;
        let mut child = Command::new(program);
        child
            .args(arguments)
            .current_dir(&work)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", temporary.path())
            .env("TMPDIR", temporary.path())
            .env("COLDFRAME_CACHE_DIR", folder.join("cache"))
            .stdin(Stdio::null())
            .stdout(output("stdout")?)
            .stderr(output("stderr")?);
        let started = Instant::now();
        let end = started + self.time_limit;
        let status = child::wait(&mut child::start(&mut child)?, || Instant::now() > end)?;
        let elapsed = started.elapsed();
        let text = |name: &str| {
            String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap_or_default()).into_owned()
        };
        let ending = match status {
            Some(status) if status.success() => None,
            Some(status) => Some(format!("it ended with {status}")),
            None => Some(format!("it had not ended after {} s", self.time_limit.as_secs())),
        };
        Ok(Ran { ending, stdout: text("stdout"), stderr: text("stderr"), elapsed })
    }
}

/// One run of an application.
struct Ran {
    /// How it ended, unless well.
    ending: Option<String>,
    stdout: String,
    stderr: String,
    elapsed: Duration,
}

impl Ran {
    /// What is wrong with it, in one line.
    fn fault(&self, expected: &str) -> Option<String> {
        if self.ending.is_none() && self.stdout == expected {
            return None;
        }
        let differs = self
            .stdout
            .lines()
            .map(Some)
            .chain([None])
            .zip(expected.lines().map(Some).chain([None]))
            .find(|(printed, wanted)| printed != wanted)
            .map(|(printed, _)| match printed {
                Some(printed) => format!("it printed `{printed}`"),
                None => "it printed too little".to_owned(),
            });
        let last = self.stderr.lines().rev().find(|line| !line.trim().is_empty());
        let parts =
            [self.ending.clone(), differs, last.map(|last| format!("its last word: `{last}`"))];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

/// Waits until no process runs this executable.
fn gone(executable: &Path) -> bool {
    let Ok(executable) = fs::canonicalize(executable) else { return true };
    let is_running = || {
        let Ok(processes) = fs::read_dir("/proc") else { return false };
        let mut links =
            processes.flatten().map(|process| fs::read_link(process.path().join("exe")));
        links.any(|link| link.is_ok_and(|link| link == executable))
    };
    let end = Instant::now() + GRACE;
    while is_running() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    true
}

fn n_files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| if entry.path().is_dir() { n_files(&entry.path()) } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_how_it_ended_and_where_it_differs() {
        let fault = |ending: Option<&str>, stdout: &str, stderr: &str| {
            let ran = Ran {
                ending: ending.map(str::to_owned),
                stdout: stdout.to_owned(),
                stderr: stderr.to_owned(),
                elapsed: Duration::ZERO,
            };
            ran.fault("one\ntwo\n")
        };
        assert_eq!(fault(None, "one\ntwo\n", "a warning"), None);
        for (ending, stdout, stderr, expected) in [
            (None, "one\n", "", "it printed too little"),
            (None, "one\ntwo\nthree\n", "", "it printed `three`"),
            (
                Some("it ended with 1"),
                "one\ntwo\n",
                "a\nb\n\n",
                "it ended with 1; its last word: `b`",
            ),
            (Some("it ended with 1"), "", "", "it ended with 1; it printed too little"),
        ] {
            assert_eq!(fault(ending, stdout, stderr).as_deref(), Some(expected));
        }
    }
}

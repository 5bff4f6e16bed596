//! One package: an environment, an executable, and the output of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use xtask::environment;
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::Python;
use xtask::workspace;

use super::list::{Kind, Package};
use super::ran::{Ran, RunFolders};

/// The longest time that processes may take to end after the application has.
const GRACE: Duration = Duration::from_secs(5);

/// The file with the output that an application must print.
const EXPECTED: &str = "expected.txt";

/// The result of one package.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) package: &'static Package,
    pub(super) version: String,
    /// The fault of the application in the virtual environment, if it has one.
    pub(super) python_fault: Option<String>,
    pub(super) built_fault: Option<String>,
    pub(super) python_time: Duration,
    pub(super) built_time: Duration,
    /// The size of the executable, in bytes.
    pub(super) size: u64,
    /// The number of files that the executable has put into the cache; nothing where it ran without one.
    pub(super) cached: Option<usize>,
    pub(super) elsewhere: Elsewhere,
}

/// The executable's writes outside of the cache, but for those that the application makes in its virtual environment as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elsewhere {
    Nothing,
    /// Files that were gone when it had ended.
    ForATime,
    /// So many files.
    Left(usize),
}

/// The tools and folders of all trials.
pub(super) struct Trials<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    pub(super) launcher: &'a Path,
    /// `lab/packages`.
    pub(super) applications: PathBuf,
    pub(super) out: PathBuf,
    pub(super) time_limit: Duration,
    /// The number of pairs of runs that are timed.
    pub(super) pairs: usize,
    /// Whether environments that are there are kept.
    pub(super) resume: bool,
}

/// The two commands that are compared, and where each runs.
struct Sides<'a> {
    python: (Vec<&'a Path>, RunFolders),
    built: (Vec<&'a Path>, RunFolders),
    expected: &'a str,
}

impl Trials<'_> {
    /// Tries a package. A package that cannot be installed or built has failed as well, and does not stop the others.
    pub(super) fn run(&self, package: &'static Package) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome {
            package,
            version: String::new(),
            python_fault: None,
            built_fault: None,
            python_time: Duration::ZERO,
            built_time: Duration::ZERO,
            size: 0,
            cached: None,
            elsewhere: Elsewhere::Nothing,
        };
        let group = self.applications.join(package.group.as_str());
        let source = group.join(package.name);
        let expected_path = source.join(EXPECTED);
        let expected = fs::read_to_string(&expected_path)
            .with_context(|| format!("could not read `{}`", expected_path.display()))?;
        let of_python = self.out.join(format!("py{}", self.python.version));
        let folder = of_python.join(package.group.as_str()).join(package.name);
        // A copy, so that the bytecode that Python keeps beside sources does not come among ours.
        let application = folder.join("application");
        if application.exists() {
            fs::remove_dir_all(&application)
                .with_context(|| format!("could not remove `{}`", application.display()))?;
        }
        workspace::copy(&source, &application, EXPECTED)?;
        let interpreter = match self.environment(package, &folder) {
            Ok(interpreter) => interpreter,
            Err(error) => {
                outcome.python_fault = Some(format!("{error:#}"));
                outcome.built_fault = Some("there is nothing to build".to_owned());
                return Ok(outcome);
            }
        };
        outcome.version = self.version(package, &interpreter)?;

        let main = application.join("__main__.py");
        let server = group.join("serve.py");
        let prefix: &[&Path] = match package.kind {
            Kind::Serves => &[&self.python.executable, &server],
            Kind::Prints | Kind::Starts => &[],
        };
        let interpreted: &[&Path] = match package.kind {
            // As a built application sees nothing of its environment, Python shall not.
            Kind::Starts => &[&interpreter, Path::new("-I"), &application],
            Kind::Prints | Kind::Serves => &[&interpreter, &main],
        };
        let executable = folder.join("executable").join(package.name);
        let folders = |label: &str| RunFolders::new(&folder.join(label), self.time_limit);
        let mut sides = Sides {
            python: ([prefix, interpreted].concat(), folders("venv")?),
            built: ([prefix, &[&executable]].concat(), folders("built")?),
            expected: &expected,
        };
        self.progress.note(&format!("{}: in its environment", package.name));
        let python = sides.python.1.run(&sides.python.0)?;
        outcome.python_time = python.elapsed;
        outcome.python_fault = python.fault(&expected);
        if let Err(error) = self.build(package, &application, &folder, &executable) {
            outcome.built_fault = Some(format!("{error:#}"));
            return Ok(outcome);
        }
        outcome.size = fs::metadata(&executable).map_or(0, |metadata| metadata.len());
        self.progress.note(&format!("{}: built", package.name));
        let built = run_built(&mut sides, &mut outcome)?;
        outcome.elsewhere = match built.left.difference(&python.left).count() {
            0 if built.has_written && !python.has_written => Elsewhere::ForATime,
            0 => Elsewhere::Nothing,
            files => Elsewhere::Left(files),
        };
        if outcome.built_fault.is_none() && !gone(&executable) {
            outcome.built_fault = Some(format!("processes were left behind after {GRACE:?}"));
        }
        let folder = folder.display().to_string();
        for fault in [&mut outcome.python_fault, &mut outcome.built_fault].into_iter().flatten() {
            // The fault names no folder of this machine.
            *fault = fault.replace(&folder, "…");
        }
        let is_right = outcome.python_fault.is_none() && outcome.built_fault.is_none();
        if is_right && package.kind == Kind::Starts {
            self.time(&sides, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Runs both again, in pairs: the times when the caches are filled.
    fn time(&self, sides: &Sides<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        let mut times = (Vec::new(), Vec::new());
        for pair in 1..=self.pairs {
            self.progress.note(&format!("{}: timed, {pair}", outcome.package.name));
            for (side, times, fault) in [
                (&sides.python, &mut times.0, &mut outcome.python_fault),
                (&sides.built, &mut times.1, &mut outcome.built_fault),
            ] {
                let (command, folders) = side;
                let ran = folders.run(command)?;
                times.push(ran.elapsed);
                let again = ran.fault(sides.expected);
                *fault = fault.take().or(again.map(|again| format!("in a later run: {again}")));
            }
        }
        outcome.python_time = median(times.0).unwrap_or(outcome.python_time);
        outcome.built_time = median(times.1).unwrap_or(outcome.built_time);
        Ok(())
    }

    /// A virtual environment with the package; its interpreter.
    fn environment(&self, package: &Package, folder: &Path) -> anyhow::Result<PathBuf> {
        let environment = folder.join("environment");
        let marker = environment.join("requirements");
        let wanted = package.requirements.join("\n");
        if self.resume && fs::read_to_string(&marker).is_ok_and(|there| there == wanted) {
            return Ok(environment::interpreter(&environment));
        }
        let (python, requirements) = (self.python, package.requirements);
        let made =
            environment::make(self.progress, python, &environment, requirements, package.name)?;
        let Some(interpreter) = made else { bail!("the environment could not be made") };
        fs::write(&marker, wanted)
            .with_context(|| format!("could not write `{}`", marker.display()))?;
        Ok(interpreter)
    }

    fn version(&self, package: &Package, interpreter: &Path) -> anyhow::Result<String> {
        let first = package.requirements.first().copied().unwrap_or(package.name);
        let name = first.split(['<', '=', '>', '[']).next().unwrap_or(first);
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
        executable: &Path,
    ) -> anyhow::Result<()> {
        let mut build = Command::new(self.launcher);
        build.arg("build").arg(application).arg("--output").arg(executable);
        build.arg("--venv").arg(folder.join("environment"));
        build.arg("--cache-dir").arg(self.out.join("cache"));
        build.env_remove("VIRTUAL_ENV");
        self.step(&format!("{}: coldframe build", package.name), &mut build)
    }

    fn step(&self, label: &str, command: &mut Command) -> anyhow::Result<()> {
        match self.progress.run(label, command, Show::AtFailure)?.status {
            Status::Good => Ok(()),
            Status::Failed => bail!("{label} failed"),
        }
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

/// Runs what is built where nothing can be written but in its folder and in that for temporary files; and again with
/// a folder for the cache, if it has made one there, so that later runs find it.
fn run_built(sides: &mut Sides<'_>, outcome: &mut Outcome) -> anyhow::Result<Ran> {
    let (command, folders) = &mut sides.built;
    let mut ran = folders.run(command)?;
    if ran.has_made_cache() {
        outcome.built_fault = ran.fault(sides.expected);
        folders.allow_cache();
        ran = folders.run(command)?;
        outcome.cached = Some(folders.n_cached());
    }
    outcome.built_time = ran.elapsed;
    outcome.built_fault = outcome.built_fault.take().or_else(|| ran.fault(sides.expected));
    Ok(ran)
}

/// The one in the middle.
fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

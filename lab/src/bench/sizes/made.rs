//! An application in an environment: built in each form, run, changed, built and run again.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use xtask::child;
use xtask::environment;
use xtask::progress::Progress;
use xtask::pythons::Python;
use xtask::workspace;

use super::list::Application;
use super::measured::Cost;
use crate::packages::ran::RunFolders;

/// The change of an application; its output shows whether an executable has it.
const CHANGE: &str = "if __name__ == '__main__': print('changed')\n";

/// The longest time that an application may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Forms of the same application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Compressed,
    OneFolder,
    OneFile,
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "coldframe",
            Self::Compressed => "coldframe --compress",
            Self::OneFolder => "PyInstaller, one folder",
            Self::OneFile => "PyInstaller, one file",
        }
    }

    pub(super) fn is_ours(self) -> bool {
        matches!(self, Self::Plain | Self::Compressed)
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compressed => "compressed",
            Self::OneFolder => "one-folder",
            Self::OneFile => "one-file",
        }
    }

    /// The program, in the form's folder.
    fn program(self) -> &'static str {
        if self == Self::OneFolder { "program/program" } else { "program" }
    }
}

/// An environment by its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Own,
    Shared,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared => "shared",
        }
    }
}

/// The build of one form, and its measurements.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) form: Form,
    /// All that was produced, in bytes.
    pub(super) size: Option<f64>,
    /// The build with nothing kept from before.
    pub(super) first: Option<Cost>,
    /// The build after one line was changed.
    pub(super) again: Option<Cost>,
    /// The fault of its run or of its build, if there is one.
    pub(super) fault: Option<String>,
}

impl Made {
    pub(super) fn as_json(&self) -> Value {
        let cost = |cost: Option<Cost>| cost.map(Cost::as_json);
        json!({
            "form": self.form.name(), "size": self.size, "first": cost(self.first), "again": cost(self.again),
            "fault": self.fault,
        })
    }
}

/// The tools and folders of all builds.
pub(super) struct Makers<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    pub(super) launcher: &'a Path,
    /// `lab/sizes`.
    pub(super) sources: &'a Path,
    pub(super) folder: PathBuf,
    /// PyInstaller's modules, for environments without it.
    pub(super) packager: PathBuf,
    pub(super) forms: &'a [Form],
}

/// An application, its environment and where all of it lies.
struct Job<'a> {
    application: &'a Application,
    role: Role,
    venv: &'a Path,
    folder: PathBuf,
    source: PathBuf,
}

impl Makers<'_> {
    pub(super) fn make(
        &self,
        application: &Application,
        role: Role,
        venv: &Path,
    ) -> anyhow::Result<Vec<Made>> {
        let folder = self.folder.join(application.name).join(role.name());
        remove(&folder)?;
        let source = folder.join("application");
        workspace::copy(&self.sources.join(application.name), &source, "__pycache__")?;
        let expected_path = source.join("expected.txt");
        let expected = fs::read_to_string(&expected_path)
            .with_context(|| format!("could not read `{}`", expected_path.display()))?;
        remove(&expected_path)?;
        remove(&source.join("requirements.txt"))?;
        let job = Job { application, role, venv, folder, source };
        let mut all: Vec<Made> = self
            .forms
            .iter()
            .map(|&form| Made { form, size: None, first: None, again: None, fault: None })
            .collect();
        for made in &mut all {
            // PyInstaller's second form is made of the first one's findings, and only for its size.
            if made.form != Form::OneFile {
                made.first = self.build(&job, made.form, true)?;
            }
            if made.form.is_ours() && made.first.is_some() {
                made.fault = match self.run(&job, made.form, &expected)? {
                    Some(fault) => Some(fault),
                    None => self.unexplained(&job, made.form)?,
                };
            }
        }
        // PyInstaller compares times of change in whole seconds, and would take a file that changed in the same one for unchanged.
        thread::sleep(Duration::from_millis(1100));
        let main = job.source.join("__main__.py");
        OpenOptions::new()
            .append(true)
            .open(&main)
            .and_then(|mut file| file.write_all(CHANGE.as_bytes()))
            .with_context(|| format!("could not write `{}`", main.display()))?;
        let expected = format!("{expected}changed\n");
        for made in &mut all {
            made.again = self.build(&job, made.form, false)?;
            if made.again.is_none() {
                made.fault = Some("it could not be built".to_owned());
                continue;
            }
            made.size = Some(size(&job.folder.join(made.form.folder()))?);
            let fault = self.run(&job, made.form, &expected)?;
            made.fault = made.fault.take().or(fault);
        }
        // Both packagers together leave gigabytes for an application in the shared environment.
        remove(&job.folder)?;
        Ok(all)
    }

    /// Builds one form, with nothing kept from before if `anew`.
    fn build(&self, job: &Job<'_>, form: Form, anew: bool) -> anyhow::Result<Option<Cost>> {
        let out = job.folder.join(form.folder());
        fs::create_dir_all(&out).with_context(|| format!("could not make `{}`", out.display()))?;
        let command = match form {
            Form::Plain | Form::Compressed => {
                let cache = job.folder.join(format!("cache-{}", form.folder()));
                let mut build = build(self.launcher, &job.source, &out.join("program"), &cache);
                build.arg("--venv").arg(job.venv);
                if form == Form::Compressed {
                    build.arg("--compress");
                }
                build
            }
            Form::OneFolder | Form::OneFile => self.pyinstaller(job, form, &out, anew),
        };
        let time = if anew { "first" } else { "again" };
        let label =
            format!("{} ({}): {}, {time}", job.application.name, job.role.name(), form.name());
        Cost::of(self.progress, &label, &self.python.executable, &command)
    }

    fn pyinstaller(&self, job: &Job<'_>, form: Form, out: &Path, anew: bool) -> Command {
        let mut build = Command::new(environment::interpreter(job.venv));
        build.args(["-m", "PyInstaller", "--noconfirm", "--name", "program"]);
        build.arg(if form == Form::OneFile { "--onefile" } else { "--onedir" });
        if anew {
            build.arg("--clean");
        }
        build.arg("--distpath").arg(out).arg("--workpath").arg(job.folder.join("work"));
        build.arg("--specpath").arg(&job.folder).arg("--paths").arg(&job.source);
        for data in job.application.data {
            build.arg("--add-data").arg(format!("{}:{data}", job.source.join(data).display()));
        }
        for hidden in job.application.hidden {
            build.args(["--hidden-import", hidden]);
        }
        build.arg(job.source.join("__main__.py"));
        build.env("PYINSTALLER_CONFIG_DIR", job.folder.join("packager")).env_remove("PYTHONPATH");
        if job.role == Role::Own {
            build.env("PYTHONPATH", &self.packager);
        }
        build
    }

    /// The first distribution of one of our forms of which `inspect --why` gives no way to the application, or to what every one
    /// gets.
    fn unexplained(&self, job: &Job<'_>, form: Form) -> anyhow::Result<Option<String>> {
        let program = job.folder.join(form.folder()).join(form.program());
        let inspect = || {
            let mut command = Command::new(self.launcher);
            command.arg("inspect").arg(&program);
            command
        };
        let listed: Value = serde_json::from_str(&child::said(inspect().arg("--json"))?)?;
        let distributions = listed.get("distributions").and_then(Value::as_array);
        for name in distributions.into_iter().flatten().filter_map(Value::as_str) {
            let ends = ["is a module of the application", "every application gets it"];
            let is_explained = child::said(inspect().args(["--why", name]))
                .is_ok_and(|way| ends.iter().any(|end| way.trim_end().ends_with(end)));
            if !is_explained {
                return Ok(Some(format!("nothing explains why it has `{name}`")));
            }
        }
        Ok(None)
    }

    /// Runs one form in an empty folder; gives its fault.
    fn run(&self, job: &Job<'_>, form: Form, expected: &str) -> anyhow::Result<Option<String>> {
        self.progress.note(&format!(
            "{} ({}): {} runs",
            job.application.name,
            job.role.name(),
            form.name()
        ));
        let program = job.folder.join(form.folder()).join(form.program());
        let mut folders = RunFolders::new(&job.folder.join("run"), TIME_LIMIT)?;
        folders.allow_cache();
        let fault = folders.run(&[&program])?.fault(expected);
        // The fault names no folder of this machine.
        Ok(fault.map(|fault| fault.replace(&job.folder.display().to_string(), "…")))
    }
}

/// `coldframe build SOURCE -o PROGRAM`, with its cache in a folder of this task.
pub(super) fn build(launcher: &Path, source: &Path, program: &Path, cache: &Path) -> Command {
    let mut build = Command::new(launcher);
    build.arg("build").arg(source).arg("--output").arg(program);
    build.arg("--cache-dir").arg(cache).env_remove("VIRTUAL_ENV");
    build
}

/// Removes a file or a folder, if it is there.
pub(super) fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.with_context(|| format!("could not remove `{}`", path.display()))
}

/// The bytes of all that is in a folder; a link counts with its own length.
fn size(folder: &Path) -> anyhow::Result<f64> {
    let mut sum = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("could not read `{}`", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("could not read `{}`", folder.display()))?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                sum += metadata.len();
            }
        }
    }
    Ok(sum as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_the_size_of_its_files() {
        let folder = workspace::temporary_folder().expect("a folder");
        workspace::write(&folder.path().join("a"), "123").expect("a file");
        workspace::write(&folder.path().join("b/c"), "45").expect("a file");
        assert_eq!(size(folder.path()).expect("a size"), 5.0);
        remove(&folder.path().join("b")).expect("no folder");
        remove(&folder.path().join("b")).expect("no folder still");
        assert_eq!(size(folder.path()).expect("a size"), 3.0);
    }
}

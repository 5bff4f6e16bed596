//! Making an application: an environment, and an executable by each packager.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use xtask::dist::needed_glibc;
use xtask::environment;
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::Python;
use xtask::workspace;

use super::list::{Application, Kind};
use super::run_in::Program;

/// The tool that makes the executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packager {
    Ours,
    OneFile,
    OneFolder,
}

impl Packager {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "coldframe",
            Self::OneFile => "PyInstaller, one file",
            Self::OneFolder => "PyInstaller, one folder",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Ours => "coldframe",
            Self::OneFile => "one-file",
            Self::OneFolder => "one-folder",
        }
    }
}

/// The tools and folders of all builds.
pub(super) struct Makers<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    pub(super) launcher: &'a Path,
    /// `lab/elsewhere`.
    pub(super) sources: PathBuf,
    pub(super) folder: PathBuf,
}

/// A program, or why there is none.
type Made = Result<Program, String>;

impl Makers<'_> {
    pub(super) fn make(
        &self,
        application: &Application,
        packagers: &[Packager],
    ) -> anyhow::Result<Vec<(Packager, Made)>> {
        let folder = self.folder.join(application.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        let source = folder.join("application");
        if application.kind == Kind::BuiltThere {
            workspace::copy(&self.sources.join("pools"), &source.join("source"), "__pycache__")?;
            let tool = source.join("coldframe");
            fs::copy(self.launcher, &tool)
                .with_context(|| format!("could not write `{}`", tool.display()))?;
            let needs = needed_glibc(self.launcher, &tool)?;
            return Ok(vec![(Packager::Ours, Ok(Program::Tool { folder: source, needs }))]);
        }
        workspace::copy(&self.sources.join(application.name), &source, "__pycache__")?;
        let environment = folder.join("environment");
        let mut requirements = application.requirements.to_vec();
        if packagers.len() > 1 {
            requirements.push("pyinstaller");
        }
        if !requirements.is_empty() {
            let (name, needed) = (application.name, requirements.as_slice());
            let made = environment::make(self.progress, self.python, &environment, needed, name)?;
            if made.is_none() {
                bail!("the environment of `{name}` could not be made");
            }
        }
        let mut all = Vec::new();
        for packager in packagers {
            let out = folder.join(packager.folder());
            fs::create_dir_all(&out)
                .with_context(|| format!("could not make `{}`", out.display()))?;
            let mut command = match packager {
                Packager::Ours => self.ours(application, &source, &environment, &out),
                Packager::OneFile => pyinstaller("--onefile", &source, &environment, &folder, &out),
                Packager::OneFolder => {
                    pyinstaller("--onedir", &source, &environment, &folder, &out)
                }
            };
            let label = format!("{}: {}", application.name, packager.name());
            let status = self.progress.run(&label, &mut command, Show::AtFailure)?.status;
            let program = match packager {
                Packager::Ours | Packager::OneFile => "program",
                Packager::OneFolder => "program/program",
            };
            let made = match status {
                Status::Good => {
                    let needs = match packager {
                        Packager::Ours => Some(needed_glibc(self.launcher, &out.join(program))?),
                        Packager::OneFile | Packager::OneFolder => None,
                    };
                    Ok(Program::Built { folder: out, path: program, needs })
                }
                Status::Failed => Err("it could not be built".to_owned()),
            };
            all.push((*packager, made));
        }
        Ok(all)
    }

    fn ours(&self, application: &Application, source: &Path, venv: &Path, out: &Path) -> Command {
        let mut build = Command::new(self.launcher);
        build.arg("build").arg(source).arg("--output").arg(out.join("program"));
        build.arg("--cache-dir").arg(self.folder.join("cache")).env_remove("VIRTUAL_ENV");
        if !application.requirements.is_empty() {
            build.arg("--venv").arg(venv);
        }
        build
    }
}

fn pyinstaller(form: &str, source: &Path, venv: &Path, folder: &Path, out: &Path) -> Command {
    let mut build = Command::new(environment::interpreter(venv));
    build.args(["-I", "-m", "PyInstaller", "--noconfirm", "--name", "program", form]);
    build.arg("--distpath").arg(out).arg("--workpath").arg(folder.join("work"));
    build.arg("--specpath").arg(folder).arg("--paths").arg(source);
    // PyInstaller does not see which files a package opens beside it.
    let templates = source.join("templates");
    if templates.is_dir() {
        build.arg("--add-data").arg(format!("{}:templates", templates.display()));
    }
    build.arg(source.join("__main__.py"));
    build
}

//! The environments: one that all applications share, one for each, and one of large files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use xtask::environment;
use xtask::progress::Progress;
use xtask::pythons::Python;

use super::list::Application;

/// Environments that are made once, and kept.
pub(super) struct Environments<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    /// `lab/sizes`.
    pub(super) sources: &'a Path,
    pub(super) folder: PathBuf,
}

impl Environments<'_> {
    /// A data scientist's environment: the requirements of all the applications, and much more.
    pub(super) fn shared(&self) -> anyhow::Result<PathBuf> {
        self.make("shared", &[], &self.pins())
    }

    /// One application's environment, with its requirements alone.
    pub(super) fn own(&self, application: &Application) -> anyhow::Result<PathBuf> {
        let requirements = self.sources.join(application.name).join("requirements.txt");
        self.make(application.name, &[], &requirements)
    }

    /// The folder with PyInstaller's modules, for environments that do not have it: in an environment it would be packed by
    /// tools that pack every imported module.
    pub(super) fn packager(&self) -> anyhow::Result<PathBuf> {
        let environment = self.make("pyinstaller", &["pyinstaller"], &self.pins())?;
        Ok(environment.join(format!("lib/python3.{}/site-packages", self.python.version.minor)))
    }

    /// The versions of everything.
    fn pins(&self) -> PathBuf {
        self.sources.join("shared.txt")
    }

    /// Makes an environment with `names`, or with all that the file lists when there are none.
    fn make(&self, name: &str, names: &[&str], file: &Path) -> anyhow::Result<PathBuf> {
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
        };
        let pins = self.pins();
        let wanted = format!("{}\n{}\n{}", names.join("\n"), read(file)?, read(&pins)?);
        let environment = self.folder.join(name);
        let marker = environment.join("requirements");
        if fs::read_to_string(&marker).is_ok_and(|there| there == wanted) {
            return Ok(environment);
        }
        let (file, pins) = (file.display().to_string(), pins.display().to_string());
        let mut requirements = vec!["--constraint", &pins];
        if names.is_empty() {
            requirements.extend(["--requirement", &file]);
        }
        requirements.extend(names);
        let label = format!("environment `{name}`");
        let (progress, python) = (self.progress, self.python);
        let made =
            environment::make_quickly(progress, python, &environment, &requirements, &label)?;
        if made.is_none() {
            bail!("the environment `{name}` could not be made");
        }
        fs::write(&marker, wanted)
            .with_context(|| format!("could not write `{}`", marker.display()))?;
        Ok(environment)
    }
}

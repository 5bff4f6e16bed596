//! Suites that are packed into an executable, with the packages that they test: what the archive says of resources,
//! metadata and modules is asked by the tests of the libraries that read them.
//!
//! The stock interpreter runs such a suite from files, and keeps what the suite writes to disk before it imports it
//! (`lab/conformance/archived/adapter.py`). All that is packed, and in the executable the same tests find it there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use xtask::environment::{self, pip};
use xtask::progress::{Show, Status};
use xtask::workspace;

use super::Job;
use super::flags::Conformance;
use super::runner::{DRIVER, copy};
use super::target::INCLUDED;

const ADAPTER: &str = include_str!("../../conformance/archived/adapter.py");
const FINDER: &str = include_str!("../../conformance/archived/test_finder.py");

/// A suite that is packed.
#[derive(Debug)]
pub(super) struct Archived {
    /// Its name on the command line and in the table.
    pub(super) name: &'static str,
    /// The module or package that its tests are in.
    pub(super) suite: &'static str,
    /// The folder of the source distribution of that name that is needed; without one the suite is ours.
    folder: Option<&'static str>,
    /// The packages that are installed for it.
    requirements: &'static [&'static str],
}

pub(super) const ARCHIVED: &[Archived] = &[
    Archived { name: "finder_mixins", suite: "test_finder", folder: None, requirements: &[] },
    Archived {
        name: "importlib_resources",
        suite: "importlib_resources.tests",
        folder: Some("importlib_resources"),
        requirements: &["importlib_resources", "zipp", "jaraco.test"],
    },
    Archived {
        name: "importlib_metadata",
        suite: "tests",
        folder: Some("tests"),
        requirements: &["importlib_metadata", "packaging", "pyfakefs", "jaraco.test"],
    },
];

/// The parts that a suite needs before it can run.
pub(super) struct Prepared {
    /// The stock interpreter, in an environment with the installed packages.
    pub(super) interpreter: PathBuf,
    /// The folder in which everything of this suite is made.
    pub(super) folder: PathBuf,
    /// The files beside the driver.
    pub(super) files: Vec<PathBuf>,
    /// The version of the source distribution.
    pub(super) version: Option<String>,
}

impl Archived {
    /// Makes the environment, and gets the source distribution from the index.
    pub(super) fn prepare(&self, job: &Job<'_>, flags: &Conformance) -> anyhow::Result<Prepared> {
        let folder = job.target.folder.join("archived").join(self.name);
        let sources = folder.join("sources");
        if !flags.resume && folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        workspace::write(&sources.join("adapter.py"), ADAPTER)?;
        workspace::write(&sources.join("test_finder.py"), FINDER)?;
        let mut files = vec![sources.join("adapter.py")];
        let Some(tests) = self.folder else {
            files.push(sources.join("test_finder.py"));
            let interpreter = job.target.python.executable.clone();
            return Ok(Prepared { interpreter, folder, files, version: None });
        };
        let environment = folder.join("environment");
        let interpreter = environment::interpreter(&environment);
        if !interpreter.exists() {
            let python = &job.target.python;
            let label = format!("{} on {}", self.name, python.release());
            let requirements = self.requirements;
            if environment::make(job.progress, python, &environment, requirements, &label)?
                .is_none()
            {
                bail!("{label}: the environment could not be made");
            }
            let mut download = pip(&interpreter, "download");
            download.args(["--no-deps", "--no-binary", ":all:", "--dest"]).arg(&sources);
            download.arg(self.name);
            self.step(job, "pip download", &mut download)?;
        }
        let (unpacked, version) = self.unpacked(job, &sources)?;
        files.push(unpacked.join(tests));
        Ok(Prepared { interpreter, folder, files, version: Some(version) })
    }

    /// The folder of the source distribution, and its version.
    fn unpacked(&self, job: &Job<'_>, sources: &Path) -> anyhow::Result<(PathBuf, String)> {
        let begin = format!("{}-", self.name);
        let entries = fs::read_dir(sources)
            .with_context(|| format!("could not read `{}`", sources.display()))?;
        let names = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(&begin));
        let Some(archive) = names.into_iter().find(|name| name.ends_with(".tar.gz")) else {
            bail!("the index gave no source distribution of `{}`", self.name)
        };
        let name = archive.strip_suffix(".tar.gz").unwrap_or(&archive).to_owned();
        let folder = sources.join(&name);
        if !folder.exists() {
            let mut unpack = Command::new(&job.target.python.executable);
            unpack.args(["-I", "-m", "tarfile", "--extract"]).arg(sources.join(&archive));
            unpack.arg(sources);
            self.step(job, "unpacking", &mut unpack)?;
        }
        let version = name.strip_prefix(&begin).unwrap_or_default().to_owned();
        Ok((folder, version))
    }

    /// Builds the executable from the files that the stock interpreter ran, and from those that it has kept.
    pub(super) fn build(
        &self,
        job: &Job<'_>,
        prepared: &Prepared,
        ran: &Path,
        executable: &Path,
        flags: &Conformance,
    ) -> anyhow::Result<()> {
        let application = prepared.folder.join("application");
        if application.exists() {
            fs::remove_dir_all(&application)
                .with_context(|| format!("could not remove `{}`", application.display()))?;
        }
        workspace::write(&application.join("__main__.py"), DRIVER)?;
        // They import files that they write to disk.
        let settings = "filesystem-importer = true\n";
        workspace::write(&application.join("coldframe.toml"), settings)?;
        let fixtures = ran.join("fixtures");
        let kept = fixtures.exists().then_some(&fixtures);
        for path in prepared.files.iter().chain(kept) {
            copy(path, &application)?;
        }
        let mut build = Command::new(job.target.launcher(job.workspace, flags)?);
        build.arg("build").arg(&application).arg("--output").arg(executable);
        // Some of the trees hold modules that are wrong on purpose.
        build.arg("--allow-broken").arg("--python").arg(&job.target.python.executable);
        build.arg("--cache-dir").arg(prepared.folder.join("cache"));
        if self.folder.is_some() {
            build.arg("--venv").arg(prepared.folder.join("environment"));
        }
        for name in INCLUDED {
            build.args(["--include", name]);
        }
        build.env_remove("VIRTUAL_ENV");
        self.step(job, "coldframe build", &mut build)
    }

    fn step(&self, job: &Job<'_>, what: &str, command: &mut Command) -> anyhow::Result<()> {
        let label = format!("{} on {}: {what}", self.name, job.target.python.release());
        match job.progress.run(&label, command, Show::AtFailure)?.status {
            Status::Good => Ok(()),
            Status::Failed => bail!("{label} failed"),
        }
    }
}

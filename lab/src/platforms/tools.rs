//! Compilers, packages and wheels with which several platforms are built and run, fetched once and kept below `target/platforms`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::fetched::assembly::files;
use crate::fetched::debian::{self, Extent, Order};
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::{self, Python};
use xtask::version::Version;
use xtask::workspace::{Workspace, write};

pub(super) struct Tools<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) progress: &'a Progress,
    /// A Python of this machine, for its pip.
    pub(super) helper: Python,
    pub(super) folder: PathBuf,
}

impl<'a> Tools<'a> {
    pub(super) fn new(workspace: &'a Workspace, progress: &'a Progress) -> anyhow::Result<Self> {
        let helper = pythons::chosen(workspace, None)?;
        Ok(Self { workspace, progress, helper, folder: workspace.target.join("platforms") })
    }

    pub(super) fn step(&self, what: &str, command: &mut Command) -> anyhow::Result<()> {
        match self.progress.run(what, command, Show::AtFailure)?.status {
            Status::Good => Ok(()),
            Status::Failed => {
                let program = command.get_program().to_string_lossy();
                bail!("{what}: `{program}` failed, with what it printed above")
            }
        }
    }

    /// A folder that `make` fills, unless that was done already: a file of that name says so.
    pub(super) fn once(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        let done = folder.join("done");
        if done.is_file() {
            return Ok(folder);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make `{}`", folder.display()))?;
        make(&folder).with_context(|| format!("`{name}` could not be fetched"))?;
        write(&done, "")?;
        Ok(folder)
    }

    /// Debian's packages in a folder, which is given back.
    pub(super) fn packages(
        &self,
        folder: &Path,
        suite: &str,
        architecture: &str,
        extent: Extent,
        names: &[&str],
    ) -> anyhow::Result<PathBuf> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let order = Order { folder, suite, architecture, extent, names: &names };
        debian::unpack(&order, &|what, command| self.step(what, command))
    }

    /// A wheel of the index, unpacked below a folder.
    pub(super) fn wheel(
        &self,
        folder: &Path,
        name: &str,
        options: &[String],
    ) -> anyhow::Result<PathBuf> {
        let (wheels, unpacked) = (folder.join("wheels").join(name), folder.join(name));
        let mut download = Command::new(&self.helper.executable);
        download
            .args(["-I", "-m", "pip", "--disable-pip-version-check", "download", "--no-deps"])
            .args(["--only-binary", ":all:", "--dest"])
            .arg(&wheels)
            .args(options)
            .arg(name);
        self.step(&format!("the wheel `{name}`"), &mut download)
            .context("the index must be in reach of pip")?;
        for wheel in files(&wheels)? {
            let mut unpack = Command::new(&self.helper.executable);
            unpack.args(["-I", "-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked);
            self.step("unpacking a wheel", &mut unpack)?;
        }
        Ok(unpacked)
    }

    /// An installed Python of this version, whose standard library is in files of Python.
    pub(super) fn standard_library(&self, version: Version) -> anyhow::Result<PathBuf> {
        let found = pythons::discover();
        let python = found.iter().find(|python| python.version == version);
        let python = python.with_context(|| {
            format!("no Python {version} is here, whose standard library is needed; `pyenv install {version}`")
        })?;
        let mut ask = Command::new(&python.executable);
        ask.args(["-I", "-c", "import os; print(os.path.dirname(os.__file__), end='')"]);
        let asked = ask.output().context("could not ask Python for its standard library")?;
        Ok(PathBuf::from(String::from_utf8_lossy(&asked.stdout).into_owned()))
    }

    /// The name of the machine's own suite.
    pub(super) fn own_suite() -> anyhow::Result<String> {
        let text = fs::read_to_string("/etc/os-release").context("no `/etc/os-release`")?;
        let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
        name.map(str::to_owned).context("`/etc/os-release` names no suite of Debian's")
    }

    /// `PATH` with a folder before it.
    pub(super) fn path_with(folder: &Path) -> anyhow::Result<OsString> {
        let mut folders = vec![folder.to_owned()];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        Ok(env::join_paths(folders)?)
    }
}

//! The folder in which one Python is put together, and the tools of all steps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::Python;
use xtask::version::Version;
use xtask::workspace::Workspace;

pub(super) struct Assembly<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) progress: &'a Progress,
    /// A Python of this machine, for its pip.
    pub(super) helper: &'a Python,
    pub(super) version: Version,
    pub(super) folder: &'a Path,
}

impl Assembly<'_> {
    pub(super) fn step(&self, what: &str, command: &mut Command) -> anyhow::Result<()> {
        let label = format!("Python {}: {what}", self.version);
        match self.progress.run(&label, command, Show::AtFailure)?.status {
            Status::Good => Ok(()),
            Status::Failed => {
                let program = command.get_program().to_string_lossy();
                bail!("{what}: `{program}` failed, with what it printed above")
            }
        }
    }

    /// Makes a symbolic link, in place of one that is there.
    pub(super) fn link(&self, link: &Path, target: &Path) -> anyhow::Result<()> {
        // By a program, for the standard library makes links on some systems only.
        self.step("a link", Command::new("ln").args(["-sfn", "--"]).args([target, link]))
    }
}

/// The paths in a folder, in the order of names.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not read `{}`", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

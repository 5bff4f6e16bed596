//! The workspace as cargo sees it: where it is, its crates, the Pythons it supports.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};

use crate::version::{Range, Version};

/// This checkout, as `cargo metadata` describes it.
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Cargo's target folder: `target` at the root unless `CARGO_TARGET_DIR` says otherwise.
    pub target: PathBuf,
    /// The supported Pythons.
    pub range: Range,
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Asks cargo.
    pub fn load() -> anyhow::Result<Self> {
        let manifest = manifest()?;
        let metadata =
            MetadataCommand::new().manifest_path(&manifest).no_deps().exec().with_context(
                || format!("could not read the workspace at `{}`", manifest.display()),
            )?;
        Ok(Self {
            root: metadata.workspace_root.clone().into_std_path_buf(),
            target: metadata.target_directory.clone().into_std_path_buf(),
            range: Range::from_metadata(&metadata.workspace_metadata)?,
            metadata,
        })
    }

    /// The folder for programs that are linked with one Python, so that no build can pick up another's artefacts.
    pub fn python_target(&self, version: Version) -> PathBuf {
        self.target.join(format!("py{version}"))
    }

    /// `cargo` at the root, without the caller's variables about Python: which one to build with is decided here.
    pub fn cargo(&self, subcommand: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.args(subcommand).current_dir(&self.root).env("CARGO_TERM_COLOR", "never");
        for name in ["PYO3_PYTHON", "PYO3_CONFIG_FILE", "PYO3_NO_PYTHON", "COLDFRAME_BUILD_PYTHON"]
        {
            command.env_remove(name);
        }
        command
    }

    /// A task of the crate `lab`.
    pub(crate) fn lab(&self, arguments: &[&str]) -> Command {
        let mut command = self.cargo(&["run", "--quiet", "--package", "lab", "--"]);
        command.args(arguments);
        command
    }

    pub(crate) fn package(&self, name: &str) -> anyhow::Result<&Package> {
        let found = self.metadata.packages.iter().find(|package| package.name.as_str() == name);
        found.with_context(|| {
            let names: Vec<_> =
                self.metadata.packages.iter().map(|package| package.name.as_str()).collect();
            format!("there is no crate `{name}` in this workspace; there are: {}", names.join(", "))
        })
    }

    /// The version of all crates.
    pub(crate) fn version(&self) -> anyhow::Result<String> {
        Ok(self.package("coldframe-launcher")?.version.to_string())
    }

    /// Whether `cargo test --doc` can be asked for this crate at all: it refuses one without a library.
    pub(crate) fn has_library(&self, name: &str) -> anyhow::Result<bool> {
        Ok(self.package(name)?.targets.iter().any(|target| target.kind.contains(&TargetKind::Lib)))
    }

    /// Whether the crate has a program of this name.
    pub fn has_binary(&self, package: &str, name: &str) -> anyhow::Result<bool> {
        let package = self.package(package)?;
        Ok(package
            .targets
            .iter()
            .any(|target| target.kind.contains(&TargetKind::Bin) && target.name == name))
    }
}

/// The manifest at the root.
pub(crate) fn manifest() -> anyhow::Result<PathBuf> {
    // At run time first: a binary in a target folder shared by two checkouts would otherwise look at the wrong one.
    let crate_folder = env::var_os("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
    let root = Path::new(&crate_folder).parent().context("xtask is not inside a workspace")?;
    Ok(root.join("Cargo.toml"))
}

/// The cargo that runs this program, or else the one on `PATH`.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

/// A folder for temporary files, which goes when this is dropped. Its path is short: sockets lie in it, and the path of
/// one may have some hundred bytes.
pub fn temporary_folder() -> anyhow::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("cf").tempdir().context("could not make a temporary folder")
}

/// Writes a file, and the folders above it where there are none.
pub fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    parent
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("could not write `{}`", path.display()))
}

/// Copies a file, or a folder with all its contents but those of that name.
pub fn copy(from: &Path, to: &Path, left_out: &str) -> anyhow::Result<()> {
    let copied = if from.is_dir() {
        fs::create_dir_all(to).with_context(|| format!("could not make `{}`", to.display()))?;
        let entries =
            fs::read_dir(from).with_context(|| format!("could not read `{}`", from.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("could not read `{}`", from.display()))?;
            if entry.file_name() != left_out {
                copy(&entry.path(), &to.join(entry.file_name()), left_out)?;
            }
        }
        Ok(())
    } else {
        fs::copy(from, to).map(drop)
    };
    copied.with_context(|| format!("could not copy `{}`", from.display()))
}

//! `cargo xtask wheel`: a whole `coldframe` as a wheel, installed in one line by pip and uv.

pub(crate) mod flags;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use self::flags::Wheel;
use crate::Verdict;
use crate::dist::{self, Glibc};
use crate::environment;
use crate::progress::{Progress, Show, Status};
use crate::pythons::{self, Python};
use crate::workspace::{self, Workspace};

/// The name on the package index.
const NAME: &str = "coldframe";
/// Tools that pack the wheel and write its RECORD, judge its tag, and install it besides pip.
const TOOLS: &[&str] = &["wheel", "auditwheel", "uv"];
/// The package in the wheel.
const PACKAGE: &[(&str, &str)] = &[
    ("__init__.py", include_str!("../wheel/__init__.py")),
    ("__main__.py", include_str!("../wheel/__main__.py")),
    ("__init__.pyi", include_str!("../../launcher/src/python/coldframe.pyi")),
    ("py.typed", ""),
];
const LICENCES: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE"];

pub(crate) fn run(workspace: &Workspace, flags: &Wheel) -> anyhow::Result<Verdict> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        bail!("wheels are made for Linux with glibc only, so far");
    }
    let launcher = &flags.launcher;
    let python = pythons::choose(&pythons::discover(), &launcher.python)?;
    let progress = Progress::new(launcher.verbose);
    let launchers =
        workspace.target.join(if launcher.debug { "launchers-debug" } else { "launchers" });
    let command = dist::launcher_in(workspace, &python, launcher.clone(), &launchers)?;
    let folder = workspace.target.join("wheel").join(format!("py{}", python.version));
    let tools = tools(&progress, &python, &workspace.target.join("wheel"))?;

    let tag = Tag { python: &python, glibc: dist::needed_glibc(&command, &command)? };
    let tree = folder.join(format!("{NAME}-{}", workspace.version()?));
    lay(workspace, &tree, &command, &tag)?;
    let out = workspace.root.join(&flags.out);
    fs::create_dir_all(&out).with_context(|| format!("could not make `{}`", out.display()))?;
    let mut pack = tools.module("wheel");
    pack.arg("pack").arg(&tree).arg("--dest-dir").arg(&out);
    if progress.run("the wheel", &mut pack, Show::AtFailure)?.status == Status::Failed {
        return Ok(Verdict::Bad);
    }
    let wheel = out.join(format!("{NAME}-{}-{tag}.whl", workspace.version()?));
    let size = fs::metadata(&wheel)
        .with_context(|| format!("could not read `{}`", wheel.display()))?
        .len();

    let trials = trial::Trials {
        progress: &progress,
        python: &python,
        tools: &tools,
        wheel: &wheel,
        folder: folder.join("trial"),
    };
    let judged = trials.judge(tag.glibc)?;
    trials.with_pip()?;
    trials.with_uv()?;
    println!("{} ({}.{} MB)", wheel.display(), size / 1_000_000, size / 100_000 % 10);
    println!("auditwheel: {judged}");
    println!("tried: installed by pip and by uv, it built and ran an application with workers");
    Ok(Verdict::Good)
}

/// The tools from the index, in an environment of their own.
struct Tools {
    interpreter: PathBuf,
}

impl Tools {
    fn module(&self, name: &str) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.args(["-I", "-m", name]);
        command
    }
}

fn tools(progress: &Progress, python: &Python, folder: &Path) -> anyhow::Result<Tools> {
    let environment = folder.join(format!("tools-py{}", python.version));
    let interpreter = environment::interpreter(&environment);
    if environment.join("complete").is_file() {
        return Ok(Tools { interpreter });
    }
    let made = environment::make(progress, python, &environment, TOOLS, "tools for wheels")?;
    let Some(interpreter) = made else {
        bail!("{} could not be installed from the package index", TOOLS.join(", "));
    };
    workspace::write(&environment.join("complete"), "")?;
    Ok(Tools { interpreter })
}

/// The tags of a wheel with a command for one Python (PEP 425, PEP 600).
struct Tag<'a> {
    python: &'a Python,
    glibc: Glibc,
}

impl std::fmt::Display for Tag<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minor = self.python.version.minor;
        let glibc = self.glibc.to_string().replace('.', "_");
        write!(f, "cp3{minor}-none-manylinux_{glibc}_{}", std::env::consts::ARCH)
    }
}

/// Lays out the contents of the wheel, but for the RECORD.
fn lay(workspace: &Workspace, tree: &Path, command: &Path, tag: &Tag<'_>) -> anyhow::Result<()> {
    let version = workspace.version()?;
    if tree.exists() {
        fs::remove_dir_all(tree)
            .with_context(|| format!("could not remove `{}`", tree.display()))?;
    }
    for (name, text) in PACKAGE {
        workspace::write(&tree.join(NAME).join(name), text)?;
    }
    let scripts = tree.join(format!("{NAME}-{version}.data")).join("scripts");
    fs::create_dir_all(&scripts)
        .with_context(|| format!("could not make `{}`", scripts.display()))?;
    workspace::copy(command, &scripts.join(NAME), "")?;
    let information = tree.join(format!("{NAME}-{version}.dist-info"));
    for licence in LICENCES {
        let to = information.join("licenses").join(licence);
        workspace::write(&to, &read(&workspace.root.join(licence))?)?;
    }
    let readme = read(&workspace.root.join("README.md"))?;
    let text = metadata(&version, tag.python.version.minor, &readme);
    workspace::write(&information.join("METADATA"), &text)?;
    workspace::write(
        &information.join("WHEEL"),
        &format!(
            "Wheel-Version: 1.0\nGenerator: cargo xtask wheel ({version})\nRoot-Is-Purelib: false\nTag: {tag}\n"
        ),
    )
}

/// The core metadata (version 2.4).
fn metadata(version: &str, minor: u8, readme: &str) -> String {
    let licences: String = LICENCES.iter().map(|name| format!("License-File: {name}\n")).collect();
    format!(
        "Metadata-Version: 2.4\nName: {NAME}\nVersion: {version}\n\
         Summary: One executable of a Python application, which starts fast, unpacks nothing and has workers\n\
         Keywords: executable,packaging,freeze,multiprocessing,importer\n\
         Author: The Coldframe developers\nLicense-Expression: MIT OR Apache-2.0\n{licences}\
         Classifier: Development Status :: 4 - Beta\n\
         Classifier: Operating System :: POSIX :: Linux\n\
         Classifier: Programming Language :: Python :: 3.{minor}\n\
         Classifier: Programming Language :: Rust\n\
         Classifier: Topic :: Software Development :: Build Tools\n\
         Requires-Python: ==3.{minor}.*\nDescription-Content-Type: text/markdown; charset=UTF-8\n\n{readme}"
    )
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_names_the_one_python_and_ends_with_the_readme() {
        let text = metadata("1.2.3", 12, "# Coldframe\n");
        let (headers, body) = text.split_once("\n\n").expect("a body");
        assert_eq!(body, "# Coldframe\n");
        for header in [
            "Name: coldframe",
            "Version: 1.2.3",
            "Requires-Python: ==3.12.*",
            "License-File: LICENSE-MIT",
        ] {
            assert!(headers.lines().any(|line| line == header), "{header}\n{headers}");
        }
    }
}

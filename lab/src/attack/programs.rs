//! The programs that are attacked: the application as Coldframe's executable, under python, and as PyInstaller's.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use xtask::environment;
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::Python;
use xtask::workspace;

/// The length of the file beside the package `carried`: every first start brings it to the disk.
pub(super) const LARGE_MB: usize = 20;

/// The maker of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Ours,
    Python,
    OneFile,
}

impl Maker {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "coldframe",
            Self::Python => "python",
            Self::OneFile => "PyInstaller, one file",
        }
    }
}

/// A program, and the command that runs it.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) maker: Maker,
    pub(super) command: Vec<OsString>,
}

impl Program {
    /// Its executable, if the program is one file.
    pub(super) fn executable(&self) -> Option<&Path> {
        match self.maker {
            Maker::Ours | Maker::OneFile => self.command.first().map(Path::new),
            Maker::Python => None,
        }
    }
}

/// Makes those programs in `folder`.
pub(super) fn make(
    progress: &Progress,
    python: &Python,
    launcher: &Path,
    sources: &Path,
    folder: &Path,
    makers: &[Maker],
) -> anyhow::Result<Vec<Program>> {
    let source = folder.join("application");
    workspace::copy(sources, &source, "__pycache__")?;
    let large = source.join("carried").join("large.bin");
    // Bytes that cannot be compressed much, and are the same each time.
    let mut numbers = super::numbers::Numbers::new(1);
    let bytes: Vec<u8> = (0..LARGE_MB << 17).flat_map(|_| numbers.next().to_le_bytes()).collect();
    fs::write(&large, bytes).with_context(|| format!("could not write `{}`", large.display()))?;
    let mut programs = Vec::new();
    for maker in makers {
        let out = folder.join(maker.name().replace([' ', ','], "-"));
        fs::create_dir_all(&out).with_context(|| format!("could not make `{}`", out.display()))?;
        let program = out.join("program");
        let mut build = match maker {
            Maker::Python => {
                let python = python.executable.clone();
                // As `-I`, but for the folder of the script, in which the package is.
                let main = source.join("__main__.py");
                let command = vec![python.into(), "-E".into(), "-s".into(), main.into()];
                programs.push(Program { maker: *maker, command });
                continue;
            }
            Maker::Ours => {
                let mut build = Command::new(launcher);
                build.arg("build").arg(&source).arg("--output").arg(&program);
                build.arg("--cache-dir").arg(folder.join("build-cache")).env_remove("VIRTUAL_ENV");
                build
            }
            Maker::OneFile => match pyinstaller(progress, python, &source, folder, &out)? {
                Some(build) => build,
                None => bail!("PyInstaller could not be installed; `--no-peers` goes without it"),
            },
        };
        let label = format!("build with {}", maker.name());
        if progress.run(&label, &mut build, Show::AtFailure)?.status == Status::Failed {
            bail!("the application could not be built with {}", maker.name());
        }
        programs.push(Program { maker: *maker, command: vec![program.into()] });
    }
    Ok(programs)
}

fn pyinstaller(
    progress: &Progress,
    python: &Python,
    source: &Path,
    folder: &Path,
    out: &Path,
) -> anyhow::Result<Option<Command>> {
    let venv: PathBuf = folder.join("environment");
    let made = environment::make(progress, python, &venv, &["pyinstaller"], "PyInstaller")?;
    let Some(interpreter) = made else { return Ok(None) };
    let mut build = Command::new(interpreter);
    build.args(["-I", "-m", "PyInstaller", "--noconfirm", "--name", "program", "--onefile"]);
    build.arg("--distpath").arg(out).arg("--workpath").arg(folder.join("work"));
    build.arg("--specpath").arg(folder).arg("--paths").arg(source);
    build.arg("--add-data").arg(format!("{}:carried", source.join("carried/large.bin").display()));
    build.arg(source.join("__main__.py"));
    Ok(Some(build))
}

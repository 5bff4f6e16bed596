//! Virtual environments with packages from the index.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::progress::{Progress, Show, Status};
use crate::pythons::Python;

/// Makes an environment and installs the requirements; its interpreter, or nothing when a step failed, which has been shown.
pub fn make(
    progress: &Progress,
    python: &Python,
    environment: &Path,
    requirements: &[&str],
    label: &str,
) -> anyhow::Result<Option<PathBuf>> {
    let install = pip(&interpreter(environment), "install");
    make_with(progress, python, environment, requirements, (label, install))
}

/// As [`make`], with `uv` where it is installed: an environment of hundreds of distributions takes pip minutes.
pub fn make_quickly(
    progress: &Progress,
    python: &Python,
    environment: &Path,
    requirements: &[&str],
    label: &str,
) -> anyhow::Result<Option<PathBuf>> {
    let interpreter = interpreter(environment);
    let is_here = Command::new("uv").arg("--version").output().is_ok();
    let install = if is_here {
        let mut uv = Command::new("uv");
        uv.args(["pip", "install", "--quiet", "--python"]).arg(&interpreter);
        uv
    } else {
        pip(&interpreter, "install")
    };
    make_with(progress, python, environment, requirements, (label, install))
}

fn make_with(
    progress: &Progress,
    python: &Python,
    environment: &Path,
    requirements: &[&str],
    (label, mut install): (&str, Command),
) -> anyhow::Result<Option<PathBuf>> {
    let mut make = Command::new(&python.executable);
    make.args(["-I", "-m", "venv", "--clear"]).arg(environment);
    install.args(requirements);
    for (step, command) in [("a virtual environment", &mut make), ("packages", &mut install)] {
        let finished = progress.run(&format!("{label}: {step}"), command, Show::AtFailure)?;
        if finished.status == Status::Failed {
            return Ok(None);
        }
    }
    Ok(Some(interpreter(environment)))
}

/// The interpreter of an environment.
pub fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// A command of the environment's pip, which says nothing when all is well.
pub fn pip(interpreter: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.args(["-I", "-m", "pip", subcommand, "--quiet", "--disable-pip-version-check"]);
    command
}

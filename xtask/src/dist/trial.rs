//! Tries the launcher of `cargo xtask dist`: an application built with it runs in an empty folder, with no environment and no Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail};

use crate::pythons::Python;

/// Workers of each kind start, and modules that are shared libraries in the interpreter's own folder load.
const APPLICATION: &str = "\
import multiprocessing

def square(number):
    return number * number

if __name__ == '__main__':
    import _ctypes, decimal, hashlib, json
    for method in ('fork', 'forkserver', 'spawn'):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, sum(pool.map(square, range(5))))
";
const EXPECTED: &str = "fork 30\nforkserver 30\nspawn 30\n";

/// The way in which the linked Python is kept out of reach while the application runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    /// Its standard library is covered by an empty folder, and it no longer starts itself.
    Covered,
    /// The system does not let us; only the environment and the folder are empty.
    OnlyUnnamed,
}

pub(super) fn run(launcher: &Path, python: &Python, folder: &Path) -> anyhow::Result<Hidden> {
    let room = folder.join("trial");
    if room.exists() {
        fs::remove_dir_all(&room)
            .with_context(|| format!("could not remove `{}`", room.display()))?;
    }
    let empty = room.join("empty");
    fs::create_dir_all(&empty)
        .with_context(|| format!("could not make the folder `{}`", empty.display()))?;
    let script = room.join("trial.py");
    fs::write(&script, APPLICATION)
        .with_context(|| format!("could not write `{}`", script.display()))?;
    let application = empty.join("trial");

    // The launcher has all that it needs as well: neither it nor its compile processes are to see the Python.
    let cover = standard_library(python).filter(|library| can_cover(library, &python.executable));
    let program = |program: &Path| match &cover {
        Some(library) => covered(library, program),
        None => Command::new(program),
    };
    let mut build = program(launcher);
    build.arg("build").arg(&script).arg("-o").arg(&application);
    build.arg("--cache-dir").arg(room.join("cache"));
    let built = output(build)?;
    if !built.status.success() {
        bail!("it cannot build an application: {}", String::from_utf8_lossy(&built.stderr).trim());
    }

    let mut command = program(&application);
    command.env_clear().env("PATH", &empty).current_dir(&empty);
    // `unshare` is started by its full path or not at all; the program that it starts sees the empty `PATH`.
    let ran = output(command)?;
    let said = String::from_utf8_lossy(&ran.stdout);
    if !ran.status.success() || said != EXPECTED {
        bail!(
            "an application built with it does not run without Python ({}): it printed `{}`\n{}",
            ran.status,
            said.trim(),
            String::from_utf8_lossy(&ran.stderr).trim()
        );
    }
    Ok(if cover.is_some() { Hidden::Covered } else { Hidden::OnlyUnnamed })
}

/// `lib/pythonX.Y`, the folder above that of the static library.
fn standard_library(python: &Python) -> Option<PathBuf> {
    let folder = python.sources.config_dir.parent()?;
    folder.join("os.py").is_file().then(|| folder.to_path_buf())
}

/// Whether an empty folder can be put over `library` for one process, and then really keeps `python` from starting.
fn can_cover(library: &Path, python: &Path) -> bool {
    let works = output(covered(library, Path::new("/bin/true")))
        .is_ok_and(|output| output.status.success());
    let mut control = covered(library, python);
    control.args(["-I", "-c", "pass"]);
    works && output(control).is_ok_and(|output| !output.status.success())
}

/// Runs `program` in a mount namespace of its own in which `library` is empty.
fn covered(library: &Path, program: &Path) -> Command {
    let mut command = Command::new("/usr/bin/unshare");
    let script = "/bin/mount -t tmpfs none \"$1\" && shift && exec \"$@\"";
    command
        .args(["--map-root-user", "--mount", "/bin/sh", "-c", script, "sh"])
        .arg(library)
        .arg(program);
    command
}

fn output(mut command: Command) -> anyhow::Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().with_context(|| format!("could not start `{program}`"))
}

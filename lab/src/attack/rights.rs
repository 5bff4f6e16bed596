//! Other users, and executables with more rights than those who start them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::programs::Program;
use super::run::{self, Ending};
use super::{Cell, TestFolder};

/// A user who owns nothing.
const NOBODY: &str = "65534";
const CODE: &str = "import os; print('OPEN', os.geteuid())";
/// execnet's argument of `-c`: the program comes by standard input.
const EXECNET: &str = "import sys;exec(eval(sys.stdin.readline()))";
/// A pickle that runs a shell when it is read.
const PICKLE: &[u8] = b"cos\nsystem\n(S'echo OPEN'\ntR.";

/// A way to make an executable run its starter's code.
struct Door {
    /// The name by which it is started.
    name: &'static str,
    variable: Option<(&'static str, &'static str)>,
    arguments: &'static [&'static str],
    input: &'static [u8],
}

const PLAIN: Door = Door { name: "program", variable: None, arguments: &["-c", CODE], input: b"" };

const DOORS: &[Door] = &[
    PLAIN,
    Door { name: "python3", ..PLAIN },
    Door { variable: Some(("COLDFRAME_PYTHON", "1")), ..PLAIN },
    Door { variable: Some(("COLDFRAME_PROCESS", "1\t2\tpython\tPROGRAM")), ..PLAIN },
    Door {
        arguments: &["-u", "-c", EXECNET],
        input: b"\"import os; print('OPEN', os.geteuid())\"\n",
        ..PLAIN
    },
    Door {
        arguments: &["--multiprocessing-fork", "tracker_fd=0", "pipe_handle=0"],
        input: PICKLE,
        ..PLAIN
    },
    Door { variable: Some(("PYTHONPATH", "MODULES")), arguments: &["work"], ..PLAIN },
    Door { variable: Some(("PYTHONHOME", "MODULES")), arguments: &["work"], ..PLAIN },
    Door { variable: Some(("LD_LIBRARY_PATH", "MODULES")), arguments: &["work"], ..PLAIN },
    Door { variable: Some(("COLDFRAME_TRACE_IMPORTS", "OWNED")), arguments: &["hello"], ..PLAIN },
];

/// The application as an ordinary user, who is not the one who built it.
pub(super) fn another_user(
    test_folder: &TestFolder<'_>,
    program: &Program,
) -> anyhow::Result<Cell> {
    let Some(executable) = program.executable() else { return Ok(Cell::NoAnswer) };
    let place = test_folder.open_scratch("another-user")?;
    let copy = copy(executable, &place)?;
    let home = place.join("home");
    fs::create_dir(&home).with_context(|| format!("could not make `{}`", home.display()))?;
    if !give(&home) {
        return Ok(Cell::NotTried("only the superuser can be another user".to_owned()));
    }
    let mut command = as_nobody(&copy);
    run::prepare(&mut command, &home);
    command.args(["work", "fork", "forkserver", "spawn"]);
    let outcome = run::run(&mut command, b"")?;
    Ok(if outcome.ending == Ending::Code(0) && outcome.stdout.starts_with("worked") {
        Cell::Holds("works".to_owned())
    } else {
        Cell::Fails(outcome.why())
    })
}

/// An executable that sets its user to the superuser.
pub(super) fn set_user(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    doors(test_folder, program, |copy| {
        fs::set_permissions(copy, fs::Permissions::from_mode(0o4755))
            .with_context(|| format!("could not change `{}`", copy.display()))?;
        Ok(None)
    })
}

/// An executable whose file has a capability.
pub(super) fn capabilities(
    test_folder: &TestFolder<'_>,
    program: &Program,
) -> anyhow::Result<Cell> {
    doors(test_folder, program, |copy| {
        let set = Command::new("setcap").arg("cap_net_raw+ep").arg(copy).output();
        Ok(match set {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(format!("`setcap`: {error}")),
        })
    })
}

/// Tries every door of an executable that was given rights; `arm` says why it cannot be given them.
fn doors(
    test_folder: &TestFolder<'_>,
    program: &Program,
    arm: impl Fn(&Path) -> anyhow::Result<Option<String>>,
) -> anyhow::Result<Cell> {
    let Some(executable) = program.executable() else { return Ok(Cell::NoAnswer) };
    let place = test_folder.open_scratch("rights")?;
    let armed = copy(executable, &place)?;
    if let Some(why) = arm(&armed)? {
        return Ok(Cell::NotTried(why));
    }
    let write = |name: &str, text: &str| {
        let path = place.join(name);
        fs::write(&path, text).with_context(|| format!("could not write `{}`", path.display()))?;
        Ok::<_, anyhow::Error>(path)
    };
    // A file that nobody may write.
    let owned = write("owned", "precious")?;
    for module in ["multiprocessing.py", "sitecustomize.py"] {
        write(module, "print('OPEN')\n")?;
    }
    let named = place.join("python3");
    fs::hard_link(&armed, &named).context("could not give the program another name")?;
    let mut open = Vec::new();
    for (number, door) in DOORS.iter().enumerate() {
        let mut command = as_nobody(&place.join(door.name));
        run::prepare(&mut command, Path::new("/nonexistent"));
        if let Some((name, value)) = door.variable {
            let value = value
                .replace("PROGRAM", &armed.display().to_string())
                .replace("MODULES", &place.display().to_string())
                .replace("OWNED", &owned.display().to_string());
            command.env(name, value);
        }
        let outcome = run::run(command.args(door.arguments), door.input)?;
        if number == 0 && outcome.ending == Ending::NotStarted {
            return Ok(Cell::NotTried("there is no `setpriv`".to_owned()));
        }
        // An application that is refused altogether holds as well, but for the first door, at which it only runs.
        let is_whole = number > 0 || outcome.stdout.starts_with("application");
        if !is_whole {
            return Ok(Cell::Fails(format!("it does not run: {}", outcome.why())));
        }
        if number == 0 && !has_rights(&outcome.stdout) {
            return Ok(Cell::NotTried("this file system gives no rights to programs".to_owned()));
        }
        let opened = outcome.stdout.lines().any(|line| line.starts_with("OPEN"));
        let written = fs::read(&owned).context("could not read a file")? != b"precious";
        if opened || written {
            let variable = door.variable.map(|(name, _)| name);
            open.push(variable.or(door.arguments.first().copied()).unwrap_or(door.name));
        }
    }
    let told = format!("{} of {} doors open", open.len(), DOORS.len());
    Ok(if open.is_empty() {
        Cell::Holds(told)
    } else {
        Cell::Fails(format!("{told}: {}", open.join(", ")))
    })
}

/// Whether a program that says its user and its capabilities has more rights than the user who started it: on some file systems nothing
/// comes of set users, and the doors would show nothing.
fn has_rights(said: &str) -> bool {
    let mut words = said.split_whitespace().skip(1);
    let user = words.next();
    let capabilities = words.next().unwrap_or_default();
    user == Some("0") || capabilities.chars().any(|digit| digit != '0')
}

/// A command that becomes that program as the user who owns nothing.
fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program);
    command
}

fn copy(executable: &Path, place: &Path) -> anyhow::Result<PathBuf> {
    let copy = place.join("program");
    fs::copy(executable, &copy).with_context(|| format!("could not write `{}`", copy.display()))?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("could not change `{}`", copy.display()))?;
    Ok(copy)
}

/// Gives a folder to the user who owns nothing; whether that can be done.
fn give(folder: &Path) -> bool {
    let id = NOBODY.parse().ok();
    std::os::unix::fs::chown(folder, id, id).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn rights_are_a_user_or_capabilities() {
        for (said, expected) in [
            ("application 0 0000000000000000 -c", true),
            ("application 65534 0000000000002000", true),
            ("application 65534 0000000000000000 1", false),
            ("", false),
        ] {
            assert_eq!(super::has_rights(said), expected, "{said}");
        }
    }
}

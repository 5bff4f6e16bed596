//! The tasks of the crate `lab`: they are listed here, so that only the one who runs one waits until that crate is compiled.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::workspace;

/// A task of the lab, as the list of tasks shows it.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The word behind `cargo xtask`.
    pub name: &'static str,
    /// The line beside it.
    pub about: &'static str,
}

/// All tasks of the lab. A test of the lab compares them with its command line.
pub const TASKS: &[Task] = &[
    Task {
        name: "fetched",
        about: "Fetch a Python that this machine does not have, and run the launcher's tests on it",
    },
    Task {
        name: "platforms",
        about: "Test on other systems: Windows under wine, ARM64 under qemu, fetched Pythons; link what cannot be run here",
    },
    Task {
        name: "conformance",
        about: "Run CPython's own test suites in the self-contained interpreter and in the stock one, and compare test by test",
    },
    Task {
        name: "packages",
        about: "Build applications on real packages from the index, and compare their output with that in the virtual environment",
    },
    Task {
        name: "elsewhere",
        about: "Run built applications in root file systems of other systems, beside PyInstaller's of the same code",
    },
    Task {
        name: "fuzz",
        about: "Give random bytes to the readers of archives, executables, command lines and settings",
    },
    Task {
        name: "miri",
        about: "Run tests of the pure crates under Miri, which finds undefined behaviour",
    },
    #[cfg(target_os = "linux")]
    Task {
        name: "attack",
        about: "Attack a built application from the outside: rights, limits, damage, full disks, and ends without notice",
    },
    Task {
        name: "api",
        about: "Compare the public API of each library with its listing in `docs/api`",
    },
    Task {
        name: "bench",
        about: "Time built applications against the interpreter itself, pair by pair in one run",
    },
];

/// The option by which `cargo xtask test` is a task of the lab, `platforms`.
const PLATFORMS: &str = "--platforms";

/// The command line as the lab has it: `test --platforms all` is `platforms all`.
fn for_lab(arguments: &[OsString]) -> Vec<OsString> {
    match arguments {
        [test, rest @ ..] if test == "test" => {
            let others = rest.iter().filter(|word| *word != PLATFORMS).cloned();
            [OsString::from("platforms")].into_iter().chain(others).collect()
        }
        other => other.to_vec(),
    }
}

/// Whether a command line is for the lab: `bench --json`, or `help bench`.
pub fn is_asked(arguments: &[OsString]) -> bool {
    let is_task = |word: &OsString| TASKS.iter().any(|task| word == task.name);
    match arguments {
        [help, task, ..] if help == "help" => is_task(task),
        [test, rest @ ..] if test == "test" => rest.iter().any(|word| word == PLATFORMS),
        [task, ..] => is_task(task),
        [] => false,
    }
}

/// The command line with the lab's tasks in its list and among the names that it suggests.
pub fn listed_in(command: clap::Command) -> clap::Command {
    command.subcommands(TASKS.iter().map(|task| clap::Command::new(task.name).about(task.about)))
}

/// Compiles the lab where that is necessary, and runs it with these arguments and all of this program's surroundings.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let ended = workspace::manifest().and_then(|manifest| {
        let mut lab = Command::new(workspace::cargo());
        // The current folder stays: arguments may be paths.
        lab.args(["run", "--quiet", "--package", "lab", "--manifest-path"])
            .arg(manifest)
            .arg("--")
            .args(for_lab(arguments));
        replace_with(lab).context("could not start `cargo`, which runs the lab")
    });
    ended.unwrap_or_else(|error| crate::exit_code(Err(error)))
}

/// The lab takes the place of this program, so that its exit code and its signals are the lab's own.
#[cfg(unix)]
fn replace_with(mut lab: Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut lab))
}

/// The lab runs as a child, and its exit code is passed on.
#[cfg(not(unix))]
fn replace_with(mut lab: Command) -> io::Result<ExitCode> {
    let code = lab.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::from(3), ExitCode::from))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn tasks_of_the_lab_are_told_from_others() {
        for (line, expected) in [
            ("bench --json", true),
            ("fuzz", true),
            ("help fuzz", true),
            ("", false),
            ("help", false),
            ("help test", false),
            ("test --layer fuzz", false),
            ("test --platforms all", true),
            ("--help", false),
            ("benc", false),
        ] {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(is_asked(&words), expected, "{line}");
        }
    }

    #[test]
    fn the_list_has_all_tasks() {
        let mut command = listed_in(crate::flags::Xtask::command());
        let help = command.render_help().to_string();
        for task in TASKS {
            assert!(help.contains(task.name), "{help}");
        }
        command.debug_assert();
    }
}

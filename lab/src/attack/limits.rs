//! Restrictions of the system: its limits, namespaces, disks that are small or full.

use super::programs::{LARGE_MB, Program};
use super::run::{self, Ending};
use super::{Cell, TestFolder};

/// A restriction, and the application's task under it.
pub(super) struct Restriction {
    pub(super) name: &'static str,
    /// The namespaces that it makes.
    pub(super) namespaces: &'static [&'static str],
    /// The shell script that sets it up; the program is `"$@"`.
    pub(super) script: &'static str,
    pub(super) words: &'static [&'static str],
    /// The first words of its output when all is well.
    pub(super) says: &'static str,
    /// A part of the error that is expected where no program can run.
    pub(super) refusal: Option<&'static str>,
}

const WORKS: &[&str] = &["work", "fork", "forkserver", "spawn"];

pub(super) const RESTRICTIONS: &[Restriction] = &[
    Restriction {
        name: "pid-namespace: process 1 of a namespace",
        namespaces: &["--pid", "--fork", "--mount-proc"],
        script: "exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "pid-namespace: with the /proc of the system around it",
        namespaces: &["--pid", "--fork"],
        script: "exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "no-proc: nothing is mounted at /proc",
        namespaces: &["--mount"],
        script: "mount -t tmpfs none /proc; exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "ulimit -i 0: no signal may wait",
        namespaces: &[],
        script: "ulimit -i 0; exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "ulimit -n 24: few open files",
        namespaces: &[],
        script: "ulimit -n 24; exec \"$@\"",
        words: &["work", "fork"],
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "ulimit -v 400000: little memory",
        namespaces: &[],
        script: "ulimit -v 400000; exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "ulimit -f 0: no file can be written",
        namespaces: &[],
        // Through a pipe, for its output goes to a file.
        script: "set -o pipefail; (ulimit -f 0; exec \"$@\") 2>&1 | cat",
        words: &["imports"],
        says: "imported",
        // Files in memory are files, too.
        refusal: Some("raise the limit (`ulimit -f`)"),
    },
    Restriction {
        name: "noexec: no file in the temporary folder can be executed",
        namespaces: &["--mount"],
        script: "mount -t tmpfs -o noexec none \"$TMPDIR\"; exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
    Restriction {
        name: "read-only: no folder can be written",
        namespaces: &["--mount"],
        script: "mount -o remount,bind,ro /; mount -t tmpfs -o ro none \"$TMPDIR\"; mount -t tmpfs -o ro none /dev/shm; exec \"$@\"",
        words: &["imports"],
        says: "imported",
        refusal: None,
    },
    Restriction {
        name: "full-disk: the temporary folder has room for 64 KB",
        namespaces: &["--mount"],
        script: "mount -t tmpfs -o size=64k none \"$TMPDIR\"; exec \"$@\"",
        words: WORKS,
        says: "worked",
        refusal: None,
    },
];

/// Whether it works there.
pub(super) fn works(
    test_folder: &TestFolder<'_>,
    program: &Program,
    restriction: &Restriction,
) -> anyhow::Result<Cell> {
    let mut command = run::shell(restriction.namespaces, restriction.script);
    run::prepare(&mut command, &test_folder.scratch("home")?);
    command.args(&program.command).args(restriction.words);
    let outcome = run::run(&mut command, b"")?;
    if outcome.stderr.contains("unshare:") || outcome.stderr.contains("mount:") {
        return Ok(Cell::NotTried(outcome.why()));
    }
    let is_well = outcome.ending == Ending::Code(0) && outcome.stdout.starts_with(restriction.says);
    let all = format!("{}{}", outcome.stdout, outcome.stderr);
    Ok(if is_well {
        Cell::Holds("works".to_owned())
    } else if let (Ending::Code(code), Some(refusal)) = (&outcome.ending, restriction.refusal)
        && all.contains(refusal)
    {
        Cell::Holds(format!("exit code {code}, and a message that says: {refusal}"))
    } else {
        // An error that went through a pipe is on standard output.
        let last = outcome.stdout.lines().last().unwrap_or_default();
        let why = if outcome.stderr.trim().is_empty() { last.to_owned() } else { outcome.why() };
        Cell::Fails(why)
    })
}

/// A file of 20 MB has to come to a disk of 5 MB: the error says so.
pub(super) fn too_small(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    let script = "mount -t tmpfs -o size=5m none \"$TMPDIR\"; exec \"$@\"";
    let mut command = run::shell(&["--mount"], script);
    run::prepare(&mut command, &test_folder.scratch("home")?);
    command.args(&program.command).arg("data");
    let outcome = run::run(&mut command, b"")?;
    Ok(match outcome.ending {
        Ending::Code(0) => Cell::Holds("works".to_owned()),
        Ending::Code(code) if says_that_it_is_full(&outcome.stderr) => {
            Cell::Holds(format!("exit code {code}, and a message that the disk is full"))
        }
        _ => Cell::Fails(outcome.why()),
    })
}

fn says_that_it_is_full(stderr: &str) -> bool {
    let stderr = stderr.to_lowercase();
    ["no space left", "enospc", "disk is full"].iter().any(|words| stderr.contains(words))
}

/// Many first starts at once, on a disk that has room for the file once, and not twice.
pub(super) fn stampede(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    let n_starts = if test_folder.quick { 16 } else { 64 };
    let said = test_folder.scratch("said")?;
    let script = format!(
        "mount -t tmpfs -o size={}m none \"$TMPDIR\"
         for i in $(seq {n_starts}); do \"$@\" data > \"$SAID/$i\" 2>&1 & done; wait
         cat \"$SAID\"/* | grep -c '^read ' || true
         du -sm \"$TMPDIR\" | cut -f 1",
        LARGE_MB * 7 / 4
    );
    let mut command = run::shell(&["--mount"], &script);
    run::prepare(&mut command, &test_folder.scratch("home")?);
    command.env("SAID", &said).args(&program.command);
    let outcome = run::run(&mut command, b"")?;
    let mut numbers = outcome.stdout.lines().filter_map(|line| line.trim().parse::<usize>().ok());
    let (Some(n_good), Some(megabytes)) = (numbers.next(), numbers.next()) else {
        return Ok(Cell::NotTried(outcome.why()));
    };
    let told = format!("{n_good} of {n_starts} start, {megabytes} MB on the disk");
    Ok(if n_good == n_starts { Cell::Holds(told) } else { Cell::Fails(told) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_full_disk_is_named_in_many_ways() {
        for (stderr, expected) in [
            ("OSError: [Errno 28] No space left on device", true),
            ("failed to write all bytes (ENOSPC)", true),
            ("Killed", false),
        ] {
            assert_eq!(super::says_that_it_is_full(stderr), expected, "{stderr}");
        }
    }
}

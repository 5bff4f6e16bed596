//! One run in a root: namespaces of its own, which end with all that was started and mounted in them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use xtask::dist::Glibc;
use xtask::{child, workspace};

use super::cell::Cell;

/// The user who runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    Root,
    Nobody,
}

impl User {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Nobody => "nobody",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Root => "0:0",
            Self::Nobody => "65534:65534",
        }
    }
}

/// The program that runs.
#[derive(Clone, Debug)]
pub(super) enum Program {
    /// A program by its path in a folder, all of which is taken there.
    Built { folder: PathBuf, path: &'static str, needs: Option<Glibc> },
    /// `coldframe` in a folder, which builds `source` there.
    Tool { folder: PathBuf, needs: Glibc },
}

impl Program {
    /// The version of glibc that it needs, where it says so.
    pub(super) fn needs(&self) -> Option<Glibc> {
        match self {
            Self::Built { needs, .. } => *needs,
            Self::Tool { needs, .. } => Some(*needs),
        }
    }
}

/// A root that somebody runs something in.
pub(super) struct Room<'a> {
    pub(super) root: &'a Path,
    pub(super) user: User,
    pub(super) limit: Duration,
    /// The file that keeps the program's output.
    pub(super) log: PathBuf,
}

/// Mounts all below the root, and changes into it. The namespaces end with this process, and the mounts with them.
/// Its arguments: the root, the folder of the program, the user, whether something is built, the program.
const ENTER: &str = r#"
root=$1 folder=$2 user=$3 tool=$4 program=$5
mount --bind "$root" "$root"
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/app"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$folder" "$root/app"
mount -o remount,bind,ro "$root/app"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom; do
    : > "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ip link set lo up
enter() { env -i PATH=/usr/bin:/bin HOME=/tmp "$(command -v chroot)" --userspec="$user" "$root" "$@"; }
if [ "$tool" = yes ]; then
    enter /app/coldframe build /app/source --output /tmp/built
    enter /tmp/built
else
    enter "/app/$program"
fi
"#;

impl Room<'_> {
    pub(super) fn run(&self, program: &Program) -> anyhow::Result<Cell> {
        let (folder, tool, path) = match program {
            Program::Built { folder, path, .. } => (folder, "no", *path),
            Program::Tool { folder, .. } => (folder, "yes", ""),
        };
        let (stdout, stderr) = (self.log.with_extension("out"), self.log.with_extension("err"));
        for log in [&stdout, &stderr] {
            workspace::write(log, "")?;
        }
        let open = |log: &Path| {
            File::create(log).with_context(|| format!("could not write `{}`", log.display()))
        };
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"])
            .args(["/bin/sh", "-ec", ENTER, "sh"])
            .arg(self.root)
            .arg(folder)
            .args([self.user.id(), tool, path])
            .stdin(Stdio::null())
            .stdout(open(&stdout)?)
            .stderr(open(&stderr)?);
        let end = Instant::now() + self.limit;
        let status = child::wait(&mut child::start(&mut command)?, || Instant::now() > end)?;
        let text =
            |log: &Path| String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
        let ending = match status {
            Some(status) if status.success() => None,
            Some(status) => Some(format!("it ended with {status}")),
            None => Some(format!("it had not ended after {} s", self.limit.as_secs())),
        };
        Ok(judge(ending, &text(&stdout), &text(&stderr)))
    }
}

/// An application prints `ok` for each thing that works, and says of others that they fail and why.
fn judge(ending: Option<String>, stdout: &str, stderr: &str) -> Cell {
    let failures: Vec<_> = stdout.lines().filter_map(|line| line.strip_prefix("FAILS ")).collect();
    if let Some(first) = failures.first() {
        let others = failures.len() - 1;
        let more = if others == 0 { String::new() } else { format!(" (and {others} more)") };
        return Cell::Fails(format!("{first}{more}"));
    }
    let works = stdout.lines().any(|line| line.starts_with("ok "));
    match ending {
        None if works => Cell::Passes,
        None => Cell::Fails("it printed nothing".to_owned()),
        Some(ending) => {
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            Cell::Fails(last.map_or(ending, str::to_owned))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_judged_by_what_it_says_first() {
        let fails = |why: &str| Cell::Fails(why.to_owned());
        let ended = || Some("it ended with 1".to_owned());
        for (ending, stdout, stderr, expected) in [
            (None, "ok a\n", "a warning\n", Cell::Passes),
            (None, "", "", fails("it printed nothing")),
            (ended(), "ok a\nFAILS b: c\nFAILS d: e\n", "f\n", fails("b: c (and 1 more)")),
            (None, "FAILS b: c\n", "", fails("b: c")),
            (ended(), "ok a\n", "one\ntwo\n\n", fails("two")),
            (ended(), "", "", fails("it ended with 1")),
        ] {
            assert_eq!(judge(ending, stdout, stderr), expected, "{stdout:?} {stderr:?}");
        }
    }
}

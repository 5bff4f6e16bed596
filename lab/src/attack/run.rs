//! Running a program that is attacked: with an environment of its own, in namespaces, and never for ever.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use xtask::child;

/// The longest time that a run may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The end of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Code(i32),
    Signal(i32),
    Late,
    /// The system does not start it.
    NotStarted,
}

#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) ending: Ending,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Outcome {
    /// The last line that was said, or how it ended.
    pub(super) fn why(&self) -> String {
        let said = self.stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
        let ending = match self.ending {
            Ending::Code(code) => format!("exit code {code}"),
            Ending::Signal(signal) => format!("signal {signal}"),
            Ending::Late => format!("no end after {} s", LIMIT.as_secs()),
            Ending::NotStarted => "the system does not start it".to_owned(),
        };
        said.map_or(ending.clone(), |said| format!("{ending}: {said}"))
    }
}

/// Gives a command the environment that all attacks begin with; `folder` is for its cache and for temporary files.
pub(super) fn prepare(command: &mut Command, folder: &Path) {
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("KEPT", "1");
    // In the locale `C` Python sets a variable itself.
    command.env("LC_CTYPE", "C.UTF-8");
    command.env("HOME", folder).env("TMPDIR", folder).current_dir("/");
    command.env("COLDFRAME_CACHE_DIR", folder.join("cache"));
}

/// A shell in namespaces of its own, which end with all that was started and mounted in them. The script's arguments are those
/// that the command is given.
pub(super) fn shell(namespaces: &[&str], script: &str) -> Command {
    let mut command = if namespaces.is_empty() {
        Command::new("bash")
    } else {
        let mut unshare = Command::new("unshare");
        unshare.args(namespaces).arg("bash");
        unshare
    };
    command.args(["-ec", script, "bash"]);
    command
}

/// Runs a command to its end, with these bytes as its input.
pub(super) fn run(command: &mut Command, input: &[u8]) -> anyhow::Result<Outcome> {
    let file = || tempfile::tempfile().context("could not make a temporary file");
    let (mut stdin, mut stdout, mut stderr) = (file()?, file()?, file()?);
    let clone = |file: &File| file.try_clone().context("could not use a temporary file");
    stdin.write_all(input).and_then(|()| stdin.rewind()).context("could not write the input")?;
    command.stdin(stdin).stdout(clone(&stdout)?).stderr(clone(&stderr)?);
    let end = Instant::now() + LIMIT;
    let ending = match child::start(command) {
        // A damaged program is one that the system may refuse.
        Err(_) => Ending::NotStarted,
        Ok(mut child) => {
            child::wait(&mut child, || Instant::now() > end)?.map_or(Ending::Late, ending)
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Outcome { ending, stdout: text(&mut stdout)?, stderr: text(&mut stderr)? })
}

fn text(file: &mut File) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .context("could not read a program's output")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn ending(status: ExitStatus) -> Ending {
    match status.code() {
        Some(code) => Ending::Code(code),
        None => Ending::Signal(status.signal().unwrap_or_default()),
    }
}

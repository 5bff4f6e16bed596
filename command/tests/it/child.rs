//! Processes that cannot hang, and their outcomes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{App, cache};

/// The longest time that any child may take: a process that hangs is killed, and its test fails.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// A process to be started, in an environment of its own.
pub(crate) struct Child {
    command: Command,
    home: TempDir,
    /// The application, which lives as long as something runs it.
    app: Option<Rc<TempDir>>,
    input: Vec<u8>,
    stdout: Option<File>,
}

impl Child {
    /// In a POSIX locale, which knows no character beyond ASCII: a program can print others because of UTF-8 mode alone.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .env("LANG", "C")
            .env("COLDFRAME_CACHE_DIR", cache())
            .current_dir(home.path());
        if cfg!(windows) {
            // Without these no program of Windows starts right.
            let needed = ["SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "WINDIR"];
            let needed = needed.map(|name| Some((name, std::env::var_os(name)?)));
            command.envs(needed.into_iter().flatten());
            for name in ["USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"] {
                command.env(name, home.path());
            }
        }
        Self { command, home, app: None, input: Vec::new(), stdout: None }
    }

    pub(crate) fn of(mut self, app: &App) -> Self {
        self.app = Some(app.folder());
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<I: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Adds the environment of this process, for a program that is set up by it, as pip is.
    pub(crate) fn inherit_environment(mut self) -> Self {
        self.command.envs(std::env::vars_os());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn input(mut self, text: &str) -> Self {
        self.input = text.into();
        self
    }

    /// Standard output goes to this file, and is not collected.
    pub(crate) fn stdout_to(mut self, file: File) -> Self {
        self.stdout = Some(file);
        self
    }

    /// Gives it a console of its own, whose events reach nobody else.
    #[cfg(windows)]
    pub(crate) fn own_console(mut self) -> Self {
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(&mut self.command, CREATE_NO_WINDOW);
        self
    }

    /// Runs it to its end. The streams are files: no pipe can fill up, or be kept open by a worker left behind.
    pub(crate) fn outcome(mut self) -> Outcome {
        let (out, err, input) = (
            self.home.path().join("out"),
            self.home.path().join("err"),
            self.home.path().join("in"),
        );
        File::create(&input).and_then(|mut file| file.write_all(&self.input)).unwrap();
        let stdout = self.stdout.take().unwrap_or_else(|| File::create(&out).unwrap());
        self.command
            .stdin(File::open(&input).unwrap())
            .stdout(stdout)
            .stderr(File::create(&err).unwrap());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        let end = Instant::now() + TIME_LIMIT;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                // The whole group, for its workers would hang as well.
                let group = format!("-{}", child.id());
                if cfg!(unix) {
                    drop(
                        Command::new("kill")
                            .args(["-KILL", "--", &group])
                            .stderr(Stdio::null())
                            .status(),
                    );
                }
                drop(child.kill());
                drop(child.wait());
                panic!("{:?} hung\n{}\n{}", self.command, read(&out), read(&err));
            }
            thread::sleep(Duration::from_millis(2));
        };
        let command = format!("{:?}", self.command);
        Outcome { command, status, stdout: read(&out), stderr: read(&err) }
    }

    /// Runs it, and expects success; gives its output.
    pub(crate) fn ok(self) -> String {
        let outcome = self.outcome();
        assert_eq!(outcome.status.code(), Some(0), "{outcome:#?}");
        outcome.stdout
    }

    /// Runs it, and expects success with exactly this on standard output and nothing on standard error.
    #[track_caller]
    pub(crate) fn prints(self, expected: &str) {
        let outcome = self.outcome();
        let found = (outcome.status.code(), outcome.stdout.as_str(), outcome.stderr.as_str());
        assert_eq!(found, (Some(0), expected, ""), "{}", outcome.command);
    }
}

fn read(path: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    // Python ends lines as its system does.
    if cfg!(windows) { text.replace("\r\n", "\n") } else { text }
}

/// The end and the output of a process.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The exit code, or the number of the signal.
    pub(crate) fn ending(&self) -> Result<i32, i32> {
        #[cfg(unix)]
        let signal = || std::os::unix::process::ExitStatusExt::signal(&self.status);
        #[cfg(not(unix))]
        let signal = || None;
        self.status.code().ok_or_else(|| signal().unwrap_or_default())
    }

    /// As lines to compare and to read, with the machine's own paths replaced.
    pub(crate) fn shown(&self, names: &[(&str, &str)]) -> String {
        let ending = match self.ending() {
            Ok(code) => format!("exit code {code}"),
            Err(signal) => format!("signal {signal}"),
        };
        let mut shown = format!("{ending}\n{}--\n{}", self.stdout, self.stderr);
        for (path, name) in names.iter().filter(|(path, _)| !path.is_empty()) {
            shown = shown.replace(path, name);
        }
        shown
    }
}

//! What the tests of this binary share: applications as tables of files, and children that cannot hang.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use launcher::build_kind::BUILD_PYTHON;
use tempfile::TempDir;

/// The binary under test.
pub(crate) const COLDFRAME: &str = env!("CARGO_BIN_EXE_coldframe");

/// The longest that any child may take: what hangs is killed, and its test fails.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// The start methods that every system on which these tests run has.
pub(crate) const METHODS: [&str; 3] = ["fork", "forkserver", "spawn"];

/// The minor version of the Python under test.
pub(crate) fn minor() -> u8 {
    let (_, minor) = launcher::build_kind::PYTHON_VERSION.split_once('.').unwrap();
    minor.parse().unwrap()
}

/// The folder of the standard library of the Python under test.
pub(crate) fn stdlib() -> &'static str {
    static FOLDER: OnceLock<String> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let code =
            "import json, os; print(os.path.dirname(os.path.dirname(json.__file__)), end='')";
        Child::new(BUILD_PYTHON).args(["-I", "-S", "-c", code]).ok()
    })
}

/// An application: a table of paths and texts, written to a folder that lives as long as this.
pub(crate) struct App {
    folder: Rc<TempDir>,
}

impl App {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let app = Self { folder: Rc::new(tempfile::tempdir().unwrap()) };
        fs::create_dir(app.path()).unwrap();
        for (path, text) in files {
            app.write(path, text);
        }
        app
    }

    /// One file, which is the application.
    pub(crate) fn script(text: &str) -> Self {
        Self::new(&[("script.py", text)])
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The application's folder. It has a folder around it, so that no settings of others are found above it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("app")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A path beside the application, for what a test makes of it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `coldframe run`, with the application's arguments.
    pub(crate) fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Child {
        self.run_with([""; 0], arguments)
    }

    /// `coldframe run` with options of its own, and then the application's arguments.
    pub(crate) fn run_with<O: AsRef<OsStr>, I: AsRef<OsStr>>(
        &self,
        options: impl IntoIterator<Item = O>,
        arguments: impl IntoIterator<Item = I>,
    ) -> Child {
        coldframe(["run"]).of(self).arg(self.target()).args(options).arg("--").args(arguments)
    }

    /// What `python -I` does with the same files; without `site`, which Coldframe does not import either.
    pub(crate) fn python<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Child {
        Child::new(BUILD_PYTHON).of(self).args(["-I", "-S"]).arg(self.target()).args(arguments)
    }

    /// `coldframe build` with these options, to a file beside the application.
    pub(crate) fn build(&self, name: &str, options: &[&str]) -> PathBuf {
        let output = self.beside(name);
        coldframe(["build"]).arg(self.target()).arg("-o").arg(&output).args(options).ok();
        output
    }

    /// The script, when that is all there is.
    fn target(&self) -> PathBuf {
        let script = self.file("script.py");
        if script.is_file() { script } else { self.path() }
    }
}

/// `coldframe`, with the standard library already in the cache that all tests share.
pub(crate) fn coldframe<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Child {
    warm();
    Child::new(COLDFRAME).args(arguments)
}

/// The cache folder: one for all tests and all runs of one build folder.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Packs the standard library once for each build of the command, however many processes test at the same time.
fn warm() {
    static WARM: OnceLock<()> = OnceLock::new();
    WARM.get_or_init(|| {
        let built = fs::metadata(COLDFRAME).and_then(|binary| binary.modified()).unwrap();
        let built = built.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        let marker = cache().join(format!("warm-{built}"));
        if marker.exists() {
            return;
        }
        fs::create_dir_all(cache()).unwrap();
        let lock = File::create(cache().join("warm.lock")).unwrap();
        lock.lock().unwrap();
        if !marker.exists() {
            let script = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
            Child::new(COLDFRAME).arg("run").arg(script.path()).ok();
            File::create(marker).unwrap();
        }
    });
}

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
    /// In a POSIX locale, which knows no character beyond ASCII: what prints others does so because of UTF-8 mode.
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
        Self { command, home, app: None, input: Vec::new(), stdout: None }
    }

    fn of(mut self, app: &App) -> Self {
        self.app = Some(Rc::clone(&app.folder));
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
            .stderr(File::create(&err).unwrap())
            .process_group(0);
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
                drop(
                    Command::new("kill")
                        .args(["-KILL", "--", &group])
                        .stderr(Stdio::null())
                        .status(),
                );
                drop(child.wait());
                panic!("{:?} hung\n{}\n{}", self.command, read(&out), read(&err));
            }
            thread::sleep(Duration::from_millis(2));
        };
        let command = format!("{:?}", self.command);
        Outcome { command, status, stdout: read(&out), stderr: read(&err) }
    }

    /// Runs it, and expects success; gives what it printed.
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
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// What a process left behind.
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
        self.status.code().ok_or_else(|| self.status.signal().unwrap_or_default())
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

/// Tells people and `cargo xtask test` that a test could not run here, and why.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED: {test}: {why}");
    if let Some(log) = std::env::var_os("COLDFRAME_SKIP_LOG") {
        let mut log = File::options().append(true).create(true).open(log).unwrap();
        writeln!(log, "{test}\t{why}").unwrap();
    }
}

/// The files in a folder, to see that nothing half-written stays behind.
pub(crate) fn listing(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

//! Code that the tests of this binary share: applications as tables of files, and the command that runs them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;

use launcher::command_parts::BUILD_PYTHON;
use tempfile::TempDir;

pub(crate) use crate::child::{Child, Outcome};

/// The binary under test.
pub(crate) const COLDFRAME: &str = env!("CARGO_BIN_EXE_coldframe");

/// The start methods that every system on which these tests run has.
#[cfg(unix)]
pub(crate) const METHODS: [&str; 3] = ["fork", "forkserver", "spawn"];
#[cfg(windows)]
pub(crate) const METHODS: [&str; 1] = ["spawn"];

/// The methods whose workers import the main module anew.
#[cfg(unix)]
pub(crate) const IMPORTING_METHODS: [&str; 2] = ["spawn", "forkserver"];
#[cfg(windows)]
pub(crate) const IMPORTING_METHODS: [&str; 1] = METHODS;

/// The minor version of the Python under test.
pub(crate) fn minor() -> u8 {
    let (_, minor) = launcher::command_parts::PYTHON_VERSION.split_once('.').unwrap();
    minor.parse().unwrap()
}

/// The folder in which an environment of the Python under test has its packages.
pub(crate) fn site_packages() -> String {
    if cfg!(windows) {
        return "Lib/site-packages".to_owned();
    }
    // A free-threaded Python has a folder of its own.
    let threaded = if launcher::command_parts::FREE_THREADED { "t" } else { "" };
    format!("lib/python3.{}{threaded}/site-packages", minor())
}

/// Writes a file, in folders that may have to be made.
fn lay(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
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
        lay(&self.path().join(path), text);
    }

    /// A virtual environment beside it, with a distribution `user` of these files.
    pub(crate) fn environment_with_user(&self, files: &[(&str, &str)]) -> PathBuf {
        let environment = self.beside("venv");
        Child::new(BUILD_PYTHON).args(["-I", "-m", "venv", "--without-pip"]).arg(&environment).ok();
        let site = environment.join(site_packages());
        let metadata = "user-1.0.dist-info/METADATA";
        let mut record = format!("{metadata},,\n");
        for (path, text) in files {
            lay(&site.join(path), text);
            record += &format!("{path},,\n");
        }
        lay(&site.join(metadata), "Metadata-Version: 2.1\nName: user\nVersion: 1.0\n");
        lay(&site.join("user-1.0.dist-info/RECORD"), &record);
        environment
    }

    /// The application's folder. It has a folder around it, so that no settings of others are found above it.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("app")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The folder around it, for files that must outlive this.
    pub(crate) fn folder(&self) -> Rc<TempDir> {
        Rc::clone(&self.folder)
    }

    /// A path beside the application, for a test's results.
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

    /// `python -I` with the same files; without `site`, which Coldframe does not import either.
    pub(crate) fn python<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Child {
        self.python_with([""; 0]).args(arguments)
    }

    /// As [`python`](Self::python), with options of `python`.
    pub(crate) fn python_with<O: AsRef<OsStr>>(
        &self,
        options: impl IntoIterator<Item = O>,
    ) -> Child {
        Child::new(BUILD_PYTHON).of(self).args(["-I", "-S"]).args(options).arg(self.target())
    }

    /// `coldframe build` with these options, to a file beside the application.
    pub(crate) fn build(&self, name: &str, options: &[&str]) -> PathBuf {
        let output = self.beside(&format!("{name}{}", std::env::consts::EXE_SUFFIX));
        coldframe(["build"]).arg(self.target()).arg("-o").arg(&output).args(options).ok();
        output
    }

    /// The script, when that is all there is.
    pub(crate) fn target(&self) -> PathBuf {
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
        // Not in the cache folder, which gets its mark only where nothing else is in it.
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let marker = beside.join(format!("warm-{built}"));
        if marker.exists() && cache().exists() {
            return;
        }
        let lock = File::create(beside.join("warm.lock")).unwrap();
        lock.lock().unwrap();
        if !(marker.exists() && cache().exists()) {
            let script = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
            Child::new(COLDFRAME).arg("run").arg(script.path()).ok();
            File::create(marker).unwrap();
        }
    });
}

/// Tells people and `cargo xtask test` that a test could not run here, and why.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED: {test}: {why}");
    if let Some(log) = std::env::var_os("COLDFRAME_SKIP_LOG") {
        let mut log = File::options().append(true).create(true).open(log).unwrap();
        writeln!(log, "{test}\t{why}").unwrap();
    }
}

/// A virtual environment with a package of the index in it, made by the Python under test; without one the test is skipped.
pub(crate) fn environment(folder: &Path, package: &str) -> Option<PathBuf> {
    let venv = folder.join("venv");
    Child::new(BUILD_PYTHON).args(["-m", "venv"]).arg(&venv).ok();
    let install = Child::new(venv.join("bin/python"))
        .args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet", package])
        .inherit_environment();
    let outcome = install.outcome();
    if outcome.status.success() {
        return Some(venv);
    }
    let why = outcome.stderr.lines().last().unwrap_or("pip failed").to_owned();
    skipped(package, &format!("{package} could not be installed: {why}"));
    None
}

/// Whether nothing in a cache folder stands for a package: only libraries may lie there, on Windows, which loads no others.
pub(crate) fn holds_libraries_alone(cache: &Path) -> bool {
    let Ok(entries) = fs::read_dir(cache) else { return true };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    cfg!(windows) && names.into_iter().all(|name| !name.starts_with("files"))
}

/// The files in a folder, to see that nothing half-written stays behind.
pub(crate) fn listing(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

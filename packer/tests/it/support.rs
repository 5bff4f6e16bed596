//! Code that the tests of this binary share.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use importer_core::Archive;
use packer::{
    Bundle, BundleError, BundleRequest, COMPILE_WORKER, CompileCommand, PythonInstallation,
    StandardLibrary,
};
use tempfile::TempDir;

/// The Python under test, and how its compile processes are started.
pub(crate) struct Fixture {
    pub(crate) python: PythonInstallation,
    pub(crate) compile: CompileCommand,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let python = std::env::var_os("COLDFRAME_TEST_PYTHON").unwrap_or_else(|| "python3".into());
        let python = PythonInstallation::inspect(Path::new(&python)).unwrap();
        let compile = CompileCommand {
            program: python.executable.clone(),
            arguments: ["-I", "-S", "-B", "-c", COMPILE_WORKER].map(Into::into).into(),
            environment: Vec::new(),
        };
        Self { python, compile }
    }

    /// Without a standard library, unless the test says otherwise.
    pub(crate) fn request(&self) -> BundleRequest<'_> {
        BundleRequest::new(&self.python, &self.compile, StandardLibrary::None)
    }
}

pub(crate) fn build(request: &BundleRequest<'_>) -> Result<Bundle, BundleError> {
    request.build(&mut |_| {})
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Writes the bundle, and opens it.
pub(crate) fn archive(bundle: Bundle) -> Archive {
    Archive::from_bytes(bytes(bundle), Path::new("test archive")).unwrap()
}

pub(crate) fn bytes(bundle: Bundle) -> Vec<u8> {
    let mut bytes = Vec::new();
    bundle.writer.finish(&mut bytes).unwrap();
    bytes
}

/// A folder with these files.
pub(crate) fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path(), files);
    folder
}

pub(crate) fn lay(folder: &Path, files: &[(&str, &str)]) {
    for (path, contents) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
}

/// Lays out files as pip would install them.
pub(crate) fn install(folder: &Path, name: &str, requires: &[&str], files: &[(&str, &str)]) {
    lay(folder, files);
    let info = format!("{}-1.0.dist-info", name.replace('-', "_"));
    let requires: String = requires.iter().map(|name| format!("Requires-Dist: {name}\n")).collect();
    let metadata = format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}\nRequires-Dist: not-a-header\n"
    );
    let mut record: String = files.iter().map(|(path, _)| format!("{path},sha256=x,1\n")).collect();
    record.push_str(&format!(
        "{info}/METADATA,,\n{info}/RECORD,,\n../../../bin/{name},,\n\"{info}/odd, name\",,\n"
    ));
    record.push_str("gone.py,,\n__pycache__/x.cpython-39.pyc,,\n");
    let paths = ["METADATA", "RECORD", "odd, name"].map(|file| format!("{info}/{file}"));
    lay(folder, &[(&paths[0], &metadata), (&paths[1], &record), (&paths[2], "")]);
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The archive's modules as lines: name, path, and `p` for a package, `g` for a main guard.
pub(crate) fn modules(archive: &Archive) -> Vec<String> {
    let line = |module: importer_core::Module<'_>| {
        let package = if module.is_package() { " p" } else { "" };
        let guard = if module.has_main_guard() { " g" } else { "" };
        format!("{} {}{package}{guard}", module.name(), module.path())
    };
    archive.modules().map(|module| line(module.unwrap())).collect()
}

pub(crate) fn files(archive: &Archive) -> Vec<String> {
    archive.files().map(|file| file.unwrap().path().to_owned()).collect()
}

/// A virtual environment with nothing installed.
pub(crate) fn empty_venv(python: &PythonInstallation) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(&python.executable)
        .args(["-I", "-m", "venv", "--without-pip"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    folder
}

pub(crate) fn site_packages(venv: &Path, python: &PythonInstallation) -> PathBuf {
    let (major, minor, _) = python.version;
    let threaded = if python.free_threaded { "t" } else { "" };
    venv.join(format!("lib/python{major}.{minor}{threaded}/site-packages"))
}

/// Installs real packages from the package index; when it cannot be reached says so loudly, and gives `false`.
pub(crate) fn pip_install(
    venv: &Path,
    python: &PythonInstallation,
    packages: &[&str],
    test: &str,
) -> bool {
    let output = Command::new(&python.executable)
        .args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--target"])
        .arg(site_packages(venv, python))
        .args(packages)
        .output()
        .unwrap();
    if output.status.success() {
        return true;
    }
    let why = String::from_utf8_lossy(&output.stderr);
    let why = why.lines().last().unwrap_or("pip failed");
    skipped(test, &format!("could not install {packages:?}: {why}"));
    false
}

/// Says loudly that a test did not run, here and in the log of the program that runs the suite.
#[expect(clippy::print_stdout, reason = "a skip must be seen")]
pub(crate) fn skipped(test: &str, why: &str) {
    println!("SKIPPED: {test}: {why}");
    if let Some(log) = std::env::var_os("COLDFRAME_SKIP_LOG") {
        let mut log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "{test}\t{why}").unwrap();
    }
}

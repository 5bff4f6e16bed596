//! A folder in which commands are typed: a copy of the examples, and the files that `--help` speaks of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use launcher::command_parts::BUILD_PYTHON;
use tempfile::TempDir;

const COLDFRAME: &str = env!("CARGO_BIN_EXE_coldframe");

pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let primes = folder.path().join("examples/primes");
        fs::create_dir_all(&primes).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/primes/__main__.py");
        fs::copy(source, primes.join("__main__.py")).unwrap();
        Self { folder }
    }

    /// Adds `app/`, `tool.py`, `app.coldframe` and `.venv`, of which the examples in `--help` speak.
    pub(crate) fn furnish(&self) {
        let program = "import sys\nprint(sys.argv[1:])\n";
        fs::create_dir(self.path("app")).unwrap();
        fs::write(self.path("app/__main__.py"), program).unwrap();
        fs::write(self.path("tool.py"), program).unwrap();
        let made = Command::new(BUILD_PYTHON)
            .args(["-I", "-m", "venv", "--without-pip", ".venv"])
            .current_dir(self.folder.path())
            .status()
            .unwrap();
        assert!(made.success(), "no virtual environment could be made with `{BUILD_PYTHON}`");
        let (output, success) = self.type_in("coldframe build app/ --archive -o app.coldframe");
        assert!(success, "{output}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command line in a shell, and gives all that it printed, and whether it succeeded.
    pub(crate) fn type_in(&self, command: &str) -> (String, bool) {
        let command = command.replace("cargo run -q --", "coldframe");
        let output = Command::new("sh")
            .arg("-c")
            // One pipe for both streams, so that their lines come in the order in which they were written.
            .arg(format!("coldframe() {{ \"$COLDFRAME\" \"$@\"; }}\nexec 2>&1\n{command}"))
            .current_dir(self.folder.path())
            .env("COLDFRAME", COLDFRAME)
            // One cache for all tests of a build folder: the standard library is packed once.
            .env("COLDFRAME_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
            .env_remove("COLDFRAME_LOG")
            .env_remove("COLDFRAME_PYTHON")
            .env_remove("VIRTUAL_ENV")
            .output()
            .unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
    }

    /// Checks that the command line is understood, without running it: `--help` is added to it.
    pub(crate) fn check_accepted(&self, command: &str) {
        let asking = match command.split_once(" -- ") {
            Some((ours, _)) => format!("{ours} --help"),
            None => format!("{command} --help"),
        };
        let (output, success) = self.type_in(&asking);
        assert!(success, "{command}\nis not accepted:\n{output}");
    }
}

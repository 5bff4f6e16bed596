//! `cargo xtask fetched`: Pythons that this machine does not have, and the launcher's tests on them.

pub(crate) mod assembly;
pub(crate) mod debian;
pub(crate) mod flags;
mod free_threaded;
mod wheels;
mod with_gil;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use xtask::Verdict;
use xtask::launcher_tests::{self, LinkedPython};
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::{self, Python};
use xtask::version::{Range, Threads, Version};
use xtask::workspace::Workspace;

use self::assembly::Assembly;
pub(crate) use self::debian::archive;

/// Named although it is the machine's own, so that build scripts and macros are linked as they always are.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// A Python that was fetched, and how programs are linked with it.
pub(crate) struct Fetched {
    pub(crate) python: Python,
    /// For pyo3's build scripts.
    configuration: PathBuf,
    /// For the compiler, wherever it links.
    rust_flags: Vec<String>,
    /// For the linker.
    environment: Vec<(&'static str, PathBuf)>,
}

pub(crate) fn run(workspace: &Workspace, flags: &flags::Fetched) -> anyhow::Result<Verdict> {
    let progress = Progress::new(flags.verbose);
    let fetched = fetch(workspace, &progress, flags.python)?;
    let linked = LinkedPython { python: &fetched.python, link: &|command| fetched.link(command) };
    launcher_tests::run(workspace, &progress, linked, &flags.filter)
}

/// The Python of this version, fetched and put together unless that was done already.
pub(crate) fn fetch(
    workspace: &Workspace,
    progress: &Progress,
    version: Version,
) -> anyhow::Result<Fetched> {
    can_be_fetched(version, workspace.range)?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("the Pythons that are fetched here are for Linux on x86-64");
    }
    let folder = workspace.target.join("fetched").join(format!("py{version}"));
    let configuration = folder.join("pyo3-config.txt");
    let helper = pythons::chosen(workspace, None)?;
    let assembly = Assembly { workspace, progress, helper: &helper, version, folder: &folder };
    // The configuration is written last: a folder without it was left unfinished.
    let is_complete = configuration.is_file();
    if !is_complete && folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("could not remove `{}`", folder.display()))?;
    }
    let make = || match version.threads {
        Threads::Gil => with_gil::make(&assembly, &configuration),
        Threads::Free => free_threaded::make(&assembly, &configuration),
    };
    if !is_complete {
        make().with_context(|| format!("Python {version} could not be fetched"))?;
    }
    let (executable, rust_flags, environment) = match version.threads {
        Threads::Gil => (with_gil::python(&assembly), with_gil::rust_flags(&assembly), Vec::new()),
        Threads::Free => {
            let tools = ("COLDFRAME_FREE_THREADED", folder.clone());
            (free_threaded::python(&assembly), free_threaded::rust_flags(&assembly), vec![tools])
        }
    };
    let python = works(&executable, version).with_context(|| {
        let folder = folder.display();
        format!("the Python that was fetched does not work; remove `{folder}` to fetch it again")
    })?;
    Ok(Fetched { python, configuration, rust_flags, environment })
}

/// Debian's next suite has the newest ones; the others are for `pyenv`.
fn can_be_fetched(version: Version, range: Range) -> anyhow::Result<()> {
    if version.minor < 14 {
        bail!(
            "3.14 and later are fetched, and Python {version} is older; `pyenv install {version}`, and `cargo xtask test --python {version}`"
        );
    }
    if !range.contains(version) {
        bail!("Python {version} is outside the supported range {range}");
    }
    Ok(())
}

/// Imports modules that need libraries of the system, for those were fetched too.
const SELF_TEST: &str = "\
import sys, ssl, ctypes, sqlite3
sys.exit(sys._is_gil_enabled() == (sys.argv[1] == 'Free'))
";

fn works(executable: &Path, version: Version) -> anyhow::Result<Python> {
    let mut ask = Command::new(executable);
    ask.args(["-I", "-c", SELF_TEST, &format!("{:?}", version.threads)]);
    let asked =
        ask.output().with_context(|| format!("could not start `{}`", executable.display()))?;
    if !asked.status.success() {
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        bail!("`{}` ended with {}\n{said}", executable.display(), asked.status);
    }
    Python::probe(executable)
}

impl Fetched {
    /// Makes `command`, a cargo build, link this Python.
    pub(crate) fn link(&self, command: &mut Command) {
        // Paths may have spaces in them; `RUSTFLAGS` is split there, and these are not.
        let flags = OsString::from(self.rust_flags.join("\x1f"));
        command
            .args(["--target", TRIPLE])
            .env("PYO3_CONFIG_FILE", &self.configuration)
            .env("COLDFRAME_BUILD_PYTHON", &self.python.executable)
            .env("CARGO_ENCODED_RUSTFLAGS", &flags);
        // Examples in the documentation call nothing of Python's; with the linker for a free-threaded one they would be a
        // `python` of its own, as was seen.
        if self.python.version.threads == Threads::Gil {
            command.env("CARGO_ENCODED_RUSTDOCFLAGS", &flags);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// A `coldframe` that is linked with it, for CPython's own suites.
    pub(crate) fn launcher(
        &self,
        workspace: &Workspace,
        progress: &Progress,
    ) -> anyhow::Result<PathBuf> {
        let folder = workspace.python_target(self.python.version);
        // Optimised as a whole, an executable's code cannot be linked as the library that a free-threaded one must become.
        let (profile, built): (&[_], _) = match self.python.version.threads {
            Threads::Gil => (&["--release"], "release/coldframe"),
            Threads::Free => (&[], "debug/coldframe"),
        };
        let mut build = workspace.cargo(&["build", "--package", "coldframe", "--bin", "coldframe"]);
        build.args(profile).arg("--target-dir").arg(&folder);
        self.link(&mut build);
        let label = format!("coldframe with the fetched Python {}", self.python.version);
        match progress.run(&label, &mut build, Show::AtFailure)?.status {
            Status::Good => Ok(folder.join(TRIPLE).join(built)),
            Status::Failed => bail!("{label} could not be built"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pythons_are_fetched() {
        let range = Range { min: Version::new(9), max: Version::new(15) };
        for (version, refusal) in [
            ("3.14", None),
            ("3.14t", None),
            ("3.15", None),
            ("3.13", Some("pyenv install 3.13")),
            ("3.16t", Some("outside the supported range")),
        ] {
            let refused = can_be_fetched(version.parse().expect(version), range).err();
            let refused = refused.map(|error| error.to_string());
            match (refusal, refused) {
                (None, None) => {}
                (Some(part), Some(message)) => assert!(message.contains(part), "{message}"),
                (_, refused) => panic!("{version}: {refused:?}"),
            }
        }
    }
}

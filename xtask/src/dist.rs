//! `cargo xtask dist`: a release launcher that has CPython inside.

mod older_glibc;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::Verdict;
use crate::child;
use crate::flags;
use crate::launcher_flags::Launcher;
use crate::libpython;
use crate::progress::{Progress, Show, Status};
use crate::pythons;
use crate::workspace::Workspace;

pub use crate::glibc::Glibc;

const COMMAND: &str = "coldframe";

/// The program that it puts before applications, and carries.
const RUNTIME: &str = "coldframe-runtime";

/// A release launcher with this Python inside, built when it has to be: for the commands that need one.
pub fn launcher(
    workspace: &Workspace,
    python: &pythons::Python,
    glibc: Option<Glibc>,
    verbose: bool,
) -> anyhow::Result<PathBuf> {
    let asked = python.executable.display().to_string();
    let launcher = Launcher { python: asked, glibc, debug: false, verbose };
    launcher_in(workspace, python, launcher, &workspace.target.join("launchers"))
}

/// A release launcher with this Python inside, in a folder below `out`.
pub(crate) fn launcher_in(
    workspace: &Workspace,
    python: &pythons::Python,
    launcher: Launcher,
    out: &Path,
) -> anyhow::Result<PathBuf> {
    let folder = out.join(format!("py{}{}", python.version, suffix(launcher.glibc)));
    match run(workspace, &flags::Dist { launcher, out: out.to_owned() })? {
        Verdict::Good => Ok(folder.join(COMMAND)),
        Verdict::Bad => bail!("no launcher with Python {} inside could be built", python.release()),
    }
}

/// The version of glibc that a built executable or a `coldframe` needs, with all that it carries.
pub fn needed_glibc(launcher: &Path, file: &Path) -> anyhow::Result<Glibc> {
    let printed = child::said(Command::new(launcher).args(["inspect", "--json"]).arg(file))?;
    let answer: Value = serde_json::from_str(&printed)
        .with_context(|| format!("nothing is known of `{}`", file.display()))?;
    let version = answer.pointer("/needs/glibc").and_then(Value::as_str).unwrap_or_default();
    version.parse().map_err(anyhow::Error::msg)
}

pub(crate) fn run(workspace: &Workspace, flags: &flags::Dist) -> anyhow::Result<Verdict> {
    let flags::Dist { launcher: flags, out } = flags;
    let python = pythons::choose(&pythons::discover(), &flags.python)?;
    let version = python.version;
    if !workspace.range.contains(version) {
        bail!("Python {version} is outside the supported range {}", workspace.range);
    }
    let Some(library) = python.sources.static_folder() else {
        bail!(
            "Python {} at `{}` has no static library (`{}` in `{}`); `pyenv install {version}` builds one that has",
            python.release(),
            python.executable.display(),
            python.sources.static_name,
            python.sources.config_dir.display(),
        );
    };
    if !workspace.has_binary("coldframe", COMMAND)? {
        bail!("the crate `coldframe` has no binary `{COMMAND}` to build");
    }

    // A folder of its own: the same crates link another library here than in the tests.
    let suffix = suffix(flags.glibc);
    let folder = workspace.target.join(format!("dist-py{version}{suffix}"));
    let profile = if flags.debug { Profile::Debug } else { Profile::Release };
    let mut build =
        workspace.cargo(&["build", "--package", "coldframe", "--package", "coldframe-launcher"]);
    build.args(["--features", "coldframe-launcher/runtime"]);
    build.args(["--bin", COMMAND, "--bin", RUNTIME]);
    build.args(profile.flag());
    build.arg("--target-dir").arg(&folder);
    libpython::link_statically(&mut build, &python, &library, &folder)?;
    let progress = Progress::new(flags.verbose);
    let mut built = folder.clone();
    if let Some(glibc) = flags.glibc {
        built.push(older_glibc::link(workspace, &python, glibc, &mut build, &progress)?);
    }
    let label = format!("{COMMAND} with Python {} inside", python.release());
    if progress.run(&label, &mut build, Show::AtFailure)?.status == Status::Failed {
        return Ok(Verdict::Bad);
    }

    let built =
        built.join(profile.folder()).join(COMMAND).with_extension(std::env::consts::EXE_EXTENSION);
    let needed = needed_libraries(&built)?;
    let is_python = |name: &&String| name.to_lowercase().contains("python");
    if let Some(library) = needed.iter().find(is_python) {
        eprintln!(
            "error: `{}` still needs `{library}`: CPython was linked as a shared library",
            built.display()
        );
        return Ok(Verdict::Bad);
    }
    let whole = folder.join(COMMAND);
    let fits = |()| match flags.glibc {
        Some(glibc) => older_glibc::check(&built, &needed, glibc),
        None => Ok(()),
    };
    let made =
        starts(&built).and_then(fits).and_then(|()| with_library(&built, &python, &folder, &whole));
    let hidden = match made.and_then(|()| trial::run(&whole, &python, &folder)) {
        Ok(hidden) => hidden,
        Err(error) => {
            eprintln!("error: `{}` is not fit for use: {error:#}", built.display());
            return Ok(Verdict::Bad);
        }
    };
    let out = workspace.root.join(out).join(format!("py{version}{suffix}"));
    let file = install(&whole, &out)?;
    let size =
        fs::metadata(&file).with_context(|| format!("could not read `{}`", file.display()))?.len();
    println!("{} ({}), needs only: {}", file.display(), megabytes(size), needed.join(", "));
    println!(
        "it carries the standard library; tried: an application built with it ran in an empty folder, with no environment{}",
        match hidden {
            trial::Hidden::Covered => " and no Python in reach",
            trial::Hidden::OnlyUnnamed => "; the Python could not be hidden from it here",
        }
    );
    Ok(Verdict::Good)
}

/// The text behind the version of Python in the names of folders.
fn suffix(glibc: Option<Glibc>) -> String {
    glibc.map(|glibc| format!("-glibc{glibc}")).unwrap_or_default()
}

/// The profile by which the launcher is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    fn flag(self) -> Option<&'static str> {
        match self {
            Self::Debug => None,
            Self::Release => Some("--release"),
        }
    }

    /// Cargo's folder for the built programs, below the target folder.
    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Copies `built` into `out` under its own name, and only a whole file ever has that name.
fn install(built: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(out)
        .with_context(|| format!("could not make the folder `{}`", out.display()))?;
    let name = built.file_name().context("a built program has a name")?;
    let file = out.join(name);
    let partial = file.with_extension(format!("partial-{}", std::process::id()));
    fs::copy(built, &partial)
        .and_then(|_| fs::rename(&partial, &file))
        .inspect_err(|_| {
            let _ = fs::remove_file(&partial);
        })
        .with_context(|| format!("could not write `{}`", file.display()))?;
    Ok(file)
}

/// The shared libraries that the loader has to find for `program`.
fn needed_libraries(program: &Path) -> anyhow::Result<Vec<String>> {
    let (tool, argument) =
        if cfg!(target_os = "macos") { ("otool", "-L") } else { ("readelf", "-d") };
    let output = match Command::new(tool).arg(argument).arg(program).stdin(Stdio::null()).output() {
        Ok(output) => output,
        // Without binutils the dynamic linker's own script knows as well; it lists indirect needs too.
        Err(_) => {
            Command::new("ldd").arg(program).stdin(Stdio::null()).output().with_context(|| {
                format!(
                    "neither `{tool}` nor `ldd` is here to list the libraries that `{}` needs",
                    program.display()
                )
            })?
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || text.trim().is_empty() {
        bail!(
            "could not read the libraries that `{}` needs: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(libraries_in(&text))
}

/// The names in the output of `readelf -d`, `ldd` or `otool -L`.
fn libraries_in(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        if let Some((_, rest)) = line.split_once("(NEEDED)") {
            return rest.split_once('[')?.1.split_once(']').map(|(name, _)| name);
        }
        let word = line.strip_prefix('\t')?.split_whitespace().next()?;
        Some(word.rsplit('/').next().unwrap_or(word))
    });
    names.map(str::to_owned).collect()
}

/// Has the launcher make itself whole: with the standard library of that Python behind it.
fn with_library(
    launcher: &Path,
    python: &pythons::Python,
    folder: &Path,
    whole: &Path,
) -> anyhow::Result<()> {
    let mut make = Command::new(launcher);
    make.args(["whole", "--output"]).arg(whole).arg("--python").arg(&python.executable);
    make.arg("--cache-dir").arg(folder.join("cache"));
    child::said(&mut make).context("it cannot pack the standard library")?;
    let mut look = Command::new(whole);
    look.args(["doctor", "--json"]);
    let output = look.stdin(Stdio::null()).output().context("it cannot be started when whole")?;
    let findings: Value =
        serde_json::from_slice(&output.stdout).context("its `doctor --json` prints no JSON")?;
    let is_inside = findings.as_array().into_iter().flatten().any(|finding| {
        let part = |key| finding.get(key).and_then(Value::as_str);
        part("what") == Some("runtime")
            && part("found").is_some_and(|found| found.starts_with("inside"))
    });
    if !is_inside {
        bail!("it carries no `{RUNTIME}`: applications would have the packer in them");
    }
    Ok(())
}

/// Checks that the program starts without any variable of this machine's environment.
fn starts(program: &Path) -> anyhow::Result<()> {
    let output = Command::new(program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{}`", program.display()))?;
    if !output.status.success() {
        bail!(
            "`{} --version` fails: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

fn megabytes(size: u64) -> String {
    let tenths = size / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_libraries_are_read_from_each_tool() {
        let readelf = "\nDynamic section at offset 0x2d8 contains 27 entries:\n  Tag        Type       Name/Value\n \
            0x0000000000000001 (NEEDED)             Shared library: [libpython3.12.so.1.0]\n \
            0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n 0x000000000000000c (INIT)    0x1000\n";
        assert_eq!(libraries_in(readelf), ["libpython3.12.so.1.0", "libc.so.6"]);
        let ldd = "\tlinux-vdso.so.1 (0x00007fff)\n\tlibm.so.6 => /lib/libm.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        assert_eq!(libraries_in(ldd), ["linux-vdso.so.1", "libm.so.6", "ld-linux-x86-64.so.2"]);
        let otool = "a/coldframe:\n\t/usr/lib/libSystem.B.dylib (compatibility version 1.0.0)\n\t/Library/Frameworks/Python.framework/Versions/3.12/Python (x)\n";
        assert_eq!(libraries_in(otool), ["libSystem.B.dylib", "Python"]);
    }

    #[test]
    fn sizes_are_told_in_megabytes() {
        assert_eq!(megabytes(12_345_678), "12.3 MB");
        assert_eq!(megabytes(99_999), "0.0 MB");
    }
}

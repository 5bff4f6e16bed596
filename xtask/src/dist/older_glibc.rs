//! Links against an older glibc than the machine's: by `zig cc`, which has the symbols of each version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::glibc::Glibc;
use crate::progress::{Progress, Show, Status};
use crate::pythons::Python;
use crate::workspace::{self, Workspace};

/// The wheel that has the compiler, of the version that this was tried with.
const COMPILER: &str = "ziglang==0.17.1";
/// The functions that an older glibc lacks.
const FUNCTIONS: &str = include_str!("../../dist/older_glibc.c");
/// Arguments of rustc and the crate `cc` that this compiler does not understand, or is told in another way.
const DROPPED: &[&str] = &["--target=*", "-Wl,--no-rosegment", "-Wl,-z,nostart-stop-gc"];
/// Before 2.34 these are libraries of their own, in which extension modules find their functions.
const LIBRARIES: &[&str] = &["dl", "rt", "pthread", "m", "util", "resolv"];

/// Makes `build`, a cargo build, link against that glibc; gives the folder below the target folder that it fills.
///
/// Cargo is given the machine's own target by name, for then build scripts and macros are linked as always.
pub(super) fn link(
    workspace: &Workspace,
    python: &Python,
    glibc: Glibc,
    build: &mut Command,
    progress: &Progress,
) -> anyhow::Result<PathBuf> {
    let target = host()?;
    let folder = workspace.target.join(format!("glibc-{glibc}"));
    let compiler = compiler(workspace, python, progress)?;
    let wrapper = folder.join("cc");
    workspace::write(&wrapper, &wrapper_script(&compiler, &target, glibc)?)?;
    make_executable(&wrapper)?;
    let source = folder.join("older_glibc.c");
    let object = folder.join("older_glibc.o");
    workspace::write(&source, FUNCTIONS)?;
    let mut compile = Command::new(&wrapper);
    compile.args(["-c", "-O2", "-fPIC"]).arg(format!("-DGLIBC_MINOR={}", glibc.minor));
    compile.arg(&source).arg("-o").arg(&object);
    if progress.run("functions that this glibc lacks", &mut compile, Show::AtFailure)?.status
        == Status::Failed
    {
        bail!("`{}` could not be compiled for glibc {glibc}", source.display());
    }

    let variable = |form: String| form.replace('-', "_");
    let upper = target.to_uppercase();
    // Behind what is set already; with a target's name, build scripts do not get them.
    let flags =
        build.get_envs().find(|(name, _)| *name == "RUSTFLAGS").and_then(|(_, value)| value);
    let mut flags = flags.unwrap_or_default().to_owned();
    flags.push(format!(" -Clink-arg={}", object.display()));
    for library in LIBRARIES {
        flags.push(format!(" -Clink-arg=-l{library}"));
    }
    build.arg("--target").arg(&target);
    build.env(variable(format!("CARGO_TARGET_{upper}_LINKER")), &wrapper);
    build.env(variable(format!("CC_{target}")), &wrapper);
    build.env("RUSTFLAGS", &flags);
    Ok(PathBuf::from(target))
}

/// An error when the program needs more than that version, or a library that glibc does not bring. The program itself
/// reads what it needs.
pub(super) fn check(program: &Path, needed: &[String], glibc: Glibc) -> anyhow::Result<()> {
    if needed.iter().any(|library| library.starts_with("libgcc_s")) {
        bail!("it needs libgcc_s.so.1, which no glibc brings");
    }
    let output = Command::new(program)
        .args(["doctor", "--json"])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{}`", program.display()))?;
    let findings: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("`{} doctor --json` prints no JSON", program.display()))?;
    let findings = findings.as_array().map(Vec::as_slice).unwrap_or_default();
    let needs =
        findings.iter().find(|finding| finding.get("what").is_some_and(|what| what == "needs"));
    let needs = needs.and_then(|needs| needs.get("found")?.as_str()).unwrap_or_default();
    let version = needs.strip_prefix("glibc ").and_then(|rest| rest.split([':', ';', ' ']).next());
    match version.map(str::parse::<Glibc>) {
        Some(Ok(found)) if found <= glibc => Ok(()),
        _ => bail!("it needs `{needs}`, and not only glibc {glibc}"),
    }
}

/// The target that this machine's rustc compiles for by itself.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("could not start `rustc`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    match host {
        Some(host) if host.ends_with("-linux-gnu") => Ok(host.to_owned()),
        _ => bail!("`--glibc` is for Linux with glibc, and this machine's target is {host:?}"),
    }
}

/// The compiler, fetched from the package index by that Python's pip when it is not there yet.
fn compiler(
    workspace: &Workspace,
    python: &Python,
    progress: &Progress,
) -> anyhow::Result<PathBuf> {
    let folder = workspace.target.join(COMPILER.replace("==", "-"));
    let program = folder.join("ziglang").join("zig");
    if program.is_file() {
        return Ok(program);
    }
    // Only a whole one gets the name.
    let partial = folder.with_extension(format!("partial-{}", std::process::id()));
    let mut install = Command::new(&python.executable);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    install.arg("--target").arg(&partial).arg(COMPILER).stdin(Stdio::null());
    if progress.run(&format!("fetch {COMPILER}"), &mut install, Show::AtFailure)?.status
        == Status::Failed
    {
        bail!("`{COMPILER}` could not be installed from the package index");
    }
    fs::rename(&partial, &folder)
        .with_context(|| format!("could not name `{}`", folder.display()))?;
    Ok(program)
}

/// A program with the command line of a C compiler.
fn wrapper_script(compiler: &Path, target: &str, glibc: Glibc) -> anyhow::Result<String> {
    // Rust names the vendor, which this compiler does not want.
    let [architecture, .., system, library] = *target.split('-').collect::<Vec<_>>() else {
        bail!("the target `{target}` has no such parts");
    };
    Ok(format!(
        "#!/bin/sh\n# Made by `cargo xtask dist --glibc`.\nfor argument do\n    shift\n    case $argument in\n        {}) ;;\n        \
         *) set -- \"$@\" \"$argument\" ;;\n    esac\ndone\nexec '{}' cc -target {architecture}-{system}-{library}.{glibc} \"$@\"\n",
        DROPPED.join("|"),
        compiler.display(),
    ))
}

fn make_executable(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("could not make `{}` executable", path.display()))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_drops_what_the_compiler_does_not_know() {
        let script =
            wrapper_script(Path::new("/bin/echo"), "x86_64-unknown-linux-gnu", Glibc::minor(28))
                .expect("a target with four parts");
        let output = Command::new("sh")
            .args([
                "-c",
                &script,
                "cc",
                "-c",
                "a b.c",
                "--target=x",
                "-Wl,--no-rosegment",
                "-o",
                "*",
            ])
            .output()
            .expect("a shell");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "cc -target x86_64-linux-gnu.2.28 -c a b.c -o *\n"
        );
    }
}

//! A program for Windows that is built by the `coldframe` of this system, and run by wine.

use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::Platform;
use super::tools::Tools;
use xtask::platform_rows::PlatformRows;
use xtask::pythons;
use xtask::version::Version;

/// An application that starts workers, its argument, and its output.
const APPLICATION: &str = "examples/primes";
const ARGUMENT: &str = "2000";
const PRINTED: &str = "303 primes below 2000, counted by spawned workers";

/// The name of the row.
pub(super) fn title(version: Version) -> String {
    format!("windows-{version}, built on Linux")
}

/// Builds and runs it with the launcher that was built for `platform`.
pub(super) fn check(
    tools: &Tools<'_>,
    version: Version,
    platform: &Platform,
) -> anyhow::Result<PlatformRows> {
    let title = title(version);
    let found = pythons::discover();
    // Its standard library was needed before.
    let python = found.iter().find(|python| python.version == version);
    let python = python.with_context(|| format!("no Python {version} is here"))?;
    let folder = tools.workspace.target.join(format!("py{version}"));
    let mut build = tools.workspace.cargo(&["build", "--package", "coldframe", "--target-dir"]);
    build.arg(&folder).env("PYO3_PYTHON", &python.executable);
    tools.step(&format!("{title}: `coldframe`"), &mut build)?;
    let place = tools.folder.join(format!("windows-{version}-from-here"));
    let program = place.join("primes.exe");
    let mut pack = Command::new(folder.join("debug/coldframe"));
    pack.arg("build")
        .arg(tools.workspace.root.join(APPLICATION))
        .arg("-o")
        .arg(&program)
        .args(["--target", platform.triple, "--python"])
        .arg(tools.folder.join(format!("windows-{version}/home")))
        .arg("--launcher")
        .arg(platform.folder.join(platform.triple).join("debug/coldframe-runtime.exe"))
        .env("COLDFRAME_CACHE_DIR", place.join("cache"));
    tools.step(&format!("{title}: a program"), &mut pack)?;
    let mut run = Command::new(tools.workspace.root.join("lab/platforms/run-wine"));
    run.arg(&program)
        .arg(ARGUMENT)
        .envs(platform.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    let ran = run.output().context("could not start wine")?;
    let printed = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
    let problems = match printed == PRINTED {
        true => Vec::new(),
        false => vec![format!("it printed `{printed}`: {}", String::from_utf8_lossy(&ran.stderr))],
    };
    Ok(PlatformRows::built(&title, usize::from(problems.is_empty()), problems))
}

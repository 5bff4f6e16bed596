//! The source of Rust's standard library, of exactly the machine's compiler: no other can be built with it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use super::tools::Tools;
use crate::fetched::debian::Extent;

/// The suite with the versions of this year.
const SUITE: &str = "trixie-backports";

/// The variable by which cargo is told where it lies, with its value.
pub(super) fn variable(tools: &Tools<'_>) -> anyhow::Result<(String, OsString)> {
    let variable = "__CARGO_TESTS_ONLY_SRC_ROOT".to_owned();
    if let Some(own) = own_source()? {
        return Ok((variable, own.into_os_string()));
    }
    let version = compiler()?;
    let folder = tools.once(&format!("rust-{version}"), |folder| {
        let name = format!("rust-src={version}*");
        tools.packages(folder, SUITE, "amd64", Extent::Named, &[&name]).map(drop)
    })?;
    let library = folder.join(format!("debian/usr/src/rustc-{version}/library"));
    Ok((variable, library.into_os_string()))
}

/// The source that the toolchain has, where its component `rust-src` is installed.
fn own_source() -> anyhow::Result<Option<PathBuf>> {
    let asked =
        Command::new("rustc").args(["--print", "sysroot"]).output().context("no `rustc`")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    let library = sysroot.join("lib/rustlib/src/rust/library");
    Ok(library.is_dir().then_some(library))
}

fn compiler() -> anyhow::Result<String> {
    let asked = Command::new("rustc").arg("--version").output().context("no `rustc`")?;
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    let version = text.split_whitespace().nth(1).context("`rustc --version` names no version")?;
    Ok(version.to_owned())
}

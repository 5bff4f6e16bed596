//! Packages of Debian's next suite, by apt, from the machine's own archive and with its keys, in folders of our own:
//! nothing is installed. A newer micro version may come at any time, so none is asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use xtask::workspace::write;

use super::assembly::{Assembly, files};
use super::wheels;

/// The suite that has 3.14 and 3.15.
const SUITE: &str = "forky";

/// Packages to be fetched and unpacked.
pub(crate) struct Order<'a> {
    /// The folder for apt's own files and the packages, in which these are unpacked.
    pub(crate) folder: &'a Path,
    pub(crate) suite: &'a str,
    /// The architecture, as Debian names it.
    pub(crate) architecture: &'a str,
    pub(crate) extent: Extent,
    pub(crate) names: &'a [String],
}

/// The packages that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The packages that were named.
    Named,
    /// All that they need too, down to the C library.
    Whole,
}

/// Fetches packages and unpacks them; gives the folder that stands for the root of such a system.
pub(super) fn unpacked(
    assembly: &Assembly<'_>,
    names: &[String],
    extent: Extent,
) -> anyhow::Result<PathBuf> {
    let folder = assembly.folder;
    let order = Order { folder, suite: SUITE, architecture: "amd64", extent, names };
    unpack(&order, &|what, command| assembly.step(what, command))
}

/// Fetches and unpacks the packages of an order; `step` runs a command.
pub(crate) fn unpack(
    order: &Order<'_>,
    step: &dyn Fn(&str, &mut Command) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let Order { folder, suite, architecture, extent, names } = *order;
    let apt = folder.join("apt");
    let packages = apt.join("cache/archives");
    for folder in [apt.join("lists/partial"), packages.join("partial")] {
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
    }
    // By an empty one nothing is installed, so all that is needed comes along.
    write(&apt.join("status"), "")?;
    let (archive, keys) = archive()?;
    write(&apt.join("sources.list"), &format!("deb [signed-by={keys}] {archive} {suite} main\n"))?;
    let apt_get = || {
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
        // apt's own user cannot write here, and an archive that is out of reach is no error to apt unless it is told.
        command.args(["-o", "APT::Sandbox::User=root", "-o", "APT::Update::Error-Mode=any"]);
        command.arg("-o").arg(format!("APT::Architecture={architecture}"));
        command.arg("-o").arg(format!("APT::Architectures::={architecture}"));
        command.current_dir(&packages);
        command
    };
    let get: &[&str] = match extent {
        Extent::Named => &["download"],
        Extent::Whole => &["install", "--yes", "--download-only", "--no-install-recommends"],
    };
    step("the list of Debian's packages", apt_get().arg("update"))
        .and_then(|()| step("Debian's packages", apt_get().args(get).args(names)))
        .with_context(|| format!("Debian's suite `{suite}` must be in reach of apt"))?;
    let root = folder.join("debian");
    for package in files(&packages)? {
        if package.extension().is_some_and(|extension| extension == "deb") {
            let mut unpack = Command::new("dpkg");
            unpack.arg("-x").arg(&package).arg(&root);
            step("unpacking a package", &mut unpack)?;
        }
    }
    Ok(root)
}

/// Debian's Python has pip as a wheel only, for virtual environments. The tests ask `python` itself for it.
pub(super) fn unpack_pip(
    assembly: &Assembly<'_>,
    root: &Path,
    packages: &Path,
) -> anyhow::Result<()> {
    for wheel in files(&root.join("usr/share/python-wheels"))? {
        if wheel.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pip-")) {
            wheels::unpack(assembly, &wheel, packages)?;
        }
    }
    Ok(())
}

/// The address of Debian's archive, and the file with its keys, as apt on this machine has them.
pub(crate) fn archive() -> anyhow::Result<(String, String)> {
    let mut paths = files(Path::new("/etc/apt/sources.list.d")).unwrap_or_default();
    paths.push(PathBuf::from("/etc/apt/sources.list"));
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap_or_default());
    texts.filter_map(|text| archive_in(&text)).next().context(
        "apt on this machine knows no archive of Debian's (`URIs:` with `Signed-By:` its keys)",
    )
}

/// The first archive of a file whose keys are Debian's.
fn archive_in(text: &str) -> Option<(String, String)> {
    text.split("\n\n").find_map(|source| {
        let value = |key: &str| {
            source.lines().find_map(|line| Some(line.strip_prefix(key)?.trim().to_owned()))
        };
        let keys = value("Signed-By:").filter(|keys| keys.contains("debian-archive"))?;
        Some((value("URIs:")?, keys))
    })
}

#[cfg(test)]
mod tests {
    use super::archive_in;

    #[test]
    fn the_archive_is_the_one_with_debians_keys() {
        let other = "Types: deb\nURIs: https://other.example\nSigned-By: /keys/other.gpg\n";
        let debian = "Types: deb\n# a comment\nURIs: http://debian.example\nSuites: stable\n\
            Signed-By: /keys/debian-archive-keyring.gpg\n";
        assert_eq!(archive_in(other), None);
        let found = archive_in(&format!("{other}\n{debian}")).expect("there is one");
        assert_eq!(found.0, "http://debian.example");
        assert_eq!(found.1, "/keys/debian-archive-keyring.gpg");
    }
}

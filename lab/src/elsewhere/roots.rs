//! Root file systems, made from Debian's archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use xtask::dist::Glibc;
use xtask::progress::{Progress, Show, Status};

use crate::fetched;

/// A root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Root {
    /// Debian 11, with glibc 2.31.
    Bullseye,
    /// Debian 12, with glibc 2.36.
    Bookworm,
    /// Debian 13, with glibc 2.41.
    Trixie,
    /// Debian's next one.
    Forky,
    /// The files of Debian 12's glibc, and nothing else.
    GlibcOnly,
}

impl Root {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bullseye => "bullseye",
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
            Self::Forky => "forky",
            Self::GlibcOnly => "glibc only",
        }
    }
}

impl Root {
    /// The version of its glibc.
    pub(super) fn glibc(self) -> Glibc {
        Glibc::minor(match self {
            Self::Bullseye => 31,
            Self::Bookworm | Self::GlibcOnly => 36,
            Self::Trixie => 41,
            Self::Forky => 42,
        })
    }
}

/// The files of the package `libc6`, but for its documentation. A link on the way to one (`/lib`) becomes a folder.
const COPY_GLIBC: &str = "\
grep -v /share/ \"$1\"/var/lib/dpkg/info/libc6:*.list | sed 's|^/||; /^\\.$/d' \
| (cd \"$1\" && while read -r path; do [ -d \"$path\" ] || echo \"$path\"; done | tar -cf - -T -) | tar -C \"$2\" -xf -";

/// The folder of a root, which is made unless it is there.
pub(super) fn make(progress: &Progress, folder: &Path, root: Root) -> anyhow::Result<PathBuf> {
    let path = folder.join(root.name());
    if path.is_dir() {
        return Ok(path);
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
    // Only a whole root ever has that name.
    let partial = folder.join(format!("{}.partial-{}", root.name(), std::process::id()));
    let mut command = if root == Root::GlibcOnly {
        let bookworm = make(progress, folder, Root::Bookworm)?;
        fs::create_dir_all(&partial)
            .with_context(|| format!("could not make `{}`", partial.display()))?;
        let mut copy = Command::new("/bin/sh");
        copy.args(["-ec", COPY_GLIBC, "sh"]).arg(bookworm).arg(&partial);
        copy
    } else {
        debootstrap(progress, root, &partial)?
    };
    let label = format!("the root file system `{}`", root.name());
    if progress.run(&label, &mut command, Show::AtFailure)?.status == Status::Failed {
        bail!("{label} could not be made; the part that was begun is `{}`", partial.display());
    }
    fs::rename(&partial, &path).with_context(|| format!("could not make `{}`", path.display()))?;
    Ok(path)
}

fn debootstrap(progress: &Progress, root: Root, to: &Path) -> anyhow::Result<Command> {
    let scripts = Path::new("/usr/share/debootstrap/scripts");
    if !scripts.is_dir() {
        for arguments in [&["update"][..], &["install", "--yes", "debootstrap"]] {
            let mut apt = Command::new("apt-get");
            apt.args(arguments);
            let label = format!("apt-get {}", arguments.join(" "));
            if progress.run(&label, &mut apt, Show::AtFailure)?.status == Status::Failed {
                bail!("`debootstrap` is not here and could not be installed");
            }
        }
    }
    let (archive, keys) = fetched::archive()?;
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", &format!("--keyring={keys}"), root.name()]);
    command.arg(to).arg(archive);
    // A suite that is newer than this `debootstrap` is made as the newest one is.
    if !scripts.join(root.name()).exists() {
        command.arg(scripts.join("sid"));
    }
    Ok(command)
}

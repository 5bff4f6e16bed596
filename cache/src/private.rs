//! Folders that nobody else can write to: code is loaded from them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Opens a file or folder in the cache, and no link.
pub fn open_entry(path: &Path) -> io::Result<File> {
    no_link(File::options().read(true)).open(path)
}

/// Opens a file in the cache for its lock, and makes it if need be.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    no_link(&mut options).open(path)
}

fn no_link(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        rustix::fs::OFlags::NOFOLLOW.bits().cast_signed(),
    );
    options
}

/// Creates a folder, and those above it, that only this user can look into.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// An error when another user owns the folder, or others can write to it.
#[cfg(unix)]
pub fn check_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    // A link of this user's own leads where this user wants; one of others, wherever they want.
    let link = fs::symlink_metadata(folder)?;
    let found = fs::metadata(folder)?;
    let user = rustix::process::geteuid().as_raw();
    if link.uid() != user {
        return Err(io::Error::other(format!(
            "it is a link that belongs to user {}, and this is user {user}",
            link.uid()
        )));
    }
    if found.uid() != user {
        return Err(io::Error::other(format!(
            "it belongs to user {}, and this is user {user}",
            found.uid()
        )));
    }
    if found.mode() & 0o022 != 0 {
        return Err(io::Error::other(format!(
            "others can write to it (its mode is {:o}); `chmod go-w` takes that away",
            found.mode() & 0o7777
        )));
    }
    Ok(())
}

/// On other systems a user's own folders are private by inheritance.
#[cfg(not(unix))]
pub fn check_private(_folder: &Path) -> io::Result<()> {
    Ok(())
}

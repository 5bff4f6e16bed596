//! Folders that nobody else can write to: code is loaded from them.

use std::fs;
use std::io;
use std::path::Path;

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
pub(crate) fn check_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let found = fs::metadata(folder)?;
    let user = rustix::process::geteuid().as_raw();
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

/// Elsewhere a user's own folders are private by inheritance.
#[cfg(not(unix))]
pub(crate) fn check_private(_folder: &Path) -> io::Result<()> {
    Ok(())
}

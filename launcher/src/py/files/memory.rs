//! A packed file as a descriptor: a file that has no name on any disk, and that nobody can change.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::time::SystemTime;

#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// The file that is wanted.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) contents: &'a [u8],
    pub(super) mode: u32,
    pub(super) changed: SystemTime,
}

/// Makes the file; it stands at its beginning.
pub(super) fn make(wanted: &Wanted<'_>) -> io::Result<File> {
    let mut file = unnamed(wanted.name)?;
    file.write_all(wanted.contents)?;
    file.seek(SeekFrom::Start(0))?;
    // The time in the answer of `fstat`; a system that refuses this gives another one.
    let _ = file.set_modified(wanted.changed);
    #[cfg(unix)]
    let _ = rustix::fs::fchmod(
        &file,
        rustix::fs::Mode::from_raw_mode(wanted.mode as rustix::fs::RawMode),
    );
    #[cfg(not(unix))]
    let _ = wanted.mode;
    seal(&file);
    Ok(file)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn unnamed(name: &str) -> io::Result<File> {
    // As much of it as the system takes.
    let name: String = name.chars().filter(|letter| *letter != '\0').take(60).collect();
    match memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING) {
        Ok(file) => Ok(file.into()),
        // Some sandboxes refuse it.
        Err(rustix::io::Errno::PERM | rustix::io::Errno::NOSYS) => tempfile::tempfile(),
        Err(error) => Err(error.into()),
    }
}

/// Where there are no files in memory, it has no name or loses it when it is closed.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn unnamed(_name: &str) -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn seal(file: &File) {
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    // A temporary file has no seals, and nobody else has it.
    let _ = fcntl_add_seals(file, seals);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn seal(_file: &File) {}

/// The same file opened for reading alone, as the flags of a descriptor say; without `/proc`, the file itself.
#[cfg(unix)]
pub(super) fn for_reading(file: File) -> File {
    use std::os::fd::AsRawFd as _;

    File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap_or(file)
}

#[cfg(not(unix))]
pub(super) fn for_reading(file: File) -> File {
    file
}

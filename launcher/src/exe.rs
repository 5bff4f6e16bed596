//! The path of this program: the only place that asks for it.
//!
//! Two questions have different answers. The *running* program is the file of `/proc/self/exe`, whatever has become of its
//! name. Other programs start it by a path, and that may lead to a successor by now, or nowhere.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use importer_core::Archive;

use crate::error::{Error, Problem};

/// The running program itself, where the system has `/proc`. A child that executes this path is the same program.
pub(crate) const RUNNING: &str = "/proc/self/exe";

/// The path of the running executable.
///
/// A program without a name (of a file in memory) is `/proc/self/exe`, by which its children can start it. Without
/// `/proc` it is the executed path, as the system tells it, or the program's first argument.
///
/// # Errors
///
/// [`ErrorKind::File`](crate::ErrorKind::File), when the system does not tell.
pub fn own_executable() -> Result<PathBuf, Error> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    let told = std::env::current_exe();
    let problem = |source| Problem::File {
        action: "find the path of",
        path: "this executable".into(),
        source,
        way_out: "; mount `/proc`, or start it by its whole path",
    };
    Ok(found(told).map_err(problem)?)
}

/// The running executable, when an archive lies behind it.
///
/// # Errors
///
/// [`ErrorKind::Archive`](crate::ErrorKind::Archive), when there is one and it is damaged, or the program was made with one and it is gone.
pub fn executable_with_archive() -> Result<Option<PathBuf>, Error> {
    let executable = own_executable()?;
    let mut file =
        open(&executable).map_err(|error| importer_core::Error::read(&executable, error))?;
    match Archive::position_in_file(&mut file, &executable)? {
        Some(_) => Ok(Some(executable)),
        None if manifest::carries_archive() => Err(Problem::Cut { executable }.into()),
        None => Ok(None),
    }
}

/// Opens a file; of this executable's path the file that is running, which may not be the one of that name any more.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if cfg!(target_os = "linux")
        && own_executable().is_ok_and(|own| own == path)
        && let Ok(running) = File::open(RUNNING)
    {
        return Ok(running);
    }
    File::open(path)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn found(told: io::Result<PathBuf>) -> io::Result<PathBuf> {
    told
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn found(told: io::Result<PathBuf>) -> io::Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;

    let executed: PathBuf =
        OsString::from_vec(rustix::param::linux_execfn().to_bytes().to_vec()).into();
    // A process may be started without even the program's name: the empty path is no absolute one, and on no `PATH`.
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    // A process of this program started this one by `/proc/self/exe`, and tells the path in the program's name.
    if executed == Path::new(RUNNING) && program.is_absolute() {
        return Ok(program);
    }
    match told {
        Ok(path) => Ok(named(path)),
        Err(error) => by_arguments(&executed, &program).ok_or(error),
    }
}

/// The path that the kernel means by its text for an executable: it marks those that are no more.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn named(path: PathBuf) -> PathBuf {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    let Some(text) = path.as_os_str().as_bytes().strip_suffix(b" (deleted)") else { return path };
    if text.starts_with(b"/memfd:") {
        return RUNNING.into();
    }
    if is_running(&path) {
        // The file is called so.
        return path;
    }
    OsString::from_vec(text.to_vec()).into()
}

/// Whether the file at that path is the one that is running; so too where that cannot be told, without `/proc`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_running(path: &Path) -> bool {
    use std::fs::metadata;
    use std::os::unix::fs::MetadataExt;

    let Ok(running) = metadata(RUNNING) else { return true };
    metadata(path).is_ok_and(|at| (at.dev(), at.ino()) == (running.dev(), running.ino()))
}

/// The executed path, or a program of that name on `PATH`, as a shell finds it. A script's interpreter (`#!`) has its
/// own path for an argument, and the executed path is the script's.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn by_arguments(executed: &Path, program: &Path) -> Option<PathBuf> {
    let is_path = program.components().nth(1).is_some() || program.is_absolute();
    let on_path = std::env::var_os("PATH").filter(|_| !is_path && *program != *"");
    let on_path = on_path.iter().flat_map(std::env::split_paths).map(|folder| folder.join(program));
    let given = is_path.then(|| program.to_owned());
    let found = [executed.to_owned()].into_iter().chain(given).chain(on_path).find(is_program)?;
    // The canonical path leads from everywhere, and through no link, as `/proc/self/exe` does.
    Some(found.canonicalize().unwrap_or(found))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_program(path: &PathBuf) -> bool {
    use std::io::Read;

    let mut magic = [0; 4];
    path.is_file()
        && File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && magic == *b"\x7fELF"
}

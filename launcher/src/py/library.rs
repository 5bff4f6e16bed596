//! Shared libraries of the archive, opened from memory where the system can.

use std::collections::HashSet;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::sync::OnceLock;

use importer_core::Module;
use interp_config::ExtensionLoading;
use parking_lot::Mutex;

use super::exception::{Exception, Kind};
use super::runtime;
use super::token::Token;
use crate::cache::Held;
use crate::libraries;

/// The paths in the archive of the libraries that are loaded already; they stay for the life of the process.
static LOADED: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();

/// A path by which the dynamic linker can open a library, for as long as this lives.
pub(super) struct OpenPath {
    pub(super) path: OsString,
    /// The descriptor that the path names; the dynamic linker needs it only while it opens the library.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    _file: Option<std::fs::File>,
    /// The file in the cache that the path names, likewise.
    _held: Option<Held>,
}

impl OpenPath {
    /// A path to a library of these contents. `label` is its name in memory, for people; `path` is its place in the
    /// archive, and `id` tells it from others of that name.
    pub(super) fn new(
        py: Token<'_>,
        label: &str,
        path: &str,
        id: u64,
        contents: &[u8],
    ) -> Result<Self, Exception> {
        let runtime = runtime::get(py)?;
        let extensions = runtime.config.extensions;
        if extensions != ExtensionLoading::Cache {
            match Self::in_memory(label, contents) {
                Ok(opened) => return Ok(opened),
                Err(error) if extensions == ExtensionLoading::Memory => {
                    let message = format!(
                        "cannot load `{path}` from memory: {error}; `extensions` is `memory`, with `auto` it would be \
                         loaded from the user's cache"
                    );
                    return Err(Exception::import_error(py, &message, label));
                }
                Err(error) => {
                    tracing::debug!(library = label, %error, "no memory file, using the cache");
                }
            }
        }
        let cached = runtime.files.library(path, id, contents);
        match cached {
            Ok((path, held)) => Ok(Self { _held: Some(held), ..Self::known(path.into()) }),
            Err(error) => Err(Exception::new(py, Kind::Os, &error.to_string())),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn in_memory(label: &str, contents: &[u8]) -> io::Result<Self> {
        let (file, path) = memory::file(label, contents)?;
        Ok(Self { path, _file: Some(file), _held: None })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn in_memory(_label: &str, _contents: &[u8]) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system opens libraries on disk only"))
    }

    /// The path of a library that the dynamic linker holds already.
    pub(super) fn known(path: OsString) -> Self {
        Self {
            path,
            #[cfg(any(target_os = "linux", target_os = "android"))]
            _file: None,
            _held: None,
        }
    }
}

/// Loads what an extension module needs, before it is opened itself.
///
/// The dynamic linker takes a library that it has for one that is needed when the names are the same (`DT_SONAME`), and
/// then looks for no file.
pub(super) fn load_needed(py: Token<'_>, name: &str, module: &Module<'_>) -> Result<(), Exception> {
    let fail = |reason: String| {
        Exception::import_error(py, &format!("cannot import `{name}`: {reason}"), name)
    };
    let archives = &runtime::get(py)?.archives;
    let needed =
        libraries::needed(archives, module.path()).map_err(|error| fail(error.to_string()))?;
    for library in needed {
        if LOADED.get_or_init(Mutex::default).lock().contains(library.path()) {
            continue;
        }
        // Not under the lock: what fails makes a Python exception. Two interpreters may both come here, and a library is
        // then mapped twice, of which the dynamic linker takes the first.
        let contents = library.contents().map_err(|error| fail(error.to_string()))?;
        let opened = OpenPath::new(py, library.path(), library.path(), library.id(), &contents)?;
        open(&opened.path)
            .map_err(|error| fail(format!("it needs `{}`: {error}", library.path())))?;
        LOADED.get_or_init(Mutex::default).lock().insert(library.path().to_owned());
    }
    Ok(())
}

/// Loads a library, for good.
#[cfg(unix)]
fn open(path: &OsStr) -> Result<(), String> {
    use std::ffi::CStr;
    use std::os::unix::ffi::OsStrExt;

    let path = CString::new(path.as_bytes()).map_err(|error| error.to_string())?;
    // SAFETY: a C string; the library comes from the archive as the extension modules do, which CPython opens so.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_LAZY | libc::RTLD_LOCAL) };
    if !handle.is_null() {
        return Ok(());
    }
    // SAFETY: no argument.
    let message = unsafe { libc::dlerror() };
    if message.is_null() {
        return Err("the dynamic linker gave no reason".to_owned());
    }
    // SAFETY: a C string of the dynamic linker's, valid until this thread's next call of it.
    Err(unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned())
}

/// Elsewhere an archive has no list of needed libraries: only ELF files are read for it.
#[cfg(not(unix))]
fn open(_path: &OsStr) -> Result<(), String> {
    Err("libraries are loaded from the archive on systems with ELF files only".to_owned())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod memory {
    //! Files that have no name on any disk.

    use std::ffi::{CString, OsString};
    use std::fs::File;
    use std::io::{self, Write};
    use std::os::fd::{AsRawFd, FromRawFd};
    use std::sync::atomic::{AtomicU64, Ordering};

    static COUNT: AtomicU64 = AtomicU64::new(0);

    /// A file in memory with these contents, and a path to it that no other file of this process ever had.
    ///
    /// The dynamic linker takes a library for one that it has when the *path* is the same (glibc, `elf/dl-load.c`), and
    /// the number of a closed descriptor comes back: so the path spells a counter, in slashes that mean nothing.
    pub(super) fn file(name: &str, contents: &[u8]) -> io::Result<(File, OsString)> {
        let label = CString::new(name).unwrap_or_default();
        // SAFETY: a C string; the call returns a descriptor or -1.
        let descriptor = unsafe { libc::memfd_create(label.as_ptr(), libc::MFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, and nobody else's.
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        file.write_all(contents)?;
        let path = unique_path(file.as_raw_fd(), COUNT.fetch_add(1, Ordering::Relaxed));
        Ok((file, path.into()))
    }

    /// `/proc/self/fd/N` with the counter written in binary, low bit first: `/` for 0 and `/./` for 1.
    pub(super) fn unique_path(descriptor: i32, count: u64) -> String {
        let digits = u64::BITS - count.leading_zeros();
        let spelled: String =
            (0..digits).map(|bit| if count >> bit & 1 == 1 { "/." } else { "/" }).collect();
        format!("/proc/self/fd{spelled}/{descriptor}")
    }

    #[cfg(test)]
    mod tests {
        use std::collections::HashSet;

        use super::unique_path;

        #[test]
        fn no_two_paths_are_alike() {
            let paths: HashSet<_> = (0..1000).map(|count| unique_path(7, count)).collect();
            assert_eq!(paths.len(), 1000);
            assert_eq!(unique_path(7, 0), "/proc/self/fd/7");
            assert_eq!(unique_path(7, 6), "/proc/self/fd//././7");
        }
    }
}

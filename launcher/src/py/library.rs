//! Shared libraries of the archive, opened from memory where the system can.

use std::collections::HashSet;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::sync::OnceLock;

use importer_core::{File, Module};
use parking_lot::Mutex;

use super::exception::{Exception, Kind};
use super::runtime;
use super::token::Token;
use crate::libraries;

/// The paths in the archive of the libraries that are loaded already; they stay for the life of the process.
static LOADED: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();

/// A path by which the dynamic linker can open a library, for as long as this lives.
pub(super) struct OpenPath {
    pub(super) path: OsString,
    /// The descriptor that the path names; the dynamic linker needs it only while it opens the library.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    _file: Option<std::fs::File>,
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
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match memory::file(label, contents) {
            Ok((file, path)) => return Ok(Self { path, _file: Some(file) }),
            Err(error) => {
                tracing::debug!(library = label, %error, "no memory file, using the cache");
            }
        }
        let cached = runtime::get(py)?
            .files
            .library(path, id, contents)
            .map_err(|error| Exception::new(py, Kind::Os, &error.to_string()))?;
        Ok(Self::known(cached.into_os_string()))
    }

    /// The path of a library that the dynamic linker holds already.
    pub(super) fn known(path: OsString) -> Self {
        Self {
            path,
            #[cfg(any(target_os = "linux", target_os = "android"))]
            _file: None,
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
    for group in needed {
        if let [library] = group.as_slice() {
            if LOADED.get_or_init(Mutex::default).lock().contains(library.path()) {
                continue;
            }
            // Not under the lock: what fails makes a Python exception. Two interpreters may both come here, and a library
            // is then mapped twice, of which the dynamic linker takes the first.
            let contents = library.contents().map_err(|error| fail(error.to_string()))?;
            let opened =
                OpenPath::new(py, library.path(), library.path(), library.id(), &contents)?;
            open(&opened.path)
                .map_err(|error| fail(format!("it needs `{}`: {error}", library.path())))?;
            LOADED.get_or_init(Mutex::default).lock().insert(library.path().to_owned());
        } else {
            load_group(&group).map_err(fail)?;
        }
    }
    Ok(())
}

/// Loads libraries that need each other. None can come first, so they find each other by path and not by name.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn load_group(group: &[File<'_>]) -> Result<(), String> {
    let is_loaded =
        |library: &File<'_>| LOADED.get_or_init(Mutex::default).lock().contains(library.path());
    let Some(first) = group.first().filter(|first| !is_loaded(first)) else { return Ok(()) };
    let names = group.iter().map(File::path).collect::<Vec<_>>().join("`, `");
    let fail = |reason: String| format!("it needs `{names}`, which need each other: {reason}");
    let files = group.iter().map(|library| memory::Unwritten::new(library.path()));
    let files: Vec<_> =
        files.collect::<io::Result<_>>().map_err(|error| fail(error.to_string()))?;
    for (library, file) in group.iter().zip(&files) {
        let mut contents =
            library.contents().map_err(|error| fail(error.to_string()))?.into_owned();
        for (other, at) in group.iter().zip(&files).filter(|(other, _)| other.id() != library.id())
        {
            let name = other.path().rsplit('/').next().unwrap_or_default();
            let fits = |path: &str| libraries::need_by_path(&mut contents, name, path);
            if ![&at.path, &at.short_path].map(String::as_str).into_iter().any(fits) {
                return Err(fail(format!(
                    "the name `{name}` is too short for a path in its place"
                )));
            }
        }
        file.write(&contents).map_err(|error| fail(error.to_string()))?;
    }
    let path = files.first().map(|file| OsStr::new(&file.path)).unwrap_or_default();
    open(path).map_err(fail)?;
    let mut loaded = LOADED.get_or_init(Mutex::default).lock();
    loaded.extend(group.iter().map(|library| library.path().to_owned()));
    tracing::debug!(
        library = first.path(),
        n_libraries = group.len(),
        "loaded with those that it needs and that need it"
    );
    // What has a short path keeps its descriptor's number for good: no other library may have that path.
    files.into_iter().for_each(memory::Unwritten::keep);
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn load_group(group: &[File<'_>]) -> Result<(), String> {
    let names = group.iter().map(File::path).collect::<Vec<_>>().join("`, `");
    Err(format!("it needs `{names}`, which need each other: that can be loaded from memory only"))
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
    use std::os::fd::{FromRawFd, IntoRawFd};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// From 1: a path without a count is that of a file which stays open.
    static COUNT: AtomicU64 = AtomicU64::new(1);

    /// A file in memory with these contents, and a path to it that no other file of this process ever had.
    ///
    /// The dynamic linker takes a library for one that it has when the *path* is the same (glibc, `elf/dl-load.c`), and
    /// the number of a closed descriptor comes back: so the path spells a counter, in slashes that mean nothing.
    pub(super) fn file(name: &str, contents: &[u8]) -> io::Result<(File, OsString)> {
        let unwritten = Unwritten::new(name)?;
        unwritten.write(contents)?;
        Ok((unwritten.file, unwritten.path.into()))
    }

    /// A file in memory that has its paths and nothing in it yet.
    pub(super) struct Unwritten {
        file: File,
        /// As [`file`] gives it.
        pub(super) path: String,
        /// The shortest path there is, for a file that is [kept](Self::keep).
        pub(super) short_path: String,
    }

    impl Unwritten {
        pub(super) fn new(name: &str) -> io::Result<Self> {
            let label = CString::new(name).unwrap_or_default();
            // SAFETY: a C string; the call returns a descriptor or -1.
            let descriptor = unsafe { libc::memfd_create(label.as_ptr(), libc::MFD_CLOEXEC) };
            if descriptor < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: just opened, and nobody else's.
            let file = unsafe { File::from_raw_fd(descriptor) };
            let path = unique_path(descriptor, COUNT.fetch_add(1, Ordering::Relaxed));
            Ok(Self { file, path, short_path: unique_path(descriptor, 0) })
        }

        pub(super) fn write(&self, contents: &[u8]) -> io::Result<()> {
            (&self.file).write_all(contents)
        }

        /// Leaves the file open until the process ends.
        pub(super) fn keep(self) {
            let _descriptor = self.file.into_raw_fd();
        }
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

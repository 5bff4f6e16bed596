//! Shared libraries of the archive, opened from memory where the system can.

use std::collections::HashSet;
#[cfg(unix)]
use std::ffi::CString;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use cache::LockedEntry;
use importer_core::{CopyError, File, Library, Module, Stack};
use interp_config::ExtensionLoading;
use manifest::{SYSTEM_FOLDER, layout, system_name};
#[cfg(target_os = "linux")]
use manifest::{SystemLibrary, system_library};
#[cfg(target_os = "linux")]
use mapped_libraries::{LinkerSearch, offers};
use mapped_libraries::{OpenedLibrary, open_copied, open_mapped};
#[cfg(any(target_os = "linux", target_os = "android"))]
use mapped_libraries::{Unwritten, need_by_path};
use parking_lot::Mutex;

use crate::libraries;
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::token::Token;
#[cfg(windows)]
use crate::py::native::windows_library;
use crate::py::process::runtime::{self, Runtime};

/// The paths in the archive of the libraries that are loaded already; they stay for the life of the process.
static LOADED: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();

/// A path by which the dynamic linker can open a library, for as long as this lives.
pub(in crate::py) struct OpenPath {
    pub(in crate::py) path: OsString,
    /// The file in memory that the path names; the dynamic linker needs it only while it opens the library.
    _opened: Option<OpenedLibrary>,
    /// The file in the cache that the path names, likewise.
    _held: Option<LockedEntry>,
}

impl OpenPath {
    /// A path to that library. `label` is its name in memory, for people; `path` is its place in the archive.
    pub(in crate::py) fn new(
        py: Token<'_>,
        label: &str,
        path: &str,
        library: &Library<'_>,
    ) -> Result<Self, Exception> {
        let runtime = runtime::get(py)?;
        let fail = |reason: String| Exception::import_error(py, &reason, label);
        let extensions = runtime.config.extensions;
        if extensions != ExtensionLoading::Cache {
            match Self::in_memory(runtime, label, library) {
                Ok(opened) => return Ok(opened),
                Err(CopyError::Damaged(error)) => {
                    let message = format!("cannot import `{label}`: {error}");
                    return Err(Exception::damaged(py, &message));
                }
                Err(CopyError::Write(error)) if extensions == ExtensionLoading::Memory => {
                    return Err(fail(format!(
                        "cannot load `{path}` from memory: {error}; `extensions` is `memory`, with `auto` it would be \
                         loaded from the user's cache"
                    )));
                }
                Err(CopyError::Write(error)) => {
                    tracing::debug!(library = label, %error, "no memory file, using the cache");
                }
            }
        }
        let contents = library.contents().map_err(|error| {
            Exception::damaged(py, &format!("cannot import `{label}`: {error}"))
        })?;
        match runtime.files.library(path, library.id(), &contents) {
            Ok((path, held)) => Ok(Self { _held: Some(held), ..Self::known(path.into()) }),
            Err(error) => Err(Exception::new(py, Kind::Os, &error.to_string())),
        }
    }

    /// With the archive's own pages, if the archive says how.
    fn mapped(
        archives: &Stack,
        label: &str,
        library: &Library<'_>,
    ) -> Result<Option<Self>, CopyError> {
        let layout =
            layout(library.id()).read(archives).map_err(|error| match error.into_archive() {
                Ok(damage) => CopyError::Damaged(damage),
                // It can still be copied.
                Err(other) => io::Error::other(other).into(),
            })?;
        let Some(layout) = layout else { return Ok(None) };
        open_mapped(label, library, layout).map(Self::opened).map(Some)
    }

    fn in_memory(runtime: &Runtime, label: &str, library: &Library<'_>) -> Result<Self, CopyError> {
        let mapped = match runtime.maps_libraries {
            true => Self::mapped(&runtime.archives, label, library),
            false => Ok(None),
        };
        match mapped {
            Ok(None) => {}
            Err(CopyError::Write(error)) => {
                tracing::debug!(library = label, %error, "cannot be mapped, copying it");
            }
            Ok(Some(opened)) => return Ok(opened),
            Err(damaged) => return Err(damaged),
        }
        // Only a worker's parent is one of us that may have loaded the same.
        open_copied(label, library, runtime.worker_main.is_some()).map(Self::opened)
    }

    fn opened(library: OpenedLibrary) -> Self {
        Self { path: library.path().to_owned(), _opened: Some(library), _held: None }
    }

    /// Whether the library is opened from memory, and not from a file on disk or for the second time.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    pub(in crate::py) fn is_in_memory(&self) -> bool {
        self._opened.is_some()
    }

    /// The path of a library that the dynamic linker holds already.
    pub(in crate::py) fn known(path: OsString) -> Self {
        Self { path, _opened: None, _held: None }
    }
}

/// The file of a library whose package lies in the cache with its libraries, unless all are to come from memory.
pub(in crate::py) fn on_disk(py: Token<'_>, path: &str) -> Result<Option<OsString>, Exception> {
    let runtime = runtime::get(py)?;
    if runtime.config.extensions == ExtensionLoading::Memory {
        return Ok(None);
    }
    Ok(runtime.files.library_on_disk(path).map(PathBuf::into_os_string))
}

/// Loads what an extension module needs, before it is opened itself.
///
/// The dynamic linker takes a library that it has for one that is needed when the names are the same (`DT_SONAME`), and
/// then looks for no file. Where the module `is_on_disk`, it finds what belongs to its package there by itself.
pub(in crate::py) fn load_needed(
    py: Token<'_>,
    name: &str,
    module: &Module<'_>,
    is_on_disk: bool,
) -> Result<(), Exception> {
    let fail = |reason: String| {
        Exception::import_error(py, &format!("cannot import `{name}`: {reason}"), name)
    };
    let damaged =
        |error: &dyn Display| Exception::damaged(py, &format!("cannot import `{name}`: {error}"));
    let runtime = runtime::get(py)?;
    let needed =
        libraries::needed(&runtime.archives, module.path()).map_err(|error| damaged(&error))?;
    let is_found = |library: &File<'_>| {
        is_on_disk && runtime.files.are_together(module.path(), library.path())
    };
    for group in needed {
        if !group.iter().all(is_found) {
            load(py, &group, &fail, &damaged)?;
        }
    }
    Ok(())
}

/// Loads the library of the system that the archive holds under that name, or what a library needs that lies in the
/// cache at that path; what the archive knows nothing of is left to the dynamic linker.
pub(in crate::py) fn load_named(py: Token<'_>, name: &str) -> Result<(), Exception> {
    let fail =
        |reason: String| Exception::new(py, Kind::Os, &format!("cannot load `{name}`: {reason}"));
    let damaged =
        |error: &dyn Display| Exception::damaged(py, &format!("cannot load `{name}`: {error}"));
    let runtime = runtime::get(py)?;
    let archives = &runtime.archives;
    let (path, is_system) = match runtime.files.inside(name) {
        Some(path) => {
            let path = path.replace(std::path::MAIN_SEPARATOR, "/");
            (path.trim_start_matches('/').to_owned(), false)
        }
        None if name.contains(['/', std::path::MAIN_SEPARATOR]) => return Ok(()),
        None => (format!("{SYSTEM_FOLDER}/{}", system_file(name)), true),
    };
    let Some(file) = archives.file(&path).map_err(|error| damaged(&error))? else { return Ok(()) };
    for group in libraries::needed(archives, &path).map_err(|error| damaged(&error))? {
        let is_found =
            |library: &File<'_>| !is_system && runtime.files.are_together(&path, library.path());
        if !group.iter().all(is_found) {
            load(py, &group, &fail, &damaged)?;
        }
    }
    if is_system { load(py, &[file], &fail, &damaged) } else { Ok(()) }
}

/// The name of the packed file for the name by which a library of the system is opened.
fn system_file(name: &str) -> std::borrow::Cow<'_, str> {
    if !cfg!(windows) {
        return name.into();
    }
    // Windows adds the ending to names without one.
    let name = name.to_ascii_lowercase();
    if name.contains('.') { name.into() } else { format!("{name}.dll").into() }
}

/// Loads a library, or those that need each other, unless the process has them.
fn load(
    py: Token<'_>,
    group: &[File<'_>],
    fail: &dyn Fn(String) -> Exception,
    damaged: &dyn Fn(&dyn Display) -> Exception,
) -> Result<(), Exception> {
    let [library] = group else {
        return load_group(group).map_err(|error| match error {
            CopyError::Damaged(error) => damaged(&error),
            CopyError::Write(error) => fail(error.to_string()),
        });
    };
    if LOADED.get_or_init(Mutex::default).lock().contains(library.path()) {
        return Ok(());
    }
    if !system_name(library.path()).is_some_and(|name| has_already(py, name)) {
        // Not under the lock: what fails makes a Python exception. Two interpreters may both come here, and a library is
        // then mapped twice, of which the dynamic linker takes the first.
        let contents = library.library().map_err(|error| damaged(&error))?;
        let opened = OpenPath::new(py, library.path(), library.path(), &contents)?;
        open(&opened.path)
            .map_err(|error| fail(format!("it needs `{}`: {error}", library.path())))?;
    }
    LOADED.get_or_init(Mutex::default).lock().insert(library.path().to_owned());
    Ok(())
}

/// Whether the process has a library of that name, or has it now because the system's own offers as much as is asked.
#[cfg(target_os = "linux")]
fn has_already(py: Token<'_>, name: &str) -> bool {
    if is_in_process(name) {
        return true;
    }
    let taken = runtime::get(py)
        .ok()
        .and_then(|runtime| system_library(name).read(&runtime.archives).ok().flatten());
    let Some(SystemLibrary::SystemFirst { asked }) = taken else { return false };
    let search = LinkerSearch::new(std::env::var_os("LD_LIBRARY_PATH").as_deref());
    let Some(path) = search.find(name) else { return false };
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let is_enough = std::fs::read(&path).is_ok_and(|contents| offers(&contents, &asked));
    let is_taken = is_enough && open(OsStr::new(name)).is_ok();
    tracing::debug!(library = name, path = %path.display(), is_enough, is_taken, "the system's own");
    is_taken
}

/// On Windows only what the installation of Python had beside itself is packed so, Python itself among it.
#[cfg(windows)]
fn has_already(_py: Token<'_>, name: &str) -> bool {
    windows_library::is_in_process(name)
}

/// Elsewhere, no library of the system is packed.
#[cfg(not(any(target_os = "linux", windows)))]
fn has_already(_py: Token<'_>, _name: &str) -> bool {
    false
}

/// Whether the dynamic linker has a library of that name in this process.
#[cfg(target_os = "linux")]
fn is_in_process(name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    // SAFETY: a C string; with this flag nothing is loaded, and no code runs. The handle is not given back: what is there
    // stays for the life of the process, as all libraries that are opened here.
    unsafe { !libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD).is_null() }
}

/// Loads libraries that need each other. None can come first, so they find each other by path and not by name.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn load_group(group: &[File<'_>]) -> Result<(), CopyError> {
    let is_loaded =
        |library: &File<'_>| LOADED.get_or_init(Mutex::default).lock().contains(library.path());
    let Some(first) = group.first().filter(|first| !is_loaded(first)) else { return Ok(()) };
    let names = group.iter().map(File::path).collect::<Vec<_>>().join("`, `");
    let fail = |reason: String| {
        io::Error::other(format!("it needs `{names}`, which need each other: {reason}"))
    };
    let files = group.iter().map(|library| Unwritten::new(library.path()));
    let files: Vec<_> =
        files.collect::<io::Result<_>>().map_err(|error| fail(error.to_string()))?;
    for (library, file) in group.iter().zip(&files) {
        let mut contents = library.contents()?.into_owned();
        for (other, at) in group.iter().zip(&files).filter(|(other, _)| other.id() != library.id())
        {
            let name = other.path().rsplit('/').next().unwrap_or_default();
            let fits = |path: &str| need_by_path(&mut contents, name, path);
            if ![&at.path, &at.short_path].map(String::as_str).into_iter().any(fits) {
                let reason = format!("the name `{name}` is too short for a path in its place");
                return Err(fail(reason).into());
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
    // A file with a short path keeps its descriptor's number for good: no other library may have that path.
    files.into_iter().for_each(Unwritten::keep);
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn load_group(group: &[File<'_>]) -> Result<(), CopyError> {
    let names = group.iter().map(File::path).collect::<Vec<_>>().join("`, `");
    let reason =
        format!("it needs `{names}`, which need each other: that can be loaded from memory only");
    Err(io::Error::other(reason).into())
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
    let message = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    let why = refusal(OsStr::from_bytes(path.as_bytes())).unwrap_or_default();
    Err(format!("{message}{why}"))
}

/// Why no library can be loaded from there, and the way out, for the end of a message; nothing if that is not the cause.
#[cfg(target_os = "linux")]
pub(in crate::py) fn refusal(path: &OsStr) -> Option<String> {
    use rustix::fs::{StatVfsMountFlags, statvfs};

    let folder =
        std::path::Path::new(path).parent().filter(|folder| !folder.starts_with("/proc"))?;
    let mounted = statvfs(folder).ok()?;
    mounted.f_flag.contains(StatVfsMountFlags::NOEXEC).then(|| {
        format!(
            "; the file system of `{}` is mounted with `noexec`, and no library can be loaded from there; name another \
             folder with `COLDFRAME_CACHE_DIR`",
            folder.display()
        )
    })
}

/// Elsewhere a file system is not asked.
#[cfg(not(target_os = "linux"))]
pub(in crate::py) fn refusal(_path: &OsStr) -> Option<String> {
    None
}

/// Loads a library, for good.
#[cfg(windows)]
fn open(path: &OsStr) -> Result<(), String> {
    windows_library::open(path).map_err(|error| error.to_string())
}

//! Extension modules, loaded from memory where the system can.

use std::ffi::OsString;
use std::sync::OnceLock;

use importer_core::Module;
use parking_lot::Mutex;

use super::exception::{Exception, Kind};
use super::loader;
use super::object::{Object, import};
use super::runtime;
use super::text::path_text;
use super::token::Token;

/// The path under which each library was opened, by the checksum of its contents.
///
/// Process-wide, as the dynamic linker's own table is: a library that two interpreters import, or that is imported
/// again, must be opened by the same path, or CPython would not know a single-phase module of it again.
static OPENED: OnceLock<Mutex<Vec<(u64, OsString)>>> = OnceLock::new();

/// Creates an extension module: `_imp.create_dynamic` on a library that lies in memory.
///
/// The module's `__file__` is then the virtual path that its spec says.
pub(super) fn create(
    py: Token<'_>,
    spec: &Object,
    name: &str,
    module: &Module<'_>,
) -> Result<Object, Exception> {
    let library = Library::open(py, name, module)?;
    // `create_dynamic` takes the path to open from the spec (`Python/import.c`, 3.9 to 3.15), and ours must keep saying
    // the virtual one, which other threads may read: so it gets a spec of its own.
    let opening =
        import(py, "_frozen_importlib")?.attribute(py, "ModuleSpec")?.call_with_keywords(
            py,
            &[&spec.attribute(py, "name")?, &spec.attribute(py, "loader")?],
            &[("origin", &path_text(py, &library.path)?)],
        )?;
    let create = import(py, "_imp")?.attribute(py, "create_dynamic")?;
    let created = loader::call_with_frames_removed(py, &[&create, &opening])?;
    library.opened();
    created.set_attribute(py, "__file__", &spec.attribute(py, "origin")?)?;
    Ok(created)
}

/// A library that can be opened by its path, for as long as this lives.
struct Library {
    path: OsString,
    /// The identity to remember the path under, when it was made just now.
    fresh: Option<u64>,
    /// The descriptor that the path names; the dynamic linker needs it only while it opens the library.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    _file: Option<std::fs::File>,
}

impl Library {
    fn open(py: Token<'_>, name: &str, module: &Module<'_>) -> Result<Self, Exception> {
        let id = module.extension_id();
        let known = OPENED
            .get_or_init(Mutex::default)
            .lock()
            .iter()
            .find(|(known, _)| *known == id)
            .cloned();
        if let Some((_, path)) = known {
            return Ok(Self {
                path,
                fresh: None,
                #[cfg(any(target_os = "linux", target_os = "android"))]
                _file: None,
            });
        }
        let contents = module.extension().map_err(|error| {
            Exception::import_error(py, &format!("cannot import `{name}`: {error}"), name)
        })?;
        let contents = contents.ok_or_else(|| {
            Exception::import_error(py, &format!("the archive holds no library for `{name}`"), name)
        })?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        match memory::file(name, &contents) {
            Ok((file, path)) => return Ok(Self { path, fresh: Some(id), _file: Some(file) }),
            Err(error) => tracing::debug!(module = name, %error, "no memory file, using the cache"),
        }
        let path = runtime::get(py)?
            .files
            .library(module.path(), id, &contents)
            .map_err(|error| Exception::new(py, Kind::Os, &error.to_string()))?;
        Ok(Self {
            path: path.into_os_string(),
            fresh: Some(id),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            _file: None,
        })
    }

    /// The dynamic linker holds the library now: remember its path, and let the descriptor go.
    fn opened(self) {
        if let Some(id) = self.fresh {
            OPENED.get_or_init(Mutex::default).lock().push((id, self.path));
        }
    }
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

//! The two ways from a library in an archive to a path for the dynamic linker.

use std::ffi::{OsStr, OsString};
#[cfg(copies_libraries)]
use std::fs::File;
#[cfg(maps_libraries)]
use std::sync::Arc;

use importer_core::{CopyError, Library};

use crate::layout::LibraryLayout;
#[cfg(maps_libraries)]
use crate::mapped_library::MappedLibrary;
#[cfg(copies_libraries)]
use crate::memory_file;

/// A library with a path by which the dynamic linker can open it, for as long as this lives.
#[derive(Debug)]
pub struct OpenedLibrary {
    path: OsString,
    /// The descriptor that the path names; the dynamic linker needs it only while it opens the library.
    #[cfg(copies_libraries)]
    _file: Option<File>,
    /// The pages that the library gets while it is opened, likewise.
    #[cfg(maps_libraries)]
    _mapped: Option<Arc<MappedLibrary>>,
}

impl OpenedLibrary {
    /// The path.
    pub fn path(&self) -> &OsStr {
        &self.path
    }
}

/// Opens a library with the archive's own pages. `label` is its name in memory, for people.
///
/// # Errors
///
/// [`CopyError::Damaged`], when the archive is; [`CopyError::Write`], when the system refuses or the library is not laid
/// out for it: then it can still be copied.
#[cfg(maps_libraries)]
pub fn open_mapped(
    label: &str,
    library: &Library<'_>,
    layout: LibraryLayout,
) -> Result<OpenedLibrary, CopyError> {
    let (mapped, path) = MappedLibrary::new(label, library, layout)?;
    Ok(OpenedLibrary { path, _file: None, _mapped: Some(mapped) })
}

/// Opens a library with the archive's own pages, where the system can.
///
/// # Errors
///
/// [`CopyError::Write`]: it is no such system.
#[cfg(not(maps_libraries))]
pub fn open_mapped(
    _label: &str,
    _library: &Library<'_>,
    _layout: LibraryLayout,
) -> Result<OpenedLibrary, CopyError> {
    Err(unsupported("libraries are mapped on Linux with glibc on x86-64 only"))
}

/// Opens a library that is copied whole. `label` is its name in memory, for people.
///
/// A process whose parent may have loaded the same library (`is_worker`) takes a large one from there.
///
/// # Errors
///
/// [`CopyError::Damaged`], when the archive is; [`CopyError::Write`], when the system refuses.
#[cfg(copies_libraries)]
pub fn open_copied(
    label: &str,
    library: &Library<'_>,
    is_worker: bool,
) -> Result<OpenedLibrary, CopyError> {
    let (file, path) = memory_file::open(label, library, is_worker)?;
    Ok(OpenedLibrary {
        path,
        _file: file,
        #[cfg(maps_libraries)]
        _mapped: None,
    })
}

/// Opens a library that is copied whole, where the system can.
///
/// # Errors
///
/// [`CopyError::Write`]: it is no such system.
#[cfg(not(copies_libraries))]
pub fn open_copied(
    _label: &str,
    _library: &Library<'_>,
    _is_worker: bool,
) -> Result<OpenedLibrary, CopyError> {
    Err(unsupported("this system opens libraries on disk only"))
}

#[cfg(not(all(maps_libraries, copies_libraries)))]
fn unsupported(reason: &'static str) -> CopyError {
    std::io::Error::new(std::io::ErrorKind::Unsupported, reason).into()
}

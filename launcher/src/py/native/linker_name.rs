//! The path by which the dynamic linker knows an extension module's library.
//!
//! A library is opened by a path of memory (`/proc/self/fd//./7`). CPython remembers single-phase modules by the path that it
//! opened, and C code opens a module by its `__file__` (Matplotlib and Pillow do so with `_tkinter`). glibc takes a path for a
//! library that it has if the paths are the same text, and looks for no file then; so it is told the virtual path.

use std::ffi::{CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;

/// The beginning of glibc's public `struct link_map` (`<link.h>`).
#[repr(C)]
struct LinkMap {
    _address: usize,
    name: *mut c_char,
}

/// Opens a library, for good, and has the dynamic linker know it by another path. Where that does not work the library may be
/// open, by its own path.
pub(in crate::py) fn open_as(path: &OsStr, flags: c_int, name: &OsStr) -> bool {
    let (Ok(path), Ok(name)) = (CString::new(path.as_bytes()), CString::new(name.as_bytes()))
    else {
        return false;
    };
    // SAFETY: a C string; the library comes from the archive, and CPython would open it so.
    let library = unsafe { libc::dlopen(path.as_ptr(), flags) };
    let mut map: *mut LinkMap = std::ptr::null_mut();
    if library.is_null() || is_known(&name) {
        return false;
    }
    let place = (&raw mut map).cast::<c_void>();
    // SAFETY: a library that is open; for this question the answer is a pointer to its `struct link_map`, or an error.
    if unsafe { libc::dlinfo(library, libc::RTLD_DI_LINKMAP, place) } != 0 || map.is_null() {
        return false;
    }
    // SAFETY: a C string; null if there is no memory.
    let copy = unsafe { libc::strdup(name.as_ptr()) };
    if copy.is_null() {
        return false;
    }
    // SAFETY: the map lives as long as the library, which nobody closes. Its name is one word, which another thread sees as it
    // was or as it is, and both texts live for good; glibc frees a name only with its library, by `free`.
    let old = unsafe {
        let field = &raw mut (*map).name;
        field.replace(copy)
    };
    if is_known(&name) {
        return true;
    }
    // SAFETY: as above.
    unsafe { (&raw mut (*map).name).write(old) };
    false
}

/// Whether the dynamic linker has a library of that name.
fn is_known(name: &CString) -> bool {
    // SAFETY: a C string; with this flag nothing is loaded, and no code runs.
    unsafe { !libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD).is_null() }
}

//! Libraries on Windows: opened by their whole paths, so that no folder is searched into which somebody may have put another one.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::ptr;

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleHandleExW,
    LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};

/// Loads a library, for good. The libraries that it needs are in the process already, or beside it, or Windows' own.
pub(in crate::py) fn open(path: &OsStr) -> io::Result<()> {
    let path = wide(path);
    let flags = LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32;
    // SAFETY: a wide string that ends in a zero, no handle, and flags; the library comes from the archive, as the extension
    // modules do, which CPython opens so.
    let handle = unsafe { LoadLibraryExW(path.as_ptr(), ptr::null_mut(), flags) };
    if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether the process has a library of that name. One of them is enough: Windows takes it for whatever needs the name.
pub(in crate::py) fn is_in_process(name: &str) -> bool {
    let name = wide(OsStr::new(name));
    let mut handle = ptr::null_mut();
    // SAFETY: a wide string that ends in a zero, and a place for the handle, which is not counted.
    unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
            name.as_ptr(),
            &raw mut handle,
        ) != 0
    }
}

/// The text as Windows takes it.
pub(in crate::py) fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

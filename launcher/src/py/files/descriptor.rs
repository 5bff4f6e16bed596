//! Descriptors, as Python's own C library numbers them.

use std::ffi::c_int;
use std::fs::File;
use std::path::Path;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;

#[cfg(unix)]
pub(super) fn descriptor(py: Token<'_>, file: File) -> Result<Object, Exception> {
    Object::integer(py, std::os::fd::IntoRawFd::into_raw_fd(file).into())
}

/// On Windows each C library of a process has numbers of its own, so Python's has to give it.
#[cfg(windows)]
pub(super) fn descriptor(py: Token<'_>, file: File) -> Result<Object, Exception> {
    use std::os::windows::io::{FromRawHandle as _, IntoRawHandle as _};

    let handle = file.into_raw_handle();
    let flags = Object::integer(py, libc::O_RDONLY.into())?;
    let number = Object::integer(py, handle.addr() as i64)?;
    let module = crate::py::ffi::values::import(py, "msvcrt")?;
    let given = module.call_method(py, "open_osfhandle", &[&number, &flags]);
    if given.is_err() {
        // SAFETY: nobody has taken the handle, which is that of a file.
        drop(unsafe { File::from_raw_handle(handle) });
    }
    given
}

/// Opens what lies beside the executable, as `..` out of it leads there.
#[cfg(unix)]
pub(super) fn open_beside(
    py: Token<'_>,
    path: &Path,
    flags: c_int,
    shown: &Object,
) -> Result<Object, Exception> {
    use rustix::fs::{Mode, OFlags};

    let opened = rustix::fs::open(
        path,
        OFlags::from_bits_retain(flags as u32) | OFlags::CLOEXEC,
        Mode::from_raw_mode(0o666),
    );
    let opened =
        opened.map_err(|error| super::fault::os_error(py, error.raw_os_error(), shown, None))?;
    descriptor(py, File::from(opened))
}

#[cfg(windows)]
pub(super) fn open_beside(
    py: Token<'_>,
    path: &Path,
    flags: c_int,
    _shown: &Object,
) -> Result<Object, Exception> {
    let path = crate::py::ffi::text::path_text(py, path.as_os_str())?;
    let (flags, mode) = (Object::integer(py, flags.into())?, Object::integer(py, 0o666)?);
    crate::py::ffi::values::import(py, super::POSIX)?.call_method(
        py,
        "open",
        &[&path, &flags, &mode],
    )
}

//! Whether a path of Python leads below the executable.

use std::path::{Path, PathBuf};

use pyo3_ffi as ffi;

use crate::files;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{bytes, bytes_of, path_text};
use crate::py::ffi::token::Token;
use crate::py::process::runtime::{self, Runtime};

/// The result of the first look at a path, which neither allocates nor calls Python.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstLook {
    /// It is no path, but a descriptor or nothing.
    NoPath,
    /// It does not begin with the executable's.
    Elsewhere,
    /// It does, or is to be looked at again.
    Perhaps,
}

/// Looks at an argument that may be a path; null stands for one that was not given.
///
/// # Safety
///
/// Attached; the pointer is null or a live object.
#[inline(always)]
pub(super) unsafe fn first_look(runtime: &Runtime, path: *mut ffi::PyObject) -> FirstLook {
    if path.is_null() {
        return FirstLook::NoPath;
    }
    let (mut data, mut length): (*const u8, ffi::Py_ssize_t) = (std::ptr::null(), 0);
    // SAFETY: attached; a live object, of the type that was asked for; the text or bytes live as long as it.
    unsafe {
        if ffi::PyUnicode_Check(path) != 0 {
            data = utf8(path, &mut length);
            if data.is_null() {
                // Surrogates stand for bytes that are no text.
                ffi::PyErr_Clear();
                return FirstLook::Perhaps;
            }
        } else if ffi::PyBytes_Check(path) != 0 {
            let mut start = std::ptr::null_mut();
            if ffi::PyBytes_AsStringAndSize(path, &raw mut start, &raw mut length) == 0 {
                data = start.cast_const().cast();
            }
        } else if ffi::PyLong_Check(path) != 0 || path == ffi::Py_None() {
            return FirstLook::NoPath;
        } else {
            return FirstLook::Perhaps;
        }
    }
    // SAFETY: not null: as many bytes as CPython said.
    let path = unsafe { std::slice::from_raw_parts(data, length as usize) };
    let root = runtime.root.as_encoded_bytes();
    #[cfg(windows)]
    {
        // Letters of the middle differ most, and what is shorter is no path below.
        let is_longer = path.len() > root.len() && matches!(path[root.len()], b'/' | b'\\');
        if is_longer && files::is_same_on_windows(root, &path[..root.len()]) {
            return FirstLook::Perhaps;
        }
        FirstLook::Elsewhere
    }
    // Hardly another path has a slash at that place, and only then the letters before it are compared.
    #[cfg(not(windows))]
    match path.get(root.len()) {
        Some(b'/') if path.starts_with(root) => FirstLook::Perhaps,
        Some(_) | None => FirstLook::Elsewhere,
    }
}

/// The UTF-8 of a `str`, and its length; null, with an exception, where surrogates stand for bytes that are no text.
///
/// # Safety
///
/// Attached; a live `str`, as long as the text is used.
#[inline(always)]
unsafe fn utf8(text: *mut ffi::PyObject, length: &mut ffi::Py_ssize_t) -> *const u8 {
    // Nearly all paths are ASCII, which lies in the object itself. CPython 3.14 shows no outsider the fields that say so.
    // SAFETY: attached; a live `str`, whose fields are looked at as CPython's own macros do.
    #[cfg(not(Py_3_14))]
    unsafe {
        if ffi::PyUnicode_IS_COMPACT_ASCII(text) != 0 {
            *length = ffi::PyUnicode_GET_LENGTH(text);
            return ffi::PyUnicode_1BYTE_DATA(text).cast_const();
        }
    }
    // SAFETY: attached; a live `str`.
    unsafe { ffi::PyUnicode_AsUTF8AndSize(text, length).cast() }
}

/// A path that leads below the executable.
pub(super) struct Below {
    /// The part behind the executable's path.
    pub(super) rest: Vec<u8>,
    /// It as text or bytes, for errors and results.
    pub(super) shown: Object,
}

/// The location of a path, after all of it was looked at.
pub(super) enum Location {
    Below(Below),
    /// Another path, with what `__fspath__` gave, which is not to be asked twice.
    Elsewhere(Object),
}

/// Looks at a path object.
pub(super) fn of_object(
    py: Token<'_>,
    runtime: &Runtime,
    object: &Object,
) -> Result<Location, Exception> {
    // SAFETY: attached; a live object; a new reference or null with an exception.
    let path = match unsafe { Object::from_owned(py, ffi::PyOS_FSPath(object.as_ptr())) } {
        Ok(path) => path,
        // CPython's own function says it in its own words.
        Err(error) if error.is_type_error(py) => {
            return Ok(Location::Elsewhere(object.clone_ref(py)));
        }
        Err(error) => return Err(error),
    };
    let rest = match encoded(py, &path) {
        Some(encoded) if !encoded.contains(&0) => {
            below_root(runtime, &encoded).filter(|rest| !rest.is_empty())
        }
        Some(_) | None => None,
    };
    Ok(match rest {
        Some(rest) => Location::Below(Below { rest, shown: path }),
        None => Location::Elsewhere(path),
    })
}

fn below_root(runtime: &Runtime, path: &[u8]) -> Option<Vec<u8>> {
    let root = runtime.root.as_encoded_bytes();
    #[cfg(windows)]
    return files::below_on_windows(root, path);
    #[cfg(not(windows))]
    files::below(root, path).map(<[u8]>::to_vec)
}

/// On Windows only the executable's own path leads below it; as it stands it is the top, where a folder is asked for.
#[cfg(windows)]
pub(super) fn by_links(py: Token<'_>, runtime: &Runtime, object: &Object) -> Option<Below> {
    // SAFETY: attached; a live object; a new reference or null with an exception, which is cleared.
    let path = unsafe { Object::from_owned(py, ffi::PyOS_FSPath(object.as_ptr())) }.ok()?;
    let rest = below_root(runtime, &encoded(py, &path)?).filter(Vec::is_empty)?;
    Some(Below { rest, shown: path })
}

/// Looks at a path of which the system says that something on it is no folder.
#[cfg(not(windows))]
pub(super) fn by_links(py: Token<'_>, runtime: &Runtime, object: &Object) -> Option<Below> {
    // SAFETY: attached; a live object; a new reference or null with an exception, which is cleared.
    let path = unsafe { Object::from_owned(py, ffi::PyOS_FSPath(object.as_ptr())) }.ok()?;
    let encoded = encoded(py, &path)?;
    let rest = files::links::below(Path::new(&runtime.root), &encoded)?;
    Some(Below { rest, shown: path })
}

/// The bytes of a path as the system has it; `None` for what is neither text nor bytes, or cannot be encoded.
fn encoded(py: Token<'_>, path: &Object) -> Option<Vec<u8>> {
    let made = if path.is_text() {
        // SAFETY: attached; a live `str`; a new reference or null with an exception, which is dropped.
        unsafe { Object::from_owned(py, ffi::PyUnicode_EncodeFSDefault(path.as_ptr())) }.ok()?
    } else {
        path.clone_ref(py)
    };
    bytes_of(py, &made).ok().map(<[u8]>::to_vec)
}

impl Below {
    /// A path as text or bytes, as this one is.
    pub(super) fn alike(&self, py: Token<'_>, path: &[u8]) -> Result<Object, Exception> {
        if self.shown.is_text() { path_text(py, &system_text(path)) } else { bytes(py, path) }
    }
}

/// Bytes of a path, as the system has it.
#[cfg(not(windows))]
fn system_text(path: &[u8]) -> std::borrow::Cow<'_, std::ffi::OsStr> {
    <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(path).into()
}

/// The same on Windows, with what stands for no text replaced: no path below the executable has it.
#[cfg(windows)]
fn system_text(path: &[u8]) -> std::borrow::Cow<'_, std::ffi::OsStr> {
    match String::from_utf8_lossy(path) {
        std::borrow::Cow::Borrowed(text) => std::ffi::OsStr::new(text).into(),
        std::borrow::Cow::Owned(text) => std::ffi::OsString::from(text).into(),
    }
}

/// The path of what lies beside the executable.
pub(super) fn beside(runtime: &Runtime, rest: &[u8]) -> PathBuf {
    let folder = Path::new(&runtime.root).parent().unwrap_or(Path::new("/"));
    let mut path = folder.as_os_str().to_owned();
    path.push(std::path::MAIN_SEPARATOR_STR);
    path.push(system_text(rest));
    path.into()
}

/// The facts of this process.
#[inline(always)]
pub(super) fn runtime() -> Option<&'static Runtime> {
    runtime::get_if_set()
}

//! Text between Rust and Python.

#[cfg(not(windows))]
use std::ffi::CString;
use std::ffi::{OsStr, OsString};

use pyo3_ffi as ffi;

#[cfg(not(windows))]
use crate::py::ffi::exception::Kind;
use crate::py::ffi::exception::{Exception, status};
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;

/// A Python `str`.
pub(in crate::py) fn text(py: Token<'_>, value: &str) -> Result<Object, Exception> {
    // SAFETY: attached; pointer and length describe `value`; a new reference or null with an exception.
    unsafe {
        Object::from_owned(
            py,
            ffi::PyUnicode_FromStringAndSize(value.as_ptr().cast(), value.len() as ffi::Py_ssize_t),
        )
    }
}

/// A Python `str` from the bytes of a path or an argument, as `os.fsdecode` makes it.
///
/// It also works before Python's codecs are there, which is when the first module is imported.
#[cfg(windows)]
pub(in crate::py) fn path_text(py: Token<'_>, value: &OsStr) -> Result<Object, Exception> {
    let wide: Vec<libc::wchar_t> = std::os::windows::ffi::OsStrExt::encode_wide(value).collect();
    // SAFETY: attached; pointer and length describe `wide`; a new reference or null with an exception.
    unsafe {
        Object::from_owned(
            py,
            ffi::PyUnicode_FromWideChar(wide.as_ptr(), wide.len() as ffi::Py_ssize_t),
        )
    }
}

/// A Python `str` from the bytes of a path or an argument, as `os.fsdecode` makes it.
///
/// It also works before Python's codecs are there, which is when the first module is imported.
#[cfg(not(windows))]
pub(in crate::py) fn path_text(py: Token<'_>, value: &OsStr) -> Result<Object, Exception> {
    // Before the codecs are there, CPython reads up to the first NUL, whatever length it is told.
    let Ok(value) = CString::new(value.as_encoded_bytes()) else {
        return Err(Exception::new(
            py,
            Kind::Value,
            &format!("the path {value:?} holds a NUL character"),
        ));
    };
    // SAFETY: attached; a C string; a new reference or null with an exception.
    unsafe { Object::from_owned(py, ffi::PyUnicode_DecodeFSDefault(value.as_ptr())) }
}

/// A Python `str` from UTF-8 in which lone surrogates may stand encoded, as [`crate::literal`] gives them.
pub(in crate::py) fn surrogate_text(py: Token<'_>, bytes: &[u8]) -> Result<Object, Exception> {
    // SAFETY: attached; pointer and length describe `bytes`; a new reference or null with an exception.
    unsafe {
        Object::from_owned(
            py,
            ffi::PyUnicode_DecodeUTF8(
                bytes.as_ptr().cast(),
                bytes.len() as ffi::Py_ssize_t,
                c"surrogatepass".as_ptr(),
            ),
        )
    }
}

/// The text of a Python `str`; lone surrogates, which Rust's strings cannot hold, are replaced.
pub(in crate::py) fn read_text(py: Token<'_>, value: &Object) -> Result<String, Exception> {
    if let Some(text) = with_utf8(py, value, str::to_owned) {
        return Ok(text);
    }
    drop(Exception::take_if_raised(py));
    // SAFETY: attached; live; a new reference or null with an exception (a TypeError when it is no `str`).
    let bytes = unsafe {
        Object::from_owned(
            py,
            ffi::PyUnicode_AsEncodedString(value.as_ptr(), c"utf-8".as_ptr(), c"replace".as_ptr()),
        )
    }?;
    Ok(String::from_utf8_lossy(bytes_of(py, &bytes)?).into_owned())
}

/// The path that a Python `str` names, as `os.fsencode` gives it in UTF-8 mode: bytes that are no text stand in it as
/// lone surrogates.
pub(in crate::py) fn path_of(py: Token<'_>, value: &Object) -> Result<OsString, Exception> {
    if let Some(path) = with_utf8(py, value, |path| OsString::from(path)) {
        return Ok(path);
    }
    drop(Exception::take_if_raised(py));
    let (encoding, errors) = match cfg!(windows) {
        // Surrogates are characters of paths there.
        true => (c"utf-16-le", c"surrogatepass"),
        false => (c"utf-8", c"surrogateescape"),
    };
    // SAFETY: attached; live; a new reference or null with an exception (a TypeError when it is no `str`).
    let bytes = unsafe {
        Object::from_owned(
            py,
            ffi::PyUnicode_AsEncodedString(value.as_ptr(), encoding.as_ptr(), errors.as_ptr()),
        )
    }?;
    let bytes = bytes_of(py, &bytes)?;
    #[cfg(not(windows))]
    return Ok(std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec()));
    #[cfg(windows)]
    {
        let (units, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        Ok(std::os::windows::ffi::OsStringExt::from_wide(&units))
    }
}

/// Lends the UTF-8 of a `str` to `use_it` without copying; `None`, with an exception set, when it has none.
pub(in crate::py) fn with_utf8<T>(
    _py: Token<'_>,
    value: &Object,
    use_it: impl FnOnce(&str) -> T,
) -> Option<T> {
    let mut length: ffi::Py_ssize_t = 0;
    // SAFETY: attached; a live object (not a `str`: null and an exception); the buffer lives as long as the object.
    let data = unsafe { ffi::PyUnicode_AsUTF8AndSize(value.as_ptr(), &raw mut length) };
    if data.is_null() {
        return None;
    }
    // SAFETY: CPython promises `length` bytes of valid UTF-8 there, kept by the object that `value` keeps.
    let text = unsafe {
        std::str::from_utf8_unchecked(std::slice::from_raw_parts(data.cast(), length as usize))
    };
    Some(use_it(text))
}

/// A Python `bytes`.
pub(in crate::py) fn bytes(py: Token<'_>, value: &[u8]) -> Result<Object, Exception> {
    // SAFETY: attached; pointer and length describe `value`; a new reference or null with an exception.
    unsafe {
        Object::from_owned(
            py,
            ffi::PyBytes_FromStringAndSize(value.as_ptr().cast(), value.len() as ffi::Py_ssize_t),
        )
    }
}

/// The contents of a Python `bytes`.
pub(in crate::py) fn bytes_of<'a>(py: Token<'_>, value: &'a Object) -> Result<&'a [u8], Exception> {
    let mut data = std::ptr::null_mut();
    let mut length: ffi::Py_ssize_t = 0;
    // SAFETY: attached; a live object; the two places are written when it is a `bytes`, else -1 with an exception.
    let outcome =
        unsafe { ffi::PyBytes_AsStringAndSize(value.as_ptr(), &raw mut data, &raw mut length) };
    status(py, outcome)?;
    // SAFETY: CPython promises `length` bytes there for as long as the object lives, and `bytes` never change.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), length as usize) })
}

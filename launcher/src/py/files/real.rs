//! Paths that C code and other programs are given: the file is put into the cache, and its path there is handed over.

use std::ffi::{c_int, c_void};
use std::path::PathBuf;
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::fault::{SUPPORT, failed};
use super::location::{self, Below, FirstLook, Location};
use crate::files::{self, Fault, Found};
use crate::py::ffi::boundary::returning_object;
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::path_of;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, tuple};
use crate::py::native::library::load_named;
use crate::py::process::runtime::{self, Runtime};

/// The path on disk of what a path below the executable leads to; any other path is given back.
pub(in crate::py) fn path(
    py: Token<'_>,
    runtime: &Runtime,
    object: &Object,
) -> Result<Object, Exception> {
    let below = match location::of_object(py, runtime, object)? {
        Location::Below(below) => below,
        Location::Elsewhere(path) => {
            if let Some(log) = &runtime.opened
                && path.is_text()
            {
                log.given_away(path_of(py, &path)?.as_ref());
            }
            return Ok(path);
        }
    };
    match files::find(&runtime.archives, &below.rest) {
        Ok(found) => of(py, runtime, &below, &found),
        Err(Fault::Damaged(error)) => Err(failed(py, runtime, &below, Fault::Damaged(error))),
        // The error is for the caller that opens it.
        Err(_) => Ok(below.shown),
    }
}

/// The path on disk of what was found.
pub(super) fn of(
    py: Token<'_>,
    runtime: &Runtime,
    below: &Below,
    found: &Found<'_>,
) -> Result<Object, Exception> {
    // All that there is would be too much, and nobody means it.
    if matches!(found, Found::Folder(path) if path.is_empty()) {
        return Ok(below.shown.clone_ref(py));
    }
    let real = put_on_disk(py, runtime, below, found)?;
    below.alike(py, real.as_os_str().as_encoded_bytes())
}

/// Puts what was found into the cache, if it is not there yet, and gives its path there.
pub(super) fn put_on_disk(
    py: Token<'_>,
    runtime: &Runtime,
    below: &Below,
    found: &Found<'_>,
) -> Result<PathBuf, Exception> {
    let real = match found {
        Found::Outside(rest) => Ok(location::beside(runtime, rest)),
        Found::File(file) => runtime.files.real_file(&runtime.archives, file),
        Found::Folder(path) => runtime.files.real_folder(&runtime.archives, path),
    };
    let real = real.map_err(|error| match error.into_archive() {
        Ok(damage) => failed(py, runtime, below, Fault::Damaged(damage)),
        Err(error) => {
            let path = files::display(&runtime.root, &below.rest);
            let message = format!("`{path}` is to be opened outside of Python: {error}");
            Exception::new(py, Kind::Os, &message)
        }
    })?;
    tracing::debug!(path = %real.display(), "put on disk for what is not Python");
    Ok(real)
}

/// The program and the arguments with which another program is to be started.
pub(super) fn command(
    py: Token<'_>,
    program: &Object,
    arguments: &Object,
) -> Result<(Object, Object), Exception> {
    let pair = import(py, SUPPORT)?.call_method(py, "real_command", &[program, arguments])?;
    Ok((pair.item(py, 0)?, pair.item(py, 1)?))
}

/// The actions of `posix_spawn` before the program starts, some of which open files.
pub(super) fn file_actions(py: Token<'_>, actions: &Object) -> Result<Object, Exception> {
    import(py, SUPPORT)?.call_method(py, "real_file_actions", &[actions])
}

/// The method `dlopen` of `_cffi_backend.FFI`, as its table had it.
static DLOPEN: OnceLock<ffi::PyCFunction> = OnceLock::new();

const BY_TUPLE: c_int = ffi::METH_VARARGS;

/// Puts ours in the place of the method `dlopen` of a type whose table is a static one, once for the process.
pub(in crate::py) fn redirect_dlopen(py: Token<'_>, class: &Object) -> Result<(), Exception> {
    let Some(method) = class.attribute_or_none(py, "dlopen")? else { return Ok(()) };
    // SAFETY: a live object, which is looked at as a method's descriptor only if it is one; its definition lives as long as the
    // library that has it, which is never closed; its function is of the type that its flags say. The same function is put
    // there again by another interpreter.
    unsafe {
        if ffi::Py_TYPE(method.as_ptr()) != &raw mut ffi::PyMethodDescr_Type {
            return Ok(());
        }
        let definition = (*method.as_ptr().cast::<ffi::PyMethodDescrObject>()).d_method;
        let ours = dlopen as *mut c_void;
        if (*definition).ml_flags == BY_TUPLE
            && (*definition).ml_meth.PyCFunction as *mut c_void != ours
        {
            DLOPEN.get_or_init(|| (*definition).ml_meth.PyCFunction);
            (*definition).ml_meth = ffi::PyMethodDefPointer { PyCFunction: dlopen };
        }
    }
    Ok(())
}

/// `dlopen(self, name, flags)`.
unsafe extern "C" fn dlopen(
    this: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with a live tuple; the original is of the type that its flags said, and gives a new
    // reference or null with an exception.
    unsafe {
        returning_object(|py| {
            let real = with_real_path(py, arguments)?;
            let arguments = real.as_ref().map_or(arguments, Object::as_ptr);
            let original = DLOPEN.get().ok_or_else(|| Exception::take(py))?;
            Object::from_owned(py, original(this, arguments))
        })
    }
}

/// The same arguments with the path on disk of a library that lies in the archives, and what it needs loaded.
///
/// # Safety
///
/// Attached; a live tuple.
unsafe fn with_real_path(
    py: Token<'_>,
    arguments: *mut ffi::PyObject,
) -> Result<Option<Object>, Exception> {
    let runtime = runtime::get(py)?;
    // SAFETY: as the caller promises; what is lent lives as long as the tuple.
    let (count, first) = unsafe {
        let count = ffi::PyTuple_Size(arguments);
        let first =
            if count > 0 { ffi::PyTuple_GetItem(arguments, 0) } else { std::ptr::null_mut() };
        (count, first)
    };
    // SAFETY: as above; null or a live object.
    if unsafe { location::first_look(runtime, first) } != FirstLook::Perhaps {
        return Ok(None);
    }
    let mut items = Vec::new();
    for position in 0..count {
        // SAFETY: as above.
        let item = unsafe { Object::from_borrowed(py, ffi::PyTuple_GetItem(arguments, position)) };
        let item = item.ok_or_else(|| Exception::take(py))?;
        if position > 0 || !item.is_text() {
            items.push(item);
            continue;
        }
        let real = path(py, runtime, &item)?;
        if let Some(name) = path_of(py, &real)?.to_str() {
            load_named(py, name)?;
        }
        items.push(real);
    }
    tuple(py, &items).map(Some)
}

//! Opening: `os.open`, and `io.FileIO`, by which `open`, `io.open` and `io.open_code` open all files.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::ptr;
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::descriptor::{descriptor, open_beside};
use super::fault::{failed, os_error};
use super::location::{self, Below, FirstLook, Location};
use super::memory::{self, Wanted};
use crate::files::{self, Fault, Found, OPENED_FOLDER};
use crate::py::ffi::boundary::{returning_object, returning_status};
use crate::py::ffi::definition::Methods;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::exception::status;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::process::runtime::Runtime;

/// Opens what was found.
pub(super) fn open(
    py: Token<'_>,
    runtime: &Runtime,
    below: &Below,
    found: &Found<'_>,
    flags: c_int,
) -> Result<File, Exception> {
    let refused = |code| Err(os_error(py, code, &below.shown, None));
    let writes = flags & ACCESS_MODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0;
    let creates = flags & libc::O_CREAT != 0;
    let file = match found {
        _ if creates && flags & libc::O_EXCL != 0 => return refused(libc::EEXIST),
        Found::File(file) => file,
        Found::Folder(_) | Found::Outside(_) => return refused(OPENED_FOLDER.0),
    };
    #[cfg(unix)]
    if flags & libc::O_DIRECTORY != 0 {
        return refused(libc::ENOTDIR);
    }
    if writes {
        return refused(libc::EROFS);
    }
    let failed = |fault| failed(py, runtime, below, fault);
    let contents = file.contents().map_err(|error| failed(Fault::Damaged(error)))?;
    let made = memory::make(&Wanted {
        name: file.path().rsplit('/').next().unwrap_or_default(),
        contents: &contents,
        mode: files::mode(file).map_err(failed)?,
        changed: runtime.facts().time(),
    });
    made.or_else(|error| refused(error.raw_os_error().unwrap_or(libc::EIO)))
}

/// The bits of the flags that say whether is read or written, on all systems.
pub(super) const ACCESS_MODE: c_int = 3;

/// The number of a descriptor that is for reading alone.
pub(super) fn for_reading(py: Token<'_>, file: File) -> Result<Object, Exception> {
    descriptor(py, memory::for_reading(file))
}

/// CPython's `io.FileIO.__init__`.
static ORIGINAL: OnceLock<ffi::initproc> = OnceLock::new();

/// Puts our initialiser into `io.FileIO`, which is a static type before 3.12, and one of each interpreter from then on.
///
/// `open` and the others make files by that type, and so do programs. Its slot, and what its descriptor `__init__` calls, are
/// changed together, so that types that inherit from it (which take the descriptor's) have it too.
pub(super) fn redirect(py: Token<'_>, io: &Object) -> Result<(), Exception> {
    let class = io.attribute(py, "FileIO")?;
    let descriptor = class.attribute(py, "__init__")?;
    let class = class.as_ptr().cast::<ffi::PyTypeObject>();
    // SAFETY: a live type, and a live object that is looked at as a slot's wrapper only if it is one. The type is changed
    // before there is a second thread in its interpreter; both are fields of public structs of CPython.
    unsafe {
        if ffi::Py_TYPE(descriptor.as_ptr()) != &raw mut ffi::PyWrapperDescr_Type {
            return Ok(());
        }
        let descriptor = descriptor.as_ptr().cast::<ffi::PyWrapperDescrObject>();
        let Some(original) = (*class).tp_init else { return Ok(()) };
        if (*descriptor).d_wrapped == initialise as *mut c_void
            || (*descriptor).d_wrapped != original as *mut c_void
        {
            return Ok(());
        }
        ORIGINAL.get_or_init(|| original);
        (*descriptor).d_wrapped = initialise as *mut c_void;
        (*class).tp_init = Some(initialise);
    }
    Ok(())
}

/// `io.FileIO.__init__(self, file, mode="r", closefd=True, opener=None)`.
unsafe extern "C" fn initialise(
    this: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    names: *mut ffi::PyObject,
) -> c_int {
    let (Some(original), Some(runtime)) = (ORIGINAL.get(), location::runtime()) else { return -1 };
    // SAFETY: CPython calls this attached, with a tuple, and a dictionary or null; what is lent lives as long as they do,
    // and the caller keeps them.
    unsafe {
        let file = argument(arguments, names, 0, c"file".as_ptr());
        let opener = argument(arguments, names, 3, c"opener".as_ptr());
        let has_opener = !opener.is_null() && opener != ffi::Py_None();
        let look = if has_opener { FirstLook::NoPath } else { location::first_look(runtime, file) };
        if look != FirstLook::Perhaps {
            let outcome = original(this, arguments, names);
            let may_be_ours = outcome < 0
                && look == FirstLook::Elsewhere
                && ffi::PyErr_ExceptionMatches(ffi::PyExc_NotADirectoryError) != 0;
            if !may_be_ours {
                return outcome;
            }
        }
        returning_status(|py| {
            let mut failed = Exception::take_if_raised(py);
            let file = Object::from_borrowed(py, file).ok_or_else(|| Exception::take(py))?;
            if failed.is_none() && !is_below(py, runtime, &file)? {
                match status(py, original(this, arguments, names)) {
                    Err(error) if error.is_not_a_folder(py) => failed = Some(error),
                    outcome => return outcome,
                }
            }
            if let Some(error) = failed
                && location::by_links(py, runtime, &file).is_none()
            {
                drop(Exception::take_if_raised(py));
                return Err(error);
            }
            let with_opener = with_opener(py, names)?;
            // `open` gives its own `None` by position.
            let others = ffi::PyTuple_GetSlice(arguments, 0, 3);
            let others = Object::from_owned(py, others)?;
            status(py, original(this, others.as_ptr(), with_opener.as_ptr()))
        })
    }
}

fn is_below(py: Token<'_>, runtime: &Runtime, file: &Object) -> Result<bool, Exception> {
    Ok(matches!(location::of_object(py, runtime, file)?, Location::Below(_)))
}

/// An argument by its place or name, borrowed; null if it was not given.
///
/// # Safety
///
/// Attached; a live tuple, a live dictionary or null, and a C string.
unsafe fn argument(
    arguments: *mut ffi::PyObject,
    names: *mut ffi::PyObject,
    place: ffi::Py_ssize_t,
    name: *const std::ffi::c_char,
) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        if place < ffi::PyTuple_GET_SIZE(arguments) {
            ffi::PyTuple_GET_ITEM(arguments, place)
        } else if names.is_null() {
            ptr::null_mut()
        } else {
            ffi::PyDict_GetItemString(names, name)
        }
    }
}

/// The same names, and our opener.
fn with_opener(py: Token<'_>, names: *mut ffi::PyObject) -> Result<Object, Exception> {
    // SAFETY: attached; null or a live dictionary, of which no other thread knows; new references or null with an exception.
    let (copy, opener) = unsafe {
        let copy = if names.is_null() { ffi::PyDict_New() } else { ffi::PyDict_Copy(names) };
        let opener =
            ffi::PyCFunction_NewEx(OPENER.0.get().cast(), ptr::null_mut(), ptr::null_mut());
        (Object::from_owned(py, copy), Object::from_owned(py, opener))
    };
    let copy = copy?;
    copy.set_item(py, &Object::text(py, "opener")?, &opener?)?;
    Ok(copy)
}

static OPENER: Methods<1> = Methods(std::cell::UnsafeCell::new([ffi::PyMethodDef {
    ml_name: c"opener".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: opener },
    ml_flags: ffi::METH_FASTCALL,
    ml_doc: c"Open a file of the archive.".as_ptr(),
}]));

/// The function that `io.FileIO` calls in place of the system: `opener(path, flags)`.
unsafe extern "C" fn opener(
    _module: *mut ffi::PyObject,
    stack: *mut *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the arguments of a vectorcall.
    unsafe {
        returning_object(|py| {
            let given = |place: ffi::Py_ssize_t| {
                let argument =
                    if place < positional { *stack.offset(place) } else { ptr::null_mut() };
                Object::from_borrowed(py, argument).ok_or_else(|| Exception::take(py))
            };
            let flags = given(1)?.to_integer(py)? as c_int;
            open_path(py, &given(0)?, flags)
        })
    }
}

fn open_path(py: Token<'_>, path: &Object, flags: c_int) -> Result<Object, Exception> {
    let runtime = crate::py::process::runtime::get(py)?;
    let below = match location::of_object(py, runtime, path)? {
        Location::Below(below) => Some(below),
        Location::Elsewhere(path) => location::by_links(py, runtime, &path),
    };
    let Some(below) = below else { return Err(os_error(py, libc::ENOENT, path, None)) };
    match files::find(&runtime.archives, &below.rest) {
        Ok(Found::Outside(rest)) => {
            open_beside(py, &location::beside(runtime, &rest), flags, &below.shown)
        }
        Ok(found) => descriptor(py, open(py, runtime, &below, &found, flags)?),
        Err(Fault::Missing { has_folder: true }) if flags & libc::O_CREAT != 0 => {
            Err(os_error(py, libc::EROFS, &below.shown, None))
        }
        Err(fault) => Err(failed(py, runtime, &below, fault)),
    }
}

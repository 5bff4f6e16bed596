//! Descriptors of folders: each is one of the folder's copy in the cache, and is said to be the folder in the archive.
//!
//! A system has no folders in memory, so `os.open` puts the folder on disk. `os.fwalk` and others compare what `os.stat` says of
//! a path with what it says of the descriptor, and leave out a folder that seems to be another one.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use super::call::Call;
use super::decision::Decision;
use super::descriptor::open_beside;
use super::location::Below;
use super::open;
use super::real;
use super::stat_result::stat_of_folder;
use crate::files::Found;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::process::runtime::Runtime;

/// A descriptor that was given for a folder of the archive.
#[derive(Clone, Debug)]
struct Opened {
    descriptor: i64,
    /// The device and the inode of the copy: the number may stand for another file by now.
    copy: [i64; 2],
    /// The folder's path in the archive.
    path: String,
}

static OPENED: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

/// Whether there is one; looked at by calls that are about descriptors.
static IS_ANY_OPENED: AtomicBool = AtomicBool::new(false);

/// Whether that is a folder which is opened for reading. All that there is (`""`) is not put on disk.
pub(super) fn can_be_opened(found: &Found<'_>, flags: c_int) -> bool {
    let is_folder = matches!(found, Found::Folder(path) if !path.is_empty());
    is_folder && flags & (open::ACCESS_MODE | libc::O_TRUNC | libc::O_CREAT) == libc::O_RDONLY
}

/// Opens a folder for reading.
pub(super) fn open(
    py: Token<'_>,
    runtime: &Runtime,
    below: &Below,
    found: &Found<'_>,
    flags: c_int,
) -> Result<Object, Exception> {
    let real = real::put_on_disk(py, runtime, below, found)?;
    let descriptor = open_beside(py, &real, flags, &below.shown)?;
    if let Err(error) = keep(py, &descriptor, found) {
        import(py, super::POSIX)?.call_method(py, "close", &[&descriptor])?;
        return Err(error);
    }
    Ok(descriptor)
}

/// Notes a descriptor that is given out.
fn keep(py: Token<'_>, descriptor: &Object, found: &Found<'_>) -> Result<(), Exception> {
    let Found::Folder(path) = found else { return Ok(()) };
    let number = descriptor.to_integer(py)?;
    let facts = import(py, super::POSIX)?.call_method(py, "fstat", &[descriptor])?;
    if let Some(copy) = identity(py, &facts) {
        let mut all = OPENED.lock();
        all.retain(|other| other.descriptor != number);
        all.push(Opened { descriptor: number, copy, path: path.clone() });
        IS_ANY_OPENED.store(true, Ordering::Release);
    }
    Ok(())
}

/// Whether what CPython's function says may be about such a descriptor.
#[inline(always)]
pub(super) fn may_be_opened(call: &Call, result: *mut ffi::PyObject) -> bool {
    call.function().decision == Decision::Stat
        && !result.is_null()
        && IS_ANY_OPENED.load(Ordering::Acquire)
}

/// The facts of the folder in the archive, where CPython's function gave those of its copy.
pub(super) fn stat_of_descriptor(
    py: Token<'_>,
    runtime: &Runtime,
    call: &Call,
    result: Object,
) -> Result<Object, Exception> {
    // SAFETY: attached, during the call; null or a live object.
    let given = unsafe { Object::from_borrowed(py, call.argument(0)) };
    // A path that is relative to a descriptor is about the copy's own parts.
    let Some(Ok(descriptor)) = given.map(|given| given.to_integer(py)) else { return Ok(result) };
    let Some(copy) = identity(py, &result) else { return Ok(result) };
    let is_it = |opened: &&Opened| opened.descriptor == descriptor && opened.copy == copy;
    let path = OPENED.lock().iter().find(is_it).map(|opened| opened.path.clone());
    match path {
        Some(path) => stat_of_folder(py, runtime, &path),
        None => Ok(result),
    }
}

/// The device and the inode; `None` for numbers that are too large to be kept.
fn identity(py: Token<'_>, facts: &Object) -> Option<[i64; 2]> {
    let number = |name| facts.attribute(py, name).ok()?.to_integer(py).ok();
    Some([number("st_dev")?, number("st_ino")?])
}

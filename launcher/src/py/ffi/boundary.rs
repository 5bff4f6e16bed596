//! The border between C and Rust: no panic crosses it, and errors become Python exceptions.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3_ffi as ffi;

use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::thread_exit::OnStack;
use crate::py::ffi::token::Token;

/// Runs the body of a function that returns a new reference to C, or null with an exception set.
///
/// # Safety
///
/// C must have called with the current thread attached.
pub(in crate::py) unsafe fn returning_object(
    body: impl FnOnce(Token<'_>) -> Result<Object, Exception>,
) -> *mut ffi::PyObject {
    // SAFETY: the caller promises that the thread is attached.
    let py = unsafe { Token::assume_attached() };
    match guarded(py, body) {
        Ok(object) => object.into_ptr(),
        Err(exception) => {
            exception.restore(py);
            ptr::null_mut()
        }
    }
}

/// Runs the body of a function that returns 0 to C, or -1 with an exception set.
///
/// # Safety
///
/// C must have called with the current thread attached.
pub(in crate::py) unsafe fn returning_status(
    body: impl FnOnce(Token<'_>) -> Result<(), Exception>,
) -> c_int {
    // SAFETY: the caller promises that the thread is attached.
    let py = unsafe { Token::assume_attached() };
    match guarded(py, body) {
        Ok(()) => 0,
        Err(exception) => {
            exception.restore(py);
            -1
        }
    }
}

/// Runs `body`, and turns a panic of ours into a `SystemError`: a defect to report, but not undefined behaviour.
pub(in crate::py) fn guarded<T>(
    py: Token<'_>,
    body: impl FnOnce(Token<'_>) -> Result<T, Exception>,
) -> Result<T, Exception> {
    let _on_stack = OnStack::enter();
    catch_unwind(AssertUnwindSafe(|| body(py))).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Exception::new(
            py,
            Kind::System,
            &format!("Coldframe panicked, please report it: {said}"),
        ))
    })
}

//! The way from a call to an answer.

use pyo3_ffi as ffi;

use super::answer;
use super::call::Call;
use super::decision::Decision;
#[cfg(unix)]
use super::folder;
use super::location::{self, Below, FirstLook, first_look};
use super::real;
use crate::py::ffi::boundary::returning_object;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::process::runtime::Runtime;

/// # Safety
///
/// Attached; the pointers are those of a vectorcall.
#[inline(always)]
pub(super) unsafe fn dispatch(call: Call) -> *mut ffi::PyObject {
    let function = call.function();
    let Some(runtime) = location::runtime() else {
        // SAFETY: as the caller promises.
        return unsafe { call.pass_on() };
    };
    let (mut perhaps, mut is_path) = (false, false);
    for parameter in function.paths {
        // SAFETY: as the caller promises.
        match unsafe { first_look(runtime, call.argument(*parameter)) } {
            // Among the arguments of a program may be one.
            _ if function.decision == Decision::Start => perhaps = true,
            FirstLook::NoPath => {}
            FirstLook::Elsewhere => is_path = true,
            FirstLook::Perhaps => perhaps = true,
        }
    }
    // SAFETY: as the caller promises.
    unsafe {
        if perhaps {
            return returning_object(|py| look_again(py, runtime, &call));
        }
        let result = call.pass_on();
        if is_path {
            if call.may_be_ours(result) {
                return returning_object(|py| by_links(py, runtime, &call, result));
            }
            return result;
        }
        #[cfg(unix)]
        if folder::may_be_opened(&call, result) {
            return returning_object(|py| {
                let result = Object::from_owned(py, result)?;
                folder::stat_of_descriptor(py, runtime, &call, result)
            });
        }
        result
    }
}

/// Goes on where a path seemed to be below the executable.
fn look_again(py: Token<'_>, runtime: &'static Runtime, call: &Call) -> Result<Object, Exception> {
    if call.function().decision == Decision::Start {
        return start(py, call);
    }
    let mut replaced = Vec::new();
    let mut found = None;
    for parameter in call.function().paths {
        // SAFETY: attached, during the call; null or a live object.
        let argument = unsafe { call.argument(*parameter) };
        // SAFETY: as above.
        let Some(object) = (unsafe { Object::from_borrowed(py, argument) }) else { continue };
        match location::of_object(py, runtime, &object)? {
            location::Location::Below(below) => {
                replaced.push((argument, below.shown.clone_ref(py)));
                found = found.or(Some((below, *parameter)));
            }
            location::Location::Elsewhere(path) => replaced.push((argument, path)),
        }
    }
    match found {
        Some((below, parameter)) => {
            call.check(py)?;
            answered(py, runtime, call, &below, parameter, &replaced)
        }
        None => {
            let result = call.pass_on_replaced(py, &replaced);
            match result {
                // SAFETY: attached; the reference is handed over.
                Ok(result) => {
                    let raw = result.into_ptr();
                    // SAFETY: attached; a live object.
                    if unsafe { call.may_be_ours(raw) } {
                        by_links(py, runtime, call, raw)
                    } else {
                        // SAFETY: the reference is ours.
                        unsafe { Object::from_owned(py, raw) }
                    }
                }
                Err(error) if error.is_not_a_folder(py) => {
                    error.restore(py);
                    by_links(py, runtime, call, std::ptr::null_mut())
                }
                Err(error) => Err(error),
            }
        }
    }
}

/// Starts another program, which reads files on disk only.
fn start(py: Token<'_>, call: &Call) -> Result<Object, Exception> {
    // SAFETY: attached, during the call; null or live objects.
    let given = [0, 1].map(|place| unsafe {
        let argument = call.argument(place);
        (argument, Object::from_borrowed(py, argument))
    });
    let [(program, Some(found)), (arguments, Some(list))] = given else {
        return call.pass_on_replaced(py, &[]);
    };
    let (real_program, real_arguments) = real::command(py, &found, &list)?;
    let mut replaced = vec![(program, real_program), (arguments, real_arguments)];
    if let Some(actions) = call.given(py, "file_actions") {
        replaced.push((actions.as_ptr(), real::file_actions(py, &actions)?));
    }
    call.pass_on_replaced(py, &replaced)
}

/// Goes on where the system said that something on a path is no folder; the result is handed over, or an exception is set.
fn by_links(
    py: Token<'_>,
    runtime: &'static Runtime,
    call: &Call,
    result: *mut ffi::PyObject,
) -> Result<Object, Exception> {
    // SAFETY: a reference that is handed over, or null with an exception.
    let result = unsafe { Object::from_owned(py, result) };
    // They are about other folders than ours.
    for parameter in ["dir_fd", "src_dir_fd", "dst_dir_fd"] {
        if call.given(py, parameter).is_some() {
            return result;
        }
    }
    for parameter in call.function().paths {
        // SAFETY: attached, during the call; null or a live object.
        let argument = unsafe { call.argument(*parameter) };
        // SAFETY: as above.
        let Some(object) = (unsafe { Object::from_borrowed(py, argument) }) else { continue };
        let below = location::by_links(py, runtime, &object);
        drop(Exception::take_if_raised(py));
        // The executable itself is a file, but where a folder is asked for.
        let below = below.filter(|below| {
            !below.rest.is_empty()
                || matches!(call.function().decision, Decision::List | Decision::Scan)
        });
        if let Some(below) = below {
            return answered(py, runtime, call, &below, *parameter, &[]);
        }
    }
    result
}

fn answered(
    py: Token<'_>,
    runtime: &'static Runtime,
    call: &Call,
    below: &Below,
    parameter: usize,
    replaced: &[(*mut ffi::PyObject, Object)],
) -> Result<Object, Exception> {
    // SAFETY: attached, during the call.
    let argument = unsafe { call.argument(parameter) };
    answer::answer(py, runtime, call, below, parameter > 0, |other: Object| {
        let mut replaced: Vec<_> =
            replaced.iter().map(|(old, new)| (*old, new.clone_ref(py))).collect();
        replaced.retain(|(old, _)| *old != argument);
        replaced.push((argument, other));
        call.pass_on_replaced(py, &replaced)
    })
}

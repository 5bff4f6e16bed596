//! An audit hook that writes down the files that Python code opens, or gives to C code and other programs (`open_log`).
//!
//! It is added before Python starts, so that it sees all interpreters, and only where a log was asked for.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;

use pyo3_ffi as ffi;

use crate::error::Error;
use crate::open_log::OpenLog;
use crate::py::ffi::boundary::returning_status;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{bytes_of, path_of};
use crate::py::ffi::token::Token;
use crate::py::process::runtime;

/// The C type of a hook.
type Hook = unsafe extern "C" fn(*const c_char, *mut ffi::PyObject, *mut c_void) -> c_int;

// A function of the C API from 3.8 on, which pyo3-ffi does not declare (0.30).
unsafe extern "C" {
    fn PySys_AddAuditHook(hook: Hook, data: *mut c_void) -> c_int;
}

/// Adds the hook, before Python starts.
pub(in crate::py) fn add() -> Result<(), Error> {
    // SAFETY: it may be called before initialisation, as documented; the function lives as long as the process.
    if unsafe { PySys_AddAuditHook(hook, std::ptr::null_mut()) } < 0 {
        return Err(Error::start("there is no memory for the audit hook of `--record-files`"));
    }
    Ok(())
}

/// The events that are about files.
#[derive(Clone, Copy)]
enum Event {
    /// `io.open`, `io.open_code` and `os.open`, and scripts that Python itself opens: a path, a mode, and flags.
    Open,
    /// A program, its arguments, and others, the folder in which `subprocess` starts it among them.
    Start,
    /// A path that C code finds on disk anyway, or an address with one in it.
    GivenAway,
}

fn event(name: &CStr) -> Option<Event> {
    match name.to_bytes() {
        b"open" => Some(Event::Open),
        b"subprocess.Popen" | b"os.exec" | b"os.posix_spawn" => Some(Event::Start),
        b"sqlite3.connect" | b"os.chdir" => Some(Event::GivenAway),
        _ => None,
    }
}

unsafe extern "C" fn hook(
    name: *const c_char,
    arguments: *mut ffi::PyObject,
    _data: *mut c_void,
) -> c_int {
    // SAFETY: CPython gives a C string.
    let Some(event) = event(unsafe { CStr::from_ptr(name) }) else { return 0 };
    // SAFETY: CPython calls hooks attached, with a live tuple, and puts aside an exception that is set.
    unsafe {
        returning_status(|py| {
            if let Some(arguments) = Object::from_borrowed(py, arguments)
                && let Some(log) = &runtime::get(py)?.opened
            {
                // An argument that is no path, or cannot be read, is no file of ours.
                drop(written_down(py, log, event, &arguments));
            }
            Ok(())
        })
    }
}

fn written_down(
    py: Token<'_>,
    log: &OpenLog,
    event: Event,
    arguments: &Object,
) -> Result<(), Exception> {
    let first = text_of(py, &arguments.item(py, 0)?);
    match (event, first) {
        (Event::Open, Some(path)) => log.opened(Path::new(&path)),
        (Event::GivenAway, Some(path)) => log.given_away_in(&path),
        (Event::Start, program) => {
            if let Some(program) = program {
                log.started(Path::new(&program));
            }
            // It is the environment of `os.exec`, which is no text.
            if let Some(folder) = text_of(py, &arguments.item(py, 2)?) {
                log.given_away(Path::new(&folder));
            }
            let words = arguments.item(py, 1)?;
            match text_of(py, &words) {
                Some(text) => log.given_away_in(&text),
                None => {
                    // The end of a sequence is an exception.
                    for position in 0.. {
                        let word = words.item(py, position)?;
                        text_of(py, &word).iter().for_each(|text| log.given_away_in(text));
                    }
                }
            }
        }
        (Event::Open | Event::GivenAway, None) => {}
    }
    Ok(())
}

/// A path or an argument as text; nothing for numbers and the like.
fn text_of(py: Token<'_>, object: &Object) -> Option<String> {
    // SAFETY: attached; a live object; a new reference or null with an exception, which is dropped.
    let path = unsafe { Object::from_owned(py, ffi::PyOS_FSPath(object.as_ptr())) }.ok()?;
    if path.is_text() {
        return path_of(py, &path).ok()?.into_string().ok();
    }
    std::str::from_utf8(bytes_of(py, &path).ok()?).ok().map(str::to_owned)
}

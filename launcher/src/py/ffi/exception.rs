//! A raised Python exception, owned by Rust.

use std::ffi::{CStr, CString, c_int};
use std::fmt;

use pyo3_ffi as ffi;

use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;

/// A Python exception that was raised and taken out of the interpreter's error indicator.
///
/// Its `Display` is the name of its type (`ValueError`): the message is Python's to give, and [`describe`](Self::describe) asks for
/// it. Hooks of a Rust program get one that knows its call, and so says its message (`bound.rs`).
pub(crate) struct Exception {
    value: Object,
    /// The name of its type, taken with the exception, because `Display` has no [`Token`] to ask Python with.
    pub(in crate::py) summary: String,
}

/// The built-in exceptions that Coldframe itself raises.
#[derive(Clone, Copy, Debug)]
pub(in crate::py) enum Kind {
    Type,
    System,
    Runtime,
    Os,
    Value,
}

impl Exception {
    /// Makes an exception of ours.
    pub(in crate::py) fn new(py: Token<'_>, kind: Kind, message: &str) -> Self {
        let message = CString::new(message.replace('\0', "\\0")).unwrap_or_default();
        // SAFETY: the static exception types live as long as the interpreter, which `py` proves to be there.
        let exception_type = unsafe {
            match kind {
                Kind::Type => ffi::PyExc_TypeError,
                Kind::System => ffi::PyExc_SystemError,
                Kind::Runtime => ffi::PyExc_RuntimeError,
                Kind::Os => ffi::PyExc_OSError,
                Kind::Value => ffi::PyExc_ValueError,
            }
        };
        // SAFETY: attached; the type is a live exception type and the message a C string.
        unsafe { ffi::PyErr_SetString(exception_type, message.as_ptr()) };
        Self::take(py)
    }

    /// Raises an exception that Python code has made.
    pub(in crate::py) fn of_value(py: Token<'_>, value: &Object) -> Self {
        // SAFETY: attached; both live; the interpreter takes references of its own.
        unsafe { ffi::PyErr_SetObject(ffi::Py_TYPE(value.as_ptr()).cast(), value.as_ptr()) };
        Self::take(py)
    }

    /// Takes the exception that the interpreter has set; a `SystemError` when, against the rules, there is none.
    pub(in crate::py) fn take(py: Token<'_>) -> Self {
        match Self::take_if_raised(py) {
            Some(exception) => exception,
            None => Self::new(py, Kind::System, "a call failed without setting an exception"),
        }
    }

    /// Takes the exception that the interpreter has set, if there is one.
    pub(in crate::py) fn take_if_raised(py: Token<'_>) -> Option<Self> {
        let value = raised_value(py)?;
        // No look at the exception before the caller wants one: `__str__` may be anybody's code,
        // and most exceptions are only passed on.
        let summary = type_name(py, &value);
        Some(Self { value, summary })
    }

    /// Gives the exception back to the interpreter, for the function that called us to return it.
    pub(in crate::py) fn restore(self, _py: Token<'_>) {
        // SAFETY: attached (`_py`); the reference is handed over to the function, which steals it.
        #[cfg(Py_3_12)]
        unsafe {
            ffi::PyErr_SetRaisedException(self.value.into_ptr());
        }
        #[cfg(not(Py_3_12))]
        {
            let value = self.value.into_ptr();
            // SAFETY: `value` is a live exception instance, so its type is live and can be owned once more.
            let exception_type = unsafe {
                let exception_type = ffi::Py_TYPE(value).cast::<ffi::PyObject>();
                ffi::Py_INCREF(exception_type);
                exception_type
            };
            // SAFETY: attached; a new reference, or null when there is no traceback.
            let traceback = unsafe { ffi::PyException_GetTraceback(value) };
            // SAFETY: attached; the three references are ours and are stolen; the last may be null.
            unsafe { ffi::PyErr_Restore(exception_type, value, traceback) };
        }
    }

    /// The exception instance.
    pub(crate) fn value(&self) -> &Object {
        &self.value
    }

    /// Whether this is an instance of the built-in exception type, or of a subclass of it.
    pub(in crate::py) fn is_system_exit(&self, py: Token<'_>) -> bool {
        // SAFETY: the static type lives as long as the interpreter.
        self.matches(py, unsafe { ffi::PyExc_SystemExit })
    }

    /// Whether this is a `TypeError`.
    pub(in crate::py) fn is_type_error(&self, py: Token<'_>) -> bool {
        // SAFETY: the static type lives as long as the interpreter.
        self.matches(py, unsafe { ffi::PyExc_TypeError })
    }

    /// Whether this is a `NotADirectoryError`.
    pub(in crate::py) fn is_not_a_folder(&self, py: Token<'_>) -> bool {
        // SAFETY: the static type lives as long as the interpreter.
        self.matches(py, unsafe { ffi::PyExc_NotADirectoryError })
    }

    /// Whether this is an `Exception`, and not one of those that end programs.
    pub(in crate::py) fn is_ordinary(&self, py: Token<'_>) -> bool {
        // SAFETY: the static type lives as long as the interpreter.
        self.matches(py, unsafe { ffi::PyExc_Exception })
    }

    /// Shows the exception where it can go no further, with what it happened in: `sys.unraisablehook`.
    pub(in crate::py) fn write_unraisable(self, py: Token<'_>, context: &Object) {
        self.restore(py);
        // SAFETY: attached; an exception is set; a live object.
        unsafe { ffi::PyErr_WriteUnraisable(context.as_ptr()) };
    }

    /// Whether this is a `KeyboardInterrupt`.
    pub(in crate::py) fn is_keyboard_interrupt(&self, py: Token<'_>) -> bool {
        // SAFETY: the static type lives as long as the interpreter.
        self.matches(py, unsafe { ffi::PyExc_KeyboardInterrupt })
    }

    /// Whether this is a `SyntaxError`.
    pub(in crate::py) fn is_syntax_error(&self, py: Token<'_>) -> bool {
        // SAFETY: the static type lives as long as the interpreter.
        self.matches(py, unsafe { ffi::PyExc_SyntaxError })
    }

    fn matches(&self, _py: Token<'_>, exception_type: *mut ffi::PyObject) -> bool {
        // SAFETY: attached; both are live objects, borrowed for the call.
        unsafe { ffi::PyErr_GivenExceptionMatches(self.value.as_ptr(), exception_type) != 0 }
    }
}

impl Object {
    /// Takes over a new reference that a C function returned; null means that it raised.
    ///
    /// # Safety
    ///
    /// `pointer` is null with an exception set, or a reference that the caller owns.
    pub(in crate::py) unsafe fn from_owned(
        py: Token<'_>,
        pointer: *mut ffi::PyObject,
    ) -> Result<Self, Exception> {
        // SAFETY: as the caller promises.
        unsafe { Self::from_owned_or_none(py, pointer) }.ok_or_else(|| Exception::take(py))
    }
}

/// Turns the status of a C function (negative: raised) into a result.
pub(in crate::py) fn status(py: Token<'_>, returned: c_int) -> Result<(), Exception> {
    if returned < 0 { Err(Exception::take(py)) } else { Ok(()) }
}

/// The name of an object's type. Nothing is raised: this is asked while an exception is taken.
fn type_name(py: Token<'_>, value: &Object) -> String {
    // SAFETY: attached; a live object has a live type; a new reference, or null with an exception, which is cleared.
    let name = unsafe {
        let name =
            ffi::PyObject_GetAttrString(ffi::Py_TYPE(value.as_ptr()).cast(), c"__name__".as_ptr());
        Object::from_owned_or_none(py, name)
    };
    // SAFETY: attached; a live object, for which CPython keeps the text that it lends; null for what is no `str`.
    let text = name.as_ref().and_then(|name| unsafe {
        let text = ffi::PyUnicode_AsUTF8(name.as_ptr());
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    });
    text.unwrap_or_else(|| {
        // SAFETY: attached.
        unsafe { ffi::PyErr_Clear() };
        "object".to_owned()
    })
}

/// The value of the error indicator, which is cleared; `None` when nothing is raised.
#[cfg(Py_3_12)]
fn raised_value(py: Token<'_>) -> Option<Object> {
    // SAFETY: attached; a new reference, or null when nothing is raised.
    unsafe { Object::from_owned_or_none(py, ffi::PyErr_GetRaisedException()) }
}

/// The value of the error indicator, which is cleared; `None` when nothing is raised.
#[cfg(not(Py_3_12))]
fn raised_value(py: Token<'_>) -> Option<Object> {
    let (mut kind, mut value, mut traceback) =
        (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: attached; the three places are written with new references or nulls.
    unsafe { ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback) };
    if kind.is_null() {
        return None;
    }
    // SAFETY: attached; the three are what Fetch gave, and are replaced by normalised ones that we own.
    unsafe { ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut traceback) };
    // SAFETY: attached; we own each of these references, or it is null.
    let (_kind, value, traceback) = unsafe {
        (
            Object::from_owned_or_none(py, kind),
            Object::from_owned_or_none(py, value),
            Object::from_owned_or_none(py, traceback),
        )
    };
    if let (Some(value), Some(traceback)) = (&value, &traceback) {
        // SAFETY: attached; a normalised value is an exception instance and the other a traceback.
        unsafe { ffi::PyException_SetTraceback(value.as_ptr(), traceback.as_ptr()) };
    }
    value
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.summary)
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Exception").field(&self.summary).finish()
    }
}

//! A call of a function of `posix`, as C hands it over, and CPython's own function for it.

use pyo3_ffi as ffi;

use super::decision::{Decision, Function};
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::with_utf8;
use crate::py::ffi::token::Token;

/// CPython's own function.
#[derive(Clone, Copy)]
pub(super) enum Original {
    ByName(ffi::PyCFunctionFastWithKeywords),
    ByPosition(ffi::PyCFunctionFast),
    /// With exactly one argument.
    Single(ffi::PyCFunction),
}

/// The arguments of a call, as C hands them over.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) module: *mut ffi::PyObject,
    pub(super) stack: *const *mut ffi::PyObject,
    pub(super) positional: ffi::Py_ssize_t,
    pub(super) names: *mut ffi::PyObject,
    pub(super) original: Original,
}

impl Call {
    #[inline(always)]
    pub(super) fn function(&self) -> &'static Function {
        self.function
    }

    /// The argument for that parameter, borrowed; null if it was not given.
    ///
    /// # Safety
    ///
    /// Attached, during the call.
    #[inline(always)]
    pub(super) unsafe fn argument(&self, parameter: usize) -> *mut ffi::PyObject {
        if (parameter as ffi::Py_ssize_t) < self.positional {
            // SAFETY: the stack holds as many live objects.
            return unsafe { *self.stack.add(parameter) };
        }
        if self.names.is_null() {
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { self.by_name(self.function().parameters[parameter]) }
    }

    /// # Safety
    ///
    /// Attached, during the call, which has names.
    unsafe fn by_name(&self, wanted: &str) -> *mut ffi::PyObject {
        // SAFETY: the names are a tuple of `str`, and the values follow the positional arguments on the stack.
        unsafe {
            for position in 0..ffi::PyTuple_Size(self.names) {
                let mut length = 0;
                let name = ffi::PyUnicode_AsUTF8AndSize(
                    ffi::PyTuple_GetItem(self.names, position),
                    &raw mut length,
                );
                if name.is_null() {
                    ffi::PyErr_Clear();
                } else if std::slice::from_raw_parts(name.cast::<u8>(), length as usize)
                    == wanted.as_bytes()
                {
                    return *self.stack.offset(self.positional + position);
                }
            }
        }
        std::ptr::null_mut()
    }

    /// The argument for that parameter.
    pub(super) fn given(&self, py: Token<'_>, parameter: &str) -> Option<Object> {
        let parameter = self.function().parameters.iter().position(|known| *known == parameter)?;
        // SAFETY: attached, and the call is not over; null or a live object.
        let given = unsafe { Object::from_borrowed(py, self.argument(parameter)) };
        given.filter(|given| !given.is_none(py))
    }

    /// Calls CPython's function with the same arguments.
    ///
    /// # Safety
    ///
    /// Attached, during the call.
    #[inline(always)]
    pub(super) unsafe fn pass_on(&self) -> *mut ffi::PyObject {
        // SAFETY: as the caller promises.
        unsafe { self.pass_on_with(self.stack) }
    }

    /// # Safety
    ///
    /// Attached, during the call; the stack holds as many live objects as the call's.
    #[inline(always)]
    unsafe fn pass_on_with(&self, stack: *const *mut ffi::PyObject) -> *mut ffi::PyObject {
        // SAFETY: CPython's own function, with a vectorcall's arguments for it; a new reference or null with an exception.
        unsafe {
            match self.original {
                Original::ByName(function) => {
                    function(self.module, stack, self.positional, self.names)
                }
                Original::ByPosition(function) => {
                    function(self.module, stack.cast_mut(), self.positional)
                }
                Original::Single(function) => function(self.module, *stack),
            }
        }
    }

    /// Calls CPython's function with other objects in place of arguments.
    pub(super) fn pass_on_replaced(
        &self,
        py: Token<'_>,
        replaced: &[(*mut ffi::PyObject, Object)],
    ) -> Result<Object, Exception> {
        // SAFETY: the names are null or a tuple.
        let named = if self.names.is_null() { 0 } else { unsafe { ffi::PyTuple_Size(self.names) } };
        let mut stack: Vec<_> = (0..self.positional + named)
            // SAFETY: the stack holds as many live objects.
            .map(|position| unsafe { *self.stack.offset(position) })
            .collect();
        for argument in &mut stack {
            if let Some((_, other)) = replaced.iter().find(|(old, _)| old == argument) {
                *argument = other.as_ptr();
            }
        }
        // SAFETY: attached; as many live objects; a new reference or null with an exception.
        unsafe { Object::from_owned(py, self.pass_on_with(stack.as_ptr())) }
    }

    /// Whether a result of CPython's function may be about a path below the executable: the system says then that something on
    /// it is no folder.
    ///
    /// # Safety
    ///
    /// Attached.
    #[inline(always)]
    pub(super) unsafe fn may_be_ours(&self, result: *mut ffi::PyObject) -> bool {
        // Windows says of a file that its name is no folder's, or that the path is not there.
        #[cfg(windows)]
        if matches!(self.function().decision, Decision::List | Decision::Scan) {
            // SAFETY: attached; static objects; an exception is set where there is no result.
            return result.is_null()
                && unsafe { ffi::PyErr_ExceptionMatches(ffi::PyExc_OSError) } != 0;
        }
        // SAFETY: attached; static objects; an exception is set where there is no result.
        unsafe {
            if result.is_null() {
                ffi::PyErr_ExceptionMatches(ffi::PyExc_NotADirectoryError) != 0
            } else {
                self.function().decision == Decision::Access && result == ffi::Py_False()
            }
        }
    }

    /// The errors of CPython's function about the arguments themselves.
    pub(super) fn check(&self, py: Token<'_>) -> Result<(), Exception> {
        let Function { name, parameters, unnamed, required, .. } = self.function();
        let wrong = |what: String| Err(Exception::new(py, Kind::Type, &format!("{name}() {what}")));
        if self.positional as usize > *unnamed {
            return wrong(format!(
                "takes at most {unnamed} positional arguments ({} given)",
                self.positional
            ));
        }
        if !self.names.is_null() {
            // SAFETY: attached; the names are a tuple of `str`.
            for position in 0..unsafe { ffi::PyTuple_Size(self.names) } {
                // SAFETY: as above; inside of the tuple.
                let found = unsafe {
                    Object::from_borrowed(py, ffi::PyTuple_GetItem(self.names, position))
                };
                let Some(found) = found else { return Err(Exception::take(py)) };
                let known = with_utf8(py, &found, |found| {
                    parameters.iter().position(|known| *known == found)
                });
                match known.flatten() {
                    Some(place) if place < self.positional as usize => {
                        let name = parameters[place];
                        return wrong(format!("got multiple values for argument '{name}'"));
                    }
                    Some(_) => {}
                    None => {
                        let found = found.to_text(py)?;
                        return wrong(format!("got an unexpected keyword argument '{found}'"));
                    }
                }
            }
        }
        for (place, parameter) in parameters.iter().enumerate().take(*required) {
            // SAFETY: attached, during the call.
            if unsafe { self.argument(place) }.is_null() {
                return wrong(format!(
                    "missing required argument '{parameter}' (pos {})",
                    place + 1
                ));
            }
        }
        Ok(())
    }
}

//! Specs that notice what is set on them, by a class of ours that they have for as long as it matters.

use std::ffi::CStr;
use std::ptr;

use pyo3_ffi as ffi;

use crate::py::ffi::boundary::returning_object;
use crate::py::ffi::exception::status;
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{text, with_utf8};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, tuple};

/// The function that stands in such a class as `__setattr__`; it goes through [`noticed`].
#[repr(transparent)]
pub(in crate::py) struct Setter(std::cell::UnsafeCell<ffi::PyMethodDef>);

// SAFETY: CPython only reads the definition.
unsafe impl Sync for Setter {}

impl Setter {
    pub(in crate::py) const fn new(function: ffi::PyCFunction) -> Self {
        Self(std::cell::UnsafeCell::new(ffi::PyMethodDef {
            ml_name: c"__setattr__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
            ml_flags: ffi::METH_VARARGS,
            ml_doc: c"Set an attribute, and see to the hooks when it is time.".as_ptr(),
        }))
    }
}

/// Gives the spec a class, made of its own one, with that `__setattr__`, which gets to know `known`.
pub(in crate::py) fn watch(
    py: Token<'_>,
    spec: &Object,
    setter: &'static Setter,
    known: &[Object],
) -> Result<(), Exception> {
    let spec_type = spec.object_type(py);
    // A built-in function is no method, so the spec is not among its arguments: it is in what the function knows.
    let mut all = vec![spec.clone_ref(py), spec_type.clone_ref(py)];
    all.extend(known.iter().map(|object| object.clone_ref(py)));
    let all = tuple(py, &all)?;
    // SAFETY: attached; the definition is static and only read; the function takes a reference to the tuple.
    let setter = unsafe {
        Object::from_owned(
            py,
            ffi::PyCFunction_NewEx(setter.0.get(), all.as_ptr(), ptr::null_mut()),
        )
    }?;
    let builtins = import(py, "builtins")?;
    let namespace =
        builtins.attribute(py, "dict")?.call_with_keywords(py, &[], &[("__setattr__", &setter)])?;
    let bases = tuple(py, &[spec_type.clone_ref(py)])?;
    let watching = spec_type
        .object_type(py)
        .call(py, &[&spec_type.attribute(py, "__name__")?, &bases, &namespace])?;
    set_plainly(py, spec, "__class__", &watching)
}

/// An attribute that is about to be set on a spec.
pub(in crate::py) struct Noticed {
    pub(in crate::py) spec: Object,
    pub(in crate::py) value: Object,
    name: Object,
    spec_type: Object,
    known: Object,
}

impl Noticed {
    /// Whether it is that attribute.
    pub(in crate::py) fn is(&self, py: Token<'_>, name: &str) -> bool {
        with_utf8(py, &self.name, |this| this == name).unwrap_or(false)
    }

    /// Sets it as if nobody watched.
    pub(in crate::py) fn set(&self, py: Token<'_>) -> Result<(), Exception> {
        set_plainly(py, &self.spec, &self.name.to_text(py)?, &self.value)
    }

    /// Gives the spec back its own class.
    pub(in crate::py) fn stop(&self, py: Token<'_>) -> Result<(), Exception> {
        set_plainly(py, &self.spec, "__class__", &self.spec_type)
    }

    /// A value that the setter was made with, by its place.
    pub(in crate::py) fn known(&self, py: Token<'_>, place: isize) -> Result<Object, Exception> {
        self.known.item(py, place + 2)
    }
}

/// Runs `body` with what a [`Setter`]'s function was called for.
///
/// # Safety
///
/// CPython has called that function, with these pointers.
pub(in crate::py) unsafe fn noticed(
    known: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    body: impl FnOnce(Token<'_>, &Noticed) -> Result<(), Exception>,
) -> *mut ffi::PyObject {
    const SHAPE: &CStr = c"OO:__setattr__";
    let (mut name, mut value) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: CPython calls attached, with the tuple of `watch` and a tuple of arguments; the format asks for two
    // objects, which are borrowed from that.
    unsafe {
        if ffi::PyArg_ParseTuple(arguments, SHAPE.as_ptr(), &raw mut name, &raw mut value) == 0 {
            return ptr::null_mut();
        }
        returning_object(|py| {
            let missing = || Exception::new(py, Kind::Type, "an argument is missing");
            let known = Object::from_borrowed(py, known).ok_or_else(missing)?;
            let noticed = Noticed {
                spec: known.item(py, 0)?,
                spec_type: known.item(py, 1)?,
                name: Object::from_borrowed(py, name).ok_or_else(missing)?,
                value: Object::from_borrowed(py, value).ok_or_else(missing)?,
                known,
            };
            body(py, &noticed).map(|()| Object::none(py))
        })
    }
}

/// `object.__setattr__(target, name, value)`.
pub(in crate::py) fn set_plainly(
    py: Token<'_>,
    target: &Object,
    name: &str,
    value: &Object,
) -> Result<(), Exception> {
    let name = text(py, name)?;
    // SAFETY: attached; all live; the object takes references of its own; -1 means raised.
    status(py, unsafe {
        ffi::PyObject_GenericSetAttr(target.as_ptr(), name.as_ptr(), value.as_ptr())
    })
}

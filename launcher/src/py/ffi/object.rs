//! One owned reference to a Python object.

use std::fmt;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::py::ffi::token::Token;

/// An owned reference to a Python object; dropping it gives the reference back.
///
/// It is neither `Send` nor `Sync`, and is only made while attached:
/// so wherever one is dropped, the thread that made it is still attached.
pub(crate) struct Object(NonNull<ffi::PyObject>);

impl Object {
    /// Takes over a new reference, where null means that there is nothing.
    ///
    /// # Safety
    ///
    /// `pointer` is null, or a reference that the caller owns.
    pub(in crate::py) unsafe fn from_owned_or_none(
        _py: Token<'_>,
        pointer: *mut ffi::PyObject,
    ) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    /// Adds a reference to an object that someone else owns; null means that there is nothing.
    ///
    /// # Safety
    ///
    /// `pointer` is null or a live object.
    pub(in crate::py) unsafe fn from_borrowed(
        _py: Token<'_>,
        pointer: *mut ffi::PyObject,
    ) -> Option<Self> {
        let pointer = NonNull::new(pointer)?;
        // SAFETY: the object is live, says the caller.
        unsafe { ffi::Py_INCREF(pointer.as_ptr()) };
        Some(Self(pointer))
    }

    /// The borrowed pointer, for a call.
    pub(in crate::py) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// The address of the object, for code that uses another binding to CPython on it.
    ///
    /// The reference stays with this `Object`: take one of your own before keeping the pointer.
    pub(crate) fn as_raw(&self) -> *mut std::ffi::c_void {
        self.0.as_ptr().cast()
    }

    /// Gives the reference away.
    pub(in crate::py) fn into_ptr(self) -> *mut ffi::PyObject {
        let pointer = self.0.as_ptr();
        std::mem::forget(self);
        pointer
    }

    /// Another reference to the same object.
    pub(crate) fn clone_ref(&self, _py: Token<'_>) -> Self {
        // SAFETY: attached; `self` keeps the object alive.
        unsafe { ffi::Py_INCREF(self.as_ptr()) };
        Self(self.0)
    }

    /// Whether both are the same object, as `is` asks.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// `None`.
    pub(crate) fn none(_py: Token<'_>) -> Self {
        // SAFETY: `None` is a live object for as long as the interpreter runs.
        let none = unsafe { ffi::Py_None() };
        // SAFETY: as above; immortal or not, one more reference is ours.
        unsafe { ffi::Py_INCREF(none) };
        // SAFETY: the address of a static object is not null.
        Self(unsafe { NonNull::new_unchecked(none) })
    }

    /// Whether this is `None`.
    pub(crate) fn is_none(&self, _py: Token<'_>) -> bool {
        // SAFETY: only the address is taken.
        self.as_ptr() == unsafe { ffi::Py_None() }
    }

    /// `True` or `False`.
    pub(in crate::py) fn boolean(py: Token<'_>, value: bool) -> Self {
        // SAFETY: attached; a new reference to a static object, never null.
        unsafe { Self::from_owned_or_none(py, ffi::PyBool_FromLong(value.into())) }
            .unwrap_or_else(|| Self::none(py))
    }

    /// Whether this is a Python `str`.
    pub(in crate::py) fn is_text(&self) -> bool {
        // SAFETY: a live object.
        unsafe { ffi::PyUnicode_Check(self.as_ptr()) != 0 }
    }

    /// The object's type.
    pub(in crate::py) fn object_type(&self, py: Token<'_>) -> Self {
        // SAFETY: attached; a live object has a live type, which is not null.
        unsafe { Self::from_borrowed(py, ffi::Py_TYPE(self.as_ptr()).cast()) }
            .unwrap_or_else(|| Self::none(py))
    }

    /// Whether it can be called.
    pub(in crate::py) fn is_callable(&self, _py: Token<'_>) -> bool {
        // SAFETY: attached; a live object.
        unsafe { ffi::PyCallable_Check(self.as_ptr()) != 0 }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: an `Object` is not `Send`, so this is the thread that was attached when it was made.
        unsafe { ffi::Py_DECREF(self.as_ptr()) };
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Object").field(&self.0).finish()
    }
}

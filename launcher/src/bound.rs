//! Python objects as hooks of a Rust program get them: bound to the call of the hook, so that none outlives the interpreter.
//!
//! An owner of a reference gives it back when it is dropped, which is only sound while the interpreter lives and the thread is
//! attached. A hook could put an unbound owner into a thread-local, whose end comes later than Python's. So [`Object`] and
//! [`Exception`] carry the lifetime of the [`Token`] that the hook was called with, which nothing can lengthen, and the
//! unbound owners stay inside of this crate.
//!
//! ```compile_fail,E0521
//! # use std::cell::RefCell;
//! # use interp_config::PythonInterpreterConfig;
//! # use launcher::{Interpreter, Object};
//! thread_local!(static KEPT: RefCell<Option<Object<'static>>> = RefCell::default());
//!
//! let _ = Interpreter::builder(PythonInterpreterConfig::default()).post_import_hook("json", |imported| {
//!     KEPT.with(|kept| *kept.borrow_mut() = Some(imported.module()));
//!     Ok(())
//! });
//! ```

use std::fmt;

use crate::py::{self, Token};

/// A reference to a Python object, for as long as a hook runs.
///
/// It is neither `Send` nor `Sync`.
pub struct Object<'py> {
    object: py::Object,
    token: Token<'py>,
}

/// A Python exception that was raised and taken out of the interpreter's error indicator.
///
/// Its `Display` is the last line of a traceback, `TypeName: message`, for which Python is asked.
pub struct Exception<'py> {
    exception: py::Exception,
    token: Token<'py>,
}

impl<'py> Object<'py> {
    pub(crate) fn new(token: Token<'py>, object: py::Object) -> Self {
        Self { object, token }
    }

    /// `None`.
    pub fn none(token: Token<'py>) -> Self {
        Self::new(token, py::Object::none(token))
    }

    /// A Python `str`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises, as by all of these functions.
    pub fn text(token: Token<'py>, value: &str) -> Result<Self, Exception<'py>> {
        Self::bound(token, py::Object::text(token, value))
    }

    /// Proof that this thread is attached.
    pub fn token(&self) -> Token<'py> {
        self.token
    }

    /// The address of the object, for code that uses another binding to CPython on it.
    ///
    /// The reference stays with this `Object`: take one of your own before keeping the pointer.
    pub fn as_raw(&self) -> *mut std::ffi::c_void {
        self.object.as_raw()
    }

    /// Whether both are the same object, as `is` asks.
    pub fn is(&self, other: &Self) -> bool {
        self.object.is(&other.object)
    }

    /// Whether this is `None`.
    pub fn is_none(&self) -> bool {
        self.object.is_none(self.token)
    }

    /// `self.name`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises.
    pub fn attribute(&self, name: &str) -> Result<Self, Exception<'py>> {
        Self::bound(self.token, self.object.attribute(self.token, name))
    }

    /// `getattr(self, name, None)`, with Python's `None` taken for absent too.
    ///
    /// # Errors
    ///
    /// The exception that Python raises, but for an absent attribute.
    pub fn attribute_or_none(&self, name: &str) -> Result<Option<Self>, Exception<'py>> {
        let found = self.object.attribute_or_none(self.token, name);
        let found = found.map_err(|exception| Exception::new(self.token, exception))?;
        Ok(found.map(|object| Self::new(self.token, object)))
    }

    /// `self.name = value`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises.
    pub fn set_attribute(&self, name: &str, value: &Self) -> Result<(), Exception<'py>> {
        let set = self.object.set_attribute(self.token, name, &value.object);
        set.map_err(|exception| Exception::new(self.token, exception))
    }

    /// `self(*arguments)`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises.
    pub fn call(&self, arguments: &[&Self]) -> Result<Self, Exception<'py>> {
        let arguments: Vec<_> = arguments.iter().map(|argument| &argument.object).collect();
        Self::bound(self.token, self.object.call(self.token, &arguments))
    }

    /// `self.name(*arguments)`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises.
    pub fn call_method(&self, name: &str, arguments: &[&Self]) -> Result<Self, Exception<'py>> {
        self.attribute(name)?.call(arguments)
    }

    /// `str(self)`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises.
    pub fn display(&self) -> Result<String, Exception<'py>> {
        let shown = self.object.display(self.token);
        shown.map_err(|exception| Exception::new(self.token, exception))
    }

    /// The text of a `str`.
    ///
    /// # Errors
    ///
    /// The exception that Python raises, for what is no `str` too.
    pub fn to_text(&self) -> Result<String, Exception<'py>> {
        let text = self.object.to_text(self.token);
        text.map_err(|exception| Exception::new(self.token, exception))
    }

    fn bound(
        token: Token<'py>,
        outcome: Result<py::Object, py::Exception>,
    ) -> Result<Self, Exception<'py>> {
        match outcome {
            Ok(object) => Ok(Self::new(token, object)),
            Err(exception) => Err(Exception::new(token, exception)),
        }
    }
}

impl Clone for Object<'_> {
    fn clone(&self) -> Self {
        Self::new(self.token, self.object.clone_ref(self.token))
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(formatter)
    }
}

impl<'py> Exception<'py> {
    fn new(token: Token<'py>, exception: py::Exception) -> Self {
        Self { exception, token }
    }

    /// The exception instance.
    pub fn value(&self) -> Object<'py> {
        Object::new(self.token, self.exception.value().clone_ref(self.token))
    }

    pub(crate) fn unbound(self) -> py::Exception {
        self.exception
    }
}

impl fmt::Display for Exception<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.exception.describe(self.token))
    }
}

impl fmt::Debug for Exception<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exception.fmt(formatter)
    }
}

impl std::error::Error for Exception<'_> {}

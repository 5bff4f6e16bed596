//! Operations on Python objects: attributes, calls, items and imports.

use std::ptr;

use interp_config::EntryPoint;
use pyo3_ffi as ffi;

use crate::py::ffi::exception::{Exception, status};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{read_text, text};
use crate::py::ffi::token::Token;

impl Object {
    /// Whether Python takes it for true.
    pub(in crate::py) fn is_true(&self, py: Token<'_>) -> Result<bool, Exception> {
        // SAFETY: attached; a live object; -1 with an exception, which `status` takes.
        let truth = unsafe { ffi::PyObject_IsTrue(self.as_ptr()) };
        status(py, truth.min(0)).map(|()| truth > 0)
    }

    /// A Python `int`.
    pub(in crate::py) fn integer(py: Token<'_>, value: i64) -> Result<Self, Exception> {
        // SAFETY: attached; a new reference or null with an exception.
        unsafe { Self::from_owned(py, ffi::PyLong_FromLongLong(value)) }
    }

    /// A Python `float`.
    pub(in crate::py) fn float(py: Token<'_>, value: f64) -> Result<Self, Exception> {
        // SAFETY: attached; a new reference or null with an exception.
        unsafe { Self::from_owned(py, ffi::PyFloat_FromDouble(value)) }
    }

    /// The value of a Python `int`.
    pub(in crate::py) fn to_integer(&self, py: Token<'_>) -> Result<i64, Exception> {
        // SAFETY: attached; a live object; -1, maybe with an exception, which is asked for.
        let value = unsafe { ffi::PyLong_AsLongLong(self.as_ptr()) };
        match Exception::take_if_raised(py).filter(|_| value == -1) {
            Some(exception) => Err(exception),
            None => Ok(value),
        }
    }

    /// `self[key] = value`.
    pub(in crate::py) fn set_item(
        &self,
        py: Token<'_>,
        key: &Self,
        value: &Self,
    ) -> Result<(), Exception> {
        // SAFETY: attached; all live; the object takes references of its own; -1 means raised.
        status(py, unsafe { ffi::PyObject_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr()) })
    }

    /// `self[position]`, for a sequence.
    pub(in crate::py) fn item(&self, py: Token<'_>, position: isize) -> Result<Self, Exception> {
        // SAFETY: attached; a live object; a new reference or null with an exception.
        unsafe { Self::from_owned(py, ffi::PySequence_GetItem(self.as_ptr(), position)) }
    }

    /// A Python `str`.
    pub(crate) fn text(py: Token<'_>, value: &str) -> Result<Self, Exception> {
        text(py, value)
    }

    /// A `list` of the given objects.
    pub(in crate::py) fn list(py: Token<'_>, items: Vec<Self>) -> Result<Self, Exception> {
        // SAFETY: attached; a new reference or null with an exception.
        let list = unsafe { Self::from_owned(py, ffi::PyList_New(0)) }?;
        for item in items {
            list.append(py, &item)?;
        }
        Ok(list)
    }

    /// `self.append(item)`, for a `list`.
    pub(in crate::py) fn append(&self, py: Token<'_>, item: &Self) -> Result<(), Exception> {
        // SAFETY: attached; the list takes a reference of its own; -1 means raised.
        status(py, unsafe { ffi::PyList_Append(self.as_ptr(), item.as_ptr()) })
    }

    /// `self.name`.
    pub(crate) fn attribute(&self, py: Token<'_>, name: &str) -> Result<Self, Exception> {
        let name = text(py, name)?;
        // SAFETY: attached; both live; a new reference or null with an exception.
        unsafe { Self::from_owned(py, ffi::PyObject_GetAttr(self.as_ptr(), name.as_ptr())) }
    }

    /// `getattr(self, name, None)`, with Python's `None` taken for absent too.
    pub(crate) fn attribute_or_none(
        &self,
        py: Token<'_>,
        name: &str,
    ) -> Result<Option<Self>, Exception> {
        let name = text(py, name)?;
        let mut found = ptr::null_mut();
        // SAFETY: attached; both live; `found` is written with a new reference or null; -1 means raised.
        let outcome = unsafe {
            ffi::compat::PyObject_GetOptionalAttr(self.as_ptr(), name.as_ptr(), &raw mut found)
        };
        if outcome < 0 {
            return Err(Exception::take(py));
        }
        // SAFETY: the reference is ours, or null for an absent attribute.
        let found = unsafe { Self::from_owned_or_none(py, found) };
        Ok(found.filter(|found| !found.is_none(py)))
    }

    /// `self.name = value`.
    pub(crate) fn set_attribute(
        &self,
        py: Token<'_>,
        name: &str,
        value: &Self,
    ) -> Result<(), Exception> {
        let name = text(py, name)?;
        // SAFETY: attached; all live; the object takes references of its own; -1 means raised.
        status(py, unsafe { ffi::PyObject_SetAttr(self.as_ptr(), name.as_ptr(), value.as_ptr()) })
    }

    /// `del self.name`.
    pub(in crate::py) fn delete_attribute(
        &self,
        py: Token<'_>,
        name: &str,
    ) -> Result<(), Exception> {
        let name = text(py, name)?;
        // SAFETY: attached; both live; a null value deletes; -1 means raised.
        status(py, unsafe { ffi::PyObject_SetAttr(self.as_ptr(), name.as_ptr(), ptr::null_mut()) })
    }

    /// `self(*arguments)`.
    pub(crate) fn call(&self, py: Token<'_>, arguments: &[&Self]) -> Result<Self, Exception> {
        self.call_with_keywords(py, arguments, &[])
    }

    /// `self(*arguments, **keywords)`.
    pub(in crate::py) fn call_with_keywords(
        &self,
        py: Token<'_>,
        arguments: &[&Self],
        keywords: &[(&str, &Self)],
    ) -> Result<Self, Exception> {
        let mut stack: Vec<*mut ffi::PyObject> =
            arguments.iter().map(|argument| argument.as_ptr()).collect();
        stack.extend(keywords.iter().map(|(_, value)| value.as_ptr()));
        let names = if keywords.is_empty() {
            None
        } else {
            let names =
                keywords.iter().map(|(name, _)| text(py, name)).collect::<Result<Vec<_>, _>>()?;
            Some(tuple(py, &names)?)
        };
        let names = names.as_ref().map_or(ptr::null_mut(), Self::as_ptr);
        // SAFETY: attached; the stack holds live borrowed objects, as many as both lists have, and outlives the call.
        let result = unsafe {
            ffi::PyObject_Vectorcall(self.as_ptr(), stack.as_ptr(), arguments.len(), names)
        };
        // SAFETY: a new reference or null with an exception.
        unsafe { Self::from_owned(py, result) }
    }

    /// `self.name(*arguments)`.
    pub(crate) fn call_method(
        &self,
        py: Token<'_>,
        name: &str,
        arguments: &[&Self],
    ) -> Result<Self, Exception> {
        self.attribute(py, name)?.call(py, arguments)
    }

    /// `str(self)`.
    pub(crate) fn display(&self, py: Token<'_>) -> Result<String, Exception> {
        // SAFETY: attached; live; a new reference or null with an exception.
        let shown = unsafe { Self::from_owned(py, ffi::PyObject_Str(self.as_ptr())) }?;
        read_text(py, &shown)
    }

    /// The text of a `str`.
    pub(crate) fn to_text(&self, py: Token<'_>) -> Result<String, Exception> {
        read_text(py, self)
    }

    /// The name of this object's type.
    pub(in crate::py) fn type_name(&self, py: Token<'_>) -> String {
        let name = self.object_type(py).attribute(py, "__name__");
        name.and_then(|name| name.to_text(py)).unwrap_or_else(|_| "object".into())
    }
}

impl Exception {
    /// An `ImportError` that carries the module's name, as importlib's own do.
    pub(in crate::py) fn import_error(py: Token<'_>, message: &str, module: &str) -> Self {
        let built = text(py, message).and_then(|message| Ok((message, text(py, module)?)));
        match built {
            Ok((message, module)) => {
                // SAFETY: attached; both objects are live strings; the path may be null.
                unsafe {
                    ffi::PyErr_SetImportError(message.as_ptr(), module.as_ptr(), ptr::null_mut())
                };
                Self::take(py)
            }
            Err(exception) => exception,
        }
    }

    /// The last line of the traceback: `TypeName: message`.
    pub(crate) fn describe(&self, py: Token<'_>) -> String {
        match self.value().display(py) {
            Ok(message) if message.is_empty() => self.summary.clone(),
            Ok(message) => format!("{}: {message}", self.summary),
            Err(_) => self.summary.clone(),
        }
    }
}

/// A `tuple` of the given objects.
pub(in crate::py) fn tuple(py: Token<'_>, items: &[Object]) -> Result<Object, Exception> {
    // SAFETY: attached; a new reference or null with an exception.
    let made = unsafe { Object::from_owned(py, ffi::PyTuple_New(items.len() as ffi::Py_ssize_t)) }?;
    for (position, item) in items.iter().enumerate() {
        let item = item.clone_ref(py).into_ptr();
        // SAFETY: attached; the tuple is new and only ours, the position is inside; the reference is stolen.
        status(py, unsafe {
            ffi::PyTuple_SetItem(made.as_ptr(), position as ffi::Py_ssize_t, item)
        })?;
    }
    Ok(made)
}

/// `import name`, and the module of exactly that name.
///
/// This is importlib's own import, and not `builtins.__import__`: a program that replaces that one does not mean what the
/// finder needs while it works for it.
pub(crate) fn import(py: Token<'_>, name: &str) -> Result<Object, Exception> {
    let full_name = text(py, name)?;
    let null = ptr::null_mut();
    // SAFETY: attached; a live string; no globals, locals and names to import, as documented; a new reference or null with
    // an exception.
    let top = unsafe {
        Object::from_owned(
            py,
            ffi::PyImport_ImportModuleLevelObject(full_name.as_ptr(), null, null, null, 0),
        )
    }?;
    if !name.contains('.') {
        return Ok(top);
    }
    loaded_module(py, name)?.ok_or_else(|| {
        let message = format!("`{name}` is not in `sys.modules` after its import");
        Exception::import_error(py, &message, name)
    })
}

/// `sys.modules.get(name)`.
///
/// `PyImport_GetModule` would wait for a module that another thread is importing, and load a lazy one.
pub(in crate::py) fn loaded_module(py: Token<'_>, name: &str) -> Result<Option<Object>, Exception> {
    let name = text(py, name)?;
    let mut found = ptr::null_mut();
    // SAFETY: attached; the dictionary of modules lives as long as the interpreter, the name is a live string; `found`
    // is written with a new reference or null; -1 means raised.
    let outcome = unsafe {
        let modules = ffi::PyImport_GetModuleDict();
        ffi::compat::PyDict_GetItemRef(modules, name.as_ptr(), &raw mut found)
    };
    status(py, outcome)?;
    // SAFETY: the reference is ours, or null.
    Ok(unsafe { Object::from_owned_or_none(py, found) })
}

/// `getattr(sys, name, None)`.
#[cfg(not(Py_GIL_DISABLED))]
pub(in crate::py) fn of_sys(py: Token<'_>, name: &'static std::ffi::CStr) -> Option<Object> {
    // SAFETY: attached; a C string; a borrowed reference or null, of which one more is taken while the GIL is held.
    unsafe { Object::from_borrowed(py, ffi::PySys_GetObject(name.as_ptr())) }
}

/// `getattr(sys, name, None)`.
///
/// Not by `PySys_GetObject`: what that lends may be gone before a reference is taken, when another thread replaces it.
#[cfg(Py_GIL_DISABLED)]
pub(in crate::py) fn of_sys(py: Token<'_>, name: &'static std::ffi::CStr) -> Option<Object> {
    let sys = loaded_module(py, "sys").ok().flatten()?;
    sys.attribute_or_none(py, name.to_str().ok()?).ok().flatten()
}

/// The object that `package.module:attribute` names.
pub(crate) fn resolve(py: Token<'_>, entry_point: &EntryPoint) -> Result<Object, Exception> {
    let mut object = import(py, &entry_point.module)?;
    for part in entry_point.attribute.split('.') {
        object = object.attribute(py, part)?;
    }
    Ok(object)
}

//! The arguments of a method that C calls.

use pyo3_ffi as ffi;

use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::with_utf8;
use crate::py::ffi::token::Token;

/// The arguments of a call, by position.
pub(in crate::py) struct Arguments<const N: usize>([Option<Object>; N]);

impl<const N: usize> Arguments<N> {
    /// The argument in that place; `None` when it was not given, or given as Python's `None`.
    pub(in crate::py) fn get(&self, py: Token<'_>, place: usize) -> Option<&Object> {
        self.0.get(place)?.as_ref().filter(|object| !object.is_none(py))
    }

    /// Whether there is an argument in that place, be it `None`.
    pub(in crate::py) fn is_given(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(Option::is_some)
    }

    /// The argument in that place, which the caller has to give.
    pub(in crate::py) fn required(
        &self,
        py: Token<'_>,
        place: usize,
    ) -> Result<&Object, Exception> {
        self.0
            .get(place)
            .and_then(Option::as_ref)
            .ok_or_else(|| Exception::new(py, Kind::Type, "a required argument is missing"))
    }
}

/// Sorts positional and keyword arguments of a vectorcall into their places.
///
/// # Safety
///
/// The pointers are those of a `METH_FASTCALL | METH_KEYWORDS` call.
pub(in crate::py) unsafe fn collect<const N: usize>(
    py: Token<'_>,
    function: &str,
    parameters: [&str; N],
    (stack, positional, names): (*const *mut ffi::PyObject, ffi::Py_ssize_t, *mut ffi::PyObject),
) -> Result<Arguments<N>, Exception> {
    let mut places = [const { None }; N];
    let positional = positional as usize;
    if positional > N {
        let message = format!("{function}() takes at most {N} arguments ({positional} given)");
        return Err(Exception::new(py, Kind::Type, &message));
    }
    for (position, place) in places.iter_mut().enumerate().take(positional) {
        // SAFETY: the caller's stack holds `positional` live borrowed objects.
        *place = unsafe { Object::from_borrowed(py, *stack.add(position)) };
    }
    if names.is_null() {
        return Ok(Arguments(places));
    }
    // SAFETY: a non-null `names` is a tuple.
    let named = unsafe { ffi::PyTuple_Size(names) } as usize;
    for position in 0..named {
        // SAFETY: inside the tuple, as counted.
        let name = unsafe {
            Object::from_borrowed(py, ffi::PyTuple_GetItem(names, position as ffi::Py_ssize_t))
        };
        let Some(name) = name else { return Err(Exception::take(py)) };
        let place =
            with_utf8(py, &name, |name| parameters.iter().position(|parameter| *parameter == name))
                .flatten();
        let got = match place {
            Some(place) if place < positional => Err("multiple values for argument"),
            Some(place) => places.get_mut(place).ok_or("an unexpected keyword argument"),
            None => Err("an unexpected keyword argument"),
        };
        let place = match got {
            Ok(place) => place,
            Err(what) => {
                let message = format!("{function}() got {what} '{}'", name.to_text(py)?);
                return Err(Exception::new(py, Kind::Type, &message));
            }
        };
        // SAFETY: the values of the keywords follow the positional arguments on the stack.
        *place = unsafe { Object::from_borrowed(py, *stack.add(positional + position)) };
    }
    Ok(Arguments(places))
}

/// The text of a required argument.
pub(in crate::py) fn required_text<const N: usize>(
    py: Token<'_>,
    arguments: &Arguments<N>,
    place: usize,
) -> Result<String, Exception> {
    arguments.required(py, place)?.to_text(py)
}

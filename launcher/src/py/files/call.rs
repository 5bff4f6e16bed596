//! The C functions in the tables of `posix`, and the way from them to an answer.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::super::boundary::returning_object;
use super::super::exception::{Exception, Kind};
use super::super::object::Object;
use super::super::runtime::Runtime;
use super::super::text::with_utf8;
use super::super::token::Token;
use super::answer;
use super::place::{self, Below, FirstLook, first_look};
use super::real;
use super::table::{COUNT, Decision, FUNCTIONS, Function};

/// CPython's own functions.
static ORIGINALS: OnceLock<[Option<Original>; COUNT]> = OnceLock::new();

#[derive(Clone, Copy)]
enum Original {
    ByName(ffi::PyCFunctionFastWithKeywords),
    ByPosition(ffi::PyCFunctionFast),
    /// With exactly one argument.
    Single(ffi::PyCFunction),
}

/// The arguments of a call, as C hands them over.
#[derive(Clone, Copy)]
pub(super) struct Call {
    module: *mut ffi::PyObject,
    stack: *const *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
    place: usize,
}

/// Puts our functions into the table of `posix`. To be called by each interpreter; only the first one changes anything.
pub(super) fn redirect(py: Token<'_>, posix: &Object) -> Result<(), Exception> {
    if ORIGINALS.get().is_some() {
        return Ok(());
    }
    let mut definitions = [None; COUNT];
    for (function, definition) in FUNCTIONS.iter().zip(&mut definitions) {
        if let Some(object) = posix.attribute_or_none(py, function.name)? {
            // SAFETY: a live object, which is looked at as a C function only if it is exactly one.
            *definition = unsafe {
                (ffi::PyCFunction_CheckExact(object.as_ptr()) != 0)
                    .then(|| (*object.as_ptr().cast::<ffi::PyCFunctionObject>()).m_ml)
            };
        }
    }
    // SAFETY: the definitions are `posix`'s own, which live as long as the process; a function is of the type that its flags say.
    let originals = definitions.map(|definition| unsafe {
        let definition = definition?;
        match (*definition).ml_flags {
            BY_NAME => Some(Original::ByName((*definition).ml_meth.PyCFunctionFastWithKeywords)),
            BY_POSITION => Some(Original::ByPosition((*definition).ml_meth.PyCFunctionFast)),
            ffi::METH_O => Some(Original::Single((*definition).ml_meth.PyCFunction)),
            _ => None,
        }
    });
    if ORIGINALS.set(originals).is_err() {
        return Ok(());
    }
    for ((definition, original), function) in definitions.into_iter().zip(originals).zip(&FUNCTIONS)
    {
        // SAFETY: as above; the tables can be written to (`static PyMethodDef posix_methods[]`), and this is done once,
        // before there is a second thread or interpreter. Whoever calls meanwhile gets the old function or the new one.
        unsafe {
            match (definition, original) {
                (Some(definition), Some(Original::ByName(_))) => {
                    (*definition).ml_meth =
                        ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function.by_name };
                }
                (Some(definition), Some(Original::ByPosition(_))) => {
                    (*definition).ml_meth =
                        ffi::PyMethodDefPointer { PyCFunctionFast: function.by_position };
                }
                (Some(definition), Some(Original::Single(_))) => {
                    (*definition).ml_meth =
                        ffi::PyMethodDefPointer { PyCFunction: function.single };
                }
                (Some(_) | None, _) => {}
            }
        }
    }
    Ok(())
}

const BY_NAME: std::ffi::c_int = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
const BY_POSITION: std::ffi::c_int = ffi::METH_FASTCALL;

/// What stands in the place of a function that takes names.
pub(super) unsafe extern "C" fn by_name<const PLACE: usize>(
    module: *mut ffi::PyObject,
    stack: *const *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the arguments of a vectorcall.
    unsafe { dispatch(Call { module, stack, positional, names, place: PLACE }) }
}

/// What stands in the place of one that takes none.
pub(super) unsafe extern "C" fn by_position<const PLACE: usize>(
    module: *mut ffi::PyObject,
    stack: *mut *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    let names = std::ptr::null_mut();
    // SAFETY: CPython calls this attached, with the arguments of a vectorcall.
    unsafe { dispatch(Call { module, stack: stack.cast_const(), positional, names, place: PLACE }) }
}

/// What stands in the place of one that takes one argument.
pub(super) unsafe extern "C" fn single<const PLACE: usize>(
    module: *mut ffi::PyObject,
    argument: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let names = std::ptr::null_mut();
    // SAFETY: CPython calls this attached, with a live object, which is a stack of one.
    unsafe {
        dispatch(Call { module, stack: &raw const argument, positional: 1, names, place: PLACE })
    }
}

/// # Safety
///
/// Attached; the pointers are those of a vectorcall.
#[inline(always)]
unsafe fn dispatch(call: Call) -> *mut ffi::PyObject {
    let function = call.function();
    let Some(runtime) = place::runtime() else {
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
        if is_path && call.may_be_ours(result) {
            return returning_object(|py| by_links(py, runtime, &call, result));
        }
        result
    }
}

impl Call {
    #[inline(always)]
    pub(super) fn function(&self) -> &'static Function {
        &FUNCTIONS[self.place]
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
    unsafe fn pass_on(&self) -> *mut ffi::PyObject {
        // SAFETY: as the caller promises.
        unsafe { self.pass_on_with(self.stack) }
    }

    /// # Safety
    ///
    /// Attached, during the call; the stack holds as many live objects as the call's.
    #[inline(always)]
    unsafe fn pass_on_with(&self, stack: *const *mut ffi::PyObject) -> *mut ffi::PyObject {
        let original = ORIGINALS.get().and_then(|originals| originals[self.place]);
        // SAFETY: CPython's own function, with a vectorcall's arguments for it; a new reference or null with an exception.
        unsafe {
            match original {
                Some(Original::ByName(function)) => {
                    function(self.module, stack, self.positional, self.names)
                }
                Some(Original::ByPosition(function)) => {
                    function(self.module, stack.cast_mut(), self.positional)
                }
                Some(Original::Single(function)) => function(self.module, *stack),
                // It is called only from the place in the table that it was taken from.
                None => std::ptr::null_mut(),
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
    unsafe fn may_be_ours(&self, result: *mut ffi::PyObject) -> bool {
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

    /// What CPython's function would say of the arguments themselves.
    fn check(&self, py: Token<'_>) -> Result<(), Exception> {
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
        match place::of_object(py, runtime, &object)? {
            place::Place::Below(below) => {
                replaced.push((argument, below.shown.clone_ref(py)));
                found = found.or(Some((below, *parameter)));
            }
            place::Place::Elsewhere(path) => replaced.push((argument, path)),
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
    call.pass_on_replaced(py, &[(program, real_program), (arguments, real_arguments)])
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
        let below = place::by_links(py, runtime, &object);
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

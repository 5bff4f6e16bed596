//! The built-in module `coldframe`: what applications may import.
//!
//! It is a module of C functions, so that it is there in every interpreter, whatever its archives hold. Its types,
//! for type checkers, are in `launcher/src/python/coldframe.pyi`.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::py::ffi::arguments::{Arguments, collect};
use crate::py::ffi::boundary::{returning_object, returning_status};
use crate::py::ffi::definition::{Definition, Methods, SLOTS, Slots, definition, slots};
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::hooks::python_hooks::{self, Options};
use crate::py::import::own_module;

/// The arguments of a vectorcall: where they are, how many have no name, and the names of the others.
type Call = (*const *mut ffi::PyObject, ffi::Py_ssize_t, *mut ffi::PyObject);

type Implementation<const N: usize> = fn(Token<'_>, &Arguments<N>) -> Result<Object, Exception>;

/// Runs a function of the module; only the first `positional` of its parameters can be given without their names.
///
/// # Safety
///
/// C calls with the thread attached, and the pointers are those of a `METH_FASTCALL | METH_KEYWORDS` call.
unsafe fn call<const N: usize>(
    name: &str,
    parameters: [&str; N],
    positional: usize,
    call: Call,
    body: Implementation<N>,
) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        returning_object(|py| {
            let given = call.1 as usize;
            if given > positional {
                let message = format!(
                    "{name}() takes {positional} positional arguments but {given} were given"
                );
                return Err(Exception::new(py, Kind::Type, &message));
            }
            let arguments = collect(py, name, parameters, call)?;
            for (place, parameter) in parameters.iter().enumerate().take(positional) {
                if !arguments.is_given(place) {
                    let message = format!("{name}() missing required argument: '{parameter}'");
                    return Err(Exception::new(py, Kind::Type, &message));
                }
            }
            body(py, &arguments)
        })
    }
}

/// The function that C calls for each of the module's functions.
macro_rules! functions {
    ($($c_name:ident: $name:literal ($($parameter:literal),*) $positional:literal => $body:ident;)*) => {
        $(
            unsafe extern "C" fn $c_name(
                _module: *mut ffi::PyObject,
                stack: *const *mut ffi::PyObject,
                positional: ffi::Py_ssize_t,
                names: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                // SAFETY: CPython calls this attached, with the arguments of a vectorcall.
                unsafe { call($name, [$($parameter),*], $positional, (stack, positional, names), $body) }
            }
        )*
    };
}

functions! {
    c_when_imported: "when_imported" ("name", "every_load", "on_failure") 1 => when_imported;
    c_register: "register_post_import_hook" ("hook", "name", "every_load", "on_failure") 2 => register;
    c_unregister: "unregister" ("token") 1 => unregister;
}

fn register(py: Token<'_>, arguments: &Arguments<4>) -> Result<Object, Exception> {
    let options = Options::read(py, arguments.get(py, 2), arguments.get(py, 3))?;
    let hook = arguments.required(py, 0)?;
    python_hooks::register(py, hook, &module_name(py, arguments.required(py, 1)?)?, &options)
}

fn when_imported(py: Token<'_>, arguments: &Arguments<3>) -> Result<Object, Exception> {
    // Wrong arguments are an error here, and not where the decorator is applied.
    Options::read(py, arguments.get(py, 1), arguments.get(py, 2))?;
    let name = arguments.required(py, 0)?;
    module_name(py, name)?;
    let known = [Some(name), arguments.get(py, 1), arguments.get(py, 2)];
    python_hooks::decorator(py, DECORATE.0.get().cast(), &known)
}

fn unregister(py: Token<'_>, arguments: &Arguments<1>) -> Result<Object, Exception> {
    python_hooks::unregister(py, arguments.required(py, 0)?)
        .map(|was_there| Object::boolean(py, was_there))
}

fn module_name(py: Token<'_>, name: &Object) -> Result<String, Exception> {
    if !name.is_text() {
        let message = format!("name must be str, not '{}'", name.type_name(py));
        return Err(Exception::new(py, Kind::Type, &message));
    }
    let name = name.to_text(py)?;
    if name.is_empty() || name.starts_with('.') {
        let message = format!("'{name}' is no absolute module name");
        return Err(Exception::new(py, Kind::Value, &message));
    }
    Ok(name)
}

unsafe extern "C" fn decorate(
    known: *mut ffi::PyObject,
    hook: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the tuple that `when_imported` gave it and a live argument.
    unsafe {
        returning_object(|py| {
            let taken = || Exception::take(py);
            let known = Object::from_borrowed(py, known).ok_or_else(taken)?;
            let hook = Object::from_borrowed(py, hook).ok_or_else(taken)?;
            let (name, every_load, on_failure) =
                (known.item(py, 0)?, known.item(py, 1)?, known.item(py, 2)?);
            let given = |argument: Object| (!argument.is_none(py)).then_some(argument);
            let (every_load, on_failure) = (given(every_load), given(on_failure));
            let options = Options::read(py, every_load.as_ref(), on_failure.as_ref())?;
            python_hooks::register(py, &hook, &name.to_text(py)?, &options)?;
            Ok(hook)
        })
    }
}

static DECORATE: Methods<1> = Methods(std::cell::UnsafeCell::new([ffi::PyMethodDef {
    ml_name: c"decorate".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunction: decorate },
    ml_flags: ffi::METH_O,
    ml_doc: c"decorate($module, hook, /)\n--\n\nRegister a post-import hook, and return it."
        .as_ptr(),
}]));

/// The flags of all functions.
const FLAGS: c_int = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;

static FUNCTIONS: Methods<4> = Methods(std::cell::UnsafeCell::new([
    ffi::PyMethodDef {
        ml_name: c"when_imported".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: c_when_imported },
        ml_flags: FLAGS,
        ml_doc: c"when_imported($module, name, *, every_load=False, on_failure='raise')\n--\n\n\
            Decorate a function that is to be called with the module of that name when it has been imported.\n\n\
            The arguments are those of register_post_import_hook()."
            .as_ptr(),
    },
    ffi::PyMethodDef {
        ml_name: c"register_post_import_hook".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: c_register },
        ml_flags: FLAGS,
        ml_doc: c"register_post_import_hook($module, hook, name, *, every_load=False, on_failure='raise')\n--\n\n\
            Call hook(module) when the module of that name has been imported, before the import continues.\n\n\
            hook is a callable, or a string 'package.module:function' that is looked up when it is needed.\n\
            A module that is loaded already has the hook called at once. With every_load it is called after reloads too.\n\
            An exception fails the import; with on_failure='log' it is logged by the logger 'coldframe'.\n\
            Return a token for unregister()."
            .as_ptr(),
    },
    ffi::PyMethodDef {
        ml_name: c"unregister".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: c_unregister },
        ml_flags: FLAGS,
        ml_doc: c"unregister($module, token)\n--\n\n\
            Take out the hook that was registered with that token; return whether it was there."
            .as_ptr(),
    },
    ffi::PyMethodDef::zeroed(),
]));

static PUBLIC_SLOTS: Slots<SLOTS> = Slots(std::cell::UnsafeCell::new(slots(execute)));
static PUBLIC: Definition = definition(c"coldframe", &PUBLIC_SLOTS, FUNCTIONS.0.get().cast());

/// The function for `PyImport_AppendInittab`.
pub(in crate::py) unsafe extern "C" fn initialise() -> *mut ffi::PyObject {
    // SAFETY: attached, as CPython calls this; the definition is static.
    unsafe { ffi::PyModuleDef_Init(PUBLIC.0.get()) }
}

unsafe extern "C" fn execute(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: CPython calls this attached, with a live module; so does the closure use it.
    unsafe {
        returning_status(|py| match Object::from_borrowed(py, module) {
            Some(module) => fill(py, &module),
            None => Ok(()),
        })
    }
}

fn fill(py: Token<'_>, module: &Object) -> Result<(), Exception> {
    module.set_attribute(
        py,
        "__doc__",
        &Object::text(py, "What a program that is run by Coldframe can ask of it.")?,
    )?;
    let damaged = import(py, own_module::MODULE)?.attribute(py, own_module::DAMAGED_ARCHIVE)?;
    module.set_attribute(py, own_module::DAMAGED_ARCHIVE, &damaged)?;
    module.set_attribute(py, "__version__", &Object::text(py, env!("CARGO_PKG_VERSION"))?)
}

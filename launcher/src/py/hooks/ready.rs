//! Hooks on modules that Python itself loads while it starts: `sys`, `time`, `codecs`, `io` …
//!
//! Before there is a finder, and before standard streams are open, hooks could neither import nor print. So those that were
//! given before Python started run on such modules when the interpreter is ready. For the main interpreter the launcher
//! knows when that is. A sub-interpreter is made by whoever makes it: there, its first `import` statement after its start
//! runs them, through a function that takes the place of `__import__` until then.

use std::ptr;

use importer_core::Load;
use pyo3_ffi as ffi;

use crate::py::ffi::boundary::returning_object;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module};
use crate::py::hooks::run_hooks::run_hooks;
use crate::py::import::finder_type::{self, ModuleHooks};
use crate::py::import::own_module;
use crate::py::process::runtime;

/// The attribute of our built-in module that holds what stands in for `__import__` while hooks wait.
const WAITING: &str = "waiting_import";

/// Whether this interpreter has started: `open` is put among the built-in functions as the last thing before `site` is
/// imported (`init_interp_main` in `Python/pylifecycle.c`, 3.9 to 3.15).
pub(in crate::py) fn is_ready(py: Token<'_>) -> Result<bool, Exception> {
    let Some(builtins) = loaded_module(py, "builtins")? else { return Ok(false) };
    Ok(builtins.attribute_or_none(py, "open")?.is_some())
}

/// Runs the hooks on modules that were loaded before this interpreter was ready.
pub(in crate::py) fn run_waiting(py: Token<'_>, hooks: &ModuleHooks) -> Result<(), Exception> {
    for registered in &runtime::get(py)?.hooks {
        if let Some(module) = loaded_module(py, &registered.module)? {
            let name = &registered.module;
            run_hooks(py, hooks.begin(name), name, &module, Load::Earlier)?;
        }
    }
    Ok(())
}

/// To be called when the finder is installed: lets hooks wait on what has been loaded without it.
pub(in crate::py) fn wait_if_needed(py: Token<'_>) -> Result<(), Exception> {
    for registered in &runtime::get(py)?.hooks {
        if loaded_module(py, &registered.module)?.is_some() {
            return wait(py);
        }
    }
    Ok(())
}

/// Arranges for the hooks to run when this interpreter is ready.
pub(in crate::py) fn wait(py: Token<'_>) -> Result<(), Exception> {
    // SAFETY: attached; both have no arguments.
    let is_main = unsafe { ffi::PyInterpreterState_Get() == ffi::PyInterpreterState_Main() };
    let ours = import(py, own_module::MODULE)?;
    if is_main || ours.attribute_or_none(py, WAITING)?.is_some() {
        return Ok(());
    }
    let builtins = import(py, "builtins")?;
    let original = builtins.attribute(py, "__import__")?;
    // SAFETY: attached; the definition is static and only read; the function takes a reference to the original.
    let waiting = unsafe {
        Object::from_owned(
            py,
            ffi::PyCFunction_NewEx(IMPORT.0.get(), original.as_ptr(), ptr::null_mut()),
        )
    }?;
    ours.set_attribute(py, WAITING, &waiting)?;
    builtins.set_attribute(py, "__import__", &waiting)
}

#[repr(transparent)]
struct Definition(std::cell::UnsafeCell<ffi::PyMethodDef>);

// SAFETY: CPython only reads the definition.
unsafe impl Sync for Definition {}

static IMPORT: Definition = Definition(std::cell::UnsafeCell::new(ffi::PyMethodDef {
    ml_name: c"__import__".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: waiting_import },
    ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
    ml_doc: c"Run the hooks that wait for this interpreter to be ready, and then import.".as_ptr(),
}));

unsafe extern "C" fn waiting_import(
    original: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the function that `wait` gave it, a tuple, and a dictionary or null.
    unsafe {
        returning_object(|py| {
            if let Some(original) = Object::from_borrowed(py, original) {
                run_if_ready(py, &original)?;
            }
            Object::from_owned(py, ffi::PyObject_Call(original, arguments, keywords))
        })
    }
}

/// Takes our function away and runs the hooks; if one fails, the next import tries again.
fn run_if_ready(py: Token<'_>, original: &Object) -> Result<(), Exception> {
    let Some(ours) = loaded_module(py, own_module::MODULE)? else { return Ok(()) };
    // Not there: the hooks have run, or run now, and somebody kept our function.
    let Some(waiting) = ours.attribute_or_none(py, WAITING)? else { return Ok(()) };
    if !is_ready(py)? {
        return Ok(());
    }
    ours.set_attribute(py, WAITING, &Object::none(py))?;
    let builtins = import(py, "builtins")?;
    let is_ours = builtins.attribute(py, "__import__")?.is(&waiting);
    if is_ours {
        builtins.set_attribute(py, "__import__", original)?;
    }
    let hooks = finder_type::hooks_of(py, &own_module::finder(py)?)?;
    let outcome = run_waiting(py, &hooks);
    if outcome.is_err() {
        ours.set_attribute(py, WAITING, &waiting)?;
        if is_ours {
            builtins.set_attribute(py, "__import__", &waiting)?;
        }
    }
    outcome
}

//! Hooks that are registered while their module is being imported, by its own code or in another thread.
//!
//! The registry knows of the loads that our finder began. A module of another finder that nobody waited for when its import
//! began is loaded without us: of that one, only its spec says when it is ready. `importlib` sets
//! `spec._initializing = False` as the last thing (`_load_unlocked` in `importlib/_bootstrap.py`, 3.9 to 3.15); so the spec
//! gets, for just as long, a class that notices.

use importer_core::Load;
use pyo3_ffi as ffi;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module};
use crate::py::hooks::run_hooks::run_hooks;
use crate::py::hooks::watched::{Setter, noticed, set_plainly, watch};
use crate::py::import::finder_type::{self, ModuleHooks};
use crate::py::import::own_module;

/// Private, and read by the interpreter itself as well (`import_ensure_initialized` in `Python/import.c`, 3.9 to 3.15).
const INITIALISING: &str = "_initializing";

/// The attribute with importlib's locks, one for each name that is being imported: `{name: weak reference}`. Private, alike from
/// 3.9 to 3.15 (`_get_module_lock` in `importlib/_bootstrap.py`), and the only sign of an import whose module is not there.
const MODULE_LOCKS: &str = "_module_locks";

/// How often, a millisecond apart, a module is looked for that another thread is importing: a finder may be slow, or may
/// wait for what this thread holds.
const N_LOOKS: usize = 2000;

/// The module of that name, if it is loaded to its end; one that is not is seen to, so that the hooks run when it is.
pub(in crate::py) fn find_loaded(
    py: Token<'_>,
    finder: &Object,
    name: &str,
) -> Result<Option<Object>, Exception> {
    let found = find_settled(py, name)?;
    let Some(module) = found.filter(|module| !module.is_none(py)) else { return Ok(None) };
    if is_lazy(py, &module)? {
        return Ok(None);
    }
    let Some(spec) = module.attribute_or_none(py, "__spec__")? else { return Ok(Some(module)) };
    if !is_initialising(py, &spec)? {
        return Ok(Some(module));
    }
    let spec_type = spec.object_type(py);
    let known = [finder.clone_ref(py), text(py, name)?];
    if let Err(exception) = watch(py, &spec, &SET_ATTRIBUTE, &known) {
        // A spec of a type of somebody's own, which cannot be watched.
        tracing::debug!(module = name, exception = %exception.describe(py), "hooks wait for the next load");
        return Ok(None);
    }
    if is_initialising(py, &spec)? {
        return Ok(None);
    }
    // Another thread was at its end just now, and may have missed it. If it did not, the registry knows.
    set_plainly(py, &spec, "__class__", &spec_type)?;
    Ok(Some(module))
}

/// The module of that name, also where another thread is importing it and it is not in `sys.modules` just then.
///
/// The import is in this state until its spec has been found, when nobody asks for hooks any more; and importlib takes each module out of
/// `sys.modules` for a moment when its code has run, to put it in again as the last one.
fn find_settled(py: Token<'_>, name: &str) -> Result<Option<Object>, Exception> {
    for look in 0..N_LOOKS {
        // In this order: an import that begins after the question sees the hook in the registry.
        let is_on_its_way = is_imported_by_another_thread(py, name)?;
        let found = loaded_module(py, name)?;
        if found.is_some() || !is_on_its_way {
            return Ok(found);
        }
        // The first time only to let the other thread go on.
        let pause = Object::float(py, if look == 0 { 0.0 } else { 0.001 })?;
        import(py, "time")?.call_method(py, "sleep", &[&pause])?;
    }
    tracing::debug!(
        module = name,
        "another thread is still importing it: hooks wait for the next load"
    );
    Ok(None)
}

/// Whether somebody but this thread has importlib's lock of that name, or is about to take it.
fn is_imported_by_another_thread(py: Token<'_>, name: &str) -> Result<bool, Exception> {
    let locks = own_module::bootstrap(py)?.attribute(py, MODULE_LOCKS)?;
    let lock = locks.call_method(py, "get", &[&text(py, name)?])?;
    if lock.is_none(py) {
        return Ok(false);
    }
    let lock = lock.call(py, &[])?;
    if lock.is_none(py) {
        return Ok(false);
    }
    let this_thread = import(py, "_thread")?.call_method(py, "get_ident", &[])?;
    match lock.attribute_or_none(py, "owner")? {
        Some(owner) => Ok(owner.to_integer(py)? != this_thread.to_integer(py)?),
        None => Ok(true),
    }
}

/// Whether the module's code runs only when the first attribute is asked for: asking for `__spec__` would run it.
fn is_lazy(py: Token<'_>, module: &Object) -> Result<bool, Exception> {
    let Some(util) = loaded_module(py, "importlib.util")? else { return Ok(false) };
    // The class that `LazyLoader` gives to a module, 3.9 to 3.15.
    let lazy = util.attribute_or_none(py, "_LazyModule")?;
    Ok(lazy.is_some_and(|lazy| lazy.is(&module.object_type(py))))
}

fn is_initialising(py: Token<'_>, spec: &Object) -> Result<bool, Exception> {
    match spec.attribute_or_none(py, INITIALISING)? {
        Some(flag) => flag.is_true(py),
        None => Ok(false),
    }
}

static SET_ATTRIBUTE: Setter = Setter::new(set_attribute);

unsafe extern "C" fn set_attribute(
    known: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this, which is the function of a setter.
    unsafe {
        noticed(known, arguments, |py, noticed| {
            if !noticed.is(py, INITIALISING) || noticed.value.is_true(py)? {
                return noticed.set(py);
            }
            noticed.stop(py)?;
            let hooks = finder_type::hooks_of(py, &noticed.known(py, 0)?)?;
            let outcome = run_late(py, &hooks, &noticed.known(py, 1)?.to_text(py)?);
            // By whatever class it has now: one that was registered meanwhile may watch.
            noticed.spec.set_attribute(py, INITIALISING, &noticed.value)?;
            outcome
        })
    }
}

/// Runs the hooks on a module whose code has run; when they fail, its import has failed.
fn run_late(py: Token<'_>, hooks: &ModuleHooks, name: &str) -> Result<(), Exception> {
    // A module whose code failed has been taken out.
    let Some(module) = loaded_module(py, name)? else { return Ok(()) };
    let outcome = run_hooks(py, hooks.begin(name), name, &module, Load::Earlier);
    if outcome.is_err() {
        let modules = import(py, "sys")?.attribute(py, "modules")?;
        modules.call_method(py, "pop", &[&text(py, name)?, &Object::none(py)])?;
    }
    outcome
}

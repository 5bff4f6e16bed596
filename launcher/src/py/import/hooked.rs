//! Post-import hooks on modules that another finder serves: built-in, frozen, or from the file system.
//!
//! Only a name that hooks wait for comes here. The other finders are asked as importlib would ask them, and the spec
//! that one of them gives gets our loader for just as long as the module is being executed; by then the module and
//! its spec are as that finder made them, and the hooks see them so.

use std::sync::Arc;

use importer_core::Load;
use pyo3_ffi as ffi;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::hooks::watched::{Setter, noticed, watch};
use crate::py::import::finder_type::{self, Finder, ModuleHooks, Role, State};
use crate::py::import::loader::with_hooks;
use crate::py::import::own_module;

/// Asks the finders behind ours for a spec, and arranges for the hooks to run.
pub(in crate::py) fn find_spec(
    py: Token<'_>,
    finder: &Finder<'_>,
    fullname: &Object,
    path: Option<&Object>,
    target: Option<&Object>,
) -> Result<Object, Exception> {
    let none = Object::none(py);
    let finders = import(py, "sys")?.attribute(py, "meta_path")?;
    // SAFETY: attached; live; a new reference (a list that is ours alone, whatever the finders do) or null.
    let finders = unsafe { Object::from_owned(py, ffi::PySequence_List(finders.as_ptr())) }?;
    // SAFETY: attached; a list.
    let count = unsafe { ffi::PyList_Size(finders.as_ptr()) };
    for position in 0..count {
        // SAFETY: inside of the list, which nobody else has; a borrowed reference.
        let other =
            unsafe { Object::from_borrowed(py, ffi::PyList_GetItem(finders.as_ptr(), position)) };
        let Some(other) = other.filter(|other| !other.is(finder.object)) else { continue };
        let Some(find) = other.attribute_or_none(py, "find_spec")? else { continue };
        let spec = find.call(py, &[fullname, path.unwrap_or(&none), target.unwrap_or(&none)])?;
        if spec.is_none(py) {
            continue;
        }
        let load = if target.is_some() { Load::Reload } else { Load::First };
        let loader = match (spec.attribute_or_none(py, "loader")?, load) {
            (Some(loader), _) => Some(loader),
            (None, Load::Reload) => namespace_loader(py, &spec)?,
            (None, Load::First | Load::Earlier) => {
                if spec.attribute_or_none(py, "submodule_search_locations")?.is_some() {
                    watch(py, &spec, &SET_LOADER, &[finder.object.clone_ref(py)])?;
                }
                None
            }
        };
        // A path entry finder of ours has found it: hooks run as for all that we load.
        let is_other =
            |loader: &Object| !loader.is(finder.object) && !finder_type::is_stand_in(py, loader);
        if let Some(loader) = loader.filter(is_other) {
            let hooks = Arc::clone(&finder.state.hooks);
            spec.set_attribute(py, "loader", &stand_in(py, loader, load, hooks)?)?;
        }
        return Ok(spec);
    }
    Ok(none)
}

/// A stand-in for that loader.
pub(in crate::py) fn stand_in(
    py: Token<'_>,
    loader: Object,
    load: Load,
    hooks: Arc<ModuleHooks>,
) -> Result<Object, Exception> {
    let finder_type = import(py, own_module::MODULE)?.attribute(py, "Finder")?;
    finder_type::instance(py, &finder_type, State { role: Role::StandIn { loader, load }, hooks })
}

/// The spec of a namespace package has no loader before importlib makes the module, and sets one
/// (`importlib/_bootstrap.py`, `_init_module_attrs`, 3.9 to 3.15): then it gets the stand-in, and not when somebody only looks.
static SET_LOADER: Setter = Setter::new(set_loader);

unsafe extern "C" fn set_loader(
    known: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this, which is the function of a setter.
    unsafe {
        noticed(known, arguments, |py, noticed| {
            if !noticed.is(py, "loader") || noticed.value.is_none(py) {
                return noticed.set(py);
            }
            noticed.stop(py)?;
            let hooks = finder_type::hooks_of(py, &noticed.known(py, 0)?)?;
            let loader = noticed.value.clone_ref(py);
            noticed.spec.set_attribute(py, "loader", &stand_in(py, loader, Load::First, hooks)?)
        })
    }
}

/// The loader that importlib gives to a namespace package when its module is reloaded, whose spec has none either; but it does
/// not execute that one then (`importlib/_bootstrap.py`, `_exec`, 3.9 to 3.15), so the spec must have it before.
fn namespace_loader(py: Token<'_>, spec: &Object) -> Result<Option<Object>, Exception> {
    let Some(path) = spec.attribute_or_none(py, "submodule_search_locations")? else {
        return Ok(None);
    };
    let external = import(py, "_frozen_importlib_external")?;
    // Public from 3.11.
    let loader_type = match external.attribute_or_none(py, "NamespaceLoader")? {
        Some(loader_type) => loader_type,
        None => external.attribute(py, "_NamespaceLoader")?,
    };
    let loader = loader_type.call_method(py, "__new__", &[&loader_type])?;
    loader.set_attribute(py, "_path", &path)?;
    Ok(Some(loader))
}

/// Creates the module as its own loader does.
///
/// The spec keeps the stand-in until the module is executed, for importlib asks it for the loader once more then.
pub(in crate::py) fn create(
    py: Token<'_>,
    loader: &Object,
    spec: &Object,
) -> Result<Object, Exception> {
    match loader.attribute_or_none(py, "create_module")? {
        Some(create) => create.call(py, &[spec]),
        None => Ok(Object::none(py)),
    }
}

/// Executes a module by its own loader, then runs the hooks.
pub(in crate::py) fn execute(
    py: Token<'_>,
    finder: &Finder<'_>,
    module: &Object,
    name: &str,
    (loader, load): (&Object, Load),
) -> Result<(), Exception> {
    let spec = module.attribute(py, "__spec__")?;
    spec.set_attribute(py, "loader", loader)?;
    module.set_attribute(py, "__loader__", loader)?;
    let is_package = spec.attribute_or_none(py, "submodule_search_locations")?.is_some();
    if is_package && spec.attribute_or_none(py, "origin")?.is_none() {
        // A namespace package has this `__file__`, and not none at all.
        module.set_attribute(py, "__file__", &Object::none(py))?;
    }
    with_hooks(py, finder.state, module, name, load, || {
        loader.call_method(py, "exec_module", &[module]).map(drop)
    })
}

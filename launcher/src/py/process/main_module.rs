//! `__main__`: running a module, or an entry point, as the application.

use importer_core::{Load, Stack};
use interp_config::{EntryPoint, PythonInterpreterConfig, RunTarget};
use pyo3_ffi as ffi;

use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module, resolve};
use crate::py::import::loader;
use crate::py::import::lookup::{self, MAIN_ALIAS};
use crate::py::import::own_module;
use crate::py::import::spec;
use crate::py::process::runtime::{self, WorkerMain};
use crate::py::process::task::Task;
use crate::worker::{Role, Worker};

/// Runs a module of the archives as `python -m` does; any other module is left to `runpy`.
pub(in crate::py) fn run_module(py: Token<'_>, name: &str) -> Result<(), Exception> {
    let Some(name) = main_name(py, name)? else { return run_by_runpy(py, name) };
    let archives = &runtime::get(py)?.archives;
    let found = archives
        .module(&name)
        .map_err(|error| Exception::damaged(py, &format!("cannot run `{name}`: {error}")))?;
    let Some((_, module)) = found else { return run_by_runpy(py, &name) };
    let Some(code) = loader::code(py, &name, &module)? else {
        return Err(Exception::import_error(
            py,
            &format!("`{name}` is an extension module: there is no code to run"),
            &name,
        ));
    };
    // Worker processes import the main module again, by the name in its spec, so that functions of `__main__` can be
    // sent to them. CPython spares modules named `__main__` that, for they often have no `if __name__ ==
    // "__main__"`; one that has it gets the name under which it is not spared.
    let spec_name = match name.strip_suffix("__main__") {
        Some(package) if module.has_main_guard() => format!("{package}{MAIN_ALIAS}"),
        Some(_) | None => name,
    };
    let main = main_module(py)?;
    // Not by `find_spec`: what is to run is known, whatever stands before the archive on `sys.path`.
    let spec =
        spec::make(py, &own_module::finder(py)?, &text(py, &spec_name)?, &module, Load::First)?;
    spec::apply_to_module(py, &main, &spec)?;
    execute(py, &code, &main)
}

/// Runs a file of the archives as `python FILE` does, when nobody could open it.
///
/// It has no spec, as under `python`: workers run it by its path, under the name `__mp_main__`.
pub(in crate::py) fn run_script(py: Token<'_>, path: &str) -> Result<(), Exception> {
    let archives = &runtime::get(py)?.archives;
    let damaged = |error: importer_core::Error| {
        Exception::damaged(py, &format!("cannot run `{path}`: {error}"))
    };
    let name = path.strip_suffix(".py").unwrap_or(path).replace('/', ".");
    let module = archives.module(&name).map_err(damaged)?.map(|(_, module)| module);
    let main = main_module(py)?;
    let virtual_path = lookup::virtual_path(py, path)?;
    let code = match module.filter(|module| module.path() == path) {
        Some(module) => {
            main.set_attribute(py, "__loader__", &own_module::finder(py)?)?;
            main.set_attribute(py, "__file__", &virtual_path)?;
            loader::code(py, &name, &module)?
        }
        None => {
            let file = archives.file(path).map_err(damaged)?;
            let source = file.map(|file| file.contents()).transpose().map_err(damaged)?;
            main.set_attribute(py, "__file__", &virtual_path)?;
            source.map(|source| loader::compile(py, &source, &virtual_path)).transpose()?
        }
    };
    // A script is of no package.
    main.set_attribute(py, "__package__", &Object::none(py))?;
    let Some(code) = code else {
        return Err(Exception::import_error(py, &format!("`{path}` is no Python code"), path));
    };
    let sys = import(py, "sys")?;
    let flags = sys.attribute(py, "flags")?;
    let is_safe = match flags.attribute_or_none(py, "safe_path")? {
        Some(flag) => flag,
        None => flags.attribute(py, "isolated")?,
    };
    if !is_safe.is_true(py)? {
        let folder = import(py, "os.path")?.call_method(py, "dirname", &[&virtual_path])?;
        let zero = Object::integer(py, 0)?;
        sys.attribute(py, "path")?.call_method(py, "insert", &[&zero, &folder])?;
    }
    execute(py, &code, &main)
}

/// Executes the main module's code.
fn execute(py: Token<'_>, code: &Object, main: &Object) -> Result<(), Exception> {
    let namespace = main.attribute(py, "__dict__")?;
    // SAFETY: attached; a code object, and the dictionary of the main module, which has `__builtins__`.
    let result =
        unsafe { ffi::PyEval_EvalCode(code.as_ptr(), namespace.as_ptr(), namespace.as_ptr()) };
    // SAFETY: a new reference or null with an exception.
    unsafe { Object::from_owned(py, result) }.map(drop)
}

/// The meaning of `__main__` in a worker of an application with this run target.
pub(in crate::py) fn worker_main(
    archives: &Stack,
    target: &RunTarget,
) -> Result<WorkerMain, importer_core::Error> {
    let RunTarget::Module(name) = target else { return Ok(WorkerMain::Unguarded) };
    for name in [format!("{name}.__main__"), name.clone()] {
        if let Some((_, module)) = archives.module(&name)? {
            let is_guarded = module.has_main_guard();
            return Ok(if is_guarded { WorkerMain::Guarded(name) } else { WorkerMain::Unguarded });
        }
    }
    Ok(WorkerMain::Unguarded)
}

/// The module to run for a name: a package's is its `__main__`. `None` when the name is not in the archives.
///
/// Parent packages are imported first, as `-m` imports them.
fn main_name(py: Token<'_>, name: &str) -> Result<Option<String>, Exception> {
    let archives = &runtime::get(py)?.archives;
    let is_package = |name: &str| match archives.module(name) {
        Ok(found) => Ok(found.map(|(_, module)| module.is_package())),
        Err(error) => Err(Exception::damaged(py, &format!("cannot run `{name}`: {error}"))),
    };
    let name = match is_package(name)? {
        None => return Ok(None),
        Some(false) => name.to_owned(),
        Some(true) => {
            let main = format!("{name}.__main__");
            if is_package(&main)?.is_none() {
                let message =
                    format!("`{name}` is a package without `__main__`, and cannot be run");
                return Err(Exception::import_error(py, &message, name));
            }
            main
        }
    };
    if let Some((parent, _)) = name.rsplit_once('.') {
        import(py, parent)?;
    }
    Ok(Some(name))
}

/// Calls the functions that are to run before the application, and before what workers do for it. Their helpers, which run
/// nothing of the application, are left alone; so is `python`.
pub(in crate::py) fn before_main(
    py: Token<'_>,
    config: &PythonInterpreterConfig,
    task: &Task,
) -> Result<(), Exception> {
    match task {
        Task::Application | Task::Worker(Worker { role: Role::Spawned | Role::ForkServer, .. }) => {
        }
        Task::Python
        | Task::Worker(Worker { role: Role::ResourceTracker | Role::SemaphoreTracker, .. }) => {
            return Ok(());
        }
    }
    for function in &config.before_main {
        resolve(py, function)?.call(py, &[])?;
    }
    Ok(())
}

/// The function that `Modules/main.c` calls for `-m` (`pymain_run_module`, 3.9 to 3.15).
fn run_by_runpy(py: Token<'_>, name: &str) -> Result<(), Exception> {
    import(py, "runpy")?.call_method(py, "_run_module_as_main", &[&text(py, name)?]).map(drop)
}

/// Calls an entry point, and exits as the script that an installer makes for it: `sys.exit(function())`.
pub(in crate::py) fn run_entry_point(
    py: Token<'_>,
    entry_point: &EntryPoint,
) -> Result<(), Exception> {
    let main = main_module(py)?;
    let finder = own_module::finder(py)?;
    let spec_type = own_module::bootstrap(py)?.attribute(py, "ModuleSpec")?;
    // A real spec under the one name that workers do not import again: nothing of the application is defined here.
    main.set_attribute(py, "__spec__", &spec_type.call(py, &[&text(py, "__main__")?, &finder])?)?;
    main.set_attribute(py, "__loader__", &finder)?;
    let result = resolve(py, entry_point)?.call(py, &[])?;
    let exit = import(py, "builtins")?.attribute(py, "SystemExit")?.call(py, &[&result])?;
    // SAFETY: attached; both live; the interpreter takes references of its own.
    unsafe { ffi::PyErr_SetObject(ffi::Py_TYPE(exit.as_ptr()).cast(), exit.as_ptr()) };
    Err(Exception::take(py))
}

/// The `__main__` module, which initialisation has made.
pub(in crate::py) fn main_module(py: Token<'_>) -> Result<Object, Exception> {
    loaded_module(py, "__main__")?.ok_or_else(|| {
        Exception::new(py, Kind::Runtime, "the interpreter has no `__main__` module")
    })
}

//! The built-in modules by which Python boots from the archive.
//!
//! CPython imports `encodings` before any other module of its standard library, in the main interpreter and in every
//! sub-interpreter, and asks `BuiltinImporter` first. So a built-in module of that name is the earliest place where
//! code of ours runs with the import system up: it puts our finder at `sys.meta_path[0]`, and then becomes the real
//! `encodings` package from the archive. `PyImport_AppendInittab` is all that this takes; nothing is frozen.

use std::ffi::c_int;
use std::ptr;
use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::error::Error;
use crate::py::ffi::boundary::returning_status;
use crate::py::ffi::definition::{Definition, SLOTS, Slots, definition, slots};
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{path_text, text};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::hooks::public;
use crate::py::hooks::python_hooks;
use crate::py::hooks::ready;
use crate::py::import::archived::is_in_archives;
use crate::py::import::finder::hooks_of_this_interpreter;
use crate::py::import::finder_methods::METHODS;
use crate::py::import::finder_type::{self, Role, State};
use crate::py::import::own_module::{BOOTSTRAP, DAMAGED_ARCHIVE, MODULE, note_failure};
use crate::py::import::spec;
use crate::py::process::runtime;
use crate::py::process::version;

static COLDFRAME_SLOTS: Slots<SLOTS> = Slots(std::cell::UnsafeCell::new(slots(execute_coldframe)));
static COLDFRAME: Definition = definition(c"_coldframe", &COLDFRAME_SLOTS, ptr::null_mut());
static ENCODINGS_SLOTS: Slots<SLOTS> = Slots(std::cell::UnsafeCell::new(slots(execute_encodings)));
static ENCODINGS: Definition = definition(c"encodings", &ENCODINGS_SLOTS, ptr::null_mut());

unsafe extern "C" fn initialise_coldframe() -> *mut ffi::PyObject {
    // SAFETY: attached, as CPython calls this; the definition is static.
    unsafe { ffi::PyModuleDef_Init(COLDFRAME.0.get()) }
}

unsafe extern "C" fn initialise_encodings() -> *mut ffi::PyObject {
    // SAFETY: attached, as CPython calls this; the definition is static.
    unsafe { ffi::PyModuleDef_Init(ENCODINGS.0.get()) }
}

unsafe extern "C" fn execute_coldframe(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: CPython calls this attached, with a live module; so does the closure use it.
    unsafe {
        returning_status(|py| match Object::from_borrowed(py, module) {
            Some(module) => fill_coldframe(py, &module),
            None => Ok(()),
        })
    }
}

unsafe extern "C" fn execute_encodings(module: *mut ffi::PyObject) -> c_int {
    // SAFETY: CPython calls this attached, with a live module; so does the closure use it.
    unsafe {
        returning_status(|py| match Object::from_borrowed(py, module) {
            Some(module) => become_encodings(py, &module),
            None => Ok(()),
        })
    }
}

/// Adds our modules to the table of built-in ones. To be called once, before Python starts.
pub(in crate::py) fn add_builtin_modules(boots_from_archive: bool) -> Result<(), Error> {
    type Initialise = unsafe extern "C" fn() -> *mut ffi::PyObject;
    let modules: [(_, Initialise); 3] = [
        (c"_coldframe", initialise_coldframe),
        (c"coldframe", public::initialise),
        (c"encodings", initialise_encodings),
    ];
    let added = if boots_from_archive { modules.len() } else { modules.len() - 1 };
    let succeeded = modules.into_iter().take(added).all(|(name, initialise)| {
        // SAFETY: before initialisation, as documented; the names are static strings.
        unsafe { ffi::PyImport_AppendInittab(name.as_ptr(), Some(initialise)) == 0 }
    });
    if succeeded {
        Ok(())
    } else {
        Err(Error::start("there is no memory for the table of built-in modules"))
    }
}

fn fill_coldframe(py: Token<'_>, module: &Object) -> Result<(), Exception> {
    let finder_type = finder_type::make(py, module, &METHODS)?;
    let state = State { role: Role::MetaPath, hooks: Arc::new(hooks_of_this_interpreter(py)?) };
    let finder = finder_type::instance(py, &finder_type, state)?;
    python_hooks::prepare(py)?;
    module.set_attribute(py, "Finder", &finder_type)?;
    module.set_attribute(py, DAMAGED_ARCHIVE, &damaged_archive(py)?)?;
    module.set_attribute(py, BOOTSTRAP, &import(py, "_frozen_importlib")?)?;
    module.set_attribute(py, "finder", &finder)
}

fn damaged_archive(py: Token<'_>) -> Result<Object, Exception> {
    let doc = c"An archive is damaged: what was asked for is in it, and cannot be read.";
    // SAFETY: attached; two C strings, a static type, and no dictionary; a new reference or null.
    unsafe {
        Object::from_owned(
            py,
            ffi::PyErr_NewExceptionWithDoc(
                c"coldframe.DamagedArchive".as_ptr(),
                doc.as_ptr(),
                ffi::PyExc_SystemError,
                ptr::null_mut(),
            ),
        )
    }
}

fn become_encodings(py: Token<'_>, module: &Object) -> Result<(), Exception> {
    let booted = check_bytecode(py).and_then(|()| install(py)).and_then(|finder| {
        let spec = finder.call_method(py, "find_spec", &[&text(py, "encodings")?])?;
        spec::apply_to_module(py, module, &spec)?;
        finder.call_method(py, "exec_module", &[module]).map(drop)
    });
    booted.inspect_err(|exception| note_failure(py, exception))
}

/// Refuses archives whose bytecode this Python does not read, before any of it is unmarshalled.
fn check_bytecode(py: Token<'_>) -> Result<(), Exception> {
    let runtime = runtime::get(py)?;
    for archive in runtime.archives.archives() {
        let built_for = archive.target();
        let running = version::running_target(version::bytecode_magic(py), built_for.optimization);
        archive
            .check_target(&running)
            .map_err(|error| Exception::new(py, Kind::Runtime, &error.to_string()))?;
    }
    Ok(())
}

/// Puts the finder into the import system of this interpreter, once, and sets `sys.frozen` and its like; gives the finder.
pub(in crate::py) fn install(py: Token<'_>) -> Result<Object, Exception> {
    let runtime = runtime::get(py)?;
    crate::py::files::install(py)?;
    let finder = import(py, MODULE)?.attribute(py, "finder")?;
    let sys = import(py, "sys")?;
    let zero = Object::integer(py, 0)?;
    sys.attribute(py, "meta_path")?.call_method(py, "insert", &[&zero, &finder])?;

    // CPython's own hooks stay: the search path starts without any folder of the disk, and a program that puts one on it
    // (plug-ins) finds its modules there, as under `python`.
    let path_hook = finder.attribute(py, "path_hook")?;
    sys.attribute(py, "path_hooks")?.call_method(py, "insert", &[&zero, &path_hook])?;
    // Some read which folders `PathFinder` knows (`twisted.python.modules`), and it is hardly ever asked for the archives.
    let root = path_text(py, &runtime.root)?;
    if let Ok(entry) = path_hook.call(py, &[&root]) {
        sys.attribute(py, "path_importer_cache")?.set_item(py, &root, &entry)?;
    }

    if runtime.config.sys_frozen && !runtime.behaves_as_python {
        sys.set_attribute(py, "frozen", &Object::boolean(py, true))?;
    }
    if runtime.config.sys_meipass {
        sys.set_attribute(py, "_MEIPASS", &path_text(py, &runtime.folder)?)?;
    }
    report_with_source(py)?;
    ready::wait_if_needed(py)?;
    Ok(finder)
}

/// Before 3.13, what reports an uncaught exception does not ask loaders for source lines: ours does.
fn report_with_source(py: Token<'_>) -> Result<(), Exception> {
    const REPORTER: &str = "_coldframe_tracebacks";
    // A standard library that was packed by others may lack the module; tracebacks then have no lines.
    let is_packed = is_in_archives(py, REPORTER)?;
    if cfg!(not(Py_3_13)) && is_packed {
        import(py, REPORTER)?.call_method(py, "install", &[])?;
    }
    Ok(())
}

/// Installs the finder after initialisation, for a Python that boots from the file system.
pub(in crate::py) fn install_late(py: Token<'_>) -> Result<(), Exception> {
    check_bytecode(py)?;
    install(py).map(drop)
}

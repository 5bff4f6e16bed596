//! The built-in modules by which Python boots from the archive.
//!
//! CPython imports `encodings` before any other module of its standard library, in the main interpreter and in every
//! sub-interpreter, and asks `BuiltinImporter` first. So a built-in module of that name is the earliest place where
//! code of ours runs with the import system up: it puts our finder at `sys.meta_path[0]`, and then becomes the real
//! `encodings` package from the archive. `PyImport_AppendInittab` is all that this takes; nothing is frozen.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use pyo3_ffi as ffi;

use super::boundary::returning_status;
use super::exception::{Exception, Kind};
use super::finder::hooks_of_this_interpreter;
use super::finder_type::{self, Role, State};
use super::object::{Object, import, loaded_module};
use super::text::{path_text, text};
use super::token::Token;
use super::{public, python_hooks, ready, runtime, spec, version};
use crate::error::Error;

/// The name of our built-in module, which holds the finder.
pub(super) const MODULE: &str = "_coldframe";

/// The name of the exception for damage in an archive, here and in the module `coldframe`.
pub(super) const DAMAGED_ARCHIVE: &str = "DamagedArchive";

/// What the module calls importlib's own.
const BOOTSTRAP: &str = "importlib";

/// A module definition that C keeps a pointer to.
#[repr(transparent)]
pub(super) struct Definition(pub(super) std::cell::UnsafeCell<ffi::PyModuleDef>);

// SAFETY: only CPython writes to a definition, under its own lock (`PyModuleDef_Init` is documented to be so used).
unsafe impl Sync for Definition {}

#[repr(transparent)]
pub(super) struct Slots<const N: usize>(
    pub(super) std::cell::UnsafeCell<[ffi::PyModuleDef_Slot; N]>,
);

// SAFETY: CPython only reads the slots.
unsafe impl<const N: usize> Sync for Slots<N> {}

pub(super) const SLOTS: usize = 2 + cfg!(Py_3_12) as usize + cfg!(Py_3_13) as usize;

/// The slots of a module that runs `execute`, keeps no state outside of itself, and needs no GIL.
pub(super) const fn slots(
    execute: unsafe extern "C" fn(*mut ffi::PyObject) -> c_int,
) -> [ffi::PyModuleDef_Slot; SLOTS] {
    let end = ffi::PyModuleDef_Slot { slot: 0, value: ptr::null_mut() };
    let mut slots = [end; SLOTS];
    slots[0] = ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: execute as *mut c_void };
    #[cfg(Py_3_12)]
    {
        slots[1] = ffi::PyModuleDef_Slot {
            slot: ffi::Py_mod_multiple_interpreters,
            value: ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
        };
    }
    #[cfg(Py_3_13)]
    {
        slots[2] = ffi::PyModuleDef_Slot { slot: ffi::Py_mod_gil, value: ffi::Py_MOD_GIL_NOT_USED };
    }
    slots
}

pub(super) const fn definition<const N: usize>(
    name: &'static std::ffi::CStr,
    slots: &'static Slots<N>,
    methods: *mut ffi::PyMethodDef,
) -> Definition {
    Definition(std::cell::UnsafeCell::new(ffi::PyModuleDef {
        m_base: ffi::PyModuleDef_HEAD_INIT,
        m_name: name.as_ptr(),
        m_doc: ptr::null(),
        m_size: 0,
        m_methods: methods,
        m_slots: slots.0.get().cast(),
        m_traverse: None,
        m_clear: None,
        m_free: None,
    }))
}

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
pub(super) fn add_builtin_modules(boots_from_archive: bool) -> Result<(), Error> {
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

/// Why booting failed, in our words: CPython's own status says no more than that `encodings` could not be imported.
pub(super) static BOOT_FAILURE: OnceLock<String> = OnceLock::new();

/// Notes what went wrong in a module of the archive, if Python is not up yet.
pub(super) fn note_failure(py: Token<'_>, exception: &Exception) {
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } == 0 {
        let _the_first_counts = BOOT_FAILURE.set(exception.describe(py));
    }
}

fn fill_coldframe(py: Token<'_>, module: &Object) -> Result<(), Exception> {
    let finder_type = finder_type::make(py, module)?;
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
        spec::dress(py, module, &spec)?;
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

/// Puts the finder into the import system of this interpreter, once, and dresses `sys`; gives the finder.
pub(super) fn install(py: Token<'_>) -> Result<Object, Exception> {
    let runtime = runtime::get(py)?;
    super::files::install(py)?;
    let finder = import(py, MODULE)?.attribute(py, "finder")?;
    let sys = import(py, "sys")?;
    let zero = Object::integer(py, 0)?;
    sys.attribute(py, "meta_path")?.call_method(py, "insert", &[&zero, &finder])?;

    // Those of CPython stay: the search path starts without any folder of the disk, and a program that puts one on it
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
    let is_packed = super::run::is_in_archives(py, REPORTER)?;
    if cfg!(not(Py_3_13)) && is_packed {
        import(py, REPORTER)?.call_method(py, "install", &[])?;
    }
    Ok(())
}

/// Installs the finder after initialisation, for a Python that boots from the file system.
pub(super) fn install_late(py: Token<'_>) -> Result<(), Exception> {
    check_bytecode(py)?;
    install(py).map(drop)
}

/// The finder of this interpreter, where it is installed.
pub(super) fn finder(py: Token<'_>) -> Result<Object, Exception> {
    match loaded_module(py, MODULE)? {
        Some(module) => module.attribute(py, "finder"),
        None => Err(Exception::new(py, Kind::Runtime, "the finder of Coldframe is not installed")),
    }
}

/// `importlib._bootstrap`, which is there before `importlib` can be imported, and also while a program that tests imports
/// blocks it in `sys.modules`.
pub(super) fn bootstrap(py: Token<'_>) -> Result<Object, Exception> {
    import(py, MODULE)?.attribute(py, BOOTSTRAP)
}

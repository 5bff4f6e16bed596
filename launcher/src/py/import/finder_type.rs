//! The C type of the finder: its memory, and what a finder knows. Its methods are handed to it.

use std::ffi::{CStr, OsString, c_int, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use importer_core::{Hooks, Load};
use pyo3_ffi as ffi;

use crate::py::ffi::definition::Methods;
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::with_utf8;
use crate::py::ffi::token::Token;

/// The hooks of one interpreter.
pub(in crate::py) type ModuleHooks = Hooks<Object, Exception>;

/// The state of one finder.
pub(in crate::py) struct State {
    pub(in crate::py) role: Role,
    /// Shared by all finders of the interpreter.
    pub(in crate::py) hooks: Arc<ModuleHooks>,
}

/// The purpose of a finder.
pub(in crate::py) enum Role {
    /// To stand on `sys.meta_path`, and to load what it finds.
    MetaPath,
    /// To look into one folder of the archives, as entries of `sys.path` and of a package's `__path__` ask.
    /// `entry` is that entry as it was written.
    PathEntry { folder: String, entry: OsString },
    /// To stand in for another finder's loader while it loads one module, so that hooks run (see `hooked`).
    StandIn { loader: Object, load: Load },
}

/// A finder as its methods get it.
pub(in crate::py) struct Finder<'a> {
    pub(in crate::py) object: &'a Object,
    pub(in crate::py) state: &'a State,
}

/// An instance in CPython's memory.
#[repr(C)]
struct Instance {
    base: ffi::PyObject,
    /// Set once by [`instance`], and freed by [`deallocate`].
    state: *mut State,
}

/// Makes the type for the module that is to hold it.
pub(in crate::py) fn make<const N: usize>(
    py: Token<'_>,
    module: &Object,
    methods: &'static Methods<N>,
) -> Result<Object, Exception> {
    let mut slots = [
        ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: deallocate as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_traverse, pfunc: traverse as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_getattro, pfunc: get_attribute as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: methods.0.get().cast() },
        ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: DOCUMENTATION.as_ptr() as *mut c_void },
        ffi::PyType_Slot::default(),
    ];
    let mut spec = ffi::PyType_Spec {
        name: c"_coldframe.Finder".as_ptr(),
        basicsize: size_of::<Instance>() as c_int,
        itemsize: 0,
        // No subclass could add anything that importlib would see; and a bare instance has no state.
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC | no_instantiation()) as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: attached; the specification is copied by CPython; the slots' functions and tables are static.
    let made =
        unsafe { ffi::PyType_FromModuleAndSpec(module.as_ptr(), &raw mut spec, ptr::null_mut()) };
    // SAFETY: a new reference or null with an exception.
    unsafe { Object::from_owned(py, made) }
}

/// `Py_TPFLAGS_DISALLOW_INSTANTIATION`, where it exists (3.10).
const fn no_instantiation() -> std::ffi::c_ulong {
    #[cfg(Py_3_10)]
    return ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION;
    #[cfg(not(Py_3_10))]
    return 0;
}

const DOCUMENTATION: &CStr = c"Finder and loader of the modules in Coldframe's archives.";

/// Makes a finder.
pub(in crate::py) fn instance(
    py: Token<'_>,
    finder_type: &Object,
    state: State,
) -> Result<Object, Exception> {
    let finder_type = finder_type.as_ptr().cast::<ffi::PyTypeObject>();
    // SAFETY: attached; our own type, whose instances have the layout of `Instance`; zeroed memory or null.
    let made = unsafe { Object::from_owned(py, ffi::PyType_GenericAlloc(finder_type, 0)) }?;
    // SAFETY: a new instance of our type, which nobody else has seen yet.
    unsafe { (*made.as_ptr().cast::<Instance>()).state = Box::into_raw(Box::new(state)) };
    Ok(made)
}

/// Tells the garbage collector what a finder refers to. It needs no `tp_clear`: what refers back to a finder (its type's
/// module, the modules that it loaded) has one.
unsafe extern "C" fn traverse(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: CPython calls this with a live instance of our type, whose state is set once and not changed; each
    // reference that it owns is visited once.
    unsafe {
        let outcome = visit(ffi::Py_TYPE(object).cast(), argument);
        if outcome != 0 {
            return outcome;
        }
        match (*object.cast::<Instance>()).state.as_ref() {
            Some(State { role: Role::StandIn { loader, .. }, .. }) => {
                visit(loader.as_ptr(), argument)
            }
            Some(_) | None => 0,
        }
    }
}

unsafe extern "C" fn deallocate(object: *mut ffi::PyObject) {
    // SAFETY: as below; an object that is taken apart must not be seen by the garbage collector.
    unsafe { ffi::PyObject_GC_UnTrack(object.cast()) };
    // SAFETY: CPython calls this once for an instance of our type that has no references left.
    let state = unsafe { (*object.cast::<Instance>()).state };
    if !state.is_null() {
        // SAFETY: made by `Box::into_raw` in `instance`, and given up only here.
        drop(unsafe { Box::from_raw(state) });
    }
    // SAFETY: as above; an instance of a heap type owns a reference to its type, which goes last.
    unsafe {
        let object_type = ffi::Py_TYPE(object);
        ffi::PyObject_GC_Del(object.cast());
        ffi::Py_DECREF(object_type.cast());
    }
}

/// A stand-in is the other finder's loader in all but what loads: who only looks at a spec is to see no difference.
unsafe extern "C" fn get_attribute(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    const OWN: [&str; 2] = ["create_module", "exec_module"];
    // SAFETY: CPython calls this attached, with a live instance of our type and a live `str`; the state is as in `state`.
    unsafe {
        if let Some(State { role: Role::StandIn { loader, .. }, .. }) =
            (*object.cast::<Instance>()).state.as_ref()
            && let Some(named) = Object::from_borrowed(Token::assume_attached(), name)
            && !with_utf8(Token::assume_attached(), &named, |named| OWN.contains(&named))
                .unwrap_or(false)
        {
            return ffi::PyObject_GetAttr(loader.as_ptr(), name);
        }
        ffi::PyObject_GenericGetAttr(object, name)
    }
}

/// The hooks that a finder of this interpreter shares with the others.
pub(in crate::py) fn hooks_of(
    py: Token<'_>,
    finder: &Object,
) -> Result<Arc<ModuleHooks>, Exception> {
    if !is_ours(finder) {
        let message = "`_coldframe.finder` is no finder of Coldframe";
        return Err(Exception::new(py, Kind::Type, message));
    }
    // SAFETY: an instance of our type, as was just asked.
    unsafe { state(py, finder) }.map(|state| Arc::clone(&state.hooks))
}

/// Whether an object is a finder of ours, of any role.
fn is_ours(object: &Object) -> bool {
    // SAFETY: a live object has a live type, and any slot of a heap type may be asked for; what is no finder of ours
    // has another function there, or none.
    unsafe {
        let object_type = ffi::Py_TYPE(object.as_ptr());
        ffi::PyType_HasFeature(object_type, ffi::Py_TPFLAGS_HEAPTYPE) != 0
            && ffi::PyType_GetSlot(object_type, ffi::Py_tp_dealloc) == deallocate as *mut c_void
    }
}

/// Whether a loader stands in for another.
pub(in crate::py) fn is_stand_in(py: Token<'_>, loader: &Object) -> bool {
    // SAFETY: an instance of our type, as was just asked.
    is_ours(loader)
        && unsafe { state(py, loader) }
            .is_ok_and(|state| matches!(state.role, Role::StandIn { .. }))
}

/// Lends the state of a finder.
///
/// # Safety
///
/// The object is an instance of the type that [`make`] makes, as the `self` of one of its methods is.
pub(in crate::py) unsafe fn state<'a>(
    py: Token<'_>,
    object: &'a Object,
) -> Result<&'a State, Exception> {
    // SAFETY: such an object has the layout of `Instance`; the state lives as long as the object, which the reference
    // keeps, and is not changed after `instance` has set it.
    unsafe { (*object.as_ptr().cast::<Instance>()).state.as_ref() }.ok_or_else(|| {
        Exception::new(py, Kind::Type, "this finder of Coldframe was not made by it")
    })
}

//! The C type of the finder: its memory, its table of methods, and the arguments that C hands over.

use std::ffi::{CStr, OsString, c_int, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use importer_core::{Hooks, Load};
use pyo3_ffi as ffi;

use super::boot;
use super::boundary::returning_object;
use super::exception::{Exception, Kind};
use super::finder::Finder;
use super::object::Object;
use super::text::{text, with_utf8};
use super::token::Token;

/// The hooks of one interpreter.
pub(super) type ModuleHooks = Hooks<Object, Exception>;

/// What one finder knows.
pub(super) struct State {
    pub(super) role: Role,
    /// Shared by all finders of the interpreter.
    pub(super) hooks: Arc<ModuleHooks>,
}

/// What a finder is there for.
pub(super) enum Role {
    /// To stand on `sys.meta_path`, and to load what it finds.
    MetaPath,
    /// To look into one folder of the archives, as entries of `sys.path` and of a package's `__path__` ask.
    /// `entry` is that entry as it was written.
    PathEntry { folder: String, entry: OsString },
    /// To stand in for another finder's loader while it loads one module, so that hooks run (see `hooked`).
    StandIn { loader: Object, load: Load },
}

/// An instance in CPython's memory.
#[repr(C)]
struct Instance {
    base: ffi::PyObject,
    /// Set once by [`instance`], and freed by [`deallocate`].
    state: *mut State,
}

/// Makes the type for the module that is to hold it.
pub(super) fn make(py: Token<'_>, module: &Object) -> Result<Object, Exception> {
    let mut slots = [
        ffi::PyType_Slot { slot: ffi::Py_tp_dealloc, pfunc: deallocate as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_traverse, pfunc: traverse as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_getattro, pfunc: get_attribute as *mut c_void },
        ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: METHODS.0.get().cast() },
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
pub(super) fn instance(
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
pub(super) fn hooks_of(py: Token<'_>, finder: &Object) -> Result<Arc<ModuleHooks>, Exception> {
    // SAFETY: a live object has a live type, and any slot of a heap type may be asked for; what is no finder of ours
    // has another function there, or none.
    let is_ours = unsafe {
        let object_type = ffi::Py_TYPE(finder.as_ptr());
        ffi::PyType_HasFeature(object_type, ffi::Py_TPFLAGS_HEAPTYPE) != 0
            && ffi::PyType_GetSlot(object_type, ffi::Py_tp_dealloc) == deallocate as *mut c_void
    };
    if !is_ours {
        let message = "`_coldframe.finder` is no finder of Coldframe";
        return Err(Exception::new(py, Kind::Type, message));
    }
    // SAFETY: an instance of our type, as was just asked.
    unsafe { state(py, finder) }.map(|state| Arc::clone(&state.hooks))
}

/// Lends the state of a finder.
///
/// # Safety
///
/// The object is an instance of the type that [`make`] makes, as the `self` of one of its methods is.
unsafe fn state<'a>(py: Token<'_>, object: &'a Object) -> Result<&'a State, Exception> {
    // SAFETY: such an object has the layout of `Instance`; the state lives as long as the object, which the reference
    // keeps, and is not changed after `instance` has set it.
    unsafe { (*object.as_ptr().cast::<Instance>()).state.as_ref() }.ok_or_else(|| {
        Exception::new(py, Kind::Type, "this finder of Coldframe was not made by it")
    })
}

/// The arguments of a call, by position.
pub(super) struct Arguments<const N: usize>([Option<Object>; N]);

impl<const N: usize> Arguments<N> {
    /// The argument in that place; `None` when it was not given, or given as Python's `None`.
    pub(super) fn get(&self, py: Token<'_>, place: usize) -> Option<&Object> {
        self.0.get(place)?.as_ref().filter(|object| !object.is_none(py))
    }

    /// Whether there is an argument in that place, be it `None`.
    pub(super) fn is_given(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(Option::is_some)
    }

    /// The argument in that place, which the caller has to give.
    pub(super) fn required(&self, py: Token<'_>, place: usize) -> Result<&Object, Exception> {
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
pub(super) unsafe fn collect<const N: usize>(
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

#[repr(transparent)]
pub(super) struct Methods<const N: usize>(pub(super) std::cell::UnsafeCell<[ffi::PyMethodDef; N]>);

// SAFETY: CPython only reads the table.
unsafe impl<const N: usize> Sync for Methods<N> {}

/// The table of methods: for each one the function that C calls, which sorts the arguments and calls ours.
mod calls {
    pub(super) use super::super::finder::*;
    pub(super) use super::super::system_library::*;
}

macro_rules! methods {
    ($($(#[$condition:meta])? $name:ident ($($parameter:ident),*) $documentation:literal;)*) => {
        $(
            $(#[$condition])?
            unsafe extern "C" fn $name(
                this: *mut ffi::PyObject,
                stack: *const *mut ffi::PyObject,
                positional: ffi::Py_ssize_t,
                names: *mut ffi::PyObject,
            ) -> *mut ffi::PyObject {
                // SAFETY: CPython calls a method attached, with a live `self` of the method's own type (its descriptor
                // checks that), and the arguments of a vectorcall.
                unsafe {
                    returning_object(|py| {
                        let parameters = [$(stringify!($parameter)),*];
                        let arguments = collect(py, stringify!($name), parameters, (stack, positional, names))?;
                        let object = Object::from_borrowed(py, this).ok_or_else(|| Exception::take(py))?;
                        let finder = Finder { object: &object, state: state(py, &object)? };
                        calls::$name(py, &finder, &arguments)
                            .inspect_err(|exception| {
                                // It refuses what is another hook's, which is no failure.
                                if stringify!($name) != "path_hook" {
                                    boot::note_failure(py, exception);
                                }
                            })
                    })
                }
            }
        )*
        const COUNT: usize = [$($(#[$condition])? stringify!($name)),*].len();
        static METHODS: Methods<{ COUNT + 1 }> = Methods(std::cell::UnsafeCell::new([
            $($(#[$condition])? ffi::PyMethodDef {
                // SAFETY: `concat!` ends the literal with the only NUL.
                ml_name: unsafe { CStr::from_bytes_with_nul_unchecked(concat!(stringify!($name), "\0").as_bytes()) }
                    .as_ptr(),
                ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: $name },
                ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
                // SAFETY: as above.
                ml_doc: unsafe { CStr::from_bytes_with_nul_unchecked(concat!($documentation, "\0").as_bytes()) }
                    .as_ptr(),
            },)*
            ffi::PyMethodDef::zeroed(),
        ]));
    };
}

methods! {
    find_spec(fullname, path, target) "Return the spec of a module of the archives, or None.";
    create_module(spec) "Create an extension module; None, for the usual module object, for all others.";
    exec_module(module) "Execute a module in its own namespace, and run the hooks that wait for it.";
    #[cfg(not(Py_3_15))]
    load_module(fullname) "Load a module, as loaders did before exec_module() (to Python 3.14).";
    get_code(fullname) "Return the code object of a module, None for an extension module.";
    get_source(fullname) "Return the source text of a module, None where there is none.";
    get_filename(fullname) "Return the virtual path of a module.";
    is_package(fullname) "Return whether a module is a package.";
    get_data(path) "Return the contents of a file of the archives.";
    get_resource_reader(fullname) "Return a reader for the resources of a package.";
    iter_modules(prefix) "Yield (name, is_package) for the modules of this path entry.";
    invalidate_caches() "Do nothing: archives do not change.";
    run_waiting_hooks() "Run the hooks on modules that were loaded before this finder was installed.";
    path_hook(path) "Return a path entry finder for a path inside of the archives; else raise ImportError.";
    end_with_parent(sentinel) "End this process some time after the other end of this pipe has been closed.";
    redirect_dlopen(type) "Let the method dlopen() of a type of C code open libraries on disk that lie in the archives.";
    load_library(name) "Load the packed library of that name, and what a library in the cache needs, for who opens it.";
    list_libraries() "Return the names of the libraries of the system that the archives hold.";
    list_opened_libraries() "Return the names of the packed libraries that packed code opens by their names.";
    log(text) "Write a warning to the log.";
    system_data(folder) "Return the path of a folder with files of the system that libraries read, or None.";
    certificates() "Return the file and the folder with this system's certificates, each or None.";
    root() "Return the path below which the archives' files lie.";
    real_path(path) "Return the path on disk of what lies in the archives at that path, for what is not Python; else the path.";
    is_on_disk(path) "Return whether a file lies on the disk at that path, and not only in the archives.";
    list_folder(path) "Return the (name, is_folder) pairs of a folder of the archives, or None.";
    list_distributions(name) "Return the (name, metadata folder) pairs of all distributions, or of the named one.";
}

/// The text of a required argument.
pub(super) fn required_text<const N: usize>(
    py: Token<'_>,
    arguments: &Arguments<N>,
    place: usize,
) -> Result<String, Exception> {
    arguments.required(py, place)?.to_text(py)
}

/// `str(prefix) + name`, for the names that `iter_modules` yields.
pub(super) fn prefixed(py: Token<'_>, prefix: &str, name: &str) -> Result<Object, Exception> {
    text(py, &format!("{prefix}{name}"))
}

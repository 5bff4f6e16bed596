//! The table of the finder's methods: for each one the function that C calls, which sorts the arguments and calls ours.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use crate::py::ffi::arguments::collect;
use crate::py::ffi::boundary::returning_object;
use crate::py::ffi::definition::Methods;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::import::finder_type::{Finder, state};
use crate::py::import::own_module::note_failure;

/// The functions, by their names.
mod calls {
    pub(in crate::py) use crate::py::import::finder::*;
    pub(in crate::py) use crate::py::native::system_library::*;
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
                                    note_failure(py, exception);
                                }
                            })
                    })
                }
            }
        )*
        /// How many there are.
        const COUNT: usize = [$($(#[$condition])? stringify!($name)),*].len();
        /// The table, with its end.
        pub(in crate::py) static METHODS: Methods<{ COUNT + 1 }> = Methods(std::cell::UnsafeCell::new([
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
    path_ends() "Return the letters that end a path in a text which a shell, or a program with options, reads.";
    real_path(path) "Return the path on disk of what lies in the archives at that path, for what is not Python; else the path.";
    is_on_disk(path) "Return whether a file lies on the disk at that path, and not only in the archives.";
    list_folder(path) "Return the (name, is_folder) pairs of a folder of the archives, or None.";
    list_distributions(name) "Return the (name, metadata folder) pairs of all distributions, or of the named one.";
}

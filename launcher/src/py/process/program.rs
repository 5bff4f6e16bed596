//! Changes that a program may make to its whole process, and a library that others link must not: a program asks for it by a macro.

/// Says that this program is its process's owner, and that its process is to be what one of `python` would be.
///
/// It stands once in the crate of a program, beside `main`:
///
/// ```
/// launcher::program!();
/// # fn main() {}
/// ```
///
/// A library has no business to do these things, so without the macro none of them is done:
///
/// * Before `main` it is noted which standard streams are closed. Rust's runtime opens `/dev/null` in their place;
///   [`Interpreter::run`](crate::Interpreter::run) closes them again, and `sys.stdin` is `None` as under `python` (Linux).
/// * `run` takes away Rust's handlers of `SIGSEGV` and `SIGBUS`, which swallow the first of such signals that is sent (Linux).
///   Handlers of others stay.
/// * The function `pthread_exit` is the program's own. Python before 3.14 ends daemon threads by it while it ends itself, and
///   glibc cannot unwind Rust frames: a process with hooks of Rust in such a thread dies of "FATAL: exception not rethrown".
///   With the macro the thread sleeps until the process ends (Linux with glibc).
/// * The functions of the C library that open files, and tell of them, are the program's own: libraries that open packed files by
///   their paths get them. Each other path goes on to the C library (Linux with glibc, on x86-64 and ARM64).
///
/// With or without the macro, a process that CPython started as a worker becomes that worker, and watches its parent by a
/// real-time signal, unless `workers-end-with-parent` is off.
#[macro_export]
macro_rules! program {
    () => {
        $crate::__program_begins!();
        $crate::__program_ends_threads!();
        $crate::__program_serves_files!();
    };
}

/// Runs before `main`, and so before Rust's runtime opens what is closed.
#[doc(hidden)]
#[cfg(all(unix, not(target_vendor = "apple")))]
#[macro_export]
macro_rules! __program_begins {
    () => {
        const _: () = {
            // SAFETY: the dynamic linker calls what stands in this section, once, before anything else of the program runs
            // (System V ABI); the function needs nothing that is not there yet.
            #[used]
            #[unsafe(link_section = ".init_array")]
            static BEGIN: extern "C" fn() = $crate::__program::begin;
        };
    };
}

/// As on other systems, by the section that these have for it.
#[doc(hidden)]
#[cfg(all(unix, target_vendor = "apple"))]
#[macro_export]
macro_rules! __program_begins {
    () => {
        const _: () = {
            // SAFETY: as on other systems.
            #[used]
            #[unsafe(link_section = "__DATA,__mod_init_func")]
            static BEGIN: extern "C" fn() = $crate::__program::begin;
        };
    };
}

/// Elsewhere nothing is to be done before `main`.
#[doc(hidden)]
#[cfg(not(unix))]
#[macro_export]
macro_rules! __program_begins {
    () => {};
}

/// Takes the place of the C library's function, for the whole program: symbols of the executable come first.
#[doc(hidden)]
#[cfg(all(target_os = "linux", target_env = "gnu", not(Py_3_14)))]
#[macro_export]
macro_rules! __program_ends_threads {
    () => {
        const _: () = {
            /// # Safety
            ///
            /// As for the C library's function, which this calls for threads without a frame of ours.
            #[unsafe(no_mangle)]
            unsafe extern "C-unwind" fn pthread_exit(value: *mut ::core::ffi::c_void) -> ! {
                // SAFETY: as the caller promises.
                unsafe { $crate::__program::end_thread(value) }
            }
        };
    };
}

/// From 3.14 on Python ends no thread so, and elsewhere it does no harm.
#[doc(hidden)]
#[cfg(not(all(target_os = "linux", target_env = "gnu", not(Py_3_14))))]
#[macro_export]
macro_rules! __program_ends_threads {
    () => {};
}

/// Elsewhere a C library's functions are left as they are.
#[doc(hidden)]
#[cfg(not(interposes))]
#[macro_export]
macro_rules! __program_serves_files {
    () => {};
}

/// Called before `main` of a program.
#[doc(hidden)]
#[cfg(unix)]
pub extern "C" fn begin() {
    #[cfg(target_os = "linux")]
    crate::py::process::process_state::note_program();
}

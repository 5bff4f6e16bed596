//! The functions of the C library that were interposed, and the callers whose calls always go on to them.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3_ffi as ffi;

/// A function of the C library, or of a library that was preloaded before it.
pub(super) struct Original {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Original {
    const fn new(name: &'static CStr) -> Self {
        Self { name, found: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Its address; null where this C library has none.
    fn address(&self) -> *mut c_void {
        let known = self.found.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: a C string; the search begins behind the executable, which calls.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Declares the functions, each with the symbol that it goes on to and its type in C.
macro_rules! originals {
    ($($name:ident = $symbol:literal: $kind:ty;)*) => {
        $(pub(super) fn $name() -> Option<$kind> {
            // SAFETY: null, or the C library's function of that name, whose type this is (POSIX, glibc's manual).
            unsafe { std::mem::transmute::<*mut c_void, Option<$kind>>(ORIGINALS.$name.address()) }
        })*
        struct Originals { $($name: Original,)* }
        static ORIGINALS: Originals = Originals { $($name: Original::new($symbol),)* };
        /// Looks for all of them, so that no later call, in a handler of a signal say, has to.
        pub(in crate::py) fn find_originals() {
            $(ORIGINALS.$name.address();)*
        }
    };
}

originals! {
    access = c"access": unsafe extern "C-unwind" fn(*const c_char, c_int) -> c_int;
    dlopen = c"dlopen": unsafe extern "C" fn(*const c_char, c_int) -> *mut c_void;
    faccessat = c"faccessat": unsafe extern "C-unwind" fn(c_int, *const c_char, c_int, c_int) -> c_int;
    fopen = c"fopen64": unsafe extern "C-unwind" fn(*const c_char, *const c_char) -> *mut libc::FILE;
    fstatat = c"fstatat64": unsafe extern "C-unwind" fn(c_int, *const c_char, *mut libc::stat64, c_int) -> c_int;
    open = c"open64": unsafe extern "C-unwind" fn(*const c_char, c_int, ...) -> c_int;
    openat = c"openat64": unsafe extern "C-unwind" fn(c_int, *const c_char, c_int, ...) -> c_int;
    opendir = c"opendir": unsafe extern "C-unwind" fn(*const c_char) -> *mut libc::DIR;
    readlink = c"readlink": unsafe extern "C-unwind" fn(*const c_char, *mut c_char, usize) -> isize;
    readlinkat = c"readlinkat": unsafe extern "C-unwind" fn(c_int, *const c_char, *mut c_char, usize) -> isize;
    realpath = c"realpath": unsafe extern "C-unwind" fn(*const c_char, *mut c_char) -> *mut c_char;
    statx = c"statx": unsafe extern "C-unwind" fn(c_int, *const c_char, c_int, c_uint, *mut libc::statx) -> c_int;
}

/// Whether an address lies in the executable or in libpython.
pub(super) fn is_own(caller: usize) -> bool {
    let library = library_at(caller as *const c_void);
    library == library_at(is_own as *const c_void)
        || library == library_at(ffi::Py_IsInitialized as *const c_void)
}

/// The address at which the library or program with that code was loaded; null if there is none.
fn library_at(code: *const c_void) -> *mut c_void {
    // SAFETY: a structure of C for which zero is a value.
    let mut found: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: any address may be asked for; the answer is written into the structure.
    unsafe { libc::dladdr(code, &raw mut found) };
    found.dli_fbase
}

//! Threads that Python ends while code of ours is on their stack.
//!
//! Before 3.14, a daemon thread that asks for the GIL while Python is being finalised is ended by `pthread_exit`
//! (`Python/ceval_gil.c`, `take_gil`), which unwinds the stack with glibc. A stack with Rust frames cannot be unwound
//! so: the process dies of "FATAL: exception not rethrown", or objects are dropped without the GIL. Such a thread is
//! left to sleep until the process ends, which is what Python itself does from 3.14.

use std::cell::Cell;

thread_local! {
    /// How many calls from C into our code this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Says that code of ours is on the stack of this thread, for as long as it lives.
pub(in crate::py) struct OnStack;

impl OnStack {
    pub(in crate::py) fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for OnStack {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// The body of a program's own `pthread_exit` (`program.rs`).
///
/// # Safety
///
/// As for the C library's function, which this calls for threads without a frame of ours.
// The unwinding passes through this function, which has nothing to drop.
#[cfg(all(target_os = "linux", target_env = "gnu", not(Py_3_14)))]
#[doc(hidden)]
pub unsafe extern "C-unwind" fn end_thread(value: *mut std::ffi::c_void) -> ! {
    while DEPTH.get() > 0 {
        // SAFETY: no arguments; returns when a signal was handled.
        unsafe { libc::pause() };
    }
    // SAFETY: a C string; the function that would have been called without this one, or null.
    let real = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_exit".as_ptr()) };
    if real.is_null() {
        std::process::abort();
    }
    // SAFETY: not null, and the C library's function of that name has this type.
    let real: unsafe extern "C-unwind" fn(*mut std::ffi::c_void) -> ! =
        unsafe { std::mem::transmute(real) };
    // SAFETY: as the caller promises.
    unsafe { real(value) }
}

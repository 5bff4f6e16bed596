//! The changes that Rust's runtime makes to a process before `main`, taken back: Python has its own ways, which programs rely on.
//!
//! * It opens `/dev/null` in place of standard streams that are closed. Under `python` they stay closed, and
//!   `sys.stdin` is `None`.
//! * It handles `SIGSEGV` and `SIGBUS`, to name a stack overflow. A signal that was sent, by `os.kill` or by
//!   `faulthandler`, is swallowed by that the first time.
//!
//! (`library/std/src/sys/pal/unix/mod.rs` and `stack_overflow.rs` of Rust 1.95.)

#[cfg(target_os = "linux")]
pub(in crate::py) use self::linux::{note_program, restore};

/// Whether the kernel says that this process has rights which its starter lacks (`AT_SECURE`).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_privileged() -> bool {
    // SAFETY: it takes a number, and reads what the kernel left for this process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Whether the user or the group was set by the executable.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) fn is_privileged() -> bool {
    // SAFETY: these take nothing and cannot fail.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

/// On other systems no executable brings rights with it.
#[cfg(not(unix))]
pub(crate) fn is_privileged() -> bool {
    false
}

/// Elsewhere nothing is taken back yet.
#[cfg(not(target_os = "linux"))]
pub(in crate::py) fn restore() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_int;
    use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

    /// Whether the executable said that it is the owner of the process.
    static IS_PROGRAM: AtomicBool = AtomicBool::new(false);

    /// A bit for each of the standard streams that was closed when the process began.
    static CLOSED: AtomicU8 = AtomicU8::new(0);

    const STANDARD_STREAMS: [c_int; 3] = [0, 1, 2];

    /// Notes that there is such a program, and the streams. To be called before `main`, and so before Rust's runtime opens what is closed.
    pub(in crate::py) fn note_program() {
        IS_PROGRAM.store(true, Ordering::Relaxed);
        for stream in STANDARD_STREAMS {
            // SAFETY: numbers only; a descriptor that is not open is an error.
            if unsafe { libc::fcntl(stream, libc::F_GETFD) } < 0 {
                CLOSED.fetch_or(1 << stream, Ordering::Relaxed);
            }
        }
    }

    /// Closes again what was closed, and takes Rust's signal handlers away, in a program that asks for it. To be called before
    /// Python starts.
    pub(in crate::py) fn restore() {
        if !IS_PROGRAM.load(Ordering::Relaxed) {
            return;
        }
        let closed = CLOSED.load(Ordering::Relaxed);
        for stream in STANDARD_STREAMS {
            if closed & (1 << stream) != 0 && is_null_device(stream) {
                // SAFETY: nobody but Rust's runtime has opened it: the program that uses this crate would have something
                // else there.
                unsafe { libc::close(stream) };
            }
        }
        let (segmentation, bus) = (handler(libc::SIGSEGV), handler(libc::SIGBUS));
        // The same handler for these two, and none for the other faults: that is Rust's, and not what a program
        // installed to report its crashes.
        let is_rust =
            segmentation == bus && segmentation != libc::SIG_DFL && segmentation != libc::SIG_IGN;
        let others = [libc::SIGILL, libc::SIGFPE, libc::SIGABRT].map(handler);
        if is_rust && others.iter().all(|handler| *handler == libc::SIG_DFL) {
            for signal in [libc::SIGSEGV, libc::SIGBUS] {
                // SAFETY: the default action needs no code.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
        }
    }

    /// The address of a signal's handler.
    fn handler(signal: c_int) -> libc::sighandler_t {
        // SAFETY: zeroes are valid for this structure, which the call fills; nothing is set.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut action);
            action.sa_sigaction
        }
    }

    fn is_null_device(descriptor: c_int) -> bool {
        // SAFETY: zeroes are valid for this structure of integers, which the call fills.
        unsafe {
            let mut found: libc::stat = std::mem::zeroed();
            libc::fstat(descriptor, &raw mut found) == 0
                && (found.st_mode & libc::S_IFMT) == libc::S_IFCHR
                && found.st_rdev == libc::makedev(1, 3)
        }
    }
}

//! Signals of a process that only waits for another one, which is what they are meant for.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

/// The process that gets the signals; 0 before there is one.
static RECEIVER: AtomicI32 = AtomicI32::new(0);

/// Signals that somebody sends to this process alone.
const SENT: [c_int; 4] = [libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2];

/// Signals that a terminal sends to both processes.
const FROM_TERMINAL: [c_int; 2] = [libc::SIGINT, libc::SIGQUIT];

/// Hands signals on to a child, as long as this process waits for it; those that a terminal sends to both end neither wait.
pub fn pass_signals_to(child: u32) {
    RECEIVER.store(child as i32, Ordering::Relaxed);
    for signal in SENT {
        // SAFETY: the handler does only what may be done in one, and lives as long as the process.
        unsafe { libc::signal(signal, pass_on as *const () as libc::sighandler_t) };
    }
    for signal in FROM_TERMINAL {
        // SAFETY: a disposition of the system's.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

extern "C" fn pass_on(signal: c_int) {
    let receiver = RECEIVER.load(Ordering::Relaxed);
    if receiver > 0 {
        // SAFETY: `kill` may be called by a handler, and takes numbers only.
        unsafe { libc::kill(receiver, signal) };
    }
}

/// Ends this process as a child ended: by this signal, so that its parent sees the same.
pub fn end_by_signal(signal: i32) -> u8 {
    // SAFETY: both take numbers only; the second does not return unless the signal is blocked.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::kill(libc::getpid(), signal);
    }
    // As a shell says it.
    128u8.wrapping_add(signal as u8)
}

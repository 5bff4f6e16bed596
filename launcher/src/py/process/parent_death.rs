//! A worker process whose parent is gone ends too.
//!
//! A parent that is killed cannot end its workers, and a worker of a pool then waits for ever: the pipe that it reads
//! from is held open by its siblings. CPython gives each worker a descriptor that becomes ready when the parent ends
//! (`multiprocessing.parent_process().sentinel`); here the kernel is asked to send a signal then. No thread watches, for
//! a worker may fork. The application may see to its end by itself: only after [`GRACE`] it gets `SIGTERM`, as by
//! `Process.terminate()`.

use std::ffi::c_int;
use std::io;

/// How long a worker may go on without its parent, in seconds.
#[cfg(target_os = "linux")]
const GRACE: libc::time_t = 3;

/// The timer of this process that sends `SIGTERM`; null before there is one.
#[cfg(target_os = "linux")]
static TIMER: std::sync::atomic::AtomicPtr<std::ffi::c_void> =
    std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());

/// Ends this process some time after the other end of `sentinel`, a pipe, has been closed.
#[cfg(target_os = "linux")]
pub(in crate::py) fn end_after(sentinel: c_int) -> io::Result<()> {
    use std::sync::atomic::Ordering;

    // A real-time signal that neither glibc nor Python uses; its number is known at run time only.
    let signal = libc::SIGRTMAX() - 3;
    let mut timer = std::ptr::null_mut();
    // SAFETY: zeroes are valid for this structure of integers and a pointer that this kind of event does not use.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = libc::SIGTERM;
    // SAFETY: two structures of this frame, the second of which is filled.
    check(unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) })?;
    TIMER.store(timer, Ordering::Release);

    // SAFETY: zeroes are an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = start_timer as *const () as usize;
    // System calls go on: the application is to see no more of this than its own end.
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler does only what may be done in one; the old action is not asked for.
    check(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) })?;

    // SAFETY: these take numbers only; a descriptor that is not open is an error.
    unsafe {
        check(libc::fcntl(sentinel, libc::F_SETOWN, libc::getpid()))?;
        check(libc::fcntl(sentinel, F_SETSIG, signal))?;
        let flags = check(libc::fcntl(sentinel, libc::F_GETFL))?;
        check(libc::fcntl(sentinel, libc::F_SETFL, flags | libc::O_ASYNC))?;
    }
    // The parent may have ended before the kernel was asked.
    let mut polled = libc::pollfd { fd: sentinel, events: libc::POLLIN, revents: 0 };
    // SAFETY: one structure of this frame, and no waiting.
    if check(unsafe { libc::poll(&raw mut polled, 1, 0) })? > 0 {
        start_timer(signal);
    }
    Ok(())
}

/// Ends this process some time after the one with this handle. Windows itself waits for it; a job would end the worker at
/// once, and with it whatever it has started.
#[cfg(windows)]
pub(in crate::py) fn end_after(sentinel: c_int) -> io::Result<()> {
    use std::ptr;

    use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE};
    use windows_sys::Win32::System::Threading::{
        GetCurrentProcess, INFINITE, RegisterWaitForSingleObject, WT_EXECUTEONLYONCE,
    };

    let mut handle: HANDLE = ptr::null_mut();
    let given = ptr::without_provenance_mut(sentinel as usize);
    // SAFETY: this process's own handles, of which the new one is never closed: Python closes its own.
    let duplicated = unsafe {
        let process = GetCurrentProcess();
        DuplicateHandle(process, given, process, &raw mut handle, 0, 0, DUPLICATE_SAME_ACCESS)
    };
    if duplicated == 0 {
        return Err(io::Error::last_os_error());
    }
    let mut wait: HANDLE = ptr::null_mut();
    // SAFETY: a handle that stays open; the function uses nothing of this frame, and touches neither Python nor a lock.
    let registered = unsafe {
        RegisterWaitForSingleObject(
            &raw mut wait,
            handle,
            Some(parent_ended),
            ptr::null(),
            INFINITE,
            WT_EXECUTEONLYONCE,
        )
    };
    if registered == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Runs in a thread of Windows' own when the parent has ended.
#[cfg(windows)]
unsafe extern "system" fn parent_ended(_context: *mut std::ffi::c_void, _timed_out: bool) {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, Sleep, TerminateProcess};

    // SAFETY: numbers, and this process's own handle.
    unsafe {
        Sleep(GRACE_IN_MILLISECONDS);
        TerminateProcess(GetCurrentProcess(), TERMINATED);
    }
}

/// As [`GRACE`].
#[cfg(windows)]
const GRACE_IN_MILLISECONDS: u32 = 3000;

/// The exit code by which `multiprocessing` knows a process that was terminated (`popen_spawn_win32.py`).
#[cfg(windows)]
const TERMINATED: u32 = 0x10000;

/// Elsewhere nothing can be asked of the kernel without a thread: the worker stays, as under `python`.
#[cfg(not(any(target_os = "linux", windows)))]
pub(in crate::py) fn end_after(_sentinel: c_int) -> io::Result<()> {
    Ok(())
}

/// `F_SETSIG` (Linux, `fcntl.h`), which `libc` names for some C libraries only.
#[cfg(target_os = "linux")]
const F_SETSIG: c_int = 10;

#[cfg(target_os = "linux")]
extern "C" fn start_timer(_signal: c_int) {
    let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let once = libc::timespec { tv_sec: GRACE, tv_nsec: 0 };
    let setting = libc::itimerspec { it_interval: zero, it_value: once };
    let timer = TIMER.load(std::sync::atomic::Ordering::Acquire);
    // SAFETY: may be called in a signal handler (POSIX); a timer of this process, made before the handler was set, or
    // one of its parent's, which is none here, and an error that changes `errno` only.
    unsafe {
        let saved = *libc::__errno_location();
        libc::timer_settime(timer, 0, &raw const setting, std::ptr::null_mut());
        *libc::__errno_location() = saved;
    }
}

#[cfg(target_os = "linux")]
fn check(returned: c_int) -> io::Result<c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

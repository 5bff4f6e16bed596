//! The functions in the place of the C library's: each looks at the path, and at its caller.
//!
//! They are called by symbols of the program (`symbols.rs`), from any thread, with and without a GIL. `C-unwind` lets a
//! thread's cancellation, which glibc does by unwinding, go through a call that was passed on.
#![allow(
    missing_docs,
    clippy::missing_safety_doc,
    reason = "each is called as the C library's function of its name, with its caller's address besides"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::os::fd::IntoRawFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use super::answer::{Asked, Given, Told, asked};
use super::passed_on as next;

/// The result of a call of ours; a fault is left in `errno`, and no panic crosses into C.
fn answer<T>(failure: T, call: impl FnOnce() -> Result<T, c_int>) -> T {
    let outcome = catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(libc::EIO));
    outcome.unwrap_or_else(|code| {
        // SAFETY: the address of this thread's `errno`.
        unsafe { *libc::__errno_location() = code };
        failure
    })
}

/// The failure of a function that this C library does not have.
fn none<T>(failure: T) -> T {
    answer(failure, || Err(libc::ENOSYS))
}

pub unsafe extern "C-unwind" fn open(
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    caller: usize,
) -> c_int {
    // SAFETY: the caller's C string, and its arguments for the C library's function.
    unsafe {
        match asked(path, caller) {
            Some(asked) => answer(-1, || descriptor(&asked, flags)),
            None => next::open().map_or_else(|| none(-1), |open| open(path, flags, mode)),
        }
    }
}

/// The same without a mode, for nothing is created.
pub unsafe extern "C-unwind" fn __open_2(
    path: *const c_char,
    flags: c_int,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { open(path, flags, 0, caller) }
}

pub unsafe extern "C-unwind" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: libc::mode_t,
    caller: usize,
) -> c_int {
    // SAFETY: the caller's C string, and its arguments for the C library's function.
    unsafe {
        match asked(path, caller) {
            Some(asked) => answer(-1, || descriptor(&asked, flags)),
            None => {
                next::openat().map_or_else(|| none(-1), |openat| openat(folder, path, flags, mode))
            }
        }
    }
}

pub unsafe extern "C-unwind" fn __openat_2(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { openat(folder, path, flags, 0, caller) }
}

fn descriptor(asked: &Asked<'_>, flags: c_int) -> Result<c_int, c_int> {
    match asked.open(flags)? {
        Given::Descriptor(descriptor) => Ok(descriptor.into_raw_fd()),
        Given::Path(real) => {
            let open = next::open().ok_or(libc::ENOSYS)?;
            // SAFETY: a C string; nothing is created, so no mode is read.
            let opened = unsafe { open(real.as_ptr(), flags & !libc::O_CREAT) };
            if opened < 0 { Err(last_code()) } else { Ok(opened) }
        }
    }
}

fn last_code() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

pub unsafe extern "C-unwind" fn fopen(
    path: *const c_char,
    mode: *const c_char,
    caller: usize,
) -> *mut libc::FILE {
    // SAFETY: the caller's C strings.
    unsafe {
        let Some(asked) = asked(path, caller).filter(|_| !mode.is_null()) else {
            return next::fopen().map_or_else(|| none(null_mut()), |fopen| fopen(path, mode));
        };
        answer(null_mut(), || {
            let opened = descriptor(&asked, flags_of(CStr::from_ptr(mode).to_bytes()))?;
            let file = libc::fdopen(opened, mode);
            if file.is_null() {
                let code = last_code();
                libc::close(opened);
                return Err(code);
            }
            Ok(file)
        })
    }
}

/// The flags that `fopen` opens a file by (C11, 7.21.5.3; `e` and `x` are glibc's).
fn flags_of(mode: &[u8]) -> c_int {
    let has = |letter| mode.contains(&letter);
    let kind = match mode.first() {
        Some(b'w') => libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC,
        Some(b'a') => libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND,
        _ if has(b'+') => libc::O_RDWR,
        _ => libc::O_RDONLY,
    };
    let closes = if has(b'e') { libc::O_CLOEXEC } else { 0 };
    kind | closes | if has(b'x') { libc::O_EXCL } else { 0 }
}

pub unsafe extern "C-unwind" fn fstatat(
    folder: c_int,
    path: *const c_char,
    into: *mut libc::stat64,
    flags: c_int,
    caller: usize,
) -> c_int {
    // SAFETY: the caller's C string and structure, which has this shape with and without `64` on systems of 64 bits.
    unsafe {
        let Some(asked) = asked(path, caller) else {
            return match next::fstatat() {
                Some(fstatat) => fstatat(folder, path, into, flags),
                // glibc has it from 2.33 on.
                None => libc::syscall(libc::SYS_newfstatat, folder, path, into, flags) as c_int,
            };
        };
        if let Some(outside) = asked.outside() {
            return fstatat(folder, outside.as_ptr(), into, flags, caller);
        }
        answer(-1, || {
            into.write(stat_of(&asked.told()?));
            Ok(0)
        })
    }
}

fn stat_of(told: &Told) -> libc::stat64 {
    // SAFETY: a structure of numbers.
    let mut stat: libc::stat64 = unsafe { std::mem::zeroed() };
    stat.st_mode = told.mode;
    stat.st_ino = told.inode;
    stat.st_dev = told.device;
    stat.st_nlink = 1;
    stat.st_uid = told.user;
    stat.st_gid = told.group;
    stat.st_size = told.length as i64;
    stat.st_blksize = 4096;
    stat.st_blocks = told.blocks() as i64;
    (stat.st_atime, stat.st_atime_nsec) = told.changed;
    (stat.st_mtime, stat.st_mtime_nsec) = told.changed;
    (stat.st_ctime, stat.st_ctime_nsec) = told.changed;
    stat
}

pub unsafe extern "C-unwind" fn stat(
    path: *const c_char,
    into: *mut libc::stat64,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { fstatat(libc::AT_FDCWD, path, into, 0, caller) }
}

pub unsafe extern "C-unwind" fn lstat(
    path: *const c_char,
    into: *mut libc::stat64,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { fstatat(libc::AT_FDCWD, path, into, libc::AT_SYMLINK_NOFOLLOW, caller) }
}

/// `stat` of programs that were linked with glibc before 2.33; its version of the structure is always the kernel's here.
pub unsafe extern "C-unwind" fn __xstat(
    _version: c_int,
    path: *const c_char,
    into: *mut libc::stat64,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { stat(path, into, caller) }
}

pub unsafe extern "C-unwind" fn __lxstat(
    _version: c_int,
    path: *const c_char,
    into: *mut libc::stat64,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { lstat(path, into, caller) }
}

pub unsafe extern "C-unwind" fn __fxstatat(
    _version: c_int,
    folder: c_int,
    path: *const c_char,
    into: *mut libc::stat64,
    flags: c_int,
    caller: usize,
) -> c_int {
    // SAFETY: as the caller's.
    unsafe { fstatat(folder, path, into, flags, caller) }
}

pub unsafe extern "C-unwind" fn statx(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    wanted: c_uint,
    into: *mut libc::statx,
    caller: usize,
) -> c_int {
    // SAFETY: the caller's C string and structure.
    unsafe {
        let Some(asked) = asked(path, caller) else {
            return match next::statx() {
                Some(statx) => statx(folder, path, flags, wanted, into),
                // glibc has it from 2.28 on.
                None => libc::syscall(libc::SYS_statx, folder, path, flags, wanted, into) as c_int,
            };
        };
        if let Some(outside) = asked.outside() {
            return statx(folder, outside.as_ptr(), flags, wanted, into, caller);
        }
        answer(-1, || {
            into.write(statx_of(&asked.told()?));
            Ok(0)
        })
    }
}

fn statx_of(told: &Told) -> libc::statx {
    // SAFETY: a structure of numbers.
    let mut facts: libc::statx = unsafe { std::mem::zeroed() };
    facts.stx_mask = libc::STATX_BASIC_STATS;
    facts.stx_mode = told.mode as u16;
    facts.stx_ino = told.inode;
    facts.stx_dev_major = libc::major(told.device);
    facts.stx_dev_minor = libc::minor(told.device);
    facts.stx_nlink = 1;
    facts.stx_uid = told.user;
    facts.stx_gid = told.group;
    facts.stx_size = told.length;
    facts.stx_blksize = 4096;
    facts.stx_blocks = told.blocks();
    for time in [&mut facts.stx_atime, &mut facts.stx_mtime, &mut facts.stx_ctime] {
        time.tv_sec = told.changed.0;
        time.tv_nsec = told.changed.1 as u32;
    }
    facts
}

pub unsafe extern "C-unwind" fn access(path: *const c_char, wanted: c_int, caller: usize) -> c_int {
    // SAFETY: the caller's C string.
    unsafe {
        match asked(path, caller) {
            Some(asked) if let Some(outside) = asked.outside() => {
                access(outside.as_ptr(), wanted, caller)
            }
            Some(asked) => answer(-1, || asked.access(wanted).map(|()| 0)),
            None => next::access().map_or_else(|| none(-1), |access| access(path, wanted)),
        }
    }
}

pub unsafe extern "C-unwind" fn faccessat(
    folder: c_int,
    path: *const c_char,
    wanted: c_int,
    flags: c_int,
    caller: usize,
) -> c_int {
    // SAFETY: the caller's C string.
    unsafe {
        match asked(path, caller) {
            Some(asked) if let Some(outside) = asked.outside() => {
                faccessat(folder, outside.as_ptr(), wanted, flags, caller)
            }
            Some(asked) => answer(-1, || asked.access(wanted).map(|()| 0)),
            None => next::faccessat()
                .map_or_else(|| none(-1), |faccessat| faccessat(folder, path, wanted, flags)),
        }
    }
}

pub unsafe extern "C-unwind" fn opendir(path: *const c_char, caller: usize) -> *mut libc::DIR {
    // SAFETY: the caller's C string, or one of ours.
    unsafe {
        let pass_on = |path| next::opendir().map_or_else(|| none(null_mut()), |open| open(path));
        match asked(path, caller) {
            Some(asked) => match answer(None, || asked.folder().map(Some)) {
                Some(real) => pass_on(real.as_ptr()),
                None => null_mut(),
            },
            None => pass_on(path),
        }
    }
}

pub unsafe extern "C-unwind" fn realpath(
    path: *const c_char,
    into: *mut c_char,
    caller: usize,
) -> *mut c_char {
    // SAFETY: the caller's C string, and a place for `PATH_MAX` bytes or null.
    unsafe {
        let Some(asked) = asked(path, caller) else {
            return next::realpath()
                .map_or_else(|| none(null_mut()), |realpath| realpath(path, into));
        };
        if let Some(outside) = asked.outside() {
            return realpath(outside.as_ptr(), into, caller);
        }
        answer(null_mut(), || {
            let real = asked.real_path()?;
            let bytes = real.as_bytes_with_nul();
            if bytes.len() > libc::PATH_MAX as usize {
                return Err(libc::ENAMETOOLONG);
            }
            if into.is_null() {
                let copy = libc::strdup(real.as_ptr());
                return if copy.is_null() { Err(libc::ENOMEM) } else { Ok(copy) };
            }
            into.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            Ok(into)
        })
    }
}

/// `realpath` with the place's length, which has to be `PATH_MAX` or more, as glibc asks.
pub unsafe extern "C-unwind" fn __realpath_chk(
    path: *const c_char,
    into: *mut c_char,
    length: usize,
    caller: usize,
) -> *mut c_char {
    if length < libc::PATH_MAX as usize {
        return none(null_mut());
    }
    // SAFETY: as the caller's.
    unsafe { realpath(path, into, caller) }
}

pub unsafe extern "C-unwind" fn canonicalize_file_name(
    path: *const c_char,
    caller: usize,
) -> *mut c_char {
    // SAFETY: as the caller's.
    unsafe { realpath(path, null_mut(), caller) }
}

pub unsafe extern "C-unwind" fn readlink(
    path: *const c_char,
    into: *mut c_char,
    length: usize,
    caller: usize,
) -> isize {
    // SAFETY: the caller's C string and place.
    unsafe {
        match asked(path, caller) {
            Some(asked) if let Some(outside) = asked.outside() => {
                readlink(outside.as_ptr(), into, length, caller)
            }
            Some(asked) => answer(-1, || Err(asked.no_link())),
            None => {
                next::readlink().map_or_else(|| none(-1), |readlink| readlink(path, into, length))
            }
        }
    }
}

pub unsafe extern "C-unwind" fn readlinkat(
    folder: c_int,
    path: *const c_char,
    into: *mut c_char,
    length: usize,
    caller: usize,
) -> isize {
    // SAFETY: the caller's C string and place.
    unsafe {
        match asked(path, caller) {
            Some(asked) if let Some(outside) = asked.outside() => {
                readlinkat(folder, outside.as_ptr(), into, length, caller)
            }
            Some(asked) => answer(-1, || Err(asked.no_link())),
            None => next::readlinkat()
                .map_or_else(|| none(-1), |readlinkat| readlinkat(folder, path, into, length)),
        }
    }
}

/// `readlink` of programs that were compiled with checks: the place is known to be that long.
pub unsafe extern "C-unwind" fn __readlink_chk(
    path: *const c_char,
    into: *mut c_char,
    length: usize,
    place: usize,
    caller: usize,
) -> isize {
    // SAFETY: as the caller's; no more is written than there is place for.
    unsafe { readlink(path, into, length.min(place), caller) }
}

/// The path by which `dlopen` is to go on, and the C library's `dlopen`: two words, as a function of C returns them in registers.
#[repr(C)]
pub struct Library {
    path: *const c_char,
    dlopen: Dlopen,
}

type Dlopen = unsafe extern "C" fn(*const c_char, c_int) -> *mut c_void;

pub unsafe extern "C" fn library(path: *const c_char, caller: usize) -> Library {
    let dlopen = next::dlopen().unwrap_or(no_dlopen);
    // SAFETY: null or the caller's C string.
    let Some(asked) = (unsafe { asked(path, caller) }) else { return Library { path, dlopen } };
    // The linker may know it by this very path, as an extension module that was imported: then there must be no other copy of it.
    // SAFETY: the caller's C string; with this flag nothing is loaded, and no code runs.
    if unsafe { !dlopen(path, libc::RTLD_LAZY | libc::RTLD_NOLOAD).is_null() } {
        return Library { path, dlopen };
    }
    let real = answer(None, || asked.library().map(Some));
    // The linker reads it after this has returned, and a library is opened once. Where there is none, it says so of the path.
    Library { path: real.map_or(path, |real: CString| real.into_raw().cast_const()), dlopen }
}

unsafe extern "C" fn no_dlopen(_path: *const c_char, _flags: c_int) -> *mut c_void {
    null_mut()
}

#[cfg(test)]
mod tests {
    use std::ffi::c_int;

    use super::flags_of;

    #[test]
    fn modes_are_those_of_c() {
        for (mode, writes, flags) in [
            ("r", false, 0),
            ("rb", false, 0),
            ("re", false, libc::O_CLOEXEC),
            ("r+b", true, libc::O_RDWR),
            ("rb+", true, libc::O_RDWR),
            ("w", true, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC),
            ("wx", true, libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_EXCL),
            ("a", true, libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND),
        ] {
            let found: c_int = flags_of(mode.as_bytes());
            assert_eq!(found, flags, "{mode}");
            assert_eq!(found & libc::O_ACCMODE != libc::O_RDONLY, writes, "{mode}");
        }
    }
}

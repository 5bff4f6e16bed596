//! Whether this program was made to carry an archive: it then never becomes something else when none is found.
//!
//! The mark lies among the program's own data, so that it outlives tools that take away the end of the file, or its sections.

use std::sync::atomic::{AtomicU8, Ordering};

/// The number of bytes of the mark that tell where it is.
const LENGTH: usize = 24;
/// The state of a program that was made to carry an archive.
const CARRIES: u8 = 1;
/// The same, of one that is linked with the Python in its archive when it runs (`launcher/src/py/native/deferred_python.rs`).
const DEFERS_PYTHON: u8 = 2;

macro_rules! mark {
    ($($byte:literal)*) => { [$(AtomicU8::new($byte),)* AtomicU8::new(0)] };
}

/// 24 bytes that stand nowhere else, and the state. They are atomic, so that the compiler does not take their first
/// values for those that will be there.
#[used]
static MARK: [AtomicU8; LENGTH + 1] = mark!(
    0x89 0x43 0x46 0x4d 0x41 0x52 0x4b 0x0d 0xd1 0x5e 0x6b 0xc3 0x97 0x20 0xf8 0x3a 0x94 0x7d 0x0c 0xe6 0x58 0xb1 0x2f 0xa5
);

/// Whether this program was made to carry an archive: it then never becomes something else when none is found.
pub fn carries_archive() -> bool {
    MARK.last().is_some_and(|state| state.load(Ordering::Relaxed) != 0)
}

/// Whether Python's library comes from the archive.
pub fn defers_python() -> bool {
    MARK.last().is_some_and(|state| state.load(Ordering::Relaxed) == DEFERS_PYTHON)
}

/// Marks a copy of this program, or of another one that has this library in it.
pub fn mark_carrier(executable: &mut [u8], defers_python: bool) {
    // Read from there, for a second copy in the code would be found as well.
    let needle: Vec<u8> =
        MARK.iter().take(LENGTH).map(|byte| byte.load(Ordering::Relaxed)).collect();
    let found: Vec<usize> = memchr::memmem::find_iter(executable, &needle).collect();
    for at in found {
        if let Some(state) = executable.get_mut(at + LENGTH) {
            *state = if defers_python { DEFERS_PYTHON } else { CARRIES };
        }
    }
}

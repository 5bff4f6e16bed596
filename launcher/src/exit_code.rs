//! The part of an exit code that a parent process sees: on Windows all 32 bits, elsewhere the low byte.

/// The end of a process by which its parent sees a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `main` returns this.
    Returned(u8),
    /// Only the system's own call takes this: `main` can return no more than a byte.
    Exited(i32),
}

/// The end for a code that Python gave, on a system that keeps whole codes or does not.
pub(crate) fn end(code: i32, keeps_whole_codes: bool) -> End {
    match u8::try_from(code) {
        Ok(byte) => End::Returned(byte),
        Err(_) if keeps_whole_codes => End::Exited(code),
        Err(_) => End::Returned((code & 0xff) as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_keeps_all_bits_of_a_code() {
        let table = [
            (0, End::Returned(0), End::Returned(0)),
            (3, End::Returned(3), End::Returned(3)),
            (255, End::Returned(255), End::Returned(255)),
            (256, End::Returned(0), End::Exited(256)),
            (-1, End::Returned(255), End::Exited(-1)),
            // The codes of `Process.terminate`, and of an interrupt (`STATUS_CONTROL_C_EXIT`).
            (0x10000, End::Returned(0), End::Exited(0x10000)),
            (0xC000_013A_u32 as i32, End::Returned(0x3a), End::Exited(0xC000_013A_u32 as i32)),
        ];
        for (code, elsewhere, windows) in table {
            assert_eq!((end(code, false), end(code, true)), (elsewhere, windows), "{code}");
        }
    }
}

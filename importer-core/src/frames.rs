//! Libraries in zstd frames: where each begins, so that they can be decompressed at once, straight to where they are used.
//!
//! The table is a skippable frame (RFC 8878, section 3.1.2) behind the others, so that any zstd reads the whole.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The number of bytes of a library in one frame; the last frame may hold fewer.
pub(crate) const FRAME: usize = 4 << 20;

/// Begins a skippable frame: one of the sixteen numbers that are for it.
const SKIPPABLE: u32 = 0x184D_2A5C;

/// One frame.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Entry {
    stored_length: U32,
    raw_length: U32,
}

/// The end of the table.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct End {
    /// The checksum of the raw bytes.
    checksum: U64,
    /// The number of entries.
    count: U32,
    /// [`SKIPPABLE`] once more.
    magic: U32,
}

/// The frames of a library that is being written.
#[derive(Debug, Default)]
pub(crate) struct FrameTable(Vec<Entry>);

impl FrameTable {
    pub(crate) fn push(&mut self, stored_length: usize, raw_length: usize) {
        // A frame is a few megabytes.
        let narrow = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).into();
        let (stored_length, raw_length) = (narrow(stored_length), narrow(raw_length));
        self.0.push(Entry { stored_length, raw_length });
    }

    pub(crate) fn encode(&self, checksum: u64) -> Vec<u8> {
        let count = U32::new(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        let end = End { checksum: checksum.into(), count, magic: SKIPPABLE.into() };
        let body = [self.0.as_bytes(), end.as_bytes()].concat();
        let length = U32::new(u32::try_from(body.len()).unwrap_or(u32::MAX));
        [U32::new(SKIPPABLE).as_bytes(), length.as_bytes(), &body].concat()
    }
}

/// A frame of a library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// The offset of its contents in the library.
    pub(crate) offset: u64,
    pub(crate) length: usize,
    pub(crate) stored: &'a [u8],
}

/// The frames of a library, and the checksum of its contents; `None` for bytes that were not made so.
pub(crate) fn read(stored: &[u8]) -> Option<(u64, Vec<Frame<'_>>)> {
    let (rest, end) = End::read_from_suffix(stored).ok()?;
    if end.magic != SKIPPABLE {
        return None;
    }
    let length = usize::try_from(end.count.get()).ok()?.checked_mul(size_of::<Entry>())?;
    let (rest, entries) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
    let entries = <[Entry]>::ref_from_bytes(entries).ok()?;
    let (mut frames, mut rest, mut offset) = (Vec::with_capacity(entries.len()), rest, 0u64);
    for entry in entries {
        let length = usize::try_from(entry.raw_length.get()).ok()?;
        if length > FRAME {
            return None;
        }
        let (stored, others) =
            rest.split_at_checked(usize::try_from(entry.stored_length.get()).ok()?)?;
        frames.push(Frame { offset, length, stored });
        offset += length as u64;
        rest = others;
    }
    // The head of the skippable frame.
    (rest.len() == 2 * size_of::<U32>()).then_some((end.checksum.get(), frames))
}

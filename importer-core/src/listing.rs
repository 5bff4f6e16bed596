//! Listings: sorted names with one flag each, as the blobs of a folder hold them.

use std::collections::BTreeMap;
use std::iter::FusedIterator;

/// Reads a listing; an entry that cannot be read is `None`, and the last.
pub(crate) struct Listing<'a> {
    rest: &'a [u8],
}

impl<'a> Listing<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn read(bytes: &'a [u8]) -> Option<((&'a str, bool), &'a [u8])> {
        let (flag, bytes) = bytes.split_first()?;
        let (length, bytes) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (name, rest) = bytes.split_at_checked(length)?;
        Some(((str::from_utf8(name).ok()?, *flag != 0), rest))
    }
}

impl<'a> Iterator for Listing<'a> {
    type Item = Option<(&'a str, bool)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = Self::read(self.rest);
        self.rest = read.map_or(&[], |(_, rest)| rest);
        Some(read.map(|(entry, _)| entry))
    }
}

impl FusedIterator for Listing<'_> {}

/// Writes a listing; `None` when a name is longer than a listing can say.
pub(crate) fn encode(entries: &BTreeMap<&str, bool>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (name, flag) in entries {
        bytes.push(u8::from(*flag));
        bytes.extend(u32::try_from(name.len()).ok()?.to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    Some(bytes)
}

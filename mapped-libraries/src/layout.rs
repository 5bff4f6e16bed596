//! The parts of a shared library that the dynamic linker needs to see, and those that are mapped from the archive after it.
//!
//! The dynamic linker opens files only, and a library in an archive is none. Copying it whole into a file in memory
//! costs its length, at each start and in each process. But of a library the linker itself reads only the tables, and
//! changes only the data: code and constants can be mapped from the archive's own pages, which all processes share.
//!
//! The layout is found when the archive is built ([`layout_of`](crate::layout_of)), and stands in it as text, a part in
//! each line.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::str::FromStr;

/// The unit in which memory is mapped. Layouts are made for x86-64 only, where it is this.
pub const PAGE: u64 = 4096;

/// The number of bytes that are kept free at the [entry](LibraryLayout::entry).
pub const ENTRY_LENGTH: u64 = 64;

/// A library's parts. Addresses count from where the library is loaded, offsets from its first byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryLayout {
    /// The length of the file.
    pub length: u64,
    /// Offsets: the parts that can be changed in memory.
    pub data: Vec<Range<u64>>,
    /// Offsets: the tables that the dynamic linker reads before the pages are mapped.
    pub tables: Vec<Range<u64>>,
    /// Whole pages that nobody changes.
    pub mapped: Vec<MappedPages>,
    /// Words of the dynamic section that are changed so that the linker calls the entry, and no other initialiser.
    pub words: Vec<Word>,
    /// An address in a mapped page with code: where the linker finds code of ours to call, until the page is mapped.
    pub entry: u64,
    /// The address of the function `DT_INIT`, if there is one.
    pub init: Option<u64>,
    /// The addresses of the array of functions `DT_INIT_ARRAY`: empty if there is none.
    pub init_array: Range<u64>,
}

/// Pages that are mapped from the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedPages {
    /// Their offset in the file.
    pub offset: u64,
    /// Their address when they are loaded.
    pub address: u64,
    /// Their length in bytes.
    pub length: u64,
    /// Whether there is code in them.
    pub is_code: bool,
}

/// Eight bytes, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its offset in the file.
    pub offset: u64,
    /// The value that is written there.
    pub value: u64,
}

impl LibraryLayout {
    /// Offsets of all that the dynamic linker reads or changes.
    pub fn copied(&self) -> impl Iterator<Item = &Range<u64>> {
        self.data.iter().chain(&self.tables)
    }

    /// The offset in the file of the entry, if this layout can be one of a file of that length: no part reaches beyond
    /// the end, whole pages are mapped, and the entry is in one with code.
    pub fn entry_offset(&self, length: u64) -> Option<u64> {
        let inside = |range: &Range<u64>| range.start <= range.end && range.end <= length;
        let mut entry = None;
        for pages in &self.mapped {
            let end = pages.address.checked_add(pages.length)?;
            let starts = pages.offset..pages.offset.checked_add(pages.length)?;
            let is_whole = [pages.offset, pages.address, pages.length]
                .iter()
                .all(|number| number.is_multiple_of(PAGE));
            // The last page may reach beyond the end, as it does when the linker itself maps a file.
            if !is_whole || starts.end > length.checked_next_multiple_of(PAGE)? {
                return None;
            }
            if pages.is_code
                && (pages.address..end).contains(&self.entry)
                && self.entry.checked_add(ENTRY_LENGTH)? <= end
            {
                entry = Some(pages.offset + (self.entry - pages.address));
            }
        }
        let words = self.words.iter().map(|word| word.offset..word.offset.saturating_add(8));
        let is_sound = self.length == length
            && self.copied().cloned().chain(words).all(|range| inside(&range))
            && self.init_array.start <= self.init_array.end;
        entry.filter(|offset| is_sound && inside(&(*offset..*offset + ENTRY_LENGTH)))
    }
}

impl Display for LibraryLayout {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "length {:x}", self.length)?;
        for (name, parts) in [("data", &self.data), ("tables", &self.tables)] {
            for Range { start, end } in parts {
                writeln!(out, "{name} {start:x} {end:x}")?;
            }
        }
        for MappedPages { offset, address, length, is_code } in &self.mapped {
            let name = if *is_code { "code" } else { "constants" };
            writeln!(out, "{name} {offset:x} {address:x} {length:x}")?;
        }
        for Word { offset, value } in &self.words {
            writeln!(out, "word {offset:x} {value:x}")?;
        }
        writeln!(out, "entry {:x}", self.entry)?;
        if let Some(init) = self.init {
            writeln!(out, "init {init:x}")?;
        }
        if self.init_array != (0..0) {
            writeln!(out, "init-array {:x} {:x}", self.init_array.start, self.init_array.end)?;
        }
        Ok(())
    }
}

/// The text of an attribute is no layout: nothing can be done with it but to copy the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the layout of a library")]
pub struct NotALayout;

impl FromStr for LibraryLayout {
    type Err = NotALayout;

    fn from_str(text: &str) -> Result<Self, NotALayout> {
        let mut layout = Self::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or(line);
            let numbers: Result<Vec<_>, _> =
                words.map(|word| u64::from_str_radix(word, 16)).collect();
            match (name, numbers.map_err(|_| NotALayout)?.as_slice()) {
                ("length", &[length]) => layout.length = length,
                ("data", &[start, end]) => layout.data.push(start..end),
                ("tables", &[start, end]) => layout.tables.push(start..end),
                ("code" | "constants", &[offset, address, length]) => {
                    let is_code = name == "code";
                    layout.mapped.push(MappedPages { offset, address, length, is_code });
                }
                ("word", &[offset, value]) => layout.words.push(Word { offset, value }),
                ("entry", &[address]) => layout.entry = address,
                ("init", &[address]) => layout.init = Some(address),
                ("init-array", &[start, end]) => layout.init_array = start..end,
                _ => return Err(NotALayout),
            }
        }
        Ok(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
length 5123
data 4df0 5010
tables 0 440
constants 0 0 1000
code 1000 1000 2000
word 4e10 1000
entry 1000
init 1010
init-array 4df0 4e00
";

    #[test]
    fn a_layout_is_read_as_it_was_written() {
        let layout: LibraryLayout = TEXT.parse().unwrap();
        assert_eq!(layout.to_string(), TEXT);
        assert_eq!(layout.entry_offset(0x5123), Some(0x1000));
        assert_eq!(layout.entry_offset(u64::MAX), None);
        let empty: LibraryLayout = TEXT.replace("4df0 4e00", "4df0 4df0").parse().unwrap();
        assert_eq!(empty.to_string().parse(), Ok(empty));
        for text in ["spam 1", "length", "length 1 2", "length x", "data 1", "code 0 0", ""] {
            let read = text.parse::<LibraryLayout>();
            assert!(read.is_err() || read.unwrap().entry_offset(0).is_none(), "{text}");
        }
    }

    #[test]
    fn a_layout_that_reaches_out_of_its_file_is_none() {
        for (line, other) in [
            ("length 5123", "length 5122"),
            ("data 4df0 5010", "data 4df0 5124"),
            ("data 4df0 5010", "data 5010 4df0"),
            ("tables 0 440", "tables 0 5124"),
            ("code 1000 1000 2000", "code 1000 1000 6000"),
            ("code 1000 1000 2000", "code 1000 1000 1001"),
            ("code 1000 1000 2000", "code 1001 1000 1000"),
            ("code 1000 1000 2000", "code 1000 1000 fffffffffffff000"),
            ("code 1000 1000 2000", "constants 1000 1000 2000"),
            ("word 4e10 1000", "word 511c 1000"),
            ("word 4e10 1000", "word ffffffffffffffff 1000"),
            ("entry 1000", "entry fff"),
            ("entry 1000", "entry 2fd0"),
            ("entry 1000", "entry ffffffffffffffff"),
            ("init-array 4df0 4e00", "init-array 4e00 4df0"),
        ] {
            let text = TEXT.replace(line, other);
            assert_ne!(text, TEXT);
            assert_eq!(
                text.parse::<LibraryLayout>().unwrap().entry_offset(0x5123),
                None,
                "{other}"
            );
        }
    }
}

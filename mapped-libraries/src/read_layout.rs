//! Finds which parts of a library can be mapped from the archive: all of its code and constants but for the tables that
//! the dynamic linker reads before it calls the library's initialisers.
//!
//! The section headers tell which parts are tables; the dynamic section, by which the linker itself goes, must agree with them.
//! A library that is unusual in any way has no layout, and is copied whole.

use std::ops::Range;

use object::LittleEndian as LE;
use object::elf::{self, Dyn64, DynamicTag, SectionType};
use object::read::elf::{ElfFile64, ProgramHeader, SectionHeader};

use crate::layout::{ENTRY_LENGTH, LibraryLayout, MappedPages, PAGE, Word};

/// The least number of mapped bytes that is worth the system calls. Inputs of fuzz targets are small.
const WORTH_FROM: u64 = if cfg!(fuzzing) { 1 } else { 64 * 1024 };

/// Sections begin at multiples of this or less.
const PADDING: u64 = 64;

type File<'a> = ElfFile64<'a, LE>;

/// The entries of the dynamic section that say where a table is which the linker reads.
const TABLES: [DynamicTag; 11] = [
    elf::DT_HASH,
    elf::DT_GNU_HASH,
    elf::DT_STRTAB,
    elf::DT_SYMTAB,
    elf::DT_RELA,
    elf::DT_REL,
    elf::DT_RELR,
    elf::DT_JMPREL,
    elf::DT_VERSYM,
    elf::DT_VERNEED,
    elf::DT_VERDEF,
];

/// The layout of a library; `None` for a library that must be copied whole.
pub fn layout_of(contents: &[u8]) -> Option<LibraryLayout> {
    let file = File::parse(contents).ok()?;
    let header = file.elf_header();
    if header.e_machine.get(LE) != elf::EM_X86_64 || header.e_type.get(LE) != elf::ET_DYN {
        return None;
    }
    let parts = Parts::read(&file, contents.len() as u64)?;
    let dynamic = Dynamic::read(&file, contents)?;
    let is_known = |tag| dynamic.value(tag).is_none_or(|address| parts.is_table(address));
    let is_usual = parts.is_writable(dynamic.offset)
        && TABLES.into_iter().all(is_known)
        && !dynamic.changes_code()
        && !asks_for_addresses(&file, contents)?;
    let n_mapped: u64 = parts.mapped.iter().map(|pages| pages.length).sum();
    let n_tables: u64 = parts.tables.iter().map(|table| table.length).sum();
    if !is_usual || n_mapped < n_tables + WORTH_FROM {
        return None;
    }
    let entry = parts.entry()?;
    let init = dynamic.value(elf::DT_INIT);
    // A library without the array has an empty one: it may have `DT_INIT`, or nothing to initialise.
    let array = dynamic.value(elf::DT_INIT_ARRAY).unwrap_or_default();
    let init_array =
        array..array.checked_add(dynamic.value(elf::DT_INIT_ARRAYSZ).unwrap_or_default())?;
    let data = merged(&parts.writable)?;
    let tables = merged(&parts.tables)?;
    if data.iter().any(|part| tables.iter().any(|table| overlap(part, table))) {
        return None;
    }
    let layout = LibraryLayout {
        length: contents.len() as u64,
        data,
        tables,
        words: dynamic.redirected(entry)?,
        mapped: parts.mapped,
        entry,
        init,
        init_array,
    };
    layout.entry_offset(layout.length).map(|_| layout)
}

/// Whether the linker would call code of the library before its initialisers: functions that choose among functions.
fn asks_for_addresses(file: &File<'_>, contents: &[u8]) -> Option<bool> {
    let mut symbols = file.elf_dynamic_symbol_table().iter();
    if symbols.any(|symbol| symbol.st_type() == elf::STT_GNU_IFUNC) {
        return Some(true);
    }
    for section in file.elf_section_table().iter() {
        if let Some((relocations, _)) = section.rela(LE, contents).ok()? {
            let asks = |kind| kind == elf::R_X86_64_IRELATIVE;
            if relocations.iter().any(|relocation| asks(relocation.r_type(LE, false))) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// Bytes of the file that are loaded.
#[derive(Debug)]
struct Part {
    offset: u64,
    address: u64,
    length: u64,
}

impl Part {
    fn addresses(&self) -> Range<u64> {
        self.address..self.address.saturating_add(self.length)
    }
}

/// The loaded parts of a library.
#[derive(Debug, Default)]
struct Parts {
    /// Segments that can be written to.
    writable: Vec<Part>,
    /// The pages of all other segments.
    mapped: Vec<MappedPages>,
    /// The parts of these pages that the linker reads: the headers, and sections that have neither code nor constants.
    tables: Vec<Part>,
}

impl Parts {
    /// The parts of a file of that length; `None` if it ends before one of them does.
    fn read(file: &File<'_>, file_length: u64) -> Option<Self> {
        let is_inside = |offset: u64, length: u64| {
            offset.checked_add(length).is_some_and(|end| end <= file_length)
        };
        let mut parts = Self::default();
        let mut pages_end = 0;
        for segment in file.elf_program_headers() {
            if segment.p_type(LE) != elf::PT_LOAD {
                continue;
            }
            let (offset, address) = (segment.p_offset(LE), segment.p_vaddr(LE));
            let (length, in_memory) = (segment.p_filesz(LE), segment.p_memsz(LE));
            let start = address - address % PAGE;
            // Nothing here is prepared for two segments in one page, for other orders than that of addresses, and for files
            // that were cut.
            let is_usual = start >= pages_end && offset % PAGE == address % PAGE;
            if !is_usual || length > in_memory || !is_inside(offset, length) {
                return None;
            }
            pages_end = address.checked_add(in_memory)?.checked_next_multiple_of(PAGE)?;
            let flags = segment.p_flags(LE);
            if flags.contains(elf::PF_W) {
                parts.writable.push(Part { offset, address, length });
            } else if length == in_memory {
                parts.mapped.push(MappedPages {
                    offset: offset - offset % PAGE,
                    address: start,
                    length: pages_end - start,
                    is_code: flags.contains(elf::PF_X),
                });
            } else {
                return None;
            }
        }
        let header = file.elf_header();
        let length = u64::from(header.e_phentsize.get(LE)) * u64::from(header.e_phnum.get(LE));
        let length = header.e_phoff.get(LE).checked_add(length)?;
        let first = parts.mapped.iter().find(|pages| pages.offset == 0);
        let address = first.map_or(0, |pages| pages.address);
        parts.tables.push(Part { offset: 0, address, length });
        for section in file.elf_section_table().iter() {
            let kind: SectionType = section.sh_type(LE);
            let is_read = ![elf::SHT_PROGBITS, elf::SHT_NOBITS, elf::SHT_NULL].contains(&kind);
            let (address, offset, length) =
                (section.sh_addr(LE), section.sh_offset(LE), section.sh_size(LE));
            let is_loaded = section.sh_flags(LE).contains(elf::SHF_ALLOC);
            if is_read && is_loaded && !parts.is_writable_address(address) {
                if !is_inside(offset, length) {
                    return None;
                }
                parts.tables.push(Part { offset, address, length });
            }
        }
        Some(parts)
    }

    /// Whether something that the linker reads begins there, and is copied.
    fn is_table(&self, address: u64) -> bool {
        self.is_writable_address(address)
            || self.tables.iter().any(|table| table.address == address)
    }

    fn is_writable_address(&self, address: u64) -> bool {
        self.writable.iter().any(|part| part.addresses().contains(&address))
    }

    /// The same for an offset in the file.
    fn is_writable(&self, offset: u64) -> bool {
        self.writable
            .iter()
            .any(|part| (part.offset..part.offset.saturating_add(part.length)).contains(&offset))
    }

    /// An address among the code where the linker reads nothing: at the beginning of a page.
    fn entry(&self) -> Option<u64> {
        let free = |entry: &u64| {
            let taken = *entry..*entry + ENTRY_LENGTH;
            !self.tables.iter().any(|table| overlap(&table.addresses(), &taken))
        };
        let step = usize::try_from(PAGE).ok()?;
        let code = self.mapped.iter().filter(|pages| pages.is_code);
        code.flat_map(|pages| (pages.address..pages.address + pages.length).step_by(step))
            .find(free)
    }
}

/// The dynamic section.
struct Dynamic<'a> {
    offset: u64,
    entries: &'a [Dyn64<LE>],
}

impl<'a> Dynamic<'a> {
    fn read(file: &File<'a>, contents: &'a [u8]) -> Option<Self> {
        let mut found = file.elf_program_headers().iter().filter_map(|segment| {
            let entries = segment.dynamic(LE, contents).ok()??;
            Some(Self { offset: segment.p_offset(LE), entries })
        });
        found.next()
    }

    /// The entries before the end, and where in the file each value stands.
    fn iter(&self) -> impl Iterator<Item = (DynamicTag, u64, u64)> {
        let length = size_of::<Dyn64<LE>>() as u64;
        let values = (0..).map(move |index| self.offset + index * length + length / 2);
        let entries = self.entries.iter().zip(values);
        let entries = entries.map(|(entry, at)| (entry.d_tag.get(LE), entry.d_val.get(LE), at));
        entries.take_while(|(tag, _, _)| *tag != elf::DT_NULL)
    }

    fn value(&self, wanted: DynamicTag) -> Option<u64> {
        self.iter().find(|(tag, _, _)| *tag == wanted).map(|(_, value, _)| value)
    }

    /// Whether the linker writes into code.
    fn changes_code(&self) -> bool {
        let flags = self.value(elf::DT_FLAGS).unwrap_or(0);
        self.value(elf::DT_TEXTREL).is_some() || flags & elf::DF_TEXTREL.0 != 0
    }

    /// The words to change for the linker to call `entry` in place of all initialisers.
    fn redirected(&self, entry: u64) -> Option<Vec<Word>> {
        let at = |wanted| self.iter().find(|(tag, _, _)| *tag == wanted).map(|(_, _, at)| at);
        let no_array = at(elf::DT_INIT_ARRAYSZ).map(|offset| Word { offset, value: 0 });
        if let Some(offset) = at(elf::DT_INIT) {
            return Some([Word { offset, value: entry }].into_iter().chain(no_array).collect());
        }
        // The array's entry becomes one of a function. A library with neither has nowhere to say it.
        let offset = at(elf::DT_INIT_ARRAY)?;
        let tag = u64::try_from(elf::DT_INIT.0).ok()?;
        let words = [Word { offset: offset - 8, value: tag }, Word { offset, value: entry }];
        Some(words.into_iter().chain(no_array).collect())
    }
}

/// The parts of the file in order, those as one that nothing but padding is between.
fn merged(parts: &[Part]) -> Option<Vec<Range<u64>>> {
    let ranges = parts.iter().map(|part| Some(part.offset..part.offset.checked_add(part.length)?));
    let mut ranges = ranges.collect::<Option<Vec<_>>>()?;
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match merged.last_mut().filter(|last| range.start < last.end.saturating_add(PADDING)) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    Some(merged)
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use object::U64;
    use object::elf::{FileHeader64, ProgramHeader64};

    use super::*;

    /// Lengths beyond the end of the file; two of them are more than a number holds.
    #[test]
    fn a_library_with_forged_segments_has_no_layout() {
        // This test is an ELF file itself.
        let program = std::env::args_os().next().expect("the test's own path");
        let bytes = std::fs::read(program).expect("the test's own file");
        let first = size_of::<FileHeader64<LE>>();
        let segments = File::parse(&*bytes).expect("an ELF file").elf_program_headers().to_vec();
        for (index, segment) in segments.iter().enumerate() {
            for length in [bytes.len() as u64, 1 << 63, u64::MAX - segment.p_vaddr(LE) - 0x2000] {
                if segment.p_type(LE) != elf::PT_LOAD || segment.p_offset(LE) == 0 {
                    continue;
                }
                let mut segments = segments.clone();
                let forged: &mut ProgramHeader64<LE> = &mut segments[index];
                (forged.p_filesz, forged.p_memsz) = (U64::new(LE, length), U64::new(LE, length));
                let mut bytes = bytes.clone();
                let table = object::pod::bytes_of_slice(&segments);
                bytes[first..first + table.len()].copy_from_slice(table);
                assert_eq!(layout_of(&bytes), None, "segment {index}, length {length:x}");
            }
        }
    }
}
